"""Kills services and the database at random moments, and watches how long each takes to come back."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

from stage import SERVICES, Broken, Stage

# After this long a service that was killed is called gone.
PATIENCE = 120.0
# No more is killed while so many are still recovering: on a slow machine nothing would ever be up.
RECOVERING = 5


def load() -> float:
    """How much waits for each core of this machine, whoever wants it."""
    return round(os.getloadavg()[0] / (os.cpu_count() or 1), 1)


class Killer:
    """`kills` SIGKILLs of random services and `crashes` of the database, spread over some seconds by chance."""

    def __init__(self, stage: Stage, kills: int, crashes: int, seconds: float) -> None:
        self._stage, self._random = stage, random.Random(stage.seed ^ 0x6B696C6C)
        self._plan = ["service"] * kills + ["database"] * crashes
        self._random.shuffle(self._plan)
        self._pause = seconds / max(1, len(self._plan))
        self._watchers: list[threading.Thread] = []
        self.failed: list[str] = []
        self.left_out = 0

    def run(self, until: float) -> None:
        """Kills to the end of the plan, or until the time given (of the monotonic clock)."""
        due = time.monotonic()
        for number, what in enumerate(self._plan):
            # Exponential gaps, as of things that happen by themselves; long ones are cut to stay within the time.
            due += min(self._random.expovariate(1 / self._pause), 3 * self._pause)
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due, time.monotonic() - self._pause)
            while sum(watcher.is_alive() for watcher in self._watchers) >= RECOVERING and time.monotonic() < until:
                time.sleep(0.05)
            if time.monotonic() > until:
                self.left_out = len(self._plan) - number
                break
            if what == "database":
                self._crash()
                continue
            victim = self._random.choice(SERVICES)
            self._kill(victim)
            if number % 20 == 19:
                # Once more while it is still recovering.
                self._kill(victim)
        for watcher in self._watchers:
            watcher.join()

    def _kill(self, victim: str) -> None:
        number = self._stage.journal.number()
        try:
            pid = self._stage.signal(victim, signal.SIGKILL)
        except (Broken, OSError) as error:
            self.failed.append(f"{victim} could not be killed: {error}")
            return
        self._stage.journal.note("kill", n=number, victim=victim, pid=pid, load=load())
        self._watch(number, [victim])

    def _crash(self) -> None:
        number = self._stage.journal.number()
        self._stage.suite.postgres("crash")
        self._stage.journal.note("kill", n=number, victim="database", load=load())
        self._stage.suite.postgres("start")
        self._stage.journal.note("started", n=number)
        self._watch(number, list(SERVICES))

    def _watch(self, number: int, services: list[str]) -> None:
        for service in services:
            watcher = threading.Thread(target=self._recovers, args=(number, service), daemon=True)
            watcher.start()
            self._watchers.append(watcher)

    def _recovers(self, number: int, service: str) -> None:
        """Notes when a service is SERVING again, and when the first call after that succeeded."""
        try:
            self._stage.until(lambda: self._stage.serving(service), f"{service} SERVING", PATIENCE, 0.05)
            self._stage.journal.note("serving", n=number, service=service)
            self._stage.until(lambda: self._stage.probe(service), f"{service} answers", PATIENCE, 0.05)
            self._stage.journal.note("recovered", n=number, service=service)
        except Broken as error:
            self._stage.journal.note("not_recovered", n=number, service=service)
            self.failed.append(str(error))
