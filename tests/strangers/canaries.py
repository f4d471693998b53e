"""Two practices, each with words that occur nowhere else; every question by everybody; nobody finds the other's words.

Looked through are replies, messages, details and metadata. What is not yours gets, to the byte, what is not there gets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalogue import Rpc
from fixture import ALDER, BIRCH, CEDAR, new
from stage import Side, Stage
from streams import Watching
from wire import Answer

# What names one call and nothing else: ids of its trace, the time.
ONE_CALL = re.compile(rb"[0-9a-f]{32}")
PASSING = {"date", "traceparent", "ehub-trace-id"}
ABSENT, OWN, OTHER, BOTH, NONE = "no list", "own", "other", "both", "none"


@dataclass
class Caller:
    """Somebody who asks, and for which of the two practices that is right."""

    name: str
    persona: str
    reach: frozenset[str]
    changes: dict


def callers(quick: bool) -> list[Caller]:
    """Everybody: every persona and role, and people who are nobody."""
    both = frozenset((ALDER, BIRCH))
    alder, birch, nothing = frozenset((ALDER,)), frozenset((BIRCH,)), frozenset()
    hub = [
        Caller("a clinician of the hub", "gp-anna", both, {}),
        Caller("a clinician of the hub for one practice", "gp-anna", alder, {"sub": "rolf-here"}),
        Caller("a clinician of the hub for the other", "gp-anna", birch, {"sub": "rita-here"}),
        Caller("a person of the hub without roster", "gp-anna", nothing, {"sub": "nobody-here", "ehub_name": "Nobody"}),
    ]
    practices = [
        Caller("a person of the practice", "practice-alder", alder, {}),
        Caller("a person of the other practice", "practice-birch", birch, {}),
        Caller("a person of a third practice", "practice-cedar", nothing, {}),
        Caller("a person of the practice who says they are of the other", "practice-alder", nothing, {"ehub_org": BIRCH}),
    ]
    more = [
        Caller("an administrator of the hub", "admin-cora", both, {}),
        Caller("the duty clinician", "duty-dan", both, {}),
        Caller("an auditor", "auditor", both, {}),
        Caller("the supplier who submitted", "supplier", both, {}),
        Caller("another client of the supplier", "supplier", nothing, {"sub": "supplier-two", "client_id": "supplier-two"}),
        Caller("the hub's own system", "hub-admin", both, {}),
        Caller("a client of the practice", "hub-admin", alder, {"sub": "alder-desk", "client_id": "alder-desk", "ehub_org": ALDER}),
        Caller("a client of the other practice", "hub-admin", birch, {"sub": "birch-desk", "client_id": "birch-desk", "ehub_org": BIRCH}),
        Caller("somebody of an organisation nobody knows", "gp-anna", nothing, {"ehub_org": "Z9Z99", "sub": "from-afar"}),
    ]
    return hub + practices + ([] if quick else more)


class Canaries:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick
        self.found: set[tuple[str, str]] = set()

    def run(self) -> None:
        """The matrix, then the pairs."""
        stage = self.stage
        self.sides = {practice: stage.side(practice) for practice in (ALDER, BIRCH)}
        for who, practices in {"rolf-here": [ALDER], "rita-here": [BIRCH]}.items():
            stage.fx.roster(who, practices, "gp")
        self._until_everybody_is_known()
        self.matrix()
        self._sought()
        self.pairs()

    def _until_everybody_is_known(self) -> None:
        """Each of the two sees their own at every service before anybody's silence says anything."""
        for who, practice in {"rolf-here": ALDER, "rita-here": BIRCH}.items():
            side = self.sides[practice]
            for name, fields in {"GetWorkItem": {"consultation": side.main}, "GetEntry": {"name": side.entry},
                                 "GetPrescription": {"name": side.prescription}, "GetTimeline": {"consultation": side.main}}.items():
                rpc = self.stage.rpc(name)
                body = self.stage.request(rpc, **fields)
                self.stage.until(lambda r=rpc, b=body, w=who: self.stage.go(r, b, self.stage.minted("gp-anna", sub=w)).ok, f"{who} at {name}")

    # Questions

    def questions(self, side: Side) -> list[tuple[Rpc, object]]:
        """Every question there is, asked about one side."""
        rpc, practice = self.stage.rpc, side.practice
        asked = [
            ("GetConsultation", {"name": side.main}),
            ("GetConsultation", {"name": side.waiting}),
            ("ListConsultations", {"page_size": 500}),
            ("ListConsultations", {"page_size": 500, "practice_ods": practice}),
            ("ListConsultations", {"page_size": 500, "supplier_reference": side.supplier_reference}),
            ("GetWorkItem", {"consultation": side.main}),
            ("ListInbox", {"page_size": 500}),
            ("ListInbox", {"page_size": 500, "practices_ods": [practice]}),
            ("Watch", {}),
            ("Watch", {"practices_ods": [practice]}),
            ("ListAlerts", {"page_size": 500}),
            ("GetEntry", {"name": side.entry}),
            ("ListEntries", {"page_size": 500}),
            ("ListEntries", {"page_size": 500, "consultation": side.main}),
            ("GetPrescription", {"name": side.prescription}),
            ("ListPrescriptions", {"page_size": 500, "consultation": side.main}),
            ("GetTimeline", {"consultation": side.main}),
        ]
        general = ["ListEnrolments", "ListQuarantined", "ListOrganisations", "ListAgreements", "ListCostCentres", "GetCheckpoint", "GetNoLoss"]
        made = []
        for name, fields in asked + [(name, {}) for name in general] + [("ExportLeaves", {"limit": 500})]:
            one = rpc(name)
            known = one.good(_Names(self.stage.fx, side)).DESCRIPTOR.fields_by_name
            made.append((one, self.stage.request(one, **{field: value for field, value in fields.items() if field in known})))
        # Whatever else the contract has to ask, as the catalogue asks it.
        named = {one.method for one, _ in made} | {rpc("GetConsultationStatus").method}
        others = [one for one in self.stage.rpcs if not one.mutates and one.method not in named]
        return made + [(one, one.good(_Names(self.stage.fx, side))) for one in others]

    def matrix(self) -> None:
        """Every question about each side, by every caller, with every sort of practice list in the token."""
        self.asked = {practice: self.questions(side) for practice, side in self.sides.items()}
        words = {practice: side.words() for practice, side in self.sides.items()}
        # What asks the same of both sides is asked once.
        questions = {(rpc.method, body.SerializeToString()): (side, rpc, body) for side, asked in self.asked.items() for rpc, body in asked}
        for caller in callers(self.quick):
            for kind, practices in self._lists(caller).items():
                changes = caller.changes | ({} if practices is None else {"ehub_practices": practices})
                metadata = self.stage.minted(caller.persona, **changes)
                reach = caller.reach if practices is None else caller.reach & set(practices)
                one = lambda it, c=caller, k=kind, m=metadata, r=reach: self._ask(c, k, *it, m, r, words)  # noqa: E731
                self.stage.each(one, questions.values())

    def _lists(self, caller: Caller) -> dict[str, list[str] | None]:
        own = sorted(caller.reach) or [ALDER]
        other = [BIRCH] if own != [BIRCH] else [ALDER]
        if len(own) == 2:
            own, other = [ALDER], [BIRCH]
        lists = {ABSENT: None, OWN: own, OTHER: other, BOTH: [ALDER, BIRCH], NONE: [], "a third": [CEDAR]}
        return {name: lists[name] for name in (ABSENT, OTHER)} if self.quick else lists

    def _ask(self, caller: Caller, kind: str, side: str, rpc: Rpc, body, metadata, reach, words) -> None:
        name = rpc.short.split("/")[1]
        grants = [[]]
        if rpc.grant == "optional" and not self.quick:
            grants.append([("ehub-grant", self.sides[side].grant)])
        for grant in grants:
            answer = self._answer(rpc, body, [*metadata, *grant])
            self.report.count("canaries: answers looked through")
            for practice, canaries in words.items():
                for what, word in canaries.items():
                    self.report.count("canaries: sought")
                    if not _holds(answer, word):
                        continue
                    if practice in reach:
                        self.found.add((name, what))
                    else:
                        self.report.expect(False, f"{rpc.short}: {caller.name}, list of practices: {kind}, sees the {what} of {practice}", answer)

    def _answer(self, rpc: Rpc, body, metadata) -> Answer:
        if not rpc.stream:
            return self.stage.go(rpc, body, metadata)
        # A stream is read to the end of its snapshot.
        watching = Watching(self.stage, metadata)
        shown = watching.first()
        watching.close()
        return Answer(watching.ended if watching.ended not in ("", "CANCELLED") else "OK", body=shown)

    def _sought(self) -> None:
        """Who may see them does find them: only then does a search that finds nothing say anything."""
        wanted = {
            ("GetConsultation", "name and text"), ("ListConsultations", "consultation"), ("GetWorkItem", "consultation"),
            ("ListInbox", "waiting"), ("Watch", "consultation"), ("ListAlerts", "alert"), ("GetEntry", "entry"), ("GetEntry", "name and text"),
            ("ListEntries", "entry"), ("GetPrescription", "prescription"), ("ListPrescriptions", "prescription"),
        }
        if self.quick:
            wanted -= {("ListConsultations", "consultation")}
        for name, what in sorted(wanted):
            self.report.expect((name, what) in self.found, f"{name} shows the {what} to who may see it")
        self.report.counts["canaries: found by who may see them"] = len(self.found)

    # Not yours, not there

    def pairs(self) -> None:
        """Every call that names a thing: what belongs to the other practice, and what does not exist."""
        theirs, mine = self.sides[BIRCH], self.sides[ALDER]
        strangers = [("gp-anna", {"sub": "rolf-here"}), ("gp-anna", {"ehub_practices": [ALDER]}), ("practice-alder", {})]
        tried = []
        for rpc in self.stage.rpcs:
            if not rpc.names or rpc.names not in rpc.good(_Names(self.stage.fx, theirs)).DESCRIPTOR.fields_by_name:
                continue
            if rpc.method.endswith("ConvertQuarantined"):
                # What is quarantined belongs to who owns the mailbox, and to no practice.
                continue
            for persona, changes in strangers:
                for grant in ((), (mine.grant,)) if rpc.grant != "none" else ((),):
                    who = f"{persona} {changes} {'with a grant' if grant else ''}"
                    tried.append((rpc, theirs, self.stage.minted(persona, *grant, **changes), who))
        self.stage.each(lambda pair: self._pair(*pair), tried)

    def _pair(self, rpc: Rpc, side: Side, metadata, who: str) -> None:
        there = rpc.good(_Names(self.stage.fx, side))
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
        self.report.expect(_shown(one) == _shown(two), f"{rpc.short}: {who}: not yours is told from not there", f"{one} | {two}")
        self.report.expect(not one.ok, f"{rpc.short}: {who}: refused", one)
        for what, word in side.words().items():
            self.report.expect(not _holds(one, word), f"{rpc.short}: {who}: the refusal holds the {what}", one)


