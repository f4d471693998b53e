"""Fields: each wrong in turn, beyond the limit its comment names, and text of every script kept as given."""

from __future__ import annotations

from fields import cases, limits, matches
from fixture import new
from groups_rpc import Attack
from unreached import UNREACHED, not_reached

# Filters of lists, where UNSPECIFIED means all.
FILTERS = {"state"}


class Fields:
    """One RPC after another."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book

    def run(self) -> None:
        """All of it."""
        contract = self.fx.contract
        timestamp = contract.klass("google.protobuf.Timestamp")
        said = (self.fx.canary, self.fx.nhs_number)
        unreached = set()
        for rpc in self.attack.rpcs:
            good = rpc.good(self.fx)
            for case in (*cases(good, timestamp, said, FILTERS), *limits(contract, good, self.fx.canary)):
                self._wrong(rpc, case)
            unreached |= {f"{rpc.short} {path}" for path in not_reached(contract, good)}
        for path in sorted(unreached - set(UNREACHED)):
            wrong = "no good request reaches it, so that nothing attacks it"
            self.book.note("fields", path.split()[0], "every field is reached", "no", wrong, path)
        for path in sorted(set(UNREACHED) - unreached):
            self.book.note("fields", path.split()[0], "every field is reached", "yes", "`UNREACHED` names it in vain", path)

    def _wrong(self, rpc, case) -> None:
        if rpc.mutates and case.path != "request_id":
            case.message.request_id = new()
        answer = self.attack.go(rpc, case.message, self.attack.as_usual(rpc))
        if case.path.endswith("etag") and answer.code == "ABORTED":
            # An etag is opaque: what it never was it is not now.
            self.book.answer("fields", rpc.short, case.name, answer, "ABORTED", "ETAG_MISMATCH", about=case.path)
            return
        named = answer.code == "INVALID_ARGUMENT" and matches(case.path, answer.paths)
        path = None if named else case.path
        self.book.answer("fields", rpc.short, case.name, answer, "INVALID_ARGUMENT", "INVALID_FIELDS", path, about=case.path)
        if answer.ok and rpc.mutates:
            # What should have been refused has replaced something: put it back for the cases that follow.
            self.attack.go(rpc, rpc.good(self.fx), self.attack.as_usual(rpc))
