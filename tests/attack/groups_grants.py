"""Grants that do not hold, at every RPC that needs one or takes one."""

from __future__ import annotations

import base64
import json
import time

from groups_rpc import Attack, jose
from rpc import Rpc
from suite import sign


class Grants:
    """One RPC after another."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book

    def run(self) -> None:
        """Grants that do not hold."""
        for rpc in self.attack.rpcs:
            if rpc.grant == "none":
                continue
            for case, headers, code, reason in self._bad_grants(rpc):
                body = rpc.good(self.fx)
                if case == "grant of a released claim":
                    if not hasattr(body, "consultation"):
                        continue
                    body.consultation = self.fx.gone
                metadata = [*self.fx.bearer("gp-anna"), *headers]
                kind = "bad grant" if headers else ""
                self.book.answer("grants", rpc.short, case, self.attack.go(rpc, body, metadata), code, reason, kind=kind)

    def _bad_grants(self, rpc: Rpc):
        fx, suite, now = self.fx, self.attack.suite, int(time.time())
        header = lambda grant: [("ehub-grant", grant)]  # noqa: E731
        denied, past = "PERMISSION_DENIED", "FAILED_PRECONDITION"
        if rpc.method.endswith("/GetConsultation"):
            for case, headers in [
                ("no grant", []),
                ("garbage for a grant", header("x.y.z")),
                ("grant of another consultation", header(fx.other_grant)),
                ("expired grant", header(suite.forged_grant(fx.grant, iat=now - 900, exp=now - 600))),
                ("grant of another person", header(fx.cedar_grant)),
            ]:
                yield case, headers, denied, "GRANT_REQUIRED"
            return
        if rpc.grant == "optional":
            # Who works for the patient's practice reads without a grant. The entry has not been sent: no document is made of it.
            made = (past, "DOCUMENT_NOT_MADE") if rpc.method.endswith("/GetDocument") else ("OK", None)
            for case, headers in [("no grant", []), ("garbage for a grant", header("x.y.z"))]:
                yield case, headers, *made
            return
        invalid = (denied, "GRANT_INVALID")
        head, claims, signature = fx.grant.split(".")
        yield "no grant", [], denied, "GRANT_REQUIRED"
        yield "garbage for a grant", header("x.y.z"), *invalid
        yield "access token for a grant", header(suite.token("gp-anna")), *invalid
        yield "two grants", header(fx.grant) + header(fx.grant), *invalid
        yield "grant with a changed signature", header(f"{head}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"), *invalid
        none = jose("none", "ehub-grant+jwt", "grant-1")
        yield "grant with algorithm none", header(f"{none}.{claims}."), *invalid
        ours = sign({"alg": "EdDSA", "typ": "ehub-grant+jwt", "kid": "attack-1"}, {"sub": "gp-anna"}, suite._key)
        yield "grant signed by the token issuer", header(ours), *invalid
        yield "grant of another consultation", header(fx.other_grant), denied, "GRANT_FOR_ANOTHER"
        yield "grant of another person", header(fx.cedar_grant), *invalid
        yield "grant to read", header(suite.forged_grant(fx.grant, grant="view")), *invalid
        yield "grant for another audience", header(suite.forged_grant(fx.grant, aud="somebody")), *invalid
        yield "grant of the future", header(suite.forged_grant(fx.grant, iat=now + 600)), *invalid
        yield "expired grant", header(suite.forged_grant(fx.grant, iat=now - 900, exp=now - 1)), past, "CLAIM_EXPIRED"
        over = ("CLAIM_SUPERSEDED", "CLAIM_EXPIRED")
        yield "grant of a released claim", header(fx.gone_grant), past, over[0]
        epoch = int(_claim(fx.grant, "epoch")) - 1
        yield "grant of an epoch before", header(suite.forged_grant(fx.grant, epoch=epoch)), past, over[0]


def _claim(token: str, name: str):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))[name]
