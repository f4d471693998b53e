"""Every public RPC: who calls it, a good request, what an empty one lacks, and how to vary it."""

from __future__ import annotations

from catalogue_prescribing import prescribing
from fixture import ALDER, ALLOCATION, AUDIT, HUB, INTAKE, WRITEBACK, Fixture, new
from rpc import RID, Rpc, setting

def catalogue() -> list[Rpc]:
    """All of them."""
    return [*_intake(), *_allocation(), *_register(), *_writeback(), *prescribing(), *_audit()]


def _intake() -> list[Rpc]:
    i = f"{INTAKE}.IntakeService/"

    return [
        Rpc(
            i + "SubmitConsultation",
            "supplier",
            lambda fx: fx.submission(),
            [RID, "practice_ods", "channel", "patient", "submitter", "content"],
            fresh=lambda fx: (fx.submission(), None),
            vary=setting("patient.family_name", "Other"),
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
            i + "WithdrawConsultation",
            "supplier",
            lambda fx: fx.request(i + "WithdrawConsultation", request_id=new(), name=fx.main, reason="BETTER"),
            [RID, "name", "reason"],
            names="name",
            strangers=["practice-birch", "practice-cedar", "supplier-two", "hub-nobody"],
            fresh=lambda fx: (fx.request(i + "WithdrawConsultation", request_id=new(), name=fx.submitted(), reason="BETTER"), None),
            vary=setting("reason", "OTHER"),
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
        *_enrolments(),
    ]


def _enrolments() -> list[Rpc]:
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
            i + "PutEnrolment",
            "hub-admin",
            enrolling,
            [RID, "enrolment"],
            fresh=lambda fx: (enrolling(fx), None),
            vary=setting("enrolment.practice_phone", "0113 496 0009"),
        ),
        Rpc(i + "ListEnrolments", "hub-admin", lambda fx: fx.request(i + "ListEnrolments", page_size=1)),
        Rpc(i + "ListQuarantined", "duty-dan", lambda fx: fx.request(i + "ListQuarantined", page_size=1)),
        Rpc(
            i + "GetQuarantinedContent",
            "duty-dan",
            lambda fx: fx.request(i + "GetQuarantinedContent", name=fx.quarantined, pdf=False),
            ["name"],
            stream=True,
            names="name",
            strangers=["other-hub"],
        ),
        Rpc(
            i + "ConvertQuarantined",
            "duty-dan",
            converting,
            [RID, "name", "practice_ods", "patient", "submitter", "content"],
            names="name",
            strangers=["other-hub"],
            fresh=lambda fx: (converting(fx), None),
            vary=setting("patient.family_name", "Other"),
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

    def passing(fx: Fixture):
        safe = {"kind": "SPOKE_TO_PATIENT", "time": fx.at(-1)}
        reason = "Needs an examination"
        return fx.request(a + "PassBack", request_id=new(), consultation=fx.main, reason=reason, safe_disposition=safe)

    other = lambda message: setattr(message, "consultation", f"consultations/{new()}")  # noqa: E731
    one, nothing = ["consultation"], {"skills": ["nothing-needs-this"], "practices_ods": [ALDER]}
    return [
        Rpc(a + "ClaimNext", "gp-anna", lambda fx: fx.request(a + "ClaimNext", request_id=new(), **nothing), [RID, "skills"],
            fresh=lambda fx: (fx.request(a + "ClaimNext", request_id=new(), **nothing), None),
            vary=lambda message: message.skills.append("nor-this")),
        Rpc(a + "ClaimItem", "gp-anna", act("ClaimItem"), [RID, *one], names="consultation", strangers=[*near, "admin-cora"],
            fresh=claiming, vary=other),
        Rpc(a + "RenewClaim", "gp-anna", act("RenewClaim"), [RID, *one], "required", names="consultation",
            strangers=[*near, "admin-cora"], fresh=fresh("RenewClaim"), vary=other),
        Rpc(a + "ReleaseClaim", "gp-anna", act("ReleaseClaim"), [RID, *one], "required", names="consultation",
            strangers=[*near, "admin-cora"], fresh=fresh("ReleaseClaim"), vary=other),
        Rpc(a + "OverrideClaim", "gp-bert", lambda fx: fx.request(a + "OverrideClaim", request_id=new(), consultation=fx.gone, reason="Gone home"),
            [RID, *one, "reason"], names="consultation", strangers=["admin-cora", "hub-nobody"],
            fresh=lambda fx: (fx.request(a + "OverrideClaim", request_id=new(), consultation=fx.item()[0], reason="Gone home"), None),
            vary=setting("reason", "Another reason")),
        Rpc(a + "PassBack", "gp-anna", passing, [RID, *one, "reason"], "required",
            names="consultation", strangers=[*near, "admin-cora"], fresh=fresh("PassBack", reason="Needs an examination"),
            vary=setting("reason", "Another reason")),
        Rpc(a + "AcknowledgeTransfer", "practice-alder", act("AcknowledgeTransfer"), [RID, *one], names="consultation",
            strangers=[*near, "admin-cora"], fresh=passed_back, vary=other),
        Rpc(a + "Complete", "gp-anna", completing, [RID, *one, "outcome", "told"], "required", names="consultation",
            strangers=[*near, "admin-cora"], fresh=completed, vary=setting("outcome.note", "Another note")),
        *_inbox(),
    ]


def _inbox() -> list[Rpc]:
    a = f"{ALLOCATION}.AllocationService/"
    near = ["practice-birch", "practice-cedar", "hub-nobody"]
    return [
        Rpc(a + "GetWorkItem", "gp-anna", lambda fx: fx.request(a + "GetWorkItem", consultation=fx.main), ["consultation"],
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
            vary=setting("organisation.display_name", "Other")),
        Rpc(r + "PutRoster", "hub-admin", roster,
            [RID, "roster"],
            fresh=lambda fx: (roster(fx), None), vary=setting("roster.role", "nurse")),
        Rpc(r + "PutAccessAgreement", "hub-admin", agreement,
            [RID, "agreement"],
            fresh=lambda fx: (agreement(fx), None), vary=setting("agreement.from_date", "2023-01-01")),
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
            names="consultation", strangers=["hub-nobody", "admin-cora"], fresh=filed, vary=setting("content.follow_up", "Other")),
        Rpc(w + "GetEntry", "gp-anna", lambda fx: fx.request(w + "GetEntry", name=fx.entry.name), ["name"], "optional",
            names="name", strangers=["practice-birch", "practice-cedar", "admin-cora", "hub-nobody"]),
        Rpc(w + "GetDocument", "gp-anna", lambda fx: fx.request(w + "GetDocument", entry=fx.entry.name, message=True), ["entry"],
            "optional", stream=True, names="entry", strangers=["practice-birch", "practice-cedar", "admin-cora", "hub-nobody"]),
        Rpc(w + "ListEntries", "gp-anna",
            lambda fx: fx.request(w + "ListEntries", page_size=1, consultation=fx.main, state=1)),
        Rpc(w + "SettleEntry", "duty-dan", settling, [RID, "name", "action", "note"], names="name",
            strangers=["other-hub", "hub-nobody"], fresh=lambda fx: (settling(fx), None), vary=setting("note", "Other")),
        Rpc(w + "PutAgreement", "hub-admin", agreeing, [RID, "agreement"],
            fresh=lambda fx: (agreeing(fx), None), vary=setting("agreement.from_date", "2023-01-01")),
        Rpc(w + "ListAgreements", "hub-admin", lambda fx: fx.request(w + "ListAgreements", page_size=1)),
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
