"""Another build's binaries against these: whole lives in turns, with the processor time a life takes.

What else the machine does hits both alike, so the ratios say something where the absolutes do not. The other build may be
of an older commit or have another profile; the load generator is this tree's for both.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from bench_home import Home


def against(other: Path, binaries: Path, seconds: float, rounds: int) -> dict:
    """Both suites are up all the while; each round loads one, then the other, the order taking turns."""
    with Home("other", other, generator=binaries) as theirs, Home("these", binaries) as ours:
        homes = {"other": theirs, "these": ours}
        seen: dict[str, dict[str, list[float]]] = {name: {"lives_per_second": [], "processor_ms": []} for name in homes}
        for home in homes.values():
            home.load("lives", seconds=min(6.0, seconds))
        for number in range(rounds):
            for name in ("other", "these") if number % 2 == 0 else ("these", "other"):
                one = round_of(homes[name], seconds)
                for what, value in one.items():
                    seen[name][what].append(value)
    medians = {name: {what: statistics.median(values) for what, values in one.items()} for name, one in seen.items()}
    change = {what: medians["these"][what] / medians["other"][what] - 1 for what in medians["these"]}
    each = [these / other - 1 for these, other in zip(seen["these"]["lives_per_second"], seen["other"]["lives_per_second"])]
    return {"other": str(other.name), "medians": medians, "change": change, "rounds": seen, "change_by_round": each}


def round_of(home: Home, seconds: float) -> dict[str, float]:
    """Lives a second, and the milliseconds of processor that the five services and PostgreSQL used for each."""
    used = home.processor_seconds()
    run = home.load("lives", seconds=seconds)
    now = home.processor_seconds()
    ours = sum(now[name] - used[name] for name in now if name != "stand-ins")
    return {"lives_per_second": run["lives_per_second"], "processor_ms": ours * 1000 / run["completed"]}
