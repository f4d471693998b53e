"""How much memory a service holds, and the most it held while something was done to it."""

from __future__ import annotations

import threading
from pathlib import Path

from suite import Suite


def resident(suite: Suite, service: str) -> int:
    """Kilobytes a service holds now."""
    status = Path(f"/proc/{suite.pids()[service]}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


class Peak:
    """The most while a `with` block runs, looked at every few milliseconds."""

    def __init__(self, suite: Suite, service: str) -> None:
        self._suite, self._service = suite, service
        self._over = threading.Event()
        self.most = self.before = 0

    def __enter__(self) -> Peak:
        self.most = self.before = resident(self._suite, self._service)
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.004):
            self.most = max(self.most, resident(self._suite, self._service))

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()
        self.after = resident(self._suite, self._service)

    @property
    def more(self) -> int:
        """Kilobytes more than before, at the most."""
        return self.most - self.before
