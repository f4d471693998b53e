"""The fault proof: kills, cuts, pauses and misbehaving peers against a suite of its own, and laws that must hold.

    tests/faults/run.py [--tier ci|acceptance|soak] [--seed S] [--minutes M] [--only NAME …] [--list] [--document]

Writes target/reports/faults-<tier>.{json,md}; the exit code is 1 when a law is broken, 2 when nothing could be run.
`--only` plays some scenarios by name; `kill-loop` is one of the names. `--document` writes docs/faults.md from the last
report of the tier and ends.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
# Broken connections are what this is about; the client library need not tell of each.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import forms  # noqa: E402
import kill_loop  # noqa: E402
import report  # noqa: E402
import scenarios  # noqa: E402
from stage import ROOT, Broken, Stage  # noqa: E402
from suite import NotRunning  # noqa: E402

# Short leases and repetitions, so that what rests on their end is seen in minutes.
ENVIRONMENT = {
    "EHUB_ALLOCATION__SERVICE__LEASE": "25s",
    "EHUB_INTAKE__SERVICE__MESH__RESEND_AFTER": "25s",
    "EHUB_WRITEBACK__SERVICE__RETRY_AFTER": "2s",
    "EHUB_WRITEBACK__SERVICE__RESEND_AFTER": "25s",
    "EHUB_WRITEBACK__SERVICE__OVERDUE_POLL": "2s",
}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", choices=tuple(kill_loop.TIERS), default="ci")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=None, help="cap of the kill loop")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    parser.add_argument("--document", action="store_true", help="write docs/faults.md from the tier's last report and stop")
    parser.add_argument("--say", default="", metavar="TEXT", help="with --document: what is to be said of the report")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/debug/ehub")
    parser.add_argument("--home", type=Path, default=ROOT / ".local/faults")
    parser.add_argument("--reports", type=Path, default=ROOT / "target/reports")
    return parser.parse_args()


def main() -> int:
    """Plays what was asked for and writes the report."""
    given = arguments()
    chosen = scenarios.of(given.tier, given.only)
    if given.list:
        for one in scenarios.ALL:
            print(f"{one.name:24} {'/'.join(one.tiers):15} {one.law}")
        return 0
    if given.document:
        print(report.document(given.reports / f"faults-{given.tier}.json", ROOT / "docs/faults.md", given.say))
        return 0
    seed = given.seed if given.seed is not None else secrets.randbelow(2**31)
    loop = not given.only or "kill-loop" in given.only
    commit, began, started = report.commit(ROOT), time.monotonic(), datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    print(f"faults: tier {given.tier}, seed {seed}", flush=True)
    try:
        result = play(given, seed, loop, chosen)
    except (NotRunning, Broken) as error:
        print(f"faults: could not be run: {error}", file=sys.stderr)
        return 2
    holds = (not loop or result["kill_loop"]["holds"]) and all(one["holds"] for one in result["scenarios"])
    head = {"tier": given.tier, "holds": holds, "seed": seed, "commit": commit, "started": started}
    head |= {"seconds": round(time.monotonic() - began, 1), "profile": given.binary.parent.name, "only": given.only}
    head["binaries"] = report.binaries(given.binary)
    path = report.write(given.reports, head | {"machine": report.machine()} | result)
    print(f"faults: {'every law holds' if holds else 'A LAW IS BROKEN'}; {head['seconds']} s; see {path}", flush=True)
    return 0 if holds else 1


def play(given: argparse.Namespace, seed: int, loop: bool, chosen: list) -> dict:
    """Starts a suite, plays the kill loop, has it checked, then the scenarios."""
    evidence = given.home / "evidence"
    shutil.rmtree(evidence, ignore_errors=True)
    stage = Stage(given.home, ENVIRONMENT, given.binary, evidence / "journal.jsonl", seed, given.tier)
    result: dict = {"scenarios": []}
    try:
        print(f"faults: the suite is up after {stage.up():.1f} s", flush=True)
        stage.suite.mark_logs()
        result["postgresql"] = report.settings(stage.databases)
        if loop:
            result["kill_loop"] = killed(stage, kill_loop.TIERS[given.tier], given.minutes, evidence)
        for one in chosen:
            result["scenarios"].append(scenario(stage, one))
    finally:
        stage.down()
    return result


def killed(stage: Stage, tier: kill_loop.Tier, minutes: float | None, evidence: Path) -> dict:
    """The kill loop and the verdict of the checker, which is a program of its own."""
    played = kill_loop.play(stage, tier, minutes)
    print(f"faults: kill loop played: {json.dumps(played)}", flush=True)
    documents, eps, verdict = (evidence / name for name in ("documents.json", "eps.json", "verdict.json"))
    documents.write_text(json.dumps(forms.control(stage.world["practice"], "/documents")))
    eps.write_text(json.dumps(forms.control(stage.world["eps"], "/control/prescriptions")))
    read = [str(stage.journal.path), "--cluster", stage.suite.postgres("url"), "--documents", str(documents), "--eps", str(eps)]
    checked = subprocess.run([sys.executable, str(HERE / "check.py"), *read, "--out", str(verdict)], cwd=ROOT)
    found = json.loads(verdict.read_text()) if verdict.exists() else {"laws": [], "figures": {}}
    if checked.returncode == 0:
        # A checker that notices nothing would hold too.
        checked = subprocess.run([sys.executable, str(HERE / "bite.py"), *read], cwd=ROOT)
        played["laws_that_bite"] = checked.returncode == 0
    strange = stage.suite.unexpected()
    if strange:
        played["unexpected"] += strange[:20]
    holds = checked.returncode == 0 and not played["unexpected"] and not played["not_settled"] and played["completed"] > 0
    # The small tier is its number of kills; the large ones are capped by time and say how many they were.
    holds = holds and (tier is not kill_loop.TIERS["ci"] or minutes is not None or not played["kills_left_out_for_time"])
    return {"holds": holds, "played": played} | found


def scenario(stage: Stage, one: scenarios.Scenario) -> dict:
    """Plays one scenario; a law broken, or anything else that went wrong, is its result."""
    began, seen, broken = time.monotonic(), {}, ""
    print(f"faults: {one.name} …", flush=True)
    try:
        stage.until(stage.all_serving, "all five services answer", 60)
        seen = one.play(stage) or {}
    except Broken as error:
        broken = str(error)
    except Exception as error:  # noqa: BLE001 - the others are still played
        broken = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    took = round(time.monotonic() - began, 1)
    print(f"faults: {one.name}: {'BROKEN: ' + broken if broken else 'holds'} ({took} s) {json.dumps(seen)}", flush=True)
    return {"name": one.name, "law": one.law, "holds": not broken, "broken": broken, "seconds": took, "seen": seen}


if __name__ == "__main__":
    sys.exit(main())
