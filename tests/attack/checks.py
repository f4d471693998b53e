"""What must hold after every group of bad input, and at the end of a run."""

from __future__ import annotations

import time
from pathlib import Path

from book import Book
from fixture import Fixture
from groups_rpc import Attack
from otlp import Receiver
from suite import ROOT, SERVICES, NotRunning, Suite
from wire import Answer, Contract
from world import UNCALLED, World

NAME = "the suite"
REASONS = ROOT / "tests/contracts/reasons.txt"
# The two lines about what was refused without becoming a call, each at most once for a peer and a minute.
SPARING = ("requests refused that are no calls", "unauthenticated calls refused")


def births(suite: Suite) -> dict[str, str]:
    """Each service's process: its id and when it began, in ticks since the machine's start."""
    found = {}
    for service, pid in suite.pids().items():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            found[service] = f"{pid} since {fields[19]}" if fields[0] != "Z" else "ended"
        except OSError:
            found[service] = "ended"
    return found


class Checks:
    """Looks at the suite before and after."""

    def __init__(self, book: Book, suite: Suite, fx: Fixture, world: World, canaries: list[str]) -> None:
        self.book, self.suite, self.fx, self.world, self.canaries = book, suite, fx, world, canaries
        self.born, self.began = births(suite), time.monotonic()

    def after(self, group: str, before: dict[str, int] | None) -> None:
        """A good call works, nobody has died, nothing is stored, and nothing was said that should not be."""
        note = lambda case, got, wrong: self.book.note("suite", NAME, case, got, wrong, group)  # noqa: E731
        if before is not None:
            now = self.world.settled()
            grown = [f"{table}: {before.get(table)} → {now[table]}" for table in now if now[table] != before.get(table)]
            note("rows stored by bad input", "none", "; ".join(grown[:6]))
        try:
            self.fx.item()
            wrong = ""
        except RuntimeError as error:
            wrong = str(error)
        note("a good call after each group", "OK", wrong)
        now = births(self.suite)
        note("the same five processes, by id and start time", "alive", "" if now == self.born else f"{self.born} → {now}")
        found = [line for canary in self.canaries for line in self.suite.in_logs(canary)]
        note("names, numbers and free text in the logs", "none", "; ".join(found[:3]))
        bugs = self.suite.unexpected()
        note("`unexpected failure` or a panic in the logs", "none", "; ".join(bugs[:3]))
        different = self.world.audited(self.fx.wire.seen)
        note("one audit event for every call of a known caller", "exactly", "; ".join(different[:6]))

    def connections(self, receiver: Receiver) -> None:
        """Connections that ended because of their peer are counted by what it did."""
        counted = receiver.counts("ehub.server.connections.ended", "ehub.reason")
        for service in SERVICES:
            for reason in ("too_many", "never_began", "protocol_error", "enhance_your_calm", "frame_size_error"):
                wrong = "" if counted.get((service, reason)) else "not counted"
                case = "a connection that ends by its peer's doing is counted by reason"
                self.book.note("suite", NAME, case, "counted", wrong, f"{service} {reason}")

    def counted(self, receiver: Receiver) -> None:
        """What never became a call is counted by reason, and written about sparingly."""
        receiver.heard_of_all(SERVICES)
        counted = receiver.counts("ehub.server.uncalled", "ehub.error.reason")
        sent: dict[tuple[str, str], int] = {}
        for path, answer in self.fx.wire.seen:
            if answer.reason in UNCALLED and path.startswith("/ehub."):
                key = (answer.service or path.split(".")[1], answer.reason)
                sent[key] = sent.get(key, 0) + 1
        for (service, reason), count in sorted(sent.items()):
            found = counted.get((service, reason), 0)
            wrong = "" if found >= count else f"{count} were refused, {found} counted"
            self.book.note("suite", NAME, "what is no call is counted by reason", "counted", wrong, f"{service} {reason}")
        noisy = [line for line in self.suite.in_logs("call refused") if any(f'"{reason}"' in line for reason in UNCALLED)]
        self.book.note("suite", NAME, "a line for each request that is no call", "none", "; ".join(noisy[:2]))
        minutes = (time.monotonic() - self.began) / 60
        for text in SPARING:
            for service in SERVICES:
                lines = [line for line in self.suite.in_logs(text) if line.startswith(service + ":")]
                wrong = "" if len(lines) <= minutes + 2 else f"{len(lines)} lines in {minutes:.1f} minutes"
                self.book.note("suite", NAME, "one line for a peer and a minute", "at most", wrong, f"{service}: {text}")

    def reasons(self, contract: Contract, seen: list[tuple[str, Answer]], quick: bool) -> dict[str, int]:
        """Every reason that was sent stands in the contract; every reason the list leaves to this program was sent."""
        known = {
            f"{context}.{value.name.removeprefix('ERROR_REASON_')}"
            for context in ("auth", *SERVICES)
            for value in contract.pool.FindEnumTypeByName(f"ehub.{context}.v1.ErrorReason").values
        }
        sent: dict[str, int] = {}
        for _, answer in seen:
            if answer.reason:
                context = answer.domain.removesuffix(".ehub")
                name = f"{'auth' if context == 'server' else context}.{answer.reason}"
                sent[name] = sent.get(name, 0) + 1
        for name in sorted(sent):
            wrong = "" if name in known else "it is not in the contract's ErrorReason"
            self.book.note("suite", NAME, "every reason stands in the contract", "yes", wrong, name)
        if not quick:
            ours = [line.split()[0] for line in REASONS.read_text().splitlines() if line.endswith(" attack")]
            for name in ours:
                wrong = "" if name in sent else "tests/contracts/reasons.txt leaves it to this program, which has not seen it"
                self.book.note("suite", NAME, "every reason is produced", "yes", wrong, name)
        return sent


def trusted(attacker: Attack) -> None:
    """Waits until every service has read the key set with our key; they look every minute."""
    end = time.monotonic() + 100
    for service in SERVICES:
        rpc = next(rpc for rpc in attacker.rpcs if rpc.service == service and not rpc.mutates and not rpc.stream)
        while time.monotonic() < end:
            answer = attacker.go(rpc, rpc.good(attacker.fx), attacker.minted(attacker.everything(rpc.persona)))
            if answer.code != "UNAUTHENTICATED":
                break
            time.sleep(1)
        else:
            raise NotRunning(f"{service} did not take up the development key set")
