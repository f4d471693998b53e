"""The supplier's part: submitting for a patient, and asking later how it stands."""

from __future__ import annotations

import time
import uuid

from calls import Answer, Caller
from patient import TestPatient
from refusal import Refusal


class Supplier:
    """An online-consultation supplier."""

    def __init__(self, contract, caller: Caller) -> None:
        self._contract, self._caller = contract, caller
        self._intake = caller.stub("intake", contract.intake_grpc.IntakeServiceStub)

    def request(self, practice_ods: str, patient: TestPatient, text: str):
        """A request to submit. Keep it until it is answered: a repeated call must be this very request."""
        return self._contract.intake.SubmitConsultationRequest(
            request_id=str(uuid.uuid4()),  # one for each intent
            practice_ods=practice_ods,
            supplier_reference=f"EX-{uuid.uuid4()}",  # yours: one consultation for each, for ever
            channel=self._contract.consultation.CHANNEL_ONLINE,
            patient=self._contract.consultation.Patient(
                nhs_number=patient.nhs_number,
                family_name=patient.family_name,
                given_names=patient.given_names,
                birth_date=patient.birth_date,
                gender=patient.gender,
            ),
            submitter=self._contract.consultation.Submitter(kind=self._contract.consultation.SUBMITTER_KIND_SELF),
            content=self._contract.consultation.Content(
                need=self._contract.consultation.NEED_CLINICAL, topic="sore-throat", free_text=text
            ),
        )

    def wrong(self):
        """The same with several mistakes, to see what is said of them."""
        request = self.request("A8", TestPatient("9990000019", birth_date="1985-02-30"), "A sore throat.")
        request.content.topic = "Sore throat!"
        return request

    def submit(self, request) -> Answer:
        """Submits; the answer comes when the consultation is durable."""
        return self._caller.call(self._intake.SubmitConsultation, request)

    def named(self, supplier_reference: str) -> list[str]:
        """The consultations submitted under a reference of ours."""
        request = self._contract.intake.ListConsultationsRequest(supplier_reference=supplier_reference)
        answer = self._caller.call(self._intake.ListConsultations, request)
        return [consultation.name for consultation in answer.body.consultations]

    def closed(self, reference: str, birth_date: str, patience: float = 60.0) -> str:
        """The public state, once closing has got about; the state when patience ended otherwise."""
        request = self._contract.intake.GetConsultationStatusRequest(reference=reference, birth_date=birth_date)
        end = time.monotonic() + patience
        while True:
            status = self._caller.call(self._intake.GetConsultationStatus, request).body
            if status.HasField("close_time") or time.monotonic() > end:
                return self._contract.consultation.State.Name(status.state)
            time.sleep(0.5)


def refused(act) -> Refusal:
    """The refusal that an act gets."""
    try:
        act()
    except Refusal as refusal:
        return refusal
    raise SystemExit("this should have been refused")
