"""The RPCs of prescribing."""

from __future__ import annotations

from fixture import COST_CENTRE, HUB, PRESCRIBING, Fixture, new
from rpc import RID, Rpc, setting


def prescribing() -> list[Rpc]:
    """Its RPCs."""
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

    def prepared(fx: Fixture):
        consultation, grant = fx.item()
        return fx.prepared(fx.raised(consultation, grant), grant)

    def signable(fx: Fixture):
        return fx.signing(prepared(fx)), None

    def issuable(fx: Fixture):
        one = prepared(fx)
        signed = fx.must(p + "SignPrescription", fx.signing(one), "gp-anna")
        return fx.request(p + "IssuePrescription", request_id=new(), name=one.name, etag=signed.etag), None

    def signing(fx: Fixture):
        base = {"request_id": new(), "name": fx.prescription.name, "etag": fx.prescription.etag, "signature": "PFNpZy8+"}
        return fx.request(p + "SignPrescription", **base, record_seen_source="SCR", record_seen_time=fx.at(-5))

    other = lambda message: setattr(message, "etag", "v77")  # noqa: E731
    return [
        Rpc(p + "RaisePrescription", "gp-anna", lambda fx: fx.raising(fx.main),
            [RID, "name", "consultation", "cost_centre_ods", "items"], "required", names="consultation", strangers=strange,
            fresh=raised, vary=setting("pharmacy_ods", "FA565")),
        Rpc(p + "PreparePrescription", "gp-anna", act("PreparePrescription"), three, "required", names="name",
            strangers=strange, fresh=fresh("PreparePrescription"), vary=other),
        Rpc(p + "SignPrescription", "gp-anna", signing, [*three, "signature"], names="name", strangers=strange,
            fresh=signable, vary=setting("record_seen_source", "SCR")),
        Rpc(p + "IssuePrescription", "gp-anna", act("IssuePrescription"), three, names="name", strangers=strange,
            fresh=issuable, vary=other),
        Rpc(p + "VoidPrescription", "gp-anna", act("VoidPrescription", reason="Not wanted"), [*three, "reason"], names="name",
            strangers=strange, fresh=fresh("VoidPrescription", reason="Not wanted"), vary=setting("reason", "Other")),
        Rpc(p + "GetPrescription", "gp-anna", lambda fx: fx.request(p + "GetPrescription", name=fx.prescription.name),
            ["name"], "optional", names="name", strangers=["practice-birch", "practice-cedar", *strange]),
        Rpc(p + "ListPrescriptions", "gp-anna",
            lambda fx: fx.request(p + "ListPrescriptions", page_size=1, consultation=fx.main)),
        *_cost_centres(),
    ]


def _cost_centres() -> list[Rpc]:
    p = f"{PRESCRIBING}.PrescribingService/"

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

    return [
        Rpc(p + "PutCostCentre", "hub-admin", centre, [RID, "cost_centre"], fresh=lambda fx: (centre(fx), None),
            vary=setting("cost_centre.phone", "0113 496 0003")),
        Rpc(p + "PutMembership", "hub-admin", member, [RID, "membership"], fresh=lambda fx: (member(fx), None),
            vary=setting("membership.display_name", "Dr B")),
        Rpc(p + "ListCostCentres", "hub-admin", lambda fx: fx.request(p + "ListCostCentres", page_size=1)),
    ]
