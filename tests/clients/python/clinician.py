"""The clinician's part: watch, claim, read, file, complete."""

from __future__ import annotations

import time
import uuid

from calls import Caller
from google.protobuf.timestamp_pb2 import Timestamp
from inbox import Inbox


def now() -> Timestamp:
    """This moment on the wire."""
    moment = Timestamp()
    moment.GetCurrentTime()
    return moment


class Clinician:
    """A clinician of the hub, with one claim at a time."""

    def __init__(self, contract, caller: Caller) -> None:
        self._contract, self.caller = contract, caller
        self._allocation = caller.stub("allocation", contract.allocation_grpc.AllocationServiceStub)
        self._intake = caller.stub("intake", contract.intake_grpc.IntakeServiceStub)
        self._writeback = caller.stub("writeback", contract.writeback_grpc.WritebackServiceStub)
        self.consultation, self.grant = "", ""

    def awaits(self, consultation: str):
        """Watches the inbox until a consultation is there; its work item."""
        inbox = Inbox(self._contract, self.caller)
        for _ in inbox.changes():
            if consultation in inbox.items:
                return inbox.items[consultation]

    def claim(self, consultation: str):
        """Claims it. The grant in the answer is what opens it to this person, here and at every service."""
        request = self._contract.allocation.ClaimItemRequest(request_id=str(uuid.uuid4()), consultation=consultation)
        claim = self.caller.call(self._allocation.ClaimItem, request).body.claim
        self.consultation, self.grant = consultation, claim.grant
        return claim

    def read(self, grant: str | None):
        """The consultation with its content."""
        request = self._contract.intake.GetConsultationRequest(name=self.consultation)
        return self.caller.call(self._intake.GetConsultation, request, grant).body.consultation

    def file(self) -> str:
        """Files the coded entry for the practice, under a name of our own; its name."""
        entry = self._contract.entry
        request = self._contract.writeback.FileEntryRequest(
            request_id=str(uuid.uuid4()),
            name=f"entries/{uuid.uuid4()}",
            consultation=self.consultation,
            content=entry.EntryContent(
                headings={"assessment": "Tonsillitis, no red flags.", "plan": "Antibiotic; review if not better in a week."},
                items=[entry.CodedItem(kind="FINDING", concept_id="149951000000107", term="Online consultation")],
                observations=[entry.Observation(concept_id="703421000", term="Temperature", value="37.9", unit="Cel")],
            ),
        )
        return self.caller.call(self._writeback.FileEntry, request, self.grant).body.name

    def complete(self):
        """Closes the consultation: who told the patient, when and how, and the record seen."""
        work = self._contract.work_item
        request = self._contract.allocation.CompleteRequest(
            request_id=str(uuid.uuid4()),
            consultation=self.consultation,
            outcome=work.Outcome(kind=work.OUTCOME_KIND_TREATED),
            told=work.Told(time=now(), channel="PHONE"),
            record_seen=work.RecordSeen(source="GP_CONNECT", time=now()),
        )
        return self.caller.call(self._allocation.Complete, request, self.grant).body

    def arrived(self, caller: Caller, name: str, patience: float = 150.0):
        """The entry, read as `caller`, once the practice has acknowledged it or a person must act; as it was otherwise."""
        states = self._contract.entry
        over = (states.ENTRY_STATE_ACKNOWLEDGED, states.ENTRY_STATE_NEEDS_ATTENTION, states.ENTRY_STATE_REJECTED)
        request = self._contract.writeback.GetEntryRequest(name=name)
        end = time.monotonic() + patience
        while True:
            entry = caller.call(self._writeback.GetEntry, request).body.entry
            if entry.state in over or time.monotonic() > end:
                return entry
            time.sleep(0.5)
