"""A practice with things of every sort, each with words that occur nowhere else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import requests
from fixture import ALDER, ALLOCATION, AUDIT, CEDAR, WRITEBACK, Fixture, new, nhs_number

if TYPE_CHECKING:
    from stage import Stage


def known_to_demographics(fx: Fixture, practice: str) -> None:
    """The patient is one whom demographics knows under the same details, registered with the practice."""
    patient = {"nhs_number": fx.nhs_number, "family": fx.canary, "given": "Ada " + fx.canary, "birth_date": fx.birth_date}
    patient |= {"gender": "female", "gp_ods": practice}
    url = fx.suite.world["demographics"] + "/control/patients"
    requests.post(url, json={"patients": [patient]}, timeout=20).raise_for_status()


class Side:
    """A practice's things."""

    def __init__(self, stage: Stage, practice: str) -> None:
        self.stage, self.practice = stage, practice
        self.word = "Zq" + practice.lower() + uuid.uuid4().hex[:10]
        self.fx = self._fixture(self.word)
        self.fx.nhs_number = nhs_number(uuid.uuid4().int % 900_000)

    def _fixture(self, word: str) -> Fixture:
        return Fixture(self.stage.suite, self.stage.contract, self.stage.wire, word)

    def make(self) -> None:
        """A consultation under claim with an entry and a prescription, an emergency with its alert, one nobody holds, one
        whose entry was sent as a document; and a message that the hub's mailbox could not read."""
        known_to_demographics(self.fx, self.practice)
        fx, method = self.fx, "ehub.intake.v1.IntakeService/SubmitConsultation"
        submission = fx.submission(self.practice)
        self.supplier_reference = submission.supplier_reference
        received = fx.must(method, submission, "supplier")
        self.main, self.reference = received.consultation, received.receipt.reference
        self.grant = fx.claimed(self.main)
        self.entry = fx.filed(self.main, self.grant).name
        prescription = fx.raised(self.main, self.grant)
        self.prescription, self.prescription_etag = prescription.name, prescription.etag
        self.waiting = fx.submitted(self.practice)
        # To the third practice nobody has agreed to write: no document is ever made for it.
        self.document = self._closed() if self.practice != CEDAR else ""
        self.alert = fx.raised_alert() if self.practice == ALDER else self._alert()
        # A fixture that writes another word: whose this message is, is another question than whose the practice's things are.
        self.unread = "Zqunread" + uuid.uuid4().hex[:10]
        self.quarantined = self._fixture(self.unread).newly_quarantined()
        if self.document:
            self.stage.until(self._sent, f"the document of {self.document}")
        self.stage.until(self._logged, f"a leaf about {self.main}")

    def _closed(self) -> str:
        """The entry of a consultation that was completed: a document is made of it."""
        fx, rpc = self.fx, self.stage.rpc("Complete")
        consultation, grant = fx.item("gp-anna", self.practice)
        entry = fx.filed(consultation, grant).name
        done = rpc.good(About(fx, consultation))
        done.request_id = new()
        fx.must(rpc.method, done, "gp-anna", grant)
        return entry

    def _sent(self) -> bool:
        method = f"{WRITEBACK}.WritebackService/GetDocument"
        body = self.fx.request(method, entry=self.document, message=True)
        answer = self.stage.go(self.stage.rpc("GetDocument"), body, self.stage.minted("gp-anna"))
        return answer.ok

    def _logged(self) -> bool:
        """Whether something that was done for the practice stands in the log; that is the event proofs are asked of."""
        method = f"{AUDIT}.AuditService/GetTimeline"
        events = self.fx.must(method, self.fx.request(method, consultation=self.main), "auditor").events
        self.event = next((event.event for event in events if event.leaf_index >= 0), "")
        return bool(self.event)

    def _alert(self) -> str:
        emergency = self.fx.submitted(self.practice, "I have crushing chest pain going down my left arm and I am sweating.")
        self.fx.emergency = emergency
        method, found = f"{ALLOCATION}.AllocationService/ListAlerts", []

        def seen() -> bool:
            alerts = self.fx.must(method, self.fx.request(method), "duty-dan").alerts
            found[:] = [alert.name for alert in alerts if alert.subject == emergency]
            return bool(found)

        self.stage.until(seen, "the alert of an emergency")
        return found[0]

    def words(self) -> dict[str, bytes]:
        """What only who may see this practice's patients may see: words of the patient, and identifiers."""
        ids = {"consultation": self.main, "waiting": self.waiting, "emergency": self.fx.emergency, "entry": self.entry}
        ids |= {"prescription": self.prescription, "alert": self.alert, "entry that was sent": self.document}
        found = {name: value.partition("/")[2] for name, value in ids.items()}
        found |= {"reference": self.reference, "supplier reference": self.supplier_reference}
        found |= {"name and text": self.word, "NHS number": self.fx.nhs_number}
        return {name: value.encode() for name, value in found.items()}

    def unread_words(self) -> dict[str, bytes]:
        """What only the people of the organisation whose mailbox it came to may see."""
        name = self.quarantined.partition("/")[2]
        return {f"message for {self.practice}": self.unread.encode(), f"message's name for {self.practice}": name.encode()}


class About:
    """The fixture, with another consultation as its main one."""

    def __init__(self, fx: Fixture, consultation: str) -> None:
        self._fx, self.main = fx, consultation

    def __getattr__(self, name: str):
        return getattr(self._fx, name)
