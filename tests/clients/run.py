"""Plays eHub's real clients against a running suite, and runs what the documents tell an integrator to run.

    .local/venv/bin/python tests/clients/run.py [--home DIR] [GROUP ...]

Starts a suite of its own, or takes the one that runs in DIR, and stops what it started. Groups: see GROUPS.
EHUB_UPDATE_DOCS=1 writes into docs/integrators what the commands there print now.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness")]
import clients  # noqa: E402
import documents  # noqa: E402
import reflection  # noqa: E402
from programs import Wrong, install  # noqa: E402
from suite import ROOT, NotRunning, Suite  # noqa: E402

GROUPS = {
    "documents": documents.integrators,
    "replies": clients.lost_replies,
    "consultation": clients.whole_consultation,
    "script": clients.scripted_refusals,
    "reflection": reflection.tools,
    "closed": reflection.closed_in_production,
    "readme": documents.readme,
    "restarts": clients.restarts,
}
# These stop services.
DISTURBING = ("restarts",)


def main() -> int:
    """Runs the groups; the exit code is 1 when something was not as it should be, 2 when nothing could be tried."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--home", type=Path, default=ROOT / ".local/clients-suite", help="the suite's directory")
    arguments.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    asked = arguments.parse_args()
    if unknown := set(asked.groups) - set(GROUPS):
        arguments.error(f"no such group: {', '.join(sorted(unknown))}")
    suite = Suite(home=asked.home.resolve(), consultations=0, restart=True)
    try:
        install()
        print(f"clients of {suite.up()}", flush=True)
        return run(suite, asked.home.resolve() / "ehub.json", asked.groups or list(GROUPS))
    except (NotRunning, Wrong) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        suite.down()


def one(name: str, suite: Suite, world: Path) -> int:
    """One group; what is wrong is printed, and the others go on. 1 when something was."""
    began = time.monotonic()
    try:
        said, mark = GROUPS[name](suite, world), "ok"
    except Wrong as error:
        said, mark = str(error), "FAILED"
    print(f"{mark:6} {name} ({time.monotonic() - began:.1f} s): {said}", flush=True)
    return int(mark != "ok")


def run(suite: Suite, world: Path, groups: list[str]) -> int:
    """Each group once: side by side, but those that stop services alone, at the end."""
    suite.mark_logs()
    disturbing = [name for name in groups if name in DISTURBING]
    with ThreadPoolExecutor(3) as pool:
        failed = sum(pool.map(lambda name: one(name, suite, world), [name for name in groups if name not in DISTURBING]))
    failed += sum(one(name, suite, world) for name in disturbing)
    if bugs := suite.unexpected():
        failed += 1
        print("FAILED the services' logs:\n  " + "\n  ".join(bugs[:5]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
