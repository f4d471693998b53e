"""How a practice answers one document: what the control API and trigger phrases can ask for, and how they combine."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .behaviour import BadBehaviour


@dataclass(frozen=True)
class Answer:
    """One acknowledgement's manner. `code` replaces the code the rules arrived at."""

    silent: bool = False
    code: str | None = None
    late_ms: int = 0
    times: int = 1
    half: bool = False
    first: bool = False

    @staticmethod
    def parse(text: str) -> Answer:
        """Reads words joined by commas: ok, silent, negative:CODE, positive:CODE, late:MS, duplicate, half, reordered."""
        answer = Answer()
        for word in text.lower().split(","):
            word = word.strip()
            if word == "ok":
                continue
            if word == "silent":
                answer = replace(answer, silent=True)
            elif match := re.fullmatch(r"(?:negative|positive):(\d{5})", word):
                answer = replace(answer, code=match[1])
            elif match := re.fullmatch(r"late:(\d+)", word):
                answer = replace(answer, late_ms=int(match[1]))
            elif word == "duplicate":
                answer = replace(answer, times=2)
            elif word == "half":
                answer = replace(answer, half=True)
            elif word == "reordered":
                answer = replace(answer, first=True)
            else:
                raise BadBehaviour(f"unknown behaviour {word!r}")
        return answer


@dataclass
class Behaviour:
    """A practice's manner: of both acknowledgements, and whether it de-duplicates as ITK3 demands."""

    infrastructure: Answer = Answer()
    business: Answer = Answer()
    dedupe: bool = True
    remaining: int | None = None


def with_triggers(behaviour: Behaviour, phrases: list[str]) -> tuple[Answer, Answer]:
    """(infrastructure, business) as changed by a document's trigger phrases."""
    infrastructure, business = behaviour.infrastructure, behaviour.business
    for phrase in phrases:
        kind, _, rest = phrase.partition("-")
        match kind, rest:
            case "SILENT", "":
                infrastructure = replace(infrastructure, silent=True)
                business = replace(business, silent=True)
            case "SILENT", "INFRASTRUCTURE":
                infrastructure = replace(infrastructure, silent=True)
            case "SILENT", "BUSINESS":
                business = replace(business, silent=True)
            case "INFRASTRUCTURE", code if re.fullmatch(r"\d{5}", code):
                infrastructure = replace(infrastructure, code=code)
            case "BUSINESS", code if re.fullmatch(r"\d{5}", code):
                business = replace(business, code=code)
            case "LATE", millis if millis.isdigit():
                infrastructure = replace(infrastructure, late_ms=int(millis))
            case "LATE", rest if re.fullmatch(r"BUSINESS-\d+", rest):
                business = replace(business, late_ms=int(rest.partition("-")[2]))
            case "DUPLICATE", "":
                infrastructure = replace(infrastructure, times=2)
                business = replace(business, times=2)
            case "REORDERED", "":
                business = replace(business, first=True)
            case "HALF", "":
                infrastructure = replace(infrastructure, half=True)
            case "HALF", "BUSINESS":
                business = replace(business, half=True)
            case _:
                # Phrases of other peers travel through here as well.
                continue
    return infrastructure, business
