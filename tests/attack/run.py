"""Attacks a running suite with bad input and writes docs/bad-input.md.

    .local/venv/bin/python tests/attack/run.py [GROUP ...]

Starts `ehub dev` itself when none is running here, waits until its morning is over, and stops it at the end. Works on
development suites only: it adds a key of its own to the development key set, so that every sort of token can be tried.
"""

from __future__ import annotations

import re
import sys
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness")]
from book import Book  # noqa: E402
from catalogue import catalogue  # noqa: E402
from fixture import Fixture  # noqa: E402
from groups_http import Http  # noqa: E402
from groups_mesh import MeshCases  # noqa: E402
from groups_rpc import Attack  # noqa: E402
from groups_state import States  # noqa: E402
from groups_strangers import Strangers  # noqa: E402
from suite import ROOT, SERVICES, NotRunning, Suite  # noqa: E402
from wire import Contract, Wire  # noqa: E402

# What stands in the contract but is no public RPC of a service here.
NOT_PUBLIC = re.compile(r"ehub\.(internal|auth)\.")


def main(wanted: list[str]) -> int:
    """Runs the groups; the exit code is 1 when an answer was not as it should be."""
    suite = Suite()
    try:
        print(f"attacking {suite.up()}", flush=True)
        return attack(suite, wanted)
    except NotRunning as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        suite.down()


def attack(suite: Suite, wanted: list[str]) -> int:
    """Every group, each followed by a look at the suite's health."""
    contract = Contract(ROOT)
    wire = Wire(contract, {name: suite.world["services"][name]["grpc"] for name in SERVICES})
    canary = "Zqcanary" + uuid.uuid4().hex[:8]
    suite.mark_logs()
    pids = suite.pids()
    fx = Fixture(suite, contract, wire, canary)
    fx.make()
    book = Book([canary, fx.nhs_number])
    rpcs = catalogue()
    complete(book, contract, rpcs)
    attacker = Attack(suite, fx, book, rpcs)
    trusted(attacker)
    groups = {
        "empty": attacker.empty,
        "fields": attacker.fields,
        "pages": attacker.pages,
        "tokens": attacker.tokens,
        "scopes": attacker.scopes,
        "strangers": Strangers(attacker).run,
        "grants": attacker.grants,
        "bytes": attacker.bytes,
        "http": Http(attacker).run,
        "mesh": MeshCases(attacker).run,
        "replays": attacker.replays,
        "states": States(attacker).run,
    }
    for name, group in groups.items():
        if wanted and name not in wanted:
            continue
        began, rows = time.monotonic(), len(book.rows)
        group()
        healthy(book, suite, fx, name, pids, [canary, fx.nhs_number])
        print(f"{name}: {len(book.rows) - rows} cases in {time.monotonic() - began:.1f} s", flush=True)
    catalogued(book, contract, wire)
    print(book.table())
    for note in sorted(set(book.notes)):
        print("note:", note)
    print(f"{len(book.rows) - len(book.failed)} passed, {len(book.failed)} failed")
    if not wanted:
        (ROOT / "docs/bad-input.md").write_text(book.document())
    return 1 if book.failed else 0


def complete(book: Book, contract: Contract, rpcs) -> None:
    """No RPC is forgotten."""
    known = {rpc.method for rpc in rpcs}
    names = {rpc.method.rpartition("/")[0] for rpc in rpcs}
    served = {f"{name}/{method.name}" for name in names for method in contract.service(name).methods}
    missing = sorted(served ^ known)
    book.note("suite", "the suite", "every public RPC is attacked", f"{len(known)} RPCs", ", ".join(missing))


def trusted(attacker: Attack) -> None:
    """Waits until every service has read the key set with our key; they look every minute."""
    end = time.monotonic() + 100
    for service in SERVICES:
        rpc = next(rpc for rpc in attacker.rpcs if rpc.service == service and not rpc.mutates and not rpc.stream)
        while time.monotonic() < end:
            answer = attacker.go(rpc, rpc.good(attacker.fx), attacker.minted(attacker.everything(rpc.persona)))
            if answer.code != "UNAUTHENTICATED":
                break
            time.sleep(1)
        else:
            raise NotRunning(f"{service} did not take up the development key set")


def healthy(book: Book, suite: Suite, fx: Fixture, group: str, pids: dict[str, int], canaries: list[str]) -> None:
    """A good call works, nobody has died, and nothing was said that should not be."""
    name = "the suite"
    try:
        fx.item()
        wrong = ""
    except RuntimeError as error:
        wrong = str(error)
    book.note("suite", name, "a good call after each group", "OK", wrong, group)
    alive = all(Path(f"/proc/{pid}").exists() for pid in pids.values()) and suite.pids() == pids
    book.note("suite", name, "the same five processes", "alive", "" if alive else "a process has ended", group)
    found = [line for canary in canaries for line in suite.in_logs(canary)]
    book.note("suite", name, "names, numbers and free text in the logs", "none", "; ".join(found[:3]), group)
    bugs = suite.unexpected()
    book.note("suite", name, "`unexpected failure` or a panic in the logs", "none", "; ".join(bugs[:3]), group)


def catalogued(book: Book, contract: Contract, wire: Wire) -> None:
    """Every reason that was sent stands in the contract."""
    known = set()
    for context in ("auth", *SERVICES):
        values = contract.pool.FindEnumTypeByName(f"ehub.{context}.v1.ErrorReason").values
        known |= {value.name.removeprefix("ERROR_REASON_") for value in values}
    for reason in sorted({answer.reason for _, answer in wire.seen if answer.reason}):
        wrong = "" if reason in known else "it is not in the contract's ErrorReason"
        book.note("suite", "the suite", "every reason stands in the contract", "yes", wrong, reason)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
