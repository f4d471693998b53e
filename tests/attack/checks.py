"""What must hold after every group of bad input, and at the end of a run."""

from __future__ import annotations

import time
from pathlib import Path

from groups_rpc import Attack
from suite import ROOT, SERVICES, NotRunning, Suite
from tables import Look
from wire import Answer, Contract
from world import World, without_effect

NAME = "the suite"
REASONS = ROOT / "tests/contracts/reasons.txt"
# A read of each service that the two calls of a submission and a claim do not reach.
READS = ("ListEntries", "ListPrescriptions", "GetTimeline")


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

    def __init__(self, attack: Attack, world: World, canaries: list[str]) -> None:
        self.attack, self.book, self.suite, self.fx = attack, attack.book, attack.suite, attack.fx
        self.tables, self.world, self.canaries = attack.tables, world, canaries
        self.born = births(self.suite)
        self.reads = [rpc for rpc in attack.rpcs if rpc.short.rpartition("/")[2] in READS]

    def _note(self, group: str, case: str, got: str, wrong: str) -> None:
        self.book.note("suite", NAME, case, got, wrong, group)

    def good(self, group: str) -> None:
        """A submission, a claim, and a read of each of the others."""
        wrong = []
        try:
            consultation, grant = self.fx.item()
            # A lease that runs out would change rows by itself.
            self.fx.released(consultation, grant)
        except RuntimeError as error:
            wrong.append(str(error))
        for rpc in self.reads:
            answer = self.fx.wire.call(rpc.service, rpc.path, rpc.good(self.fx), self.attack.as_usual(rpc))
            wrong += [] if answer.ok else [f"{rpc.short}: {answer}"]
        self._note(group, "good calls at all five after each group", "OK", "; ".join(wrong))
        calls, ill = self.attack.health
        self._note(group, "health of the service after each case", "SERVING", "; ".join(ill[:3]))
        self.attack.health = (calls, [])

    def after(self, group: str, before: Look | None) -> None:
        """Nobody has died, nothing is stored, and nothing was said that should not be."""
        note = lambda case, got, wrong: self._note(group, case, got, wrong)  # noqa: E731
        if before is not None:
            note("rows stored, changed or taken away by bad input", "none", "; ".join(self.tables.changed(before)[:6]))
        now = births(self.suite)
        note("the same five processes, by id and start time", "alive", "" if now == self.born else f"{self.born} → {now}")
        found = [line for canary in self.canaries for line in self.suite.in_logs(canary)]
        note("names, numbers and free text in the logs", "none", "; ".join(found[:3]))
        bugs = self.suite.unexpected()
        note("`unexpected failure` or a panic in the logs", "none", "; ".join(bugs[:3]))
        different = self.world.audited(self.fx.wire.seen)
        note("one audit event for every call of a known caller", "exactly", "; ".join(different[:6]))

    def whole(self) -> None:
        """At the end of a run, over all of it."""
        written = self.tables.written_with(without_effect(self.fx.wire.seen))
        case = "rows written with the event of a refused or replayed call"
        self._note("all groups", case, "none", "; ".join(written[:6]))
        stale = [f"{table}: no such table" for table in self.tables.stale]
        self._note("all groups", "tables that are not compared", "each is there", "; ".join(stale))

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
