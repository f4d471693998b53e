"""Not yours, not there: what belongs to another gets, to the byte, what does not exist gets."""

from __future__ import annotations

import re

from catalogue import Rpc
from fixture import ALDER, BIRCH, new
from names import Names, holds
from sides import Side
from stage import Stage
from wire import Answer

# What names one call and nothing else: ids of its trace, the time.
ONE_CALL = re.compile(rb"[0-9a-f]{32}")
PASSING = {"date", "traceparent", "ehub-trace-id"}
REFUSALS = ("NOT_FOUND", "PERMISSION_DENIED")
QUARANTINE = ("GetQuarantinedContent", "ConvertQuarantined")


class Pairs:
    """Every call that names a thing, by who may not see it."""

    def __init__(self, stage: Stage, mine: Side, theirs: Side) -> None:
        self.stage, self.report, self.mine, self.theirs = stage, stage.report, mine, theirs

    def run(self) -> None:
        """What is there is shown to who may see it; then the pairs."""
        named = [rpc for rpc in self.stage.rpcs if rpc.names and rpc.names in self._good(rpc).DESCRIPTOR.fields_by_name]
        tried = []
        for rpc in named:
            if not rpc.mutates:
                self._shown_to_its_owner(rpc)
            for persona, changes in self._strangers(rpc):
                for grant in ((), (self.mine.grant,)) if rpc.grant != "none" else ((),):
                    who = f"{persona} {changes} {'with a grant' if grant else ''}"
                    tried.append((rpc, self.stage.minted(persona, *grant, **changes), who))
        self.stage.each(lambda pair: self._pair(*pair), tried)
        missing = [name for name in QUARANTINE if not any(rpc.method.endswith(name) for rpc in named)]
        self.report.expect(not missing, "what is quarantined is among the pairs", missing)

    def _strangers(self, rpc: Rpc) -> list[tuple[str, dict]]:
        practices = [("practice-alder", {}), ("practice-birch", {})]
        if rpc.method.endswith(QUARANTINE):
            # It belongs to who owns the mailbox, and to no practice.
            return practices
        return [("gp-anna", {"sub": "rolf-here"}), ("gp-anna", {"ehub_practices": [ALDER]}), practices[0]]

    def _good(self, rpc: Rpc):
        body = rpc.good(Names(self.stage.fx, self.theirs))
        if rpc.method.endswith("GetDocument"):
            body.entry = self.theirs.document
        return body

    def _shown_to_its_owner(self, rpc: Rpc) -> None:
        answer = self.stage.go(rpc, self._good(rpc), self.stage.minted("gp-anna", self.theirs.grant))
        self.report.expect(answer.ok and bool(answer.body), f"{rpc.short}: who may see it is shown it", answer)

    def _pair(self, rpc: Rpc, metadata, who: str) -> None:
        there = self._good(rpc)
        if rpc.method.endswith("ConvertQuarantined"):
            # For a practice of the caller's own: it is the message that is not theirs.
            there.practice_ods = BIRCH if "practice-birch" in who else ALDER
        absent = type(there)()
        absent.CopyFrom(there)
        collection = getattr(there, rpc.names).partition("/")[0]
        setattr(absent, rpc.names, f"{collection}/{new()}")
        if rpc.mutates:
            there.request_id, absent.request_id = new(), new()
        if rpc.method.endswith(("FileEntry", "RaisePrescription")):
            kind = "entries" if rpc.method.endswith("FileEntry") else "prescriptions"
            there.name, absent.name = f"{kind}/{new()}", f"{kind}/{new()}"
        one, two = self.stage.go(rpc, there, metadata), self.stage.go(rpc, absent, metadata)
        self.report.count("canaries: pairs of not yours and not there")
        where = f"{rpc.short}: {who}"
        self.report.expect(_shown(one) == _shown(two), f"{where}: not yours is told from not there", f"{_shown(one)} | {_shown(two)}")
        self.report.expect(one.code in REFUSALS, f"{where}: refused as what is not there, or not allowed", one)
        for what, word in {**self.theirs.words(), **self.theirs.unread_words()}.items():
            self.report.expect(not holds(one, word), f"{where}: the refusal holds the {what}", one)


def _shown(answer: Answer) -> tuple:
    """All that a caller gets, but for what names the one call."""
    lasting = lambda pairs: sorted((name, value) for name, value in pairs.items() if name not in PASSING)  # noqa: E731
    details = (answer.reason, answer.domain, sorted(answer.metadata.items()), answer.fields, answer.preconditions, answer.retry)
    return (answer.code, answer.message, details, ONE_CALL.sub(b"", answer.raw), answer.body, lasting(answer.headers), lasting(answer.trailers))
