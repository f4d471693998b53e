"""What is tried on every RPC: tokens, scopes, fields, strangers, replays, grants, bytes."""

from __future__ import annotations

import base64
import json
import time

from book import Book
from catalogue import Rpc
from fixture import Fixture, new
from suite import Suite, b64, sign

BAD_TOKEN = "a valid access token is required"
UNAUTHENTICATED = ("UNAUTHENTICATED", "TOKEN_INVALID")
# What a quick run tries of bad tokens.
QUICK_TOKENS = {"no token", "garbage", "token with a changed signature", "expired token"}


class Attack:
    """Everything a group needs."""

    def __init__(self, suite: Suite, fx: Fixture, book: Book, rpcs: list[Rpc], quick: bool = False) -> None:
        self.suite, self.fx, self.book, self.rpcs, self.quick = suite, fx, book, rpcs, quick

    def go(self, rpc: Rpc, body, metadata):
        """One call of an RPC."""
        return self.fx.wire.call(rpc.service, rpc.path, body, metadata, stream=rpc.stream)

    def as_usual(self, rpc: Rpc, persona: str | None = None) -> list[tuple[str, str]]:
        """The metadata of a good call."""
        return self.fx.bearer(persona or rpc.persona, self.fx.grant if rpc.grant != "none" else None)

    # Who

    def tokens(self) -> None:
        """No token, and tokens that prove nothing: one answer for all."""
        for rpc in self.rpcs:
            body = rpc.good(self.fx)
            for case, metadata in self._bad_tokens(rpc.persona):
                if self.quick and case not in QUICK_TOKENS:
                    continue
                answer = self.go(rpc, body, metadata)
                kind = "unauthenticated" if case == "no token" else ""
                self.book.answer("tokens", rpc.short, case, answer, *UNAUTHENTICATED, message=BAD_TOKEN, kind=kind)

    def _bad_tokens(self, persona: str):
        now, suite = int(time.time()), self.suite
        good = suite.token(persona)
        head, claims, signature = good.split(".")
        fresh = suite.fresh(persona)
        bearer = lambda token: [("authorization", "Bearer " + token)]  # noqa: E731
        yield "no token", []
        yield "empty token", [("authorization", "Bearer ")]
        yield "another scheme", [("authorization", "Basic " + good)]
        yield "two tokens", bearer(good) + bearer(good)
        yield "garbage", bearer("not.a.token")
        yield "token without its signature", bearer(f"{head}.{claims}.")
        yield "token with a changed signature", bearer(f"{head}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}")
        yield "algorithm none", bearer(f"{_head('none')}.{claims}.")
        yield "algorithm HS256", bearer(f"{_head('HS256')}.{claims}.{signature}")
        yield "unknown key", bearer(suite.minted(fresh, {"kid": "nobody"}))
        yield "our key under the issuer's name of its key", bearer(suite.minted(fresh, {"kid": "dev-1"}))
        yield "expired token", bearer(suite.minted(fresh | {"iat": now - 700, "exp": now - 60}))
        yield "token of the future", bearer(suite.minted(fresh | {"iat": now + 600, "nbf": now + 600, "exp": now + 700}))
        yield "token for another audience", bearer(suite.minted(fresh | {"aud": "somebody"}))
        yield "token of another issuer", bearer(suite.minted(fresh | {"iss": "http://127.0.0.1:1"}))
        yield "type JWT", bearer(suite.minted(fresh, {"typ": "JWT"}))
        yield "lifetime of a day", bearer(suite.minted(fresh | {"exp": now + 86_400}))
        yield "a grant for a token", bearer(self.fx.grant)
        yield "token of 9 kB", bearer("a" * 9_000)

    def scopes(self) -> None:
        """A good token without the scope, of the wrong kind, or of an organisation nobody knows."""
        for rpc in self.rpcs:
            body, rule = rpc.good(self.fx), self.rule(rpc)
            metadata = [("authorization", "Bearer " + self.suite.token(rpc.persona, scope="none"))]
            answer = self.go(rpc, body, metadata)
            self.book.answer("scopes", rpc.short, "token without the scope", answer, "PERMISSION_DENIED", "SCOPE_MISSING",
                             kind="unauthorised: scope")
            for kind in ("person", "client"):
                if kind in rule["callers"]:
                    continue
                claims = self.everything("supplier" if kind == "client" else "gp-anna")
                answer = self.go(rpc, body, self.minted(claims))
                case = f"a {kind} with the scope"
                self.book.answer("scopes", rpc.short, case, answer, "PERMISSION_DENIED", "CALLER_KIND_NOT_ALLOWED")
            service = [("authorization", "Bearer " + self.suite.service_token("intake"))]
            answer = self.go(rpc, body, service)
            self.book.answer("scopes", rpc.short, "a service's own token", answer, "PERMISSION_DENIED",
                             "CALLER_KIND_NOT_ALLOWED", kind="unauthorised: caller")
            if rule["bound"]:
                answer = self.go(rpc, body, self.minted(self.everything(rpc.persona, ehub_org=None)))
                reasons = ("ORGANISATION_MISSING", "ORGANISATION_UNKNOWN")
                case = "token without an organisation"
                self.book.answer("scopes", rpc.short, case, answer, "PERMISSION_DENIED", reasons)

    def rule(self, rpc: Rpc) -> dict:
        """The RPC's access rule as the contract has it."""
        service, _, name = rpc.method.rpartition("/")
        method = self.fx.contract.service(service).methods_by_name[name]
        extension = self.fx.contract.pool.FindExtensionByName("ehub.auth.v1.rule")
        rule = method.GetOptions().Extensions[extension]
        kinds = {1: "person", 2: "client", 3: "service"}
        callers = {kinds[kind] for kind in rule.callers}
        bound = {"bound": rule.practice in (1, 2), "practices": rule.practice == 1}
        return {"callers": callers, "scopes": list(rule.scopes)} | bound

    def everything(self, persona: str, **changes) -> dict:
        """Claims of a persona with every scope there is."""
        scopes = sorted({scope for rpc in self.rpcs for scope in self.rule(rpc)["scopes"]})
        return self.suite.fresh(persona, **({"scope": " ".join(scopes)} | changes))

    def minted(self, claims: dict) -> list[tuple[str, str]]:
        """Metadata with a token of our own making."""
        return [("authorization", "Bearer " + self.suite.minted(claims))]

    # Fields

    def empty(self) -> None:
        """Nothing at all: every required field is named."""
        for rpc in self.rpcs:
            if not rpc.required:
                continue
            answer = self.go(rpc, b"", self.as_usual(rpc))
            missing = [path for path in rpc.required if path not in answer.paths]
            wrong = f"not named: {', '.join(missing)}" if missing else ""
            case = "empty message: " + ", ".join(rpc.required)
            if wrong:
                self.book.note("fields", rpc.short, case, str(answer), wrong)
            else:
                self.book.answer("fields", rpc.short, case, answer, "INVALID_ARGUMENT", "INVALID_FIELDS")

    def pages(self) -> None:
        """Page tokens of nobody, of another call, of another person."""
        foreign = {}
        for rpc in self.rpcs:
            body = rpc.good(self.fx)
            if not hasattr(body, "page_token"):
                continue
            answer = self.go(rpc, body, self.as_usual(rpc))
            token = getattr(self.fx.read(rpc.method, answer), "next_page_token", "") if answer.ok else ""
            if token:
                foreign[rpc.method] = token
        for rpc in self.rpcs:
            body = rpc.good(self.fx)
            if not hasattr(body, "page_token"):
                continue
            tried = {"page token of nobody": "bm9ib2R5", "page token with NUL": "a\0b", "page token of 9 kB": "A" * 9_000}
            other = next((token for method, token in foreign.items() if method != rpc.method), None)
            if other:
                tried["page token of another call"] = other
            if rpc.method in foreign:
                own = foreign[rpc.method]
                tried["changed page token"] = own[:-2] + ("AA" if own[-2:] != "AA" else "BB")
            for case, token in tried.items():
                body.page_token = token
                answer = self.go(rpc, body, self.as_usual(rpc))
                reasons = ("PAGE_TOKEN_INVALID", "INVALID_FIELDS")
                self.book.answer("pages", rpc.short, case, answer, "INVALID_ARGUMENT", reasons, "page_token")
            if rpc.method in foreign:
                body.page_token = foreign[rpc.method]
                metadata = self.minted(self.everything(rpc.persona, sub="attack-nobody", client_id="attack-client"))
                answer = self.go(rpc, body, metadata)
                case = "page token of another person"
                self.book.answer("pages", rpc.short, case, answer, "INVALID_ARGUMENT", reasons, "page_token")

    # Again

    def replays(self) -> None:
        """The same again, and other content under the same request id."""
        for rpc in self.rpcs:
            if not rpc.fresh or not rpc.vary:
                continue
            body, grant = rpc.fresh(self.fx)
            metadata = self.fx.bearer(rpc.persona, grant)
            first = self.go(rpc, body, metadata)
            if not self.book.answer("replays", rpc.short, "good call", first, "OK"):
                continue
            again = self.go(rpc, body, metadata)
            wrong = "" if again.ok and self._alike(rpc, first, again) else f"another answer: {again}"
            wrong = wrong or ("" if again.replayed else "no ehub-replayed")
            case = "same request id, same content: the same answer"
            self.book.note("replays", rpc.short, case, "OK ehub-replayed", wrong, kind="replay: same")
            rpc.vary(body)
            other = self.go(rpc, body, metadata)
            case = "same request id, other content"
            self.book.answer("replays", rpc.short, case, other, "ALREADY_EXISTS", "REQUEST_ID_REUSED", kind="replay: other")

    def _alike(self, rpc: Rpc, first, again) -> bool:
        one, two = self.fx.read(rpc.method, first), self.fx.read(rpc.method, again)
        for answer in (one, two):
            # A grant is never stored: it is signed anew, for what is left of the lease.
            if "claim" in answer.DESCRIPTOR.fields_by_name and answer.HasField("claim"):
                answer.claim.grant = ""
                answer.claim.expire_time.Clear()
        return one == two

    # Under which claim

    def grants(self) -> None:
        """Grants that do not hold."""
        for rpc in self.rpcs:
            if rpc.grant == "none":
                continue
            for case, headers, code, reason in self._bad_grants(rpc):
                body = rpc.good(self.fx)
                if case == "grant of a released claim":
                    if not hasattr(body, "consultation"):
                        continue
                    body.consultation = self.fx.gone
                metadata = [*self.fx.bearer("gp-anna"), *headers]
                self.book.answer("grants", rpc.short, case, self.go(rpc, body, metadata), code, reason)

    def _bad_grants(self, rpc: Rpc):
        fx, suite, now = self.fx, self.suite, int(time.time())
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
        none = _head("none", "ehub-grant+jwt", "grant-1")
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


def _head(algorithm: str, typ: str = "at+jwt", kid: str = "dev-1") -> str:
    return b64(json.dumps({"alg": algorithm, "typ": typ, "kid": kid}).encode())


def _claim(token: str, name: str):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))[name]
