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
# How many of the kills wait for an act to hit.
AIMED = 2 / 3
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
        self._turn: list[str] = []
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
            victim = self._victim()
            self._kill(victim)
            if number % 20 == 19:
                # Once more while it is still recovering.
                self._kill(victim, aim=False)
        for watcher in self._watchers:
            watcher.join()

    def _victim(self) -> str:
        """Each of the five in turn, in an order by chance: none is spared, and none favoured."""
        if not self._turn:
            self._turn = self._random.sample(SERVICES, len(SERVICES))
        return self._turn.pop()

    def _aimed(self, victim: str) -> bool:
        """Waits, two times of three, for an act to be sent to the victim, and a few milliseconds more: long enough to have
        arrived, short enough to be under way on a machine that is fast. The others are killed as it comes."""
        if victim == "audit" or self._random.random() > AIMED or not self._stage.client.next_act(victim, 2):
            return False
        time.sleep(self._random.uniform(0.001, 0.008))
        return True

    def _kill(self, victim: str, aim: bool = True) -> None:
        number, note = self._stage.journal.number(), self._stage.journal.note
        try:
            # Noted before and after: what was answered between the two lines was not hit.
            def before(pid: int) -> None:
                aimed = aim and self._aimed(victim)
                note("kill", wait=False, n=number, victim=victim, pid=pid, load=load(), aimed=aimed)

            self._stage.signal(victim, signal.SIGKILL, before)
        except (Broken, OSError) as error:
            self.failed.append(f"{victim} could not be killed: {error}")
            return
        note("struck", n=number)
        self._watch(number, [victim])

    def _crash(self) -> None:
        number, note = self._stage.journal.number(), self._stage.journal.note
        before = lambda pid: note("kill", wait=False, n=number, victim="database", pid=pid, load=load())  # noqa: E731
        self._stage.crash(before, lambda: note("struck", n=number))
        self._stage.suite.postgres("start")
        note("started", n=number)
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
