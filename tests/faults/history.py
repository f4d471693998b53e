"""What the client's log says: intents with their outcomes, kills with their recoveries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from journal import read


@dataclass
class Intent:
    """One thing that was meant, with every answer to it."""

    n: int
    who: str
    service: str
    method: str
    meant: dict
    codes: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    got: dict | None = None
    resent: list[dict] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        return self.got is not None

    @property
    def unknown(self) -> bool:
        """Nobody told the client how it ended."""
        return self.got is None and not self.refusals

    @property
    def request_id(self) -> str:
        return self.meant["request_id"]


@dataclass
class Kill:
    """One SIGKILL or crash, with when each service was back."""

    n: int
    at: float
    victim: str
    load: float
    # Acts that were sent to the victim and not answered when it was struck; and the same with the reads beside them.
    acts: set[int] = field(default_factory=set)
    reads: set[int] = field(default_factory=set)
    struck: bool = False
    aimed: bool = False
    serving: dict[str, float] = field(default_factory=dict)
    recovered: dict[str, float] = field(default_factory=dict)
    delivered: dict[str, float] = field(default_factory=dict)
    never: list[str] = field(default_factory=list)


@dataclass
class History:
    """The whole log."""

    intents: dict[int, Intent] = field(default_factory=dict)
    mesh: dict[int, dict] = field(default_factory=dict)
    kills: dict[int, Kill] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    calls: int = 0
    internal: list[str] = field(default_factory=list)
    seconds: float = 0.0
    striking: list[Kill] = field(default_factory=list)

    def of(self, method: str) -> list[Intent]:
        """The intents of one method."""
        return [intent for intent in self.intents.values() if intent.method.endswith("/" + method)]


def load(path: Path) -> History:
    """Reads a log."""
    history, in_flight, first = History(), {}, None
    for line in read(path):
        first = first or line["t"]
        history.seconds = line["t"] - first
        kind, number = line["k"], line.get("n", 0)
        if kind in ("intent", "read", "again"):
            in_flight[number] = (line["service"], "reads" if kind == "read" else "acts")
            history.calls += 1
        elif kind in ("answer", "resent"):
            in_flight.pop(number, None)
            history.codes[line["code"]] += 1
            _spared(history, number, line["code"])
        _take(history, line, in_flight)
    return history


def _spared(history: History, number: int, code: str) -> None:
    """What was answered after the kill was noted and before it was done was not hit, unless it was an outage already."""
    for kill in history.striking:
        if code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"):
            kill.acts.discard(number)
            kill.reads.discard(number)


def _take(history: History, line: dict, in_flight: dict[int, tuple[str, str]]) -> None:
    kind, number = line["k"], line.get("n", 0)
    if kind == "intent":
        history.intents[number] = Intent(number, line["who"], line["service"], line["method"], line["meant"])
    elif kind == "answer" and number in history.intents:
        _answered(history, history.intents[number], line)
    elif kind == "resent":
        history.intents[number].resent.append(line)
    elif kind == "mesh":
        history.mesh[number] = {**line, "landed": False}
    elif kind == "landed":
        history.mesh[number]["landed"] = True
    elif kind == "kill":
        kill = Kill(number, line["t"], line["victim"], line.get("load", 0.0), aimed=line.get("aimed", False))
        history.kills[number] = kill
        for one, (service, what) in in_flight.items():
            if line["victim"] in (service, "database"):
                getattr(kill, what).add(one)
        history.striking.append(kill)
    elif kind == "struck":
        kill = history.kills[number]
        # Times are measured from the signal.
        kill.at, kill.struck = line["t"], True
        history.striking.remove(kill)
    elif kind in ("started", "serving", "recovered", "not_recovered"):
        _recovering(history.kills[number], line)


def _answered(history: History, intent: Intent, line: dict) -> None:
    intent.codes.append(line["code"])
    if line["code"] == "OK":
        intent.got = line["got"]
    elif line["reason"] and line["code"] not in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"):
        intent.refusals.append(line["reason"])
    if line["code"] in ("INTERNAL", "UNKNOWN", "DATA_LOSS"):
        history.internal.append(f"{intent.method}: {line['code']} {line.get('reason')} {line.get('says', '')}")


def _recovering(kill: Kill, line: dict) -> None:
    if line["k"] == "started":
        # The time a killed database takes to start is the cluster's; services are measured from then.
        kill.at = line["t"]
    elif line["k"] == "not_recovered":
        kill.never.append(line["service"])
    else:
        times = kill.serving if line["k"] == "serving" else kill.recovered
        times[line["service"]] = line["t"] - kill.at
