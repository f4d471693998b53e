"""What strain on telemetry may cost a service: calls stay quick, memory stays small, losses are told, the end comes soon."""

from __future__ import annotations

import os
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lines import read
from receiver import Arrived
from story import Storyteller, until
from suite import Suite

SAID = "telemetry was lost"
# Megabytes a service may grow by while nobody takes its telemetry: many times its queues.
GROWTH = 64
# Seconds in which a service told to stop must be gone: two and a half for telemetry, the rest for its drain.
ENDS_IN = 20


def resident(suite: Suite) -> float:
    """Allocation's memory, in megabytes."""
    status = Path(f"/proc/{suite.pids()['allocation']}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def latencies(teller: Storyteller, calls: int, hands: int = 4) -> dict:
    """How long cheap calls took, their middle and their tail; each has to succeed."""
    teller.suite.token("gp-anna")

    def one(_) -> float:
        began = time.monotonic()
        answer = teller.quick_call()
        if not answer.ok:
            raise RuntimeError(f"a call failed while telemetry was strained: {answer}")
        return (time.monotonic() - began) * 1000

    with ThreadPoolExecutor(hands) as pool:
        taken = sorted(pool.map(one, range(calls)))
    return {"calls": calls, "p50_ms": round(statistics.median(taken), 1), "p99_ms": round(taken[int(calls * 0.99)], 1)}


def costs(suite: Suite, usual: dict, taken: dict, before: float) -> tuple[list[str], dict]:
    """Whether calls became slow or the service grew, and both as figures."""
    grown, wrong = resident(suite) - before, []
    # Wide, because a shared machine has its moods; a call that waited for an exporter would wait seconds.
    if taken["p50_ms"] > 5 * usual["p50_ms"] + 200:
        wrong.append(f"calls became slow: {taken} against {usual}")
    if grown > GROWTH:
        wrong.append(f"allocation grew by {grown:.0f} MB")
    return wrong, {"latency": taken, "grown_mb": round(grown, 1)}


def said(suite: Suite) -> list[str]:
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


def ends(suite: Suite, figures: dict) -> list[str]:
    """A service told to stop is gone soon, whatever its collector does."""
    pid, began = suite.pids()["prescribing"], time.monotonic()
    command = Path(f"/proc/{pid}/cmdline")
    os.kill(pid, signal.SIGTERM)
    gone = until(lambda: not command.exists() or not command.read_bytes(), ENDS_IN, 0.05)
    figures["ended_in_s"] = round(time.monotonic() - began, 2)
    return [] if gone else [f"prescribing did not end within {ENDS_IN} s"]


def dropped(arrived: Arrived, service: str = "allocation") -> dict[str, float]:
    """What a service has counted as lost of its traces, by reason, where anything."""
    found = {}
    for point in arrived.points.values():
        about = dict(point.attributes)
        if (point.service, point.name) == (service, "ehub.telemetry.dropped") and about["ehub.telemetry.signal"] == "traces":
            if point.value:
                found[about["ehub.telemetry.reason"]] = point.value
    return found