class _Names:
    """What the catalogue's good requests name, of one side; anything else as the fixture has it."""

    def __init__(self, fx, side: Side) -> None:
        self._fx = fx
        self.main = self.other = self.gone = self.cedar = side.main
        self.grant, self.reference, self.alert, self.event = side.grant, side.reference, side.alert, new()
        self.quarantined = f"quarantined/{new()}"
        self.entry = self.waiting = _Named(side.entry, "v1")
        self.prescription = _Named(side.prescription, side.prescription_etag)

    def __getattr__(self, name: str):
        return getattr(self._fx, name)


@dataclass
class _Named:
    name: str
    etag: str


def _holds(answer: Answer, word: bytes) -> bool:
    if word in answer.body or word in answer.raw or word in answer.message.encode():
        return True
    pairs = [*answer.headers.items(), *answer.trailers.items()]
    return any(word in f"{name}:{value}".encode() for name, value in pairs)


def _shown(answer: Answer) -> tuple:
    """All that a caller gets, but for what names the one call."""
    lasting = lambda pairs: sorted((name, value) for name, value in pairs.items() if name not in PASSING)  # noqa: E731
    return (answer.code, answer.message, ONE_CALL.sub(b"", answer.raw), answer.body, lasting(answer.headers), lasting(answer.trailers))
