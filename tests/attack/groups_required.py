"""Every field the contract calls required, left out of a good request: refused, and exactly that field is named."""

from __future__ import annotations

from coverage import public
from fixture import new
from groups_rpc import Attack
from required import CONDITIONAL, places


class Required:
    """One RPC after another, from the descriptors."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book
        self.methods = public(attack.fx.contract)
        self.tried = 0

    def run(self) -> None:
        """All of it."""
        for rpc in self.attack.rpcs:
            good = rpc.good(self.fx)
            method = self.methods[rpc.method]
            for place in places(self.fx.contract, method.input_type):
                message = place.left_out(good)
                if message is None:
                    why = "the good request of the catalogue does not hold its parent"
                    self.book.note("required", rpc.short, "required field left out", "not tried", why, place.path)
                    continue
                self._tried(rpc, message, place.path, f"required: {place.path}")
        for name, (short, change, path) in sorted(CONDITIONAL.items()):
            rpc = next(rpc for rpc in self.attack.rpcs if rpc.method.endswith("/" + short))
            message = rpc.good(self.fx)
            change(message)
            self._tried(rpc, message, path, f"required in some cases: {name}")

    def _tried(self, rpc, message, path: str, kind: str) -> None:
        self.tried += 1
        if rpc.mutates and path != "request_id":
            message.request_id = new()
        answer = self.attack.go(rpc, message, self.attack.as_usual(rpc))
        if answer.code == "INVALID_ARGUMENT" and set(answer.paths) - {path}:
            said = ", ".join(answer.paths)
            wrong = f"more than {path} is named: {said}"
            self.book.note("required", rpc.short, "required field left out", str(answer), wrong, path, kind)
            return
        self.book.answer(
            "required", rpc.short, "required field left out", answer, "INVALID_ARGUMENT", "INVALID_FIELDS", path,
            about=path, kind=kind,
        )
