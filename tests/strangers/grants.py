"""Grants that do not hold: forged, run out, of others, of other consultations, and of claims that are over."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fixture import ALDER, ALLOCATION, BIRCH, new
from forge import decoded
from keys import Key, b64, jws, with_hmac
from sides import About
from stage import Stage, claims_of
from wire import Answer

A = f"{ALLOCATION}.AllocationService/"
DENIED, PAST = "PERMISSION_DENIED", "FAILED_PRECONDITION"


@dataclass
class Held:
    """A consultation under claim."""

    consultation: str
    grant: str
    prescription: str = ""
    etag: str = ""


class Grants:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.fx = stage, stage.report, stage.fx
        self.rounds = 4 if quick else 20

    def run(self) -> None:
        """Forged ones on every RPC that needs a grant; then claims that end, and how soon their grants do."""
        # From the contract: an RPC that needs a grant from tomorrow on has no request here, and fails.
        self.under = self.stage.needing_grant()
        missing = [name for name in self.under if name not in MAKERS]
        self.report.expect(not missing and len(self.under) == len(MAKERS), "every RPC that needs a grant is tried, and no other", (self.under, missing))
        self.under = [name for name in self.under if name in MAKERS]
        self.held = self._held()
        self.other = self._held("gp-bert")
        self.birch = Held(*self.fx.item("gp-anna", BIRCH))
        # Every guard knows the claim before an older epoch of it is tried: what no guard ever heard of, none can tell apart.
        self.still_good()
        self.forged()
        self.to_read()
        self.still_good()
        for number in range(self.rounds):
            how = (self._overridden, self._released, self._passed_back, self._taken_over)[number % 4]
            self.ended(how)

    def _held(self, persona: str = "gp-anna") -> Held:
        consultation, grant = self.fx.item(persona, ALDER)
        raised = self.fx.raised(consultation, grant, persona)
        return Held(consultation, grant, raised.name, raised.etag)

    # Requests under a grant

    def _request(self, name: str, held: Held):
        return self.stage.rpc(name), MAKERS[name](self, held)

    def _act(self, name: str, held: Held, **fields):
        return self.stage.request(self.stage.rpc(name), request_id=new(), consultation=held.consultation, **fields)

    def _completing(self, held: Held):
        good = self.stage.rpc("Complete").good(About(self.fx, held.consultation))
        good.request_id = new()
        return good

    def _try(self, name: str, held: Held, headers: list[tuple[str, str]], persona: str = "gp-anna") -> Answer:
        rpc, body = self._request(name, held)
        return self.stage.go(rpc, body, [*self.stage.minted(persona), *headers])

    def forged(self) -> None:
        """Every bad grant on every RPC that needs one."""
        cases = self.bad()

        def one(item: tuple) -> None:
            name, (case, headers, code, reasons) = item
            answer = self._try(name, self.held, headers)
            good = answer.code == code and answer.reason in reasons
            self.report.count("grants: bad ones refused")
            self.report.expect(good, f"{name}: {case}", answer)

        self.stage.each(one, [(name, case) for name in self.under for case in cases])
        self.report.counts["grants: cases"] = len(cases)

    def bad(self) -> list[tuple]:
        """The list: what, the headers, the code and the reasons it may get."""
        suite, now, grant = self.stage.suite, int(time.time()), self.held.grant
        claims, stranger, key = claims_of(grant), Key.edwards("grant-1"), Key.rsa("grant-1")
        forged = lambda **changes: suite.forged_grant(grant, **changes)  # noqa: E731
        head, payload, signature = grant.split(".")
        header = {"alg": "EdDSA", "typ": "ehub-grant+jwt", "kid": "grant-1"}
        pem = (suite.run / "keys/grant-jwks.json").read_bytes()
        flipped = b64(bytes([decoded(signature)[0] ^ 1]) + decoded(signature)[1:])
        invalid = {
            "garbage": "x.y.z",
            "no signature": f"{head}.{payload}.",
            "alg none": f"{b64(json.dumps(header | {'alg': 'none'}))}.{payload}.",
            "alg none with the signature": f"{b64(json.dumps(header | {'alg': 'none'}))}.{payload}.{signature}",
            "HS256 with the published keys": with_hmac(header | {"alg": "HS256"}, claims, pem),
            "one bit of the signature": f"{head}.{payload}.{flipped}",
            "signed by another key under the same name": jws(header, claims, stranger),
            "signed by RSA under the same name": jws(header | {"alg": "RS256"}, claims, key),
            "an unknown key": forged(header={"kid": "grant-9"}),
            "signed by the token issuer's key": suite.minted(claims, {"typ": "ehub-grant+jwt"}),
            "signed by the other issuer's key": jws(header | {"alg": "RS256", "kid": "rsa-1"}, claims, self.stage.provider.rsa),
            "an access token": suite.token("gp-anna"),
            "an access token of the other issuer": self.stage.provider.token("olga"),
            "an access token's type": forged(header={"typ": "at+jwt"}),
            "the type JWT": forged(header={"typ": "JWT"}),
            "crit in the header": forged(header={"crit": ["exp"]}),
            "jwk in the header": forged(header={"jwk": stranger.public()}),
            "another audience": forged(aud="somebody"),
            "the audience of tokens": forged(aud="ehub"),
            "two audiences": forged(aud=["ehub-grants", "ehub"]),
            "another subject": forged(sub="gp-bert"),
            "the subject of the other issuer": forged(sub="acme:gp-anna"),
            "to read only": forged(grant="view"),
            "a purpose nobody knows": forged(grant="all"),
            "a negative epoch": forged(epoch=-1),
            "an epoch in text": forged(epoch=str(claims["epoch"])),
            "no consultation": forged(consultation=""),
            "no end": forged(exp=None),
            "an end in text": forged(exp=str(now + 60)),
            "issued in the future": forged(iat=now + 600, exp=now + 900),
        }
        once = lambda token: [("ehub-grant", token)]  # noqa: E731
        reason = ("GRANT_INVALID",)
        return [
            ("no grant", [], DENIED, ("GRANT_REQUIRED",)),
            *[(name, once(token), DENIED, reason) for name, token in invalid.items()],
            ("two of them", once(grant) * 2, DENIED, reason),
            ("a colleague's, of another consultation", once(self.other.grant), DENIED, reason),
            ("one's own, of a consultation of another practice", once(self.birch.grant), DENIED, ("GRANT_FOR_ANOTHER",)),
            ("run out a second ago: no leeway", once(forged(iat=now - 300, exp=now - 1)), PAST, ("CLAIM_EXPIRED",)),
            ("run out an hour ago", once(forged(iat=now - 4000, exp=now - 3600)), PAST, ("CLAIM_EXPIRED",)),
            ("of the epoch before", once(forged(epoch=claims["epoch"] - 1)), PAST, ("CLAIM_SUPERSEDED",)),
            ("of another life of the database", once(forged(epoch=claims["epoch"] & 0xFFFFFFFF)), PAST, ("CLAIM_SUPERSEDED",)),
        ]

    def to_read(self) -> None:
        """What a hub's person reads only under claim stays closed under every bad grant."""
        rpc = self.stage.rpc("GetConsultation")
        body = self.stage.request(rpc, name=self.held.consultation)
        for case, headers, _, _ in self.bad():
            # A grant to read reads; an epoch intake never heard of is not older than one it did.
            if case in ("to read only", "of the epoch before", "of another life of the database"):
                continue
            answer = self.stage.go(rpc, body, [*self.stage.minted("gp-anna"), *headers])
            self.report.count("grants: bad ones refused")
            self.report.expect(not answer.ok and not answer.body, f"GetConsultation: {case}", answer)

    def still_good(self) -> None:
        """The grant that all are forged from works: nothing is refused for another reason."""
        for name in ("RenewClaim", "FileEntry", "RaisePrescription"):
            answer = self._try(name, self.held, [("ehub-grant", self.held.grant)])
            # One entry may be open; who may not act would not be told that.
            good = answer.ok or answer.reason == "ENTRY_EXISTS"
            self.report.expect(good, f"{name}: the good grant", answer)
        rpc = self.stage.rpc("GetConsultation")
        body = self.stage.request(rpc, name=self.held.consultation)
        answer = self.stage.go(rpc, body, [*self.stage.minted("gp-anna"), ("ehub-grant", self.held.grant)])
        self.report.expect(answer.ok, "GetConsultation: the good grant", answer)

    # Claims that end

    def _released(self, held: Held) -> None:
        self._must("ReleaseClaim", held)

    def _passed_back(self, held: Held) -> None:
        self._must("PassBack", held)

    def _taken_over(self, held: Held) -> None:
        """Released and claimed by a colleague: the new holder's grant works, the old one's does not."""
        self._must("ReleaseClaim", held)
        grant = self.fx.claimed(held.consultation, "gp-bert")
        answer = self._try("RenewClaim", held, [("ehub-grant", grant)], "gp-bert")
        self.report.expect(answer.ok, "the new holder's grant", answer)

    def _overridden(self, held: Held) -> None:
        """Ended by a colleague who needs no grant for it."""
        rpc = self.stage.rpc("OverrideClaim")
        body = self.stage.request(rpc, request_id=new(), consultation=held.consultation, reason="Gone home")
        answer = self.stage.go(rpc, body, self.stage.minted("gp-bert"))
        self.report.expect(answer.ok, "OverrideClaim by a colleague", answer)

    def _must(self, name: str, held: Held) -> None:
        rpc, body = self._request(name, held)
        answer = self.stage.go(rpc, body, [*self.stage.minted("gp-anna"), ("ehub-grant", held.grant)])
        self.report.expect(answer.ok, f"{name} with the good grant", answer)

    def ended(self, how) -> None:
        """From the moment the end has been answered the old grant is refused everywhere, at the first try."""
        held = self._held()
        good = self._try("RenewClaim", held, [("ehub-grant", held.grant)])
        self.report.expect(good.ok, "before its end the grant works", good)
        metadata = self.stage.minted("gp-anna", held.grant)
        acts = [(name, *self._request(name, held)) for name in self.under]
        how(held)
        what = how.__name__.strip("_").replace("_", " ")
        # All at once: nothing of one can tell a service of the end before the next comes.
        with ThreadPoolExecutor(len(acts)) as pool:
            answers = [(name, pool.submit(self.stage.go, rpc, body, metadata)) for name, rpc, body in acts]
        for name, answer in answers:
            answer = answer.result()
            refused = answer.code == PAST and answer.reason in ("CLAIM_SUPERSEDED", "CLAIM_EXPIRED")
            self.report.count("grants: refused from the moment their claim had ended")
            self.report.expect(refused, f"{name}: the grant of a claim that was {what}", answer)
        rpc = self.stage.rpc("GetConsultation")
        body = self.stage.request(rpc, name=held.consultation)
        answer = self.stage.go(rpc, body, [*self.stage.minted("gp-anna"), ("ehub-grant", held.grant)])
        self.report.expect(not answer.ok and not answer.body, f"GetConsultation after it was {what}", answer)
        epoch = claims_of(held.grant)["epoch"] + 1
        later = self.stage.suite.forged_grant(held.grant, sub="gp-bert", epoch=epoch)
        answer = self._try("RenewClaim", held, [("ehub-grant", later)])
        self.report.expect(answer.code == DENIED, "a later epoch in a colleague's name", answer)


# A good request of each RPC that needs a grant.
MAKERS = {
    "RenewClaim": lambda grants, held: grants._act("RenewClaim", held),
    "ReleaseClaim": lambda grants, held: grants._act("ReleaseClaim", held),
    "PassBack": lambda grants, held: grants._act("PassBack", held, reason="Needs an examination"),
    "Complete": lambda grants, held: grants._completing(held),
    "FileEntry": lambda grants, held: grants.fx.filing(held.consultation),
    "RaisePrescription": lambda grants, held: grants.fx.raising(held.consultation),
    "PreparePrescription": lambda grants, held: grants.stage.request(
        grants.stage.rpc("PreparePrescription"), request_id=new(), name=held.prescription, etag=held.etag
    ),
}
