"""Every public RPC: who calls it, a good request, what an empty one lacks, and how to vary it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fixture import ALDER, ALLOCATION, AUDIT, COST_CENTRE, HUB, INTAKE, PRESCRIBING, WRITEBACK, Fixture, new

RID = "request_id"


@dataclass
class Rpc:
    """One RPC under attack."""

    method: str
    persona: str
    good: Callable[[Fixture], object]
    required: list[str] = field(default_factory=list)
    grant: str = "none"
    stream: bool = False
    # Fields that are output only, or of which anything is taken.
    ignored: set[str] = field(default_factory=set)
    # For replays: a request that succeeds, its persona's grant, and what makes it another one.
    fresh: Callable[[Fixture], tuple[object, str | None]] | None = None
    vary: Callable[[object], None] | None = None
    # The field that names a thing, and who must not learn whether it is there.
    names: str = ""
    strangers: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        return self.method.split(".")[1]

    @property
    def path(self) -> str:
        return "/" + self.method

    @property
    def short(self) -> str:
        return self.method.removeprefix("ehub.")

    @property
    def mutates(self) -> bool:
        return self.required[:1] == [RID]


def _set(path: str, value) -> Callable[[object], None]:
    def vary(message) -> None:
        *way, last = path.split(".")
        for step in way:
            message = getattr(message, step)
        setattr(message, last, value)

    return vary


def catalogue() -> list[Rpc]:
    """All of them."""
    return [*_intake(), *_allocation(), *_register(), *_writeback(), *_prescribing(), *_audit()]


def _intake() -> list[Rpc]:
    i = f"{INTAKE}.IntakeService/"

    def converting(fx: Fixture):
        return fx.request(
            i + "ConvertQuarantined",
            request_id=new(),
            name=fx.quarantined,
            practice_ods=ALDER,
            patient=fx.patient(),
            submitter={"kind": 2, "full_name": fx.canary, "relationship": "carer", "competence_recorded": True},
            content=fx.content(),
        )

    def enrolling(fx: Fixture):
        return fx.request(i + "PutEnrolment", request_id=new(), enrolment=fx.enrolment())

    return [
        Rpc(
            i + "SubmitConsultation",
            "supplier",
            lambda fx: fx.submission(),
            [RID, "practice_ods", "channel", "patient", "submitter", "content"],
            fresh=lambda fx: (fx.submission(), None),
            vary=_set("patient.family_name", "Other"),
        ),
        Rpc(
            i + "GetConsultation",
            "gp-anna",
            lambda fx: fx.request(i + "GetConsultation", name=fx.main),
            ["name"],
            grant="optional",
            names="name",
            strangers=["practice-birch", "practice-cedar", "admin-cora", "supplier-two", "hub-nobody"],
        ),
        Rpc(
            i + "ListConsultations",
            "practice-alder",
            lambda fx: fx.request(i + "ListConsultations", page_size=1, practice_ods=ALDER, state=1, supplier_reference=""),
        ),
        Rpc(
            i + "GetConsultationStatus",
            "supplier",
            lambda fx: fx.request(i + "GetConsultationStatus", reference=fx.reference, birth_date=fx.birth_date),
            ["reference", "birth_date"],
        ),
        Rpc(
            i + "PutEnrolment",
            "hub-admin",
            enrolling,
            [RID, "enrolment"],
            ignored={"enrolment.version"},
            fresh=lambda fx: (enrolling(fx), None),
            vary=_set("enrolment.practice_phone", "0113 496 0009"),
        ),
        Rpc(i + "ListEnrolments", "hub-admin", lambda fx: fx.request(i + "ListEnrolments", page_size=1)),
        Rpc(i + "ListQuarantined", "duty-dan", lambda fx: fx.request(i + "ListQuarantined", page_size=1)),
        Rpc(
            i + "ConvertQuarantined",
            "duty-dan",
            converting,
            [RID, "name", "practice_ods", "patient", "submitter", "content"],
            names="name",
            strangers=["other-hub"],
            fresh=lambda fx: (converting(fx), None),
            vary=_set("patient.family_name", "Other"),
        ),
    ]


def _allocation() -> list[Rpc]:
    a = f"{ALLOCATION}.AllocationService/"
    near = ["practice-birch", "practice-cedar", "hub-nobody"]

    def act(name: str, **fields):
        return lambda fx: fx.request(a + name, request_id=new(), consultation=fx.main, **fields)

    def fresh(name: str, **fields):
        def make(fx: Fixture):
            consultation, grant = fx.item()
            return fx.request(a + name, request_id=new(), consultation=consultation, **fields), grant

        return make

    def completing(fx: Fixture, consultation: str | None = None):
        return fx.request(
            a + "Complete",
            request_id=new(),
            consultation=consultation or fx.main,
            outcome={"kind": 1, "note": "Told " + fx.canary},
            told={"time": fx.at(-1), "channel": "PHONE"},
            record_seen={"source": "GP_CONNECT", "time": fx.at(-2)},
            safe_disposition={"kind": "SPOKE_TO_PATIENT", "time": fx.at(-1)},
        )

    def completed(fx: Fixture):
        consultation, grant = fx.item()
        fx.filed(consultation, grant)
        return completing(fx, consultation), grant

    def claiming(fx: Fixture):
        # Allocation hears of a consultation a moment after intake; an item that was held and given back is there.
        consultation, grant = fx.item()
        release = a + "ReleaseClaim"
        fx.must(release, fx.request(release, consultation=consultation), "gp-anna", grant)
        return fx.request(a + "ClaimItem", request_id=new(), consultation=consultation), None

    def passed_back(fx: Fixture):
        consultation, grant = fx.item()
        back = a + "PassBack"
        fx.must(back, fx.request(back, consultation=consultation, reason="Please see."), "gp-anna", grant)
        return fx.request(a + "AcknowledgeTransfer", request_id=new(), consultation=consultation), None

    other = lambda message: setattr(message, "consultation", f"consultations/{new()}")  # noqa: E731
    one = ["consultation"]
    return [
        Rpc(
            a + "ClaimNext",
            "gp-anna",
            lambda fx: fx.request(a + "ClaimNext", request_id=new(), skills=["nothing-needs-this"], practices_ods=[ALDER]),
            [RID, "skills"],
            fresh=lambda fx: (fx.request(a + "ClaimNext", request_id=new(), skills=["nothing-needs-this"]), None),
            vary=lambda message: message.skills.append("nor-this"),
        ),
        Rpc(a + "ClaimItem", "gp-anna", act("ClaimItem"), [RID, *one], names="consultation", strangers=[*near, "admin-cora"],
            fresh=claiming, vary=other),
        Rpc(a + "RenewClaim", "gp-anna", act("RenewClaim"), [RID, *one], "required", names="consultation",
            strangers=[*near, "admin-cora"], fresh=fresh("RenewClaim"), vary=other),
        Rpc(a + "ReleaseClaim", "gp-anna", act("ReleaseClaim"), [RID, *one], "required", names="consultation",
            strangers=[*near, "admin-cora"], fresh=fresh("ReleaseClaim"), vary=other),
        Rpc(a + "PassBack", "gp-anna", act("PassBack", reason="Needs an examination"), [RID, *one, "reason"], "required",
            names="consultation", strangers=[*near, "admin-cora"], fresh=fresh("PassBack", reason="Needs an examination"),
            vary=_set("reason", "Another reason")),
        Rpc(a + "AcknowledgeTransfer", "practice-alder", act("AcknowledgeTransfer"), [RID, *one], names="consultation",
            strangers=[*near, "admin-cora"], fresh=passed_back, vary=other),
        Rpc(a + "Complete", "gp-anna", completing, [RID, *one, "outcome", "told"], "required", names="consultation",
            strangers=[*near, "admin-cora"], fresh=completed, vary=_set("outcome.note", "Another note"),
            ignored={"record_seen.not_seen_reason"}),
        Rpc(a + "GetWorkItem", "gp-anna", lambda fx: fx.request(a + "GetWorkItem", consultation=fx.main), one,
            names="consultation", strangers=[*near, "admin-cora"]),
        Rpc(a + "ListInbox", "gp-anna", lambda fx: fx.request(a + "ListInbox", page_size=1, mine=True)),
        Rpc(a + "Watch", "gp-anna", lambda fx: fx.request(a + "Watch", mine=True), stream=True),
        Rpc(a + "ListAlerts", "duty-dan", lambda fx: fx.request(a + "ListAlerts", page_size=1)),
        Rpc(
            a + "AcknowledgeAlert",
            "duty-dan",
            lambda fx: fx.request(a + "AcknowledgeAlert", request_id=new(), alert=fx.alert),
            [RID, "alert"],
            names="alert",
            strangers=["other-hub", "hub-nobody"],
            fresh=lambda fx: (fx.request(a + "AcknowledgeAlert", request_id=new(), alert=fx.raised_alert()), None),
            vary=lambda message: setattr(message, "alert", f"alerts/{new()}"),
        ),
    ]


def _register() -> list[Rpc]:
    r = f"{ALLOCATION}.RegisterService/"

    def organisation(fx: Fixture):
        ods = "T" + new()[:6].upper()
        given = {"ods": ods, "kind": 1, "display_name": "Attack surgery", "icb_ods": "QOP", "from_date": "2024-01-01"}
        return fx.request(r + "PutOrganisation", request_id=new(), organisation=given | {"mesh_mailbox": "ATTACK01"})

    def roster(fx: Fixture):
        given = {"subject": "attack-person", "organisation_ods": HUB, "practices_ods": [ALDER], "role": "gp"}
        return fx.request(r + "PutRoster", request_id=new(), roster=given | {"from_date": "2024-01-01", "to_date": "2030-01-01"})

    def agreement(fx: Fixture):
        given = {"organisation_ods": HUB, "practice_ods": ALDER, "capabilities": ["work", "file", "prescribe", "audit"]}
        return fx.request(r + "PutAccessAgreement", request_id=new(), agreement=given | {"from_date": "2024-01-01"})

    return [
        Rpc(r + "PutOrganisation", "hub-admin", organisation, [RID, "organisation"], fresh=lambda fx: (organisation(fx), None),
            vary=_set("organisation.display_name", "Other")),
        Rpc(r + "PutRoster", "hub-admin", roster,
            [RID, "roster", "roster.subject", "roster.organisation_ods", "roster.from_date"],
            fresh=lambda fx: (roster(fx), None), vary=_set("roster.role", "nurse")),
        Rpc(r + "PutAccessAgreement", "hub-admin", agreement,
            [RID, "agreement", "agreement.organisation_ods", "agreement.practice_ods", "agreement.capabilities",
             "agreement.from_date"],
            fresh=lambda fx: (agreement(fx), None), vary=_set("agreement.from_date", "2023-01-01")),
        Rpc(r + "ListOrganisations", "hub-admin", lambda fx: fx.request(r + "ListOrganisations", page_size=1)),
    ]


def _writeback() -> list[Rpc]:
    w = f"{WRITEBACK}.WritebackService/"

    def filed(fx: Fixture):
        consultation, grant = fx.item()
        return fx.filing(consultation), grant

    def settling(fx: Fixture, name: str | None = None):
        fields = {"action": "TOLD_PRACTICE_BY_PHONE", "note": "Rang " + fx.canary}
        return fx.request(w + "SettleEntry", request_id=new(), name=name or fx.waiting.name, **fields)

    def agreeing(fx: Fixture):
        return fx.request(w + "PutAgreement", request_id=new(), agreement=fx.agreement())

    return [
        Rpc(w + "FileEntry", "gp-anna", lambda fx: fx.filing(fx.main), [RID, "name", "consultation", "content"], "required",
            names="consultation", strangers=["hub-nobody", "admin-cora"], fresh=filed, vary=_set("content.follow_up", "Other")),
        Rpc(w + "GetEntry", "gp-anna", lambda fx: fx.request(w + "GetEntry", name=fx.entry.name), ["name"], "optional",
            names="name", strangers=["practice-birch", "practice-cedar", "admin-cora", "hub-nobody"]),
        Rpc(w + "ListEntries", "gp-anna",
            lambda fx: fx.request(w + "ListEntries", page_size=1, consultation=fx.main, state=1)),
        Rpc(w + "SettleEntry", "duty-dan", settling, [RID, "name", "action", "note"], names="name",
            strangers=["other-hub", "hub-nobody"], fresh=lambda fx: (settling(fx), None), vary=_set("note", "Other")),
        Rpc(w + "PutAgreement", "hub-admin", agreeing, [RID, "agreement"], ignored={"agreement.version"},
            fresh=lambda fx: (agreeing(fx), None), vary=_set("agreement.from_date", "2023-01-01")),
        Rpc(w + "ListAgreements", "hub-admin", lambda fx: fx.request(w + "ListAgreements", page_size=1)),
    ]


def _prescribing() -> list[Rpc]:
    p = f"{PRESCRIBING}.PrescribingService/"
    three = [RID, "name", "etag"]
    strange = ["hub-nobody", "admin-cora"]

    def act(name: str, **fields):
        base = lambda fx: {"request_id": new(), "name": fx.prescription.name, "etag": fx.prescription.etag}  # noqa: E731
        return lambda fx: fx.request(p + name, **base(fx), **fields)

    def fresh(name: str, **fields):
        def make(fx: Fixture):
            consultation, grant = fx.item()
            raised = fx.raised(consultation, grant)
            return fx.request(p + name, request_id=new(), name=raised.name, etag=raised.etag, **fields), grant

        return make

    def raised(fx: Fixture):
        consultation, grant = fx.item()
        return fx.raising(consultation), grant

    def signing(fx: Fixture):
        base = {"request_id": new(), "name": fx.prescription.name, "etag": fx.prescription.etag, "signature": "PFNpZy8+"}
        return fx.request(p + "SignPrescription", **base, record_seen_source="SCR", record_seen_time=fx.at(-5))

    def centre(fx: Fixture):
        given = {"ods": "Y09999", "display_name": "Attack hub", "icb_ods": "QOP", "organisation_ods": HUB}
        rest = {"from_date": "2024-01-01", "to_date": "2030-01-01", "address": "1 Road", "phone": "0113 496 0002"}
        return fx.request(p + "PutCostCentre", request_id=new(), cost_centre=given | rest)

    def member(fx: Fixture):
        given = {
            "cost_centre_ods": COST_CENTRE, "subject": "attack-person", "display_name": "Dr A", "sds_user_id": "555086689199",
            "sds_role_profile_id": "200102732199", "role_code": "S8000:G8000:R8000", "professional_register": "gmc",
            "professional_code": "6123459", "din": "", "spurious_code": "612349", "prescription_type": "0101",
            "from_date": "2024-01-01", "to_date": "2030-01-01",
        }
        return fx.request(p + "PutMembership", request_id=new(), membership=given)

    other = lambda message: setattr(message, "etag", "v77")  # noqa: E731
    return [
        Rpc(p + "RaisePrescription", "gp-anna", lambda fx: fx.raising(fx.main),
            [RID, "name", "consultation", "cost_centre_ods", "items"], "required", names="consultation", strangers=strange,
            fresh=raised, vary=_set("pharmacy_ods", "FA565")),
        Rpc(p + "PreparePrescription", "gp-anna", act("PreparePrescription"), three, "required", names="name",
            strangers=strange, fresh=fresh("PreparePrescription"), vary=other),
        Rpc(p + "SignPrescription", "gp-anna", signing, [*three, "signature"], names="name", strangers=strange),
        Rpc(p + "IssuePrescription", "gp-anna", act("IssuePrescription"), three, names="name", strangers=strange),
        Rpc(p + "VoidPrescription", "gp-anna", act("VoidPrescription", reason="Not wanted"), [*three, "reason"], names="name",
            strangers=strange, fresh=fresh("VoidPrescription", reason="Not wanted"), vary=_set("reason", "Other")),
        Rpc(p + "GetPrescription", "gp-anna", lambda fx: fx.request(p + "GetPrescription", name=fx.prescription.name),
            ["name"], "optional", names="name", strangers=["practice-birch", "practice-cedar", *strange]),
        Rpc(p + "ListPrescriptions", "gp-anna",
            lambda fx: fx.request(p + "ListPrescriptions", page_size=1, consultation=fx.main)),
        Rpc(p + "PutCostCentre", "hub-admin", centre, [RID, "cost_centre"], fresh=lambda fx: (centre(fx), None),
            vary=_set("cost_centre.phone", "0113 496 0003")),
        Rpc(p + "PutMembership", "hub-admin", member, [RID, "membership"], fresh=lambda fx: (member(fx), None),
            vary=_set("membership.display_name", "Dr B")),
        Rpc(p + "ListCostCentres", "hub-admin", lambda fx: fx.request(p + "ListCostCentres", page_size=1)),
    ]


def _audit() -> list[Rpc]:
    u = f"{AUDIT}.AuditService/"
    return [
        Rpc(u + "GetCheckpoint", "auditor", lambda fx: fx.request(u + "GetCheckpoint")),
        Rpc(u + "GetInclusionProof", "auditor", lambda fx: fx.request(u + "GetInclusionProof", event=fx.event), ["event"]),
        Rpc(u + "GetConsistencyProof", "auditor", lambda fx: fx.request(u + "GetConsistencyProof", first=1), ["first"]),
        Rpc(u + "ExportLeaves", "auditor", lambda fx: fx.request(u + "ExportLeaves", limit=2)),
        Rpc(u + "GetTimeline", "auditor", lambda fx: fx.request(u + "GetTimeline", consultation=fx.main), ["consultation"],
            names="consultation", strangers=["practice-birch", "practice-cedar", "hub-nobody", "other-hub"]),
        Rpc(u + "GetNoLoss", "auditor", lambda fx: fx.request(u + "GetNoLoss")),
    ]
