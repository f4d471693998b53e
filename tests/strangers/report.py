"""What was tried and what came of it: counts, failures, and the file that is kept."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path

FAILURES_SHOWN = 40


class Report:
    """One run's findings."""

    def __init__(self, root: Path, mode: str) -> None:
        self.root, self.mode = root, mode
        self.began, self.at = time.monotonic(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.counts: dict[str, int | float | dict] = {}
        self.failures: list[str] = []
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def count(self, what: str, number: int = 1) -> None:
        """Adds to a count."""
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + number

    def expect(self, good: bool, what: str, found: object = "") -> bool:
        """Notes a check; a failed one is a finding."""
        self.count("checks")
        if not good:
            with self._lock:
                self.failures.append(f"{what}: {found}" if found != "" else what)
                if len(self.failures) <= FAILURES_SHOWN:
                    print("WRONG:", self.failures[-1], flush=True)
        return good

    def timed(self, name: str, group) -> None:
        """Runs a group and says how it went."""
        began, failed = time.monotonic(), len(self.failures)
        group()
        self.seconds[name] = round(time.monotonic() - began, 1)
        wrong = len(self.failures) - failed
        print(f"{name}: {'ok' if not wrong else f'{wrong} WRONG'} in {self.seconds[name]} s", flush=True)

    def write(self) -> int:
        """Writes the file, prints what was counted; the exit status."""
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.root, capture_output=True, text=True).stdout.strip()
        said = {"at": self.at, "commit": commit, "mode": self.mode, "seconds": round(time.monotonic() - self.began, 1)}
        said |= {"groups": self.seconds, "counts": self.counts, "failures": self.failures}
        file = self.root / "target/reports/strangers.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(said, indent=2) + "\n")
        for name, number in sorted(self.counts.items()):
            print(f"  {name}: {number}")
        if len(self.failures) > FAILURES_SHOWN:
            print(f"… and {len(self.failures) - FAILURES_SHOWN} more, in {file}")
        print(f"strangers ({self.mode}): {len(self.failures)} failures in {said['seconds']} s")
        return 1 if self.failures else 0


class Tried(Report):
    """The report of checks that are meant to fail: it is looked at, and says nothing."""

    def expect(self, good: bool, what: str, found: object = "") -> bool:
        """Notes what failed."""
        if not good:
            self.failures.append(f"{what}: {found}")
        return good
