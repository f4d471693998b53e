"""The client's own log: what was meant before each call, what was answered after, on disk before going on."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from pathlib import Path


class Journal:
    """An append-only JSONL file; `note` returns when the line is on disk. Lines of many threads share one fsync."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o644)
        self._numbers = itertools.count(1)
        self._change = threading.Condition()
        self._waiting: list[bytes] = []
        self._taken, self._written, self._closed = 0, 0, False
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def number(self) -> int:
        """A new number, for what is noted in several lines."""
        return next(self._numbers)

    def note(self, kind: str, /, wait: bool = True, **facts) -> None:
        """Writes one line; returns when it is on disk, or, if it need not `wait`, when its place and time are taken."""
        with self._change:
            # The time is taken in the order of the lines: the file's order is time's order.
            line = json.dumps({"k": kind, "t": round(time.time(), 6), **facts}, ensure_ascii=False, separators=(",", ":"))
            self._waiting.append(line.encode() + b"\n")
            self._taken += 1
            mine = self._taken
            self._change.notify_all()
            while wait and self._written < mine:
                self._change.wait()

    def close(self) -> None:
        """Writes what is left."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._writer.join()
        os.close(self._file)

    def _write(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                lines, self._waiting = self._waiting, []
                if not lines:
                    return
            os.write(self._file, b"".join(lines))
            os.fdatasync(self._file)
            with self._change:
                self._written += len(lines)
                self._change.notify_all()


def read(path: Path):
    """The lines of a journal, in order."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
