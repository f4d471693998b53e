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
    in_flight: int
    load: float
    serving: dict[str, float] = field(default_factory=dict)
    recovered: dict[str, float] = field(default_factory=dict)
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
            in_flight[number] = line["service"]
            history.calls += 1
        elif kind in ("answer", "resent"):
            in_flight.pop(number, None)
            history.codes[line["code"]] += 1
        _take(history, line, in_flight)
    return history


def _take(history: History, line: dict, in_flight: dict[int, str]) -> None:
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
        hit = sum(1 for service in in_flight.values() if line["victim"] in (service, "database"))
        history.kills[number] = Kill(number, line["t"], line["victim"], hit, line.get("load", 0.0))
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
