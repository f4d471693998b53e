#!/usr/bin/env python3
"""`make bench`: builds release, measures, and writes `target/reports/bench.{md,json}` with plots.

  run.py                      everything, about half an hour; 1 when something is wrong, such as an item claimed twice
  run.py --smoke              everything once, small: shows that it runs, not how fast it is (about two minutes)
  run.py --only lives,claims  some of: lives submits claims costs sizes
  run.py --binaries DIR       measures these binaries instead of building
  run.py --against DIR        only this: whole lives in turns with another build's binaries, such as an older commit's
  run.py --document           writes docs/bench.md from the reports that are there, and ends
  run.py --statements         counts statements while lives are played (loads pg_stat_statements; slower)
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import against  # noqa: E402
import document  # noqa: E402
import machine  # noqa: E402
import paired  # noqa: E402
import report  # noqa: E402
import stages  # noqa: E402
import wrong  # noqa: E402
from bench_home import ROOT, Home  # noqa: E402
from counts import has_statements, statements  # noqa: E402

REPORTS = ROOT / "target/reports"
PARTS = ("lives", "submits", "claims", "costs", "sizes")
FULL = {"lives": 30.0, "warm": 8.0, "floor_rounds": 3, "submits": 25.0, "claims": 15.0, "items": 1_000_000, "rounds": 4, "round": 8.0, "starts": 5}
SMOKE = {"lives": 3.0, "warm": 1.0, "floor_rounds": 1, "submits": 1.5, "claims": 1.5, "items": 5_000, "rounds": 1, "round": 2.0, "starts": 1}


def main() -> int:
    """Measures what was asked for."""
    # Whoever is asked to end stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _options()
    if options.document:
        print(document.write(REPORTS, ROOT / "docs"))
        return 0
    binaries = options.binaries or build()
    size = SMOKE if options.smoke else FULL
    wanted = options.only.split(",") if options.only else list(PARTS)
    found: dict = {"smoke": options.smoke, "machine": machine.describe(), "sizes": size}
    began = time.monotonic()
    try:
        found["machine"]["fdatasync"] = machine.disk()
        found["machine"]["load_average_before"] = machine.quiet(0 if options.smoke else 180)
        if options.against:
            say("whole lives, in turns with another build")
            found["against"] = against.against(options.against, binaries, size["round"], size["rounds"])
            return 0
        one_suite(found, binaries, size, [part for part in wanted if part != "costs"], options.statements)
        if "costs" in wanted:
            say("costs: token check, tracing, row security, each on and off")
            found["costs"] = paired.costs(binaries, size["round"], size["rounds"])
    finally:
        found["seconds"] = round(time.monotonic() - began, 1)
        found["wrong"] = wrong.of(found)
        parts = [f"only-{options.only.replace(',', '-')}"] if options.only else ["against", options.against.name] if options.against else []
        name = "-".join(["bench", *parts, *(["smoke"] if options.smoke else [])])
        report.write(REPORTS, name, found)
        print(f"{REPORTS / name}.md")
    for one in found["wrong"]:
        say(f"WRONG: {one}")
    return 1 if found["wrong"] else 0


def one_suite(found: dict, binaries: Path, size: dict, wanted: list[str], count: bool) -> None:
    """What one suite is enough for."""
    with Home("main", binaries) as home:
        found["machine"]["postgresql"] = machine.postgres_settings(home)
        if count:
            load_statements(home)
        if "lives" in wanted:
            say("whole lives, and the floor under them")
            found["lives"] = stages.lives(home, size["lives"], size["warm"], size["floor_rounds"])
        if count and has_statements(home):
            found["statements"] = statements(home)[:80]
        if "sizes" in wanted:
            say("start, memory, sizes")
            found["sizes_of_services"] = stages.size_and_start(home, size["starts"])
        if "submits" in wanted:
            say("submissions")
            found["submits"] = stages.submits(home, size["submits"])
        if "claims" in wanted:
            say(f"claims on {size['items']:,} items")
            found["claims"] = stages.claims(home, size["claims"], size["items"])


def load_statements(home: Home) -> None:
    """Starts counting statements, when the server was told to; else tells it, for the next start."""
    if has_statements(home):
        home.sql("create extension if not exists pg_stat_statements; select pg_stat_statements_reset()")
    else:
        home.sql("alter system set shared_preload_libraries = 'pg_stat_statements'")
        say("pg_stat_statements is loaded from the next start on: run this again")


def build() -> Path:
    """The release binaries, with the workspace's own profile."""
    say("building release binaries")
    subprocess.run(["cargo", "build", "--release", "--workspace", "--bins", "--locked", "--quiet"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def say(words: str) -> None:
    """What is under way."""
    print(f"bench: {words}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", help="comma-separated parts")
    parser.add_argument("--binaries", type=lambda text: Path(text).resolve())
    parser.add_argument("--against", type=lambda text: Path(text).resolve(), metavar="DIR")
    parser.add_argument("--document", action="store_true")
    parser.add_argument("--statements", action="store_true")
    options = parser.parse_args()
    unknown = set((options.only or "").split(",")) - set(PARTS) - {""}
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
