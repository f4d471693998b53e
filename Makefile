# The one interface: `make help` lists what there is. Recipes are one line; what needs an `if` is a
# script or Rust.
.DEFAULT_GOAL := help
.PHONY: help setup build run test test-all faults strangers attack clients bench chart image check fmt proto-lint proto-release docs stop clean

help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## Install what a fresh machine lacks (PostgreSQL, the peers' Python packages, cargo-nextest)
	@scripts/setup

build: setup ## Build everything once
	@cargo build --workspace --quiet

run: build ## Start the whole suite here and play a morning; ARGS="--consultations 200 --exit --json"
	@target/debug/ehub dev $(ARGS)

test: ## Everything that must pass, with each step's time
	@scripts/test

test-all: ## The same with the long forms of what looks from outside, the image, and a smoke run of the bench
	@scripts/test all

faults: build ## Kills, cuts and misbehaving peers, with a report; TIER=ci|acceptance|soak
	@.local/venv/bin/python tests/faults/run.py --tier $(or $(TIER),ci)

attack: build ## Bad input at three levels to every RPC; writes docs/bad-input.md
	@.local/venv/bin/python tests/attack/run.py

strangers: build ## Whoever does not belong, with every sort of bad token and grant
	@.local/venv/bin/python tests/strangers/run.py

clients: build ## Real clients in Python and Node, and the commands of the documents
	@.local/venv/bin/python tests/clients/run.py

bench: build ## Measure, as ratios against PostgreSQL's own floor; writes target/reports/bench.md
	@.local/venv/bin/python tests/bench/run.py $(ARGS)

chart: setup ## Render the chart again into its golden files and its page
	@.local/venv/bin/python tests/chart/run.py --write

image: build ## Build the image and run a consultation through its containers
	@scripts/test image

check: ## Quick: format and compile
	@cargo fmt --all --check && cargo check --workspace --all-targets --quiet

fmt: ## Format the code
	@cargo fmt --all

proto-lint: setup ## Lint the contract and look for breaking changes
	@scripts/proto lint && scripts/proto breaking

proto-release: setup ## Accept the contract as it stands as the released baseline
	@scripts/proto release

docs: ## Regenerate the documents that are generated from the contract
	@EHUB_UPDATE_DOCS=1 cargo nextest run --workspace --no-fail-fast -E 'package(ehub-contracts-tests)'

stop: ## Stop this clone's private database cluster
	@scripts/postgres stop

clean: stop ## Stop the cluster and remove what was built
	@cargo clean
