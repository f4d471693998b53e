"""A collector that is away, or takes everything and never answers, costs the callers nothing."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lines import read
from receiver import Receiver
from story import Storyteller, until
from suite import SERVICES, Suite
from wire import Contract

# Small queues, so that they overflow soon.
SMALL = {"OTEL_BSP_MAX_QUEUE_SIZE": "256", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
SAID = "telemetry was lost"
# Megabytes a service may grow by while nobody takes its telemetry: many times its queues.
GROWTH = 64
# Seconds in which a service told to stop must be gone: two and a half for telemetry, the rest for its drain.
ENDS_IN = 20


def endpoint(address: str) -> dict[str, str]:
    """The environment that points every service to a collector."""
    return {f"EHUB_{service.upper()}__TELEMETRY__OTLP_ENDPOINT": address for service in SERVICES}


def nowhere() -> str:
    """An address on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def resident(pid: int) -> float:
    """A process's memory, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def latencies(teller: Storyteller, calls: int, hands: int = 4) -> list[float]:
    """How long cheap calls took, in milliseconds; each has to succeed."""
    teller.suite.token("gp-anna")

    def one(_) -> float:
        began = time.monotonic()
        answer = teller.quick_call()
        if not answer.ok:
            raise RuntimeError(f"a call failed while telemetry was strained: {answer}")
        return (time.monotonic() - began) * 1000

    with ThreadPoolExecutor(hands) as pool:
        return sorted(pool.map(one, range(calls)))


def summary(taken: list[float]) -> dict:
    """Their middle and their tail."""
    return {"calls": len(taken), "p50_ms": round(statistics.median(taken), 1), "p99_ms": round(taken[int(len(taken) * 0.99)], 1)}


class Strained:
    """One suite whose collector misbehaves."""

    def __init__(self, home: Path, binary: Path, contract: Contract) -> None:
        self.home, self.binary, self.contract = home, binary, contract

    def suite(self, env: dict[str, str]) -> Suite:
        return Suite(self.home, consultations=0, env=env, binary=self.binary)

    def healthy(self) -> dict:
        """What calls take while the collector is well: what the others are compared with."""
        receiver = Receiver()
        suite = self.suite(endpoint(receiver.address) | SMALL)
        try:
            suite.up()
            teller = Storyteller(suite, self.contract, "Well")
            latencies(teller, 40)
            return summary(latencies(teller, 400))
        finally:
            suite.down()
            receiver.close()

    def silent(self, usual: dict) -> tuple[list[str], dict]:
        """Traces and logs are accepted and never answered; metrics still say what was lost."""
        receiver = Receiver({"traces": None, "logs": None, "metrics": 0.0})
        suite = self.suite(endpoint(receiver.address) | SMALL)
        try:
            suite.up()
            teller = Storyteller(suite, self.contract, "Mute")
            before = resident(suite.pids()["allocation"])
            taken = summary(latencies(teller, 1500))
            lost = receiver.wait(lambda arrived: dropped(arrived, "allocation"), 90)
            wrong, figures = self.common(suite, usual, taken, before)
            figures["dropped"] = lost
            for reason in ("queue_full", "export_failed"):
                if not lost or not until(lambda r=reason: dropped(receiver.snapshot(), "allocation").get(r), 90):
                    wrong.append(f"silent collector: nothing was counted as lost by {reason}")
            return wrong + self.said(suite) + self.ends(suite, figures), figures
        finally:
            receiver.close()
            suite.down()

    def away(self, usual: dict) -> tuple[list[str], dict]:
        """Nothing listens."""
        suite = self.suite(endpoint(nowhere()) | SMALL)
        try:
            suite.up()
            teller = Storyteller(suite, self.contract, "Away")
            before = resident(suite.pids()["allocation"])
            taken = summary(latencies(teller, 800))
            wrong, figures = self.common(suite, usual, taken, before)
            return wrong + self.said(suite) + self.ends(suite, figures), figures
        finally:
            suite.down()

    def common(self, suite: Suite, usual: dict, taken: dict, before: float) -> tuple[list[str], dict]:
        grown = resident(suite.pids()["allocation"]) - before
        wrong = []
        # Wide, because a shared machine has its moods; a call that waited for an exporter would wait seconds.
        if taken["p50_ms"] > 5 * usual["p50_ms"] + 200:
            wrong.append(f"calls became slow: {taken} against {usual}")
        if grown > GROWTH:
            wrong.append(f"allocation grew by {grown:.0f} MB")
        return wrong, {"latency": taken, "grown_mb": round(grown, 1)}

    def said(self, suite: Suite) -> list[str]:
        """At least one line says that something was lost, and no signal says so twice in a minute."""
        lines = until(lambda: [line for line in read(suite, "allocation") if line.get("message") == SAID], 60)
        if not lines:
            return ["no line says that telemetry was lost"]
        wrong, last = [], {}
        for line in lines:
            minute, kind = line["timestamp"][:16], line["signal"]
            if last.get(kind) == minute:
                wrong.append(f"two lines about lost {kind} in one minute")
            last[kind] = minute
            if not line.get("lost"):
                wrong.append("a line about lost telemetry without its count")
        return wrong

    def ends(self, suite: Suite, figures: dict) -> list[str]:
        """A service told to stop is gone soon, whatever its collector does."""
        pid, began = suite.pids()["prescribing"], time.monotonic()
        os.kill(pid, signal.SIGTERM)
        gone = until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes(), ENDS_IN, 0.05)
        figures["ended_in_s"] = round(time.monotonic() - began, 2)
        return [] if gone else [f"prescribing did not end within {ENDS_IN} s"]


def dropped(arrived, service: str) -> dict[str, float]:
    """What a service has counted as lost of its traces, by reason, where anything."""
    found = {}
    for point in arrived.points.values():
        about = dict(point.attributes)
        if (point.service, point.name) == (service, "ehub.telemetry.dropped") and about["ehub.telemetry.signal"] == "traces":
            if point.value:
                found[about["ehub.telemetry.reason"]] = point.value
    return found
