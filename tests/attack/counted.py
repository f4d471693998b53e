"""What never became a call is counted by reason, neither less nor more, and written about sparingly."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager

from book import Book
from otlp import Receiver
from suite import SERVICES, Suite
from wire import Answer
from world import UNCALLED

NAME = "the suite"
INCOMPLETE = "MESSAGE_INCOMPLETE"
# The two lines about what was refused without becoming a call, each at most once for a peer and a minute.
SPARING = ("requests refused that are no calls", "unauthenticated calls refused")
# Refused below everything that counts, by the HTTP/2 library: said so in docs/bad-input.md.
NOWHERE = "HTTP 431"


def why(answer: Answer) -> str:
    """The reason under which an answer is counted; empty when there was a call, or it is counted nowhere."""
    if answer.code.startswith("HTTP ") and answer.code != NOWHERE:
        return "NOT_GRPC"
    if answer.code == "UNIMPLEMENTED" and not answer.reason:
        return "METHOD_UNKNOWN"
    return answer.reason if answer.reason in UNCALLED else ""


class Counted:
    """The counts of a run, apart from those of bytes sent by hand, of which nobody knows what each became."""

    def __init__(self, book: Book, suite: Suite, receiver: Receiver) -> None:
        self.book, self.suite, self.receiver = book, suite, receiver
        self._apart, self.began = self._now(), time.monotonic()

    def _now(self) -> Counter:
        self.receiver.heard_of_all(SERVICES)
        return Counter(self.receiver.counts("ehub.server.uncalled", "ehub.error.reason"))

    @contextmanager
    def by_hand(self, found: Counter | None = None):
        """What is counted meanwhile is kept apart, and put into `found`."""
        before = self._now()
        yield
        more = self._now()
        more.subtract(before)
        self._apart.update(more)
        if found is not None:
            found.update(more)

    def check(self, seen: list[tuple[str, Answer]], late: list[tuple[str, Answer]]) -> None:
        """Of every reason exactly what was sent; `late` are calls whose message had not come when time was over."""
        sent = Counter((answer.service, reason) for _, answer in seen if (reason := why(answer)))
        sent.update((answer.service, INCOMPLETE) for _, answer in late)
        found = self._now()
        found.subtract(self._apart)
        for service, reason in sorted({*sent, *(key for key, count in found.items() if count)}):
            count, told = sent[service, reason], found[service, reason]
            wrong = "" if told == count else f"{count} were refused, {told} counted"
            case = "what is no call is counted by reason, exactly"
            self.book.note("suite", NAME, case, "counted", wrong, f"{service} {reason}")
        noisy = [line for line in self.suite.in_logs("call refused") if any(f'"{reason}"' in line for reason in UNCALLED)]
        self.book.note("suite", NAME, "a line for each request that is no call", "none", "; ".join(noisy[:2]))
        minutes = (time.monotonic() - self.began) / 60
        for text in SPARING:
            for service in SERVICES:
                lines = [line for line in self.suite.in_logs(text) if line.startswith(service + ":")]
                wrong = "" if len(lines) <= minutes + 2 else f"{len(lines)} lines in {minutes:.1f} minutes"
                self.book.note("suite", NAME, "one line for a peer and a minute", "at most", wrong, f"{service}: {text}")

    def connections(self) -> None:
        """Connections that ended because of their peer are counted by what it did."""
        counted = self.receiver.counts("ehub.server.connections.ended", "ehub.reason")
        for service in SERVICES:
            for reason in ("too_many", "never_began", "protocol_error", "enhance_your_calm", "frame_size_error"):
                wrong = "" if counted.get((service, reason)) else "not counted"
                case = "a connection that ends by its peer's doing is counted by reason"
                self.book.note("suite", NAME, case, "counted", wrong, f"{service} {reason}")
