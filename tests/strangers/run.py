"""Tries to get in where one does not belong, on a running suite that trusts a real OpenID provider.

    .local/venv/bin/python tests/strangers/run.py [--quick] [--home DIR] [--list] [GROUP ...]

`--quick` asks less of each, for `make test`. The findings stand in target/reports/strangers.json; the exit status is 1
when anything was found.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Modules of the other programs that look at eHub from outside; ours come first.
sys.path[:0] = [str(HERE), str(HERE.parent / "harness"), str(HERE.parent / "attack")]
sys.dont_write_bytecode = True

from canaries import Canaries  # noqa: E402
from grants import Grants  # noqa: E402
from report import Report  # noqa: E402
from revocation import Revocation  # noqa: E402
from rotation import Rotation  # noqa: E402
from rows import Rows  # noqa: E402
from stage import Stage  # noqa: E402
from suite import ROOT, NotRunning  # noqa: E402
from tokens import Tokens, sources  # noqa: E402

# The order matters: what is quiet first, what takes people's rights away last.
GROUPS = {"tokens": Tokens, "canaries": Canaries, "rows": Rows, "grants": Grants, "rotation": Rotation, "revocation": Revocation}


def main() -> int:
    """Runs what was asked for."""
    arguments = argparse.ArgumentParser(description="Strangers at the door.")
    arguments.add_argument("--quick", action="store_true", help="less of each")
    arguments.add_argument("--home", type=Path, default=ROOT / ".local/strangers", help="where the suite's files go")
    arguments.add_argument("--list", action="store_true", help="print the bad tokens with their sources")
    arguments.add_argument("groups", nargs="*", help=", ".join(GROUPS))
    asked = arguments.parse_args()
    if asked.list:
        print(sources())
        return 0
    unknown = set(asked.groups) - set(GROUPS)
    if unknown:
        arguments.error(f"no such group: {', '.join(sorted(unknown))}")
    report = Report(ROOT, "quick" if asked.quick else "full")
    stage = Stage(asked.home.absolute(), report)
    try:
        report.timed("the suite starts", stage.up)
        for name, group in GROUPS.items():
            if not asked.groups or name in asked.groups:
                report.timed(name, group(stage, asked.quick).run)
        bugs = stage.suite.unexpected()
        report.expect(not bugs, "no unexpected failure and no panic in the logs", "; ".join(bugs[:3]))
    except (NotRunning, RuntimeError) as error:
        report.expect(False, "the run came to its end", error)
    finally:
        stage.down()
    return report.write()


if __name__ == "__main__":
    sys.exit(main())
