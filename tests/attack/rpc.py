"""One RPC under attack: who calls it, a good request, and how to vary it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fixture import Fixture

RID = "request_id"


@dataclass
class Rpc:
    """One RPC."""

    method: str
    persona: str
    good: Callable[[Fixture], object]
    required: list[str] = field(default_factory=list)
    grant: str = "none"
    stream: bool = False
    # For replays: a request that succeeds, its persona's grant, and what makes it another one.
    fresh: Callable[[Fixture], tuple[object, str | None]] | None = None
    vary: Callable[[object], None] | None = None
    # The field that names a thing, and who must not learn whether it is there.
    names: str = ""
    strangers: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        return self.method.split(".")[1]

    @property
    def path(self) -> str:
        return "/" + self.method

    @property
    def short(self) -> str:
        return self.method.removeprefix("ehub.")

    @property
    def mutates(self) -> bool:
        return self.required[:1] == [RID]


def setting(path: str, value) -> Callable[[object], None]:
    """What sets a field to another value."""

    def vary(message) -> None:
        *way, last = path.split(".")
        for step in way:
            message = getattr(message, step)
        setattr(message, last, value)

    return vary
