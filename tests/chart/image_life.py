"""Whole lives of consultations through the containers: by the integrator's script, and by the command `ehub`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from containers import Podman
from helm import ROOT
from invariants import SERVICES

# Between services facts travel by event, and entries by MESH: a step may have to wait for the one before to arrive.
PATIENCE = 180


class Refused(Exception):
    """A step did not succeed in time; the message is what it said."""


def through(podman: Podman, world: Path, binary: Path) -> list[str]:
    """One consultation as an integrator writes it; one with an entry acknowledged and a prescription issued; then the proofs."""
    env = os.environ | {"EHUB_WORLD": str(world), "EHUB_HOME": str(world.parent)}
    try:
        _script(env)
        _life(env, binary)
        _proofs(env, binary)
    except Refused as refused:
        logs = "".join(f"\n{service}: {podman.logs(f'ehub-image-{service}')[-800:]}" for service in SERVICES)
        return [f"{refused}{logs}"]
    return []


def _script(env: dict[str, str]) -> None:
    """The script has an integrator's deadlines; where the machine is too busy for them, it is run again from the start."""
    end = time.monotonic() + PATIENCE
    while True:
        script = [sys.executable, ROOT / "docs/examples/consultation.py"]
        done = subprocess.run(script, env=env, capture_output=True, text=True, timeout=PATIENCE * 2)
        print("    " + done.stdout.strip().replace("\n", "\n    "))
        if done.returncode == 0 and any(state in done.stdout for state in ("NEEDS_ATTENTION", "ACKNOWLEDGED")):
            return
        if "DEADLINE_EXCEEDED" not in done.stderr or time.monotonic() > end:
            raise Refused(f"docs/examples/consultation.py did not come through: {done.stderr[-1500:]}")


def _ehub(env: dict[str, str], binary: Path, *arguments: str, until=lambda said: True) -> dict:
    """What a command says, repeated until it succeeds and says what is wanted."""
    end = time.monotonic() + PATIENCE
    while True:
        command = [binary, "--output", "json", "--quiet", *arguments]
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
        said = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else {}
        if done.returncode == 0 and until(said):
            return said
        if time.monotonic() > end:
            raise Refused(
                f"ehub {' '.join(arguments)} ends with {done.returncode}: {done.stdout[:4000]}{done.stderr[-800:]}"
            )
        time.sleep(1)


def _life(env: dict[str, str], binary: Path) -> None:
    """Submit, claim, prescribe, sign, file, complete; until the practice has acknowledged and EPS has the prescription."""
    name = _ehub(env, binary, "submit", "--sample", "routine")["consultation"]
    for step in ("claim", "prescribe"):
        _ehub(env, binary, step, name)
    _ehub(env, binary, "sign")
    for step in ("file", "complete"):
        _ehub(env, binary, step, name)
    # The claim is gone with its grant; the auditor sees what became of it.
    told = _ehub(env, binary, "timeline", name, until=_arrived)
    print(f"    {name}: {len(told['events'])} events; the practice has acknowledged, EPS has the prescription")


def _arrived(told: dict) -> bool:
    said = {(one["source"], str(one["detail"]).rpartition(" ")[2]) for one in told.get("events") or []}
    return {("writeback", "ACKNOWLEDGED"), ("prescribing", "ISSUED")} <= said


def _proofs(env: dict[str, str], binary: Path) -> None:
    """The log verifies, and nothing is lost."""
    for command in (("audit", "verify"), ("audit", "no-loss")):
        _ehub(env, binary, *command)
