"""Bad tokens: every case against every service and a stream, one answer for all, no audit event, each counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bad_claims
import bad_forms
from bad_forms import bearer
from catalogue import Rpc
from forge import TRAP, Forge, Trap
from raw_tokens import RawTokens
from stage import Stage
from suite import SERVICES
from wire import Answer

MESSAGE = "a valid access token is required"
FAMILIES = {
    "carriage": bad_forms.carriage,
    "structure": bad_forms.structure,
    "algorithm": bad_forms.algorithm,
    "header": bad_forms.header,
    "time": bad_claims.times,
    "issuer": bad_claims.issuer,
    "audience": bad_claims.audience,
    "who": bad_claims.who,
    "keys": bad_claims.whose,
}
# One question of each service, and the stream.
ASKED = ("ListConsultations", "ListInbox", "ListEntries", "ListCostCentres", "GetCheckpoint", "Watch")


@dataclass
class Case:
    """One bad token."""

    family: str
    name: str
    source: str
    make: Callable[[Forge], str | list[tuple[str, str]]]

    def metadata(self, forge: Forge) -> list[tuple[str, str]]:
        """What a call carries."""
        made = self.make(forge)
        return bearer(made) if isinstance(made, str) else made


def cases() -> list[Case]:
    """All of them; no two of one name, none without a source."""
    found = [Case(family, *line) for family, lines in FAMILIES.items() for line in lines()]
    if len({(case.family, case.name) for case in found}) != len(found) or not all(case.source for case in found):
        raise ValueError("a case stands twice, or names no source")
    return found


class Tokens:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick
        self.rpcs = [stage.rpc(name) for name in ASKED]
        self.trap = Trap()
        self.forge = Forge(stage.provider, stage.suite, self.trap, grant="")
        self._answers: dict[tuple, str] = {}
        self._bodies: dict[str, object] = {}

    def run(self) -> None:
        """Good ones, bad ones, then what the services say about it."""
        stage = self.stage
        consultation = stage.fx.submitted()
        self.forge.grant = stage.fx.claimed(consultation)
        self._name_things(consultation)
        self._good_ones()
        found = cases()
        # Some requests are made of what a good call answers: those calls come before anything is counted.
        self._bodies = {rpc.method: rpc.good(stage.fx) for rpc in (self.rpcs if self.quick else stage.rpcs)}
        before = stage.quiet()
        counted = {service: sum(self.stage.receiver.refused(service).values()) for service in SERVICES}
        # What was refused before and not yet exported would be counted here as well.
        self.stage.receiver.until("intake", counted["intake"] + 1, 2)
        counted = {service: sum(self.stage.receiver.refused(service).values()) for service in SERVICES}
        tried = dict.fromkeys(SERVICES, 0)
        plan = self._plan(found)
        stage.each(lambda item: self._one(*item), plan)
        for rpc, _ in plan:
            tried[rpc.service] += 1
        self.report.counts["bad tokens: cases"] = len(found)
        self.report.counts["bad tokens: cases by family"] = {name: len(lines()) for name, lines in FAMILIES.items()}
        self.report.count("bad tokens: refused", sum(tried.values()))
        self.report.counts["bad tokens: RPCs"] = len(self.rpcs if self.quick else stage.rpcs)
        self._afterwards(before, counted, tried)
        self._in_the_path()
        self._of_a_client()
        RawTokens(stage, self.forge).run()
        fetched = [path for path in self.trap.visits if path.startswith(TRAP)]
        self.report.expect(not fetched, "nobody fetches a key where a token says", fetched[:3])
        self.trap.close()

    def _one(self, rpc: Rpc, case: Case) -> None:
        self._refused(rpc, case, self.stage.go(rpc, self._bodies[rpc.method], case.metadata(self.forge)))

    def _plan(self, found: list[Case]) -> list[tuple[Rpc, Case]]:
        """In the quick run each case is tried once, on the RPCs in turn; in the full one on each of them, and the first
        of each family on every RPC there is."""
        if self.quick:
            return [(self.rpcs[number % len(self.rpcs)], case) for number, case in enumerate(found)]
        others = [rpc for rpc in self.stage.rpcs if rpc not in self.rpcs]
        firsts = {case.family: case for case in reversed(found)}.values()
        return [(rpc, case) for rpc in self.rpcs for case in found] + [(rpc, case) for rpc in others for case in firsts]

    def _name_things(self, consultation: str) -> None:
        """Names for the requests of the catalogue; with a bad token nothing behind them is ever looked at."""
        fx = self.stage.fx
        fx.main = fx.gone = fx.other = fx.cedar = fx.emergency = consultation
        fx.reference, fx.alert, fx.quarantined, fx.event = "AAAAAAAAA", consultation, consultation, consultation
        fx.entry = fx.waiting = fx.prescription = _Named(consultation.replace("consultations", "entries"), "e1")

    def _good_ones(self) -> None:
        """What the bad ones are changed from is taken, on every RPC: only then does a refusal say anything."""
        for rpc in self.rpcs:
            body = self.stage.request(rpc)
            for name, token in {
                "by the issuer itself": self.stage.provider.token("olga"),
                "RS256": self.forge.good(),
                "ES256": self.forge.good(self.forge.elliptic),
                "of the other issuer": self.forge.development(),
            }.items():
                answer = self.stage.go(rpc, body, bearer(token))
                self.report.expect(answer.code != "UNAUTHENTICATED", f"{rpc.short}: a good token, {name}", answer)
        rpc = self.rpcs[0]
        for scheme in ("bearer", "BEARER"):
            answer = self.stage.go(rpc, self.stage.request(rpc), [("authorization", f"{scheme} {self.forge.good()}")])
            # RFC 9110 §11.1: the name of a scheme has no case.
            self.report.expect(answer.code != "UNAUTHENTICATED", f"a good token under the scheme {scheme}", answer)

    def _of_a_client(self) -> None:
        """A client with credentials of its own at the real issuer submits, reads what it submitted, and nothing else."""
        stage, client = self.stage, "acme-forms"
        submit, read = stage.rpc("SubmitConsultation"), stage.rpc("GetConsultation")
        answer = stage.go(submit, stage.fx.submission(), stage.provided(client))
        self.report.expect(answer.ok, "a client of the real issuer submits", answer)
        if not answer.ok:
            return
        theirs = stage.request(read, name=stage.fx.read(submit.method, answer).consultation)
        good = stage.go(read, theirs, stage.provided(client))
        self.report.expect(good.ok and stage.fx.canary.encode() in good.body, "it reads what it submitted", good)
        # The same name at the other issuer is somebody else: subjects of this issuer carry a prefix.
        for who in ("acme-forms", "somebody"):
            other = stage.go(read, theirs, stage.minted("supplier", sub=who, client_id=who))
            self.report.expect(other.code == "NOT_FOUND" and not other.body, f"{who} of the other issuer does not", other)
        another = stage.go(read, stage.request(read, name=stage.fx.submitted()), stage.provided(client))
        self.report.expect(another.code == "NOT_FOUND", "it does not read what another client submitted", another)
        for name in ("ClaimNext", "ListInbox"):
            rpc = stage.rpc(name)
            answer = stage.go(rpc, rpc.good(stage.fx), stage.provided(client))
            self.report.expect(answer.reason == "CALLER_KIND_NOT_ALLOWED", f"{name} is for people: a client of the real issuer", answer)

    def _refused(self, rpc: Rpc, case: Case, answer: Answer) -> None:
        wanted = ("UNAUTHENTICATED", "TOKEN_INVALID", MESSAGE)
        got = (answer.code, answer.reason, answer.message)
        named = f"{rpc.short}: {case.family}: {case.name} ({case.source})"
        self.report.expect(got == wanted and not answer.body, named, answer)
        # To the byte the same as every other refusal, whatever was wrong.
        shown = (answer.raw, tuple(sorted(answer.metadata.items())), tuple(sorted(_lasting(answer.trailers))))
        first = self._answers.setdefault(shown, named)
        if len(self._answers) > 1 and first == named:
            self.report.expect(False, f"{named} is told apart from {next(iter(self._answers.values()))}", shown)

    def _afterwards(self, before: dict, counted: dict, tried: dict) -> None:
        after = self.stage.quiet()
        for service in SERVICES:
            added = after[service] - before[service]
            self.report.expect(added == 0, f"{service}: no audit event for a call of nobody", f"{added} were written")
            wanted = counted[service] + tried[service]
            got = self.stage.receiver.until(service, wanted)
            self.report.expect(got == wanted, f"{service}: every refusal is counted", f"{got} for {wanted}")
        lines = self.stage.suite.in_logs("unauthenticated calls refused")
        self.report.expect(0 < len(lines) <= 10 * len(SERVICES), "a few lines in the logs, not one a call", len(lines))
        for secret in (self.forge.good().split(".")[1][:60], self.forge.key.kid + "\\"):
            self.report.expect(not self.stage.suite.in_logs(secret), "nothing of a token stands in a log", secret[:20])

    def _in_the_path(self) -> None:
        """RFC 6750 §2.3: a token in the query; the path is not one of ours, and it must not be taken there either."""
        for rpc in self.rpcs:
            for query in ("?access_token=", "?authorization=Bearer%20", "#access_token="):
                path = rpc.path + query + self.forge.good()
                answer = self.stage.wire.call(rpc.service, path, rpc.good(self.stage.fx), [], stream=rpc.stream)
                self.report.count("bad tokens: in the path")
                refused = answer.code in ("UNAUTHENTICATED", "UNIMPLEMENTED", "INVALID_ARGUMENT", "NOT_FOUND")
                self.report.expect(refused, f"{rpc.short}: a token in the path {query}", answer)


@dataclass
class _Named:
    name: str
    etag: str


def _lasting(trailers: dict[str, str]) -> list[tuple[str, str]]:
    """Trailers without what names the one call."""
    return [(name, value) for name, value in trailers.items() if name not in ("date", "traceparent", "ehub-trace-id")]


def sources() -> str:
    """The list of cases, to read."""
    return "\n".join(f"{case.family:10} {case.name:60} {case.source}" for case in cases())
