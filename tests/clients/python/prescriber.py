"""The prescriber's part: raise, prepare, sign, issue."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import signing
from clinician import Clinician, now


class Prescriber:
    """A clinician who is a member of the hub's cost centre."""

    def __init__(self, contract, clinician: Clinician, key_folder: Path) -> None:
        self._contract, self._clinician, self._keys = contract, clinician, key_folder
        self._prescribing = clinician.caller.stub("prescribing", contract.prescribing_grpc.PrescribingServiceStub)
        self.name, self._etag, self._digest = "", "", ""

    def raise_and_prepare(self):
        """Raises an acute prescription and fetches the digest to sign; both answers."""
        item = self._contract.prescription.Item(
            medicine_code="39732311000001104",
            medicine_name="Amoxicillin 250mg capsules",
            quantity="15",
            unit_code="428641000",
            unit_name="capsule",
            dosage="One capsule three times a day for five days",
            days=5,
            course_of_therapy="acute",
        )
        messages, clinician = self._contract.prescribing, self._clinician
        request = messages.RaisePrescriptionRequest(
            request_id=str(uuid.uuid4()),
            name=f"prescriptions/{uuid.uuid4()}",
            consultation=clinician.consultation,
            cost_centre_ods="Y01234",
            items=[item],
        )
        raised = clinician.caller.call(self._prescribing.RaisePrescription, request, clinician.grant).body
        self.name = raised.name
        # The etag of each answer goes with the next act, so that nobody signs what has changed since.
        request = messages.PreparePrescriptionRequest(request_id=str(uuid.uuid4()), name=raised.name, etag=raised.etag)
        prepared = clinician.caller.call(self._prescribing.PreparePrescription, request, clinician.grant).body
        self._etag, self._digest = prepared.etag, prepared.digest
        return raised, prepared

    def sign_and_issue(self, patience: float = 60.0) -> str:
        """Signs the digest with the prescriber's own key and has it sent to EPS; the state reached."""
        messages, caller = self._contract.prescribing, self._clinician.caller
        request = messages.SignPrescriptionRequest(
            request_id=str(uuid.uuid4()),
            name=self.name,
            etag=self._etag,
            signature=signing.sign(self._keys, self._digest),
            record_seen_source="GP_CONNECT",
            record_seen_time=now(),
        )
        signed = caller.call(self._prescribing.SignPrescription, request).body
        request = messages.IssuePrescriptionRequest(request_id=str(uuid.uuid4()), name=self.name, etag=signed.etag)
        state = caller.call(self._prescribing.IssuePrescription, request).body.state
        states, end = self._contract.prescription, time.monotonic() + patience
        # SENDING: EPS has not answered; eHub goes on by itself with identical bytes, so only look again.
        while state == states.PRESCRIPTION_STATE_SENDING and time.monotonic() < end:
            time.sleep(0.5)
            get = messages.GetPrescriptionRequest(name=self.name)
            state = caller.call(self._prescribing.GetPrescription, get, self._clinician.grant).body.prescription.state
        return states.PrescriptionState.Name(state)
