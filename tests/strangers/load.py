"""Good calls without pause, one thread for each service, while something is changed under them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from stage import Stage

ASKED = {"intake": "ListConsultations", "allocation": "ListInbox", "writeback": "ListEntries", "prescribing": "ListCostCentres", "audit": "GetCheckpoint"}


class Load:
    """Counts calls and keeps what went wrong."""

    def __init__(self, stage: Stage, metadata: Callable[[], list[tuple[str, str]]]) -> None:
        self.stage, self.calls, self.late, self.failed = stage, 0, 0, []
        self._metadata, self._stop, self._lock = metadata, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(name,), daemon=True) for name in ASKED.values()]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, name: str) -> None:
        rpc = self.stage.rpc(name)
        body = self.stage.request(rpc)
        while not self._stop.is_set():
            answer = self.stage.wire.call(rpc.service, rpc.path, body, self._metadata())
            with self._lock:
                self.calls += 1
                if answer.code == "DEADLINE_EXCEEDED":
                    # The machine was too busy to answer: that says nothing of the token.
                    self.late += 1
                elif not answer.ok:
                    self.failed.append(f"{name}: {answer}")
            # A client's pace; without it the load would be on this program's own processor.
            self._stop.wait(0.01)


class Renewed:
    """A token of the issuer, asked for anew every second, as an impatient client would."""

    def __init__(self, stage: Stage, who: str) -> None:
        self._stage, self._who, self._lock = stage, who, threading.Lock()
        self._token, self._at = "", 0.0

    def __call__(self) -> list[tuple[str, str]]:
        with self._lock:
            if time.monotonic() - self._at > 1:
                self._token, self._at = self._stage.provider.token(self._who, fresh=True), time.monotonic()
            return [("authorization", "Bearer " + self._token)]
