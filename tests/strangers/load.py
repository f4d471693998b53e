"""Good calls without pause, one thread for each service, while something is changed under them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from stage import Stage

ASKED = {"intake": "ListConsultations", "allocation": "ListInbox", "writeback": "ListEntries", "prescribing": "ListCostCentres", "audit": "GetCheckpoint"}
# Of a service's calls, so many at least must be good, and so few may come too late on a busy machine.
LEAST, LATE = 10, 0.05


class Load:
    """Counts calls by service and keeps what went wrong."""

    def __init__(self, stage: Stage, metadata: Callable[[], list[tuple[str, str]]]) -> None:
        self.stage, self.failed = stage, []
        self.good, self.late = dict.fromkeys(ASKED, 0), dict.fromkeys(ASKED, 0)
        self._metadata, self._stop, self._lock = metadata, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(service,), daemon=True) for service in ASKED]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        self.failed += ["a thread of the load does not end" for thread in self._threads if thread.is_alive()]

    def judged(self, what: str) -> None:
        """No good call failed, no thread died, and every service was asked often enough for that to say something."""
        report = self.stage.report
        report.count(f"{what}: good calls meanwhile", sum(self.good.values()))
        report.count(f"{what}: calls the machine was too busy for", sum(self.late.values()))
        report.expect(not self.failed, f"{what}: no good call fails meanwhile", (len(self.failed), self.failed[:3]))
        for service, good in self.good.items():
            report.expect(good >= LEAST, f"{what}: {service} was asked all the while", good)
            late = self.late[service]
            report.expect(late <= max(1, LATE * (good + late)), f"{what}: {service} answers in time", f"{late} late of {good + late}")

    def _run(self, service: str) -> None:
        try:
            rpc = self.stage.rpc(ASKED[service])
            body = self.stage.request(rpc)
            while not self._stop.is_set():
                self._noted(service, self.stage.wire.call(rpc.service, rpc.path, body, self._metadata()))
                # A client's pace; without it the load would be on this program's own processor.
                self._stop.wait(0.01)
        except Exception as error:  # noqa: BLE001
            # A thread that dies in silence would look like a service that never fails.
            self.failed.append(f"{service}: the load itself: {error!r}")

    def _noted(self, service: str, answer) -> None:
        with self._lock:
            if answer.ok:
                self.good[service] += 1
            elif answer.code == "DEADLINE_EXCEEDED":
                # The machine was too busy to answer: that says nothing of the token, as long as it is rare.
                self.late[service] += 1
            else:
                self.failed.append(f"{service}: {answer}")


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
