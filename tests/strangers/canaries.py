"""Two practices, each with words that occur nowhere else; every question by everybody; nobody finds the other's words.

Looked through are replies, messages, details and metadata.
"""

from __future__ import annotations

from callers import Caller, callers
from catalogue import Rpc
from fixture import ALDER, BIRCH, CEDAR, HUB
from names import Names, holds
from pairs import Pairs
from sides import Side
from stage import Stage
from streams import Watching
from wire import Answer

ABSENT, OWN, OTHER, BOTH, NONE = "no list", "own", "other", "both", "none"
# What a question may be answered with, by reason: anything else (a fault, a lapse of time) says nothing about who sees what.
SAID = {
    "NOT_FOUND": None,
    "PERMISSION_DENIED": {"SCOPE_MISSING", "CALLER_KIND_NOT_ALLOWED", "ORGANISATION_UNKNOWN", "PRACTICE_NOT_ALLOWED", "GRANT_REQUIRED", "GRANT_INVALID"},
}
# State and times by a reference and a date of birth: no word of the patient, whoever asks.
WORDLESS = {"GetConsultationStatus"}
# What who may see it does find. Every question whose answer names a thing stands here: silence there would prove nothing.
SHOWN = {
    ("GetConsultation", "name and text"), ("ListConsultations", "consultation"), ("GetWorkItem", "consultation"),
    ("ListInbox", "waiting"), ("Watch", "consultation"), ("ListAlerts", "alert"), ("GetEntry", "entry"), ("GetEntry", "name and text"),
    ("ListEntries", "entry"), ("GetPrescription", "prescription"), ("ListPrescriptions", "prescription"),
    ("GetTimeline", "entry"), ("GetTimeline", "prescription"), ("GetDocument", "name and text"), ("GetDocument", "NHS number"),
    *[("ListQuarantined", f"message's name for {practice}") for practice in (ALDER, BIRCH)],
    *[("GetQuarantinedContent", f"message for {practice}") for practice in (ALDER, BIRCH)],
}


class Canaries:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick
        self.found: set[tuple[str, str]] = set()
        self.answered: dict[str, int] = {}

    def run(self) -> None:
        """The matrix, then the pairs."""
        stage = self.stage
        self.sides = {practice: stage.side(practice) for practice in (ALDER, BIRCH)}
        for who, practices in {"rolf-here": [ALDER], "rita-here": [BIRCH]}.items():
            stage.fx.roster(who, practices, "gp")
        self._until_everybody_is_known()
        self.report.timed("canaries: matrix", self.matrix)
        self._sought()
        Pairs(stage, self.sides[ALDER], self.sides[BIRCH]).run()

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
            ("GetQuarantinedContent", {"name": side.quarantined}),
            ("GetWorkItem", {"consultation": side.main}),
            ("ListInbox", {"page_size": 500}),
            ("ListInbox", {"page_size": 500, "practices_ods": [practice]}),
            ("Watch", {}),
            ("Watch", {"practices_ods": [practice]}),
            ("ListAlerts", {"page_size": 500}),
            ("GetEntry", {"name": side.entry}),
            ("GetDocument", {"entry": side.document, "message": True}),
            ("GetDocument", {"entry": side.document}),
            ("ListEntries", {"page_size": 500}),
            ("ListEntries", {"page_size": 500, "consultation": side.main}),
            ("GetPrescription", {"name": side.prescription}),
            ("ListPrescriptions", {"page_size": 500, "consultation": side.main}),
            ("GetTimeline", {"consultation": side.main}),
            ("ExportLeaves", {"limit": 500}),
        ]
        general = ["ListEnrolments", "ListQuarantined", "ListOrganisations", "ListAgreements", "ListCostCentres", "GetCheckpoint", "GetNoLoss"]
        made = []
        for name, fields in asked + [(name, {"page_size": 500}) for name in general]:
            one = rpc(name)
            known = one.good(Names(self.stage.fx, side)).DESCRIPTOR.fields_by_name
            made.append((one, self.stage.request(one, **{field: value for field, value in fields.items() if field in known})))
        # Whatever else the contract has to ask, as the catalogue asks it.
        named = {one.method for one, _ in made}
        others = [one for one in self.stage.rpcs if not one.mutates and one.method not in named]
        return made + [(one, one.good(Names(self.stage.fx, side))) for one in others]

    def matrix(self) -> None:
        """Every question about each side, by every caller, with every sort of practice list in the token."""
        self.asked = {practice: self.questions(side) for practice, side in self.sides.items()}
        words = {practice: side.words() for practice, side in self.sides.items()}
        words[HUB] = {what: word for side in self.sides.values() for what, word in side.unread_words().items()}
        # What asks the same of both sides is asked once.
        questions = {(rpc.method, body.SerializeToString()): (side, rpc, body) for side, asked in self.asked.items() for rpc, body in asked}
        for caller in callers():
            for kind, practices in self._lists(caller).items():
                metadata = caller.metadata(self.stage, practices)
                reach = caller.reach if practices is None else caller.reach & {*practices, HUB}
                one = lambda it, c=caller, k=kind, m=metadata, r=reach: self._ask(c, k, *it, m, r, words)  # noqa: E731
                self.stage.each(one, questions.values())

    def _lists(self, caller: Caller) -> dict[str, list[str] | None]:
        own = sorted(caller.reach - {HUB}) or [ALDER]
        other = [BIRCH] if own != [BIRCH] else [ALDER]
        if len(own) == 2:
            own, other = [ALDER], [BIRCH]
        lists = {ABSENT: None, OWN: own, OTHER: other, BOTH: [ALDER, BIRCH], NONE: [], "a third": [CEDAR]}
        if caller.service:
            return {ABSENT: None}
        return {name: lists[name] for name in (ABSENT, OTHER)} if self.quick else lists

    def _ask(self, caller: Caller, kind: str, side: str, rpc: Rpc, body, metadata, reach, words) -> None:
        name = rpc.short.split("/")[1]
        reach = frozenset() if name in WORDLESS else reach
        grants = [[]]
        if rpc.grant == "optional" and not self.quick:
            grants.append([("ehub-grant", self.sides[side].grant)])
        for grant in grants:
            answer = self._answer(rpc, body, [*metadata, *grant])
            self.report.count("canaries: answers looked through")
            where = f"{rpc.short}: {caller.name}, list of practices: {kind}"
            reasons = SAID.get(answer.code, ())
            self.report.expect(answer.ok or reasons is None or answer.reason in reasons, f"{where}: an answer that says something", answer)
            self.answered[name] = self.answered.get(name, 0) + answer.ok
            for owner, canaries in words.items():
                for what, word in canaries.items():
                    self.report.count("canaries: sought")
                    if not holds(answer, word):
                        continue
                    if owner in reach:
                        self.found.add((name, what))
                    else:
                        self.report.expect(False, f"{where}, sees the {what} of {owner}", answer)

    def _answer(self, rpc: Rpc, body, metadata) -> Answer:
        if not rpc.method.endswith("/Watch"):
            return self.stage.go(rpc, body, metadata)
        # It never ends by itself: it is read to the end of its snapshot.
        watching = Watching(self.stage, metadata, body)
        answer = watching.snapshot()
        watching.close()
        return answer

    def _sought(self) -> None:
        """Who may see them does find them: only then does a search that finds nothing say anything."""
        for name, what in sorted(SHOWN):
            self.report.expect((name, what) in self.found, f"{name} shows the {what} to who may see it")
        for name, times in sorted(self.answered.items()):
            self.report.expect(times > 0, f"{name} is answered to somebody", times)
        self.report.counts["canaries: found by who may see them"] = len(self.found)
