"""What is tried on every RPC: tokens, scopes, fields, strangers, replays, grants, bytes."""

from __future__ import annotations

import json
import time

from book import Book
from catalogue import Rpc
from counted import Counted
from fixture import Fixture
from suite import b64
from tables import Tables

BAD_TOKEN = "a valid access token is required"
UNAUTHENTICATED = ("UNAUTHENTICATED", "TOKEN_INVALID")
# What a quick run tries of bad tokens.
QUICK_TOKENS = {"no token", "garbage", "token with a changed signature", "expired token"}


class Attack:
    """Everything a group needs."""

    def __init__(self, fx: Fixture, book: Book, rpcs: list[Rpc], tables: Tables, counted: Counted, quick: bool) -> None:
        self.fx, self.suite, self.book, self.rpcs, self.quick = fx, fx.suite, book, rpcs, quick
        self.tables, self.counted = tables, counted
        # How often a service's health was asked for after a case, and what was not well.
        self.health: tuple[int, list[str]] = (0, [])

    def go(self, rpc: Rpc, body, metadata):
        """One call of an RPC; afterwards the service must be as well as before."""
        answer = self.fx.wire.call(rpc.service, rpc.path, body, metadata, stream=rpc.stream)
        self.well(rpc.service, rpc.short)
        return answer

    def well(self, service: str, after: str) -> None:
        """Asks a service for its health."""
        ill = self.fx.wire.healthy(service)
        asked, found = self.health
        self.health = (asked + 1, [*found, f"{service} after {after}: {ill}"] if ill else found)

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
        yield "algorithm none", bearer(f"{jose('none')}.{claims}.")
        yield "algorithm HS256", bearer(f"{jose('HS256')}.{claims}.{signature}")
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
        """The same again, and other content under the same request id: neither stores anything."""
        made = []
        for rpc in self.rpcs:
            if not rpc.fresh or not rpc.vary:
                continue
            body, grant = rpc.fresh(self.fx)
            metadata = self.fx.bearer(rpc.persona, grant)
            first = self.go(rpc, body, metadata)
            if self.book.answer("replays", rpc.short, "good call", first, "OK"):
                made.append((rpc, body, metadata, first))
        before = self.tables.settled()
        for rpc, body, metadata, first in made:
            again = self.go(rpc, body, metadata)
            wrong = "" if again.ok and self._alike(rpc, first, again) else f"another answer: {again}"
            wrong = wrong or ("" if again.replayed else "no ehub-replayed")
            case = "same request id, same content: the same answer"
            self.book.note("replays", rpc.short, case, "OK ehub-replayed", wrong, kind="replay: same")
            rpc.vary(body)
            other = self.go(rpc, body, metadata)
            case = "same request id, other content"
            self.book.answer("replays", rpc.short, case, other, "ALREADY_EXISTS", "REQUEST_ID_REUSED", kind="replay: other")
        changed = self.tables.changed(before)
        self.book.note("replays", "the suite", "rows stored, changed or taken away by a call made again", "none", "; ".join(changed))

    def _alike(self, rpc: Rpc, first, again) -> bool:
        one, two = self.fx.read(rpc.method, first), self.fx.read(rpc.method, again)
        for answer in (one, two):
            # A grant is never stored: it is signed anew, for what is left of the lease.
            if "claim" in answer.DESCRIPTOR.fields_by_name and answer.HasField("claim"):
                answer.claim.grant = ""
                answer.claim.expire_time.Clear()
        return one == two


def jose(algorithm: str, typ: str = "at+jwt", kid: str = "dev-1") -> str:
    """The head of a JWT."""
    return b64(json.dumps({"alg": algorithm, "typ": typ, "kid": kid}).encode())
