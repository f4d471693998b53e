"""What a safeguard costs: whole lives with it and without, in turns, so that what else the machine does hits both.

The switches are ones a deployer or a client has. Each pair is two suites with databases of their own, loaded in turns
(with, without, without, with, …). A safeguard costs what it adds to the processor time of a life (services and PostgreSQL);
the rate is noisier, because it counts how the work is spread too, and stands beside it.

- Token check: a service never serves without one, so the pair is the check as it usually is (a token seen before is found
  in the cache) against its most costly form (every call bears a token never seen, and its signature is verified). What
  the usual check costs against none is measured alone, and set against a life's processor time.
- Tracing: spans exported at a ratio of 0.1, and all of them, against none (`OTEL_TRACES_EXPORTER=none`).
- Row security: as always against roles that PostgreSQL exempts from it (BYPASSRLS).
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from bench_home import SERVICES, Home, until
from counts import Counts

SPANS_OFF = {"OTEL_TRACES_EXPORTER": "none"}


def ratio_of(share: float) -> dict[str, str]:
    """New traces kept at this share."""
    return {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": str(share)}


def costs(binaries: Path, seconds: float, rounds: int) -> dict:
    """All of them."""
    found = {}
    with Home("pair-a", binaries, ratio_of(0.1)) as sampled:
        with Home("pair-b", binaries, SPANS_OFF) as silent:
            found["tracing_0.1"] = compare((silent, {}), (sampled, {}), seconds, rounds)
            found["row_security"] = row_security(silent, seconds, rounds)
            found["token_check"] = token_check(silent, seconds, rounds)
        with Home("pair-c", binaries, ratio_of(1.0)) as always, Home("pair-b", binaries, SPANS_OFF) as silent:
            found["tracing_always"] = compare((silent, {}), (always, {}), seconds, rounds)
    return found


def compare(without: tuple[Home, dict], having: tuple[Home, dict], seconds: float, rounds: int) -> dict:
    """Lives a second without and with, in turns."""
    seen = Seen()
    for home, options in (without, having):
        home.load("lives", seconds=min(4.0, seconds), **options)
    for number in range(rounds):
        order = [("without", without), ("with", having)]
        for name, (home, options) in order if number % 2 == 0 else reversed(order):
            seen.take(name, home, seconds, **options)
    return seen.judged()


class Seen:
    """What rounds without and with came to."""

    def __init__(self) -> None:
        self._rounds: dict[str, dict[str, list[float]]] = {name: {"rate": [], "processor_ms": []} for name in ("without", "with")}

    def take(self, name: str, home: Home, seconds: float, **options: object) -> None:
        """One round."""
        used = ours(home)
        run = home.load("lives", seconds=seconds, **options)
        self._rounds[name]["rate"].append(run["lives_per_second"])
        self._rounds[name]["processor_ms"].append((ours(home) - used) * 1000 / run["completed"])

    def judged(self) -> dict:
        """What is added to a life's processor time, and by how much the rounds differ among themselves."""
        found: dict = {"rounds": self._rounds}
        for what in ("rate", "processor_ms"):
            without, having = (statistics.median(self._rounds[name][what]) for name in ("without", "with"))
            spreads = [(max(some[what]) - min(some[what])) / statistics.median(some[what]) for some in self._rounds.values()]
            found[what] = {"without": without, "with": having, "change": having / without - 1, "spread": max(spreads)}
        return found


def row_security(home: Home, seconds: float, rounds: int) -> dict:
    """On one suite: the roles are changed and their connections opened anew between two runs."""
    seen = Seen()
    home.load("lives", seconds=min(4.0, seconds))
    try:
        for number in range(rounds):
            for name in ("without", "with") if number % 2 == 0 else ("with", "without"):
                exempt(home, "bypassrls" if name == "without" else "nobypassrls")
                # Connections prepare their statements anew: that is not what is measured.
                home.load("lives", seconds=min(2.0, seconds))
                seen.take(name, home, seconds)
    finally:
        exempt(home, "nobypassrls")
    return seen.judged()


def exempt(home: Home, word: str) -> None:
    """Makes row security hold or not for every role of the services, and has all sessions begin anew."""
    for service in SERVICES:
        for role in ("run", "work"):
            home.sql(f"alter role ehub_{service}_{role} {word}")
    home.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'ehub%'")
    # Whoever was cut off connects again with its next statement; a run begins when all have.
    ready = "select count(distinct usename) >= 5 from pg_stat_activity where usename like 'ehub%'"
    until(lambda: home.sql(ready)[0][0] == "t", 60, "connections after a change of roles")
    time.sleep(1.0)


def token_check(home: Home, seconds: float, rounds: int) -> dict:
    """The same token again and again, against a token for every call; and the check alone."""
    tokens = home.path / "tokens.json"

    def minted(persona: str, many: int) -> list[str]:
        return [home.suite.minted(home.suite.fresh(persona)) for _ in range(many)]

    def fresh() -> dict:
        number = 6_000 if seconds > 3 else 800
        each = {"supplier": number // 4, "gp-anna": number, "gp-bert": number}
        tokens.write_text(json.dumps({persona: minted(persona, many) for persona, many in each.items()}))
        return {"tokens": tokens}

    seen = Seen()
    home.load("lives", seconds=min(4.0, seconds))
    before, used = Counts(home), ours(home)
    lives = home.load("lives", seconds=seconds)["completed"]
    commits = sum(Counts(home).since(before)["commits"].values()) / lives
    processor_us = (ours(home) - used) / lives * 1e6
    for number in range(rounds):
        for name in ("without", "with") if number % 2 == 0 else ("with", "without"):
            seen.take(name, home, seconds, **(fresh() if name == "with" else {}))
    tokens.write_text(json.dumps(minted("gp-anna", 2_000)))
    alone = home.measure("tokens", config=home.suite.run / "allocation.toml", tokens=tokens)
    # Every call commits a transaction, or is refused; so there are hardly more checks than commits. Grants apart.
    return seen.judged() | {"alone": alone | {"most_checks": commits, "most_share": alone["known_us"] * commits / processor_us}}


def ours(home: Home) -> float:
    """Processor seconds of services and PostgreSQL so far, without the stand-ins."""
    return sum(used for name, used in home.processor_seconds().items() if name != "stand-ins")


__all__ = ["costs"]
