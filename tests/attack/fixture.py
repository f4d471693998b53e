"""What the attacks need to exist: consultations with claims, an entry, a prescription, an alert, something quarantined."""

from __future__ import annotations

import datetime
import json
import time
import urllib.request
import uuid
from dataclasses import dataclass

from mailbox_of_supplier import Mesh
from prescriber import signature
from suite import Suite
from wire import Answer, Contract, Wire

HUB, ALDER, BIRCH, CEDAR, COST_CENTRE = "H8H01", "A81001", "B82002", "C83003", "Y01234"
INTAKE, ALLOCATION = "ehub.intake.v1", "ehub.allocation.v1"
WRITEBACK, PRESCRIBING, AUDIT = "ehub.writeback.v1", "ehub.prescribing.v1", "ehub.audit.v1"


@dataclass(frozen=True)
class Prepared:
    """A prescription to be signed."""

    name: str
    etag: str
    digest: str


def new() -> str:
    """A fresh UUID."""
    return str(uuid.uuid4())


def nhs_number(serial: int) -> str:
    """The first good number of the test range from a serial on."""
    while True:
        nine = f"999{serial % 1_000_000:06}"
        check = (11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11) % 11
        if check != 10:
            return nine + str(check)
        serial += 1


class Fixture:
    """Makes things through the public API, as their callers would."""

    def __init__(self, suite: Suite, contract: Contract, wire: Wire, canary: str) -> None:
        self.suite, self.contract, self.wire, self.canary = suite, contract, wire, canary
        self.mesh = Mesh(suite)
        self.nhs_number = nhs_number(uuid.uuid4().int % 900_000)
        self.birth_date = "1971-03-04"

    def at(self, seconds: int = 0):
        """A time on the wire, from now."""
        moment = int(time.time()) + seconds
        return self.contract.message("google.protobuf.Timestamp", seconds=moment)

    # Calls

    def bearer(self, persona: str, grant: str | None = None) -> list[tuple[str, str]]:
        """Metadata of a persona's call."""
        metadata = [("authorization", "Bearer " + self.suite.token(persona))]
        return metadata + ([("ehub-grant", grant)] if grant else [])

    def call(self, method: str, request, persona: str, grant: str | None = None) -> Answer:
        """A call by `package.Service/Method`."""
        return self.wire.call(method.split(".")[1], "/" + method, request, self.bearer(persona, grant))

    def must(self, method: str, request, persona: str, grant: str | None = None, patience: float = 60):
        """The answer of a call that has to succeed, if need be after others have heard of its subject."""
        end = time.monotonic() + patience
        while True:
            if hasattr(request, "request_id"):
                request.request_id = new()
            answer = self.call(method, request, persona, grant)
            if answer.ok:
                return self.read(method, answer)
            if time.monotonic() > end or answer.code in ("INVALID_ARGUMENT", "UNAUTHENTICATED"):
                raise RuntimeError(f"{method} as {persona}: {answer}")
            time.sleep(0.2)

    def read(self, method: str, answer: Answer):
        """The response message of an answer."""
        service, _, name = method.rpartition("/")
        response = self.contract.message(self.contract.service(service).methods_by_name[name].output_type.full_name)
        response.ParseFromString(answer.body)
        return response

    def request(self, method: str, /, **fields):
        """A request message with fields."""
        service, _, name = method.rpartition("/")
        return self.contract.message(
            self.contract.service(service).methods_by_name[name].input_type.full_name, **fields
        )

    # Things

    def patient(self) -> dict:
        """A patient with every field, the canary in all that is free."""
        return {
            "nhs_number": self.nhs_number,
            "family_name": self.canary,
            "given_names": "Ada " + self.canary,
            "birth_date": self.birth_date,
            "gender": "female",
            "phone": "07700 900123",
            "email": self.canary + "@example.invalid",
            "address": "1 " + self.canary + " Road",
            "communication": {"language": "en-GB", "interpreter": False, "format": "large-print"},
            "contact_safety": {"text_is_safe": True},
        }

    def content(self, text: str = "Stiff back.") -> dict:
        """What is asked."""
        answers = [{"question_id": "how-long", "question": "How long?", "answer": "Days " + self.canary}]
        return {"need": 1, "topic": "back-pain", "free_text": f"{text} {self.canary}", "answers": answers}

    def submission(self, practice: str = ALDER, text: str = "Stiff back."):
        """A good SubmitConsultation."""
        return self.request(
            f"{INTAKE}.IntakeService/SubmitConsultation",
            request_id=new(),
            practice_ods=practice,
            supplier_reference="AT-" + new(),
            first_contact_time=self.at(-60),
            channel=1,
            patient=self.patient(),
            submitter={"kind": 2, "full_name": self.canary + " Carer", "relationship": "carer", "competence_recorded": True},
            content=self.content(text),
        )

    def submitted(self, practice: str = ALDER, text: str = "Stiff back.", persona: str = "supplier") -> str:
        """A new consultation's name."""
        method = f"{INTAKE}.IntakeService/SubmitConsultation"
        return self.must(method, self.submission(practice, text), persona).consultation

    def claimed(self, consultation: str, persona: str = "gp-anna") -> str:
        """Claims and gives the grant."""
        method = f"{ALLOCATION}.AllocationService/ClaimItem"
        return self.must(method, self.request(method, request_id=new(), consultation=consultation), persona).claim.grant

    def item(self, persona: str = "gp-anna", practice: str = ALDER) -> tuple[str, str]:
        """A new consultation and the grant of its claim."""
        consultation = self.submitted(practice)
        return consultation, self.claimed(consultation, persona)

    def released(self, consultation: str, grant: str, persona: str = "gp-anna") -> None:
        """Gives a claimed consultation back."""
        method = f"{ALLOCATION}.AllocationService/ReleaseClaim"
        self.must(method, self.request(method, consultation=consultation), persona, grant)

    def entry_content(self) -> dict:
        """Content of an entry with every part."""
        return {
            "headings": {"assessment": "Mechanical " + self.canary, "plan": "Move."},
            "items": [
                {"kind": "FINDING", "concept_id": "149951000000107", "description_id": "", "term": "Online consultation"}
            ],
            "observations": [{"concept_id": "703421000", "term": "Temperature", "value": "37.1", "unit": "Cel"}],
            "follow_up": "None " + self.canary,
            "fit_note": {"issuer": "Dr " + self.canary, "system": "S", "from_date": "2026-01-05", "to_date": "2026-01-19"},
        }

    def filing(self, consultation: str, **fields):
        """A good FileEntry."""
        method = f"{WRITEBACK}.WritebackService/FileEntry"
        base = {"request_id": new(), "name": f"entries/{new()}", "consultation": consultation}
        return self.request(method, **(base | {"content": self.entry_content()} | fields))

    def filed(self, consultation: str, grant: str, persona: str = "gp-anna"):
        """A filed entry: its name and etag."""
        return self.must(f"{WRITEBACK}.WritebackService/FileEntry", self.filing(consultation), persona, grant)

    def raising(self, consultation: str):
        """A good RaisePrescription."""
        item = {
            "medicine_code": "39732311000001104",
            "medicine_name": "Amoxicillin 250mg capsules",
            "quantity": "21",
            "unit_code": "428673006",
            "unit_name": "capsule",
            "dosage": "one capsule three times a day",
            "days": 7,
            "course_of_therapy": "acute",
        }
        return self.request(
            f"{PRESCRIBING}.PrescribingService/RaisePrescription",
            request_id=new(),
            name=f"prescriptions/{new()}",
            consultation=consultation,
            cost_centre_ods=COST_CENTRE,
            items=[item],
            override_recent_issue="Tried twice " + self.canary,
        )

    def raised(self, consultation: str, grant: str, persona: str = "gp-anna"):
        """A raised prescription: its name and etag."""
        method = f"{PRESCRIBING}.PrescribingService/RaisePrescription"
        return self.must(method, self.raising(consultation), persona, grant)

    def prepared(self, raised, grant: str, persona: str = "gp-anna"):
        """What a raised prescription is prepared to: its name, etag and the digest to sign."""
        method = f"{PRESCRIBING}.PrescribingService/PreparePrescription"
        request = self.request(method, name=raised.name, etag=raised.etag)
        prepared = self.must(method, request, persona, grant)
        return Prepared(raised.name, prepared.etag, prepared.digest)

    def signing(self, prepared: Prepared):
        """A good SignPrescription."""
        return self.request(
            f"{PRESCRIBING}.PrescribingService/SignPrescription",
            request_id=new(),
            name=prepared.name,
            etag=prepared.etag,
            signature=signature(self.suite.world["signer"], prepared.digest),
            record_seen_source="GP_CONNECT",
            record_seen_time=self.at(-5),
        )

    def renewed(self) -> None:
        """The claims that all groups share, for another lease: a slow machine may need more than one."""
        method = f"{ALLOCATION}.AllocationService/RenewClaim"
        request = lambda consultation: self.request(method, request_id=new(), consultation=consultation)  # noqa: E731
        for name, persona in (("main", "gp-anna"), ("other", "gp-anna"), ("cedar", "admin-cora")):
            consultation = getattr(self, name)
            grant = "grant" if name == "main" else name + "_grant"
            answer = self.call(method, request(consultation), persona, getattr(self, grant))
            if answer.ok:
                setattr(self, grant, self.read(method, answer).claim.grant)

    def known_to_demographics(self) -> None:
        """The patient is one whom demographics knows under the same details."""
        patient = {
            "nhs_number": self.nhs_number,
            "family": self.canary,
            "given": "Ada " + self.canary,
            "birth_date": self.birth_date,
            "gender": "female",
            "gp_ods": ALDER,
        }
        body = json.dumps({"patients": [patient]}).encode()
        url = self.suite.world["demographics"] + "/control/patients"
        urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"}), timeout=10)

    def make(self) -> None:
        """Everything the groups share."""
        self.known_to_demographics()
        received = self.must(f"{INTAKE}.IntakeService/SubmitConsultation", self.submission(), "supplier")
        self.main, self.reference = received.consultation, received.receipt.reference
        self.grant = self.claimed(self.main)
        self.other, self.other_grant = self.item()
        self.gone, self.gone_grant = self.item()
        self.released(self.gone, self.gone_grant)
        self.cedar, self.cedar_grant = self.item("admin-cora", CEDAR)
        self.entry = self.filed(self.main, self.grant)
        self.waiting = self.filed(self.cedar, self.cedar_grant, "admin-cora")
        self.prescription = self.raised(self.main, self.grant)
        # One that nobody acknowledges is raised again and again: rows would change by themselves.
        self.alert = self.raised_alert()
        self.acknowledged(self.alert)
        self.quarantined = self.newly_quarantined()
        timeline = f"{AUDIT}.AuditService/GetTimeline"
        end = time.monotonic() + 60
        while True:
            events = self.must(timeline, self.request(timeline, consultation=self.main), "auditor").events
            self.event = next((event.event for event in events if event.leaf_index >= 0), "")
            if self.event or time.monotonic() > end:
                break
            time.sleep(0.2)

    def raised_alert(self) -> str:
        """The alert of a new emergency."""
        self.emergency = self.submitted(text="I have crushing chest pain going down my left arm and I am sweating.")
        method = f"{ALLOCATION}.AllocationService/ListAlerts"
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for alert in self.must(method, self.request(method), "duty-dan").alerts:
                if alert.subject == self.emergency:
                    return alert.name
            time.sleep(0.2)
        raise RuntimeError("the emergency raised no alert")

    def acknowledged(self, alert: str) -> None:
        """Says that somebody looks after an alert."""
        method = f"{ALLOCATION}.AllocationService/AcknowledgeAlert"
        self.must(method, self.request(method, alert=alert), "duty-dan")

    def all_quarantined(self) -> list:
        """Everything in quarantine, settled or not."""
        method, token, found = f"{INTAKE}.IntakeService/ListQuarantined", "", []
        while True:
            request = self.request(method, page_size=500, page_token=token, include_settled=True)
            page = self.must(method, request, "duty-dan")
            found += page.quarantined
            token = page.next_page_token
            if not token:
                return found

    def newly_quarantined(self) -> str:
        """Something nobody can read, as it arrives by MESH."""
        before = {one.name for one in self.all_quarantined()}
        self.mesh.send(b"not a message " + self.canary.encode())
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for one in self.all_quarantined():
                if one.name not in before:
                    return one.name
            time.sleep(0.2)
        raise RuntimeError("what was sent by MESH was not quarantined")

    # What is replaced as it stands

    def enrolment(self):
        """The first enrolment as it stands, to replace it by itself."""
        method = f"{INTAKE}.IntakeService/ListEnrolments"
        return self.must(method, self.request(method), "hub-admin").enrolments[0]

    def agreement(self):
        """The first agreement as it stands, to replace it by itself."""
        method = f"{WRITEBACK}.WritebackService/ListAgreements"
        return self.must(method, self.request(method), "hub-admin").agreements[0]

    def roster(self, subject: str, practices: list[str], role: str):
        """Says for which practices somebody works."""
        method = f"{ALLOCATION}.RegisterService/PutRoster"
        roster = {"subject": subject, "organisation_ods": HUB, "practices_ods": practices, "role": role}
        roster["from_date"] = "2024-01-01"
        return self.must(method, self.request(method, roster=roster), "hub-admin")

    def today(self) -> datetime.date:
        """The day, near enough."""
        return datetime.datetime.now(datetime.UTC).date()
