"""The calls between our own services, at the port for them: nobody else's token opens them, nor every service's."""

from __future__ import annotations

import grpc
from coverage import SERVICE, internal, rule
from fixture import new
from groups_rpc import BAD_TOKEN, UNAUTHENTICATED, Attack
from required import places
from suite import SERVICES
from wire import Wire


class Internal:
    """Every internal RPC at every service that serves it."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book, self.suite = attack, attack.fx, attack.book, attack.suite

    def run(self) -> None:
        """All of it."""
        addresses = {name: self.suite.world["services"][name]["internal"] for name in SERVICES}
        wire = Wire(self.fx.contract, addresses, self.fx.wire.seen)
        bearer = lambda token: [("authorization", "Bearer " + token)]  # noqa: E731
        person = self.attack.minted(self.attack.everything("gp-anna", scope="ehub.internal"))
        for path, method in internal(self.fx.contract).items():
            if SERVICE not in rule(self.fx.contract, method).callers:
                self._operators(wire, path, method)
                continue
            served, admitted = 0, list(rule(self.fx.contract, method).services)
            for service in SERVICES:
                known = wire.call(service, "/" + path, b"", bearer(self.suite.service_token("intake")))
                if known.code == "UNIMPLEMENTED":
                    continue
                served += 1
                short = path.removeprefix("ehub.")
                answer = wire.call(service, "/" + path, b"", [])
                self.book.answer("internal", short, "no token", answer, *UNAUTHENTICATED, message=BAD_TOKEN,
                                 about=service, kind="unauthenticated")
                answer = wire.call(service, "/" + path, b"", person)
                self.book.answer("internal", short, "a person with the scope", answer, "PERMISSION_DENIED",
                                 "CALLER_KIND_NOT_ALLOWED", about=service, kind="unauthorised: caller")
                other = next((name for name in SERVICES if name not in admitted), None) if admitted else None
                if other:
                    answer = wire.call(service, "/" + path, b"", bearer(self.suite.service_token(other)))
                    self.book.answer("internal", short, "another service", answer, "PERMISSION_DENIED",
                                     "SERVICE_NOT_ALLOWED", about=service, kind="unauthorised: service")
            wrong = "" if served else "no service serves it"
            self.book.note("internal", path.removeprefix("ehub."), "served by", f"{served} services", wrong)


    def _operators(self, wire: Wire, path: str, method) -> None:
        """What people who operate eHub ask of each service."""
        short, scopes = path.removeprefix("ehub."), " ".join(rule(self.fx.contract, method).scopes)
        bare = self.attack.minted(self.attack.suite.fresh("gp-anna", scope="none"))
        operator = self.attack.minted(self.attack.suite.fresh("gp-anna", scope=scopes))
        service_token = [("authorization", "Bearer " + self.suite.service_token("intake"))]
        denied = "PERMISSION_DENIED"
        for service in SERVICES:
            tell = lambda case, answer, *wanted, service=service, **more: self.book.answer(  # noqa: E731
                "internal", short, case, answer, *wanted, about=service, **more)
            tell("no token", wire.call(service, "/" + path, b"", []), *UNAUTHENTICATED, kind="unauthenticated")
            answer = wire.call(service, "/" + path, b"", bare)
            tell("token without the scope", answer, denied, "SCOPE_MISSING", kind="unauthorised: scope")
            answer = wire.call(service, "/" + path, b"", service_token)
            tell("a service's own token", answer, denied, "CALLER_KIND_NOT_ALLOWED", kind="unauthorised: caller")
            for place in places(self.fx.contract, method.input_type):
                message = place.left_out(self._good(method))
                answer = wire.call(service, "/" + path, message, operator)
                kind, wanted = f"required: {place.path}", ("INVALID_ARGUMENT", "INVALID_FIELDS", place.path)
                tell(f"{place.path} left out", answer, *wanted, kind=kind)

    def _good(self, method):
        """A request with every field, about a stream that is not there."""
        values = {"request_id": new(), "stream": new(), "subscriber": "audit", "version": 1, "reason": "Not needed."}
        fields = {name: value for name, value in values.items() if name in method.input_type.fields_by_name}
        return self.fx.contract.message(method.input_type.full_name, **fields)


def public_port_is_closed(attack: Attack) -> None:
    """None of them answers at the public port, whoever asks."""
    for path, method in internal(attack.fx.contract).items():
        access = rule(attack.fx.contract, method)
        person = SERVICE not in access.callers
        operator = attack.minted(attack.suite.fresh("gp-anna", scope=" ".join(access.scopes))) if person else None
        admitted = next(iter(rule(attack.fx.contract, method).services), "allocation")
        for service in SERVICES:
            metadata = operator if operator else [("authorization", "Bearer " + attack.suite.service_token(admitted))]
            answer = attack.fx.wire.call(service, "/" + path, b"", metadata)
            wrong = "" if answer.code == grpc.StatusCode.UNIMPLEMENTED.name else f"got {answer}"
            attack.book.note("internal", path.removeprefix("ehub."), "at the public port", answer.code, wrong, service)
