"""What a good request names, and whether an answer holds a word."""

from __future__ import annotations

from dataclasses import dataclass

from sides import Side
from wire import Answer


class Names:
    """What the catalogue's good requests name, of one side; anything else as the fixture has it."""

    def __init__(self, fx, side: Side) -> None:
        self._fx = fx
        self.main = self.other = self.gone = self.cedar = side.main
        self.grant, self.reference, self.alert, self.event = side.grant, side.reference, side.alert, side.event
        self.quarantined = side.quarantined
        self.entry = self.waiting = _Named(side.entry, "v1")
        self.prescription = _Named(side.prescription, side.prescription_etag)

    def __getattr__(self, name: str):
        return getattr(self._fx, name)


@dataclass
class _Named:
    name: str
    etag: str


def holds(answer: Answer, word: bytes) -> bool:
    """Whether a word stands anywhere in what a caller got."""
    if word in answer.body or word in answer.raw or word in answer.message.encode():
        return True
    pairs = [*answer.headers.items(), *answer.trailers.items()]
    return any(word in f"{name}:{value}".encode() for name, value in pairs)
