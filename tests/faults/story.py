"""One consultation step by step, for scenarios: each step is an act that the scenario may do in its own way."""

from __future__ import annotations

import time
import uuid

import forms
from google.protobuf.timestamp_pb2 import Timestamp
from stage import Stage


# A claim held for longer than this is renewed before the next act under it.
RENEW_AFTER = 6.0


def now(offset: float = 0) -> Timestamp:
    """The time on the wire."""
    moment = Timestamp()
    moment.FromNanoseconds(int((time.time() + offset) * 1e9))
    return moment


def short(name: str) -> str:
    """The id in a resource name."""
    return name.rpartition("/")[2]


class Story:
    """`do(who, method, grant, **fields)` makes a call and gives its reply; by default the stage's own client does."""

    def __init__(self, stage: Stage, do=None, practice: str = forms.ALDER, who: str = "gp-anna") -> None:
        self.stage, self.who = stage, who
        self.do = do or (lambda who, method, grant="", **fields: stage.client.act(who, method, grant, **fields))
        self.patient = stage.patient(practice)
        self.word = "W" + uuid.uuid4().hex
        self.entry, self.prescription = f"entries/{uuid.uuid4()}", f"prescriptions/{uuid.uuid4()}"
        self.consultation = self.grant = ""
        self.epoch, self._since = 0, 0.0

    def submit(self, **changes) -> Story:
        """Submits, and waits until every service knows of it."""
        fields = forms.submission(self.patient, self.word) | changes
        self.consultation = self.do("supplier", "IntakeService/SubmitConsultation", **fields).consultation
        return self

    def known(self) -> Story:
        """Waits until it can be claimed, and until the others know of it."""
        key = short(self.consultation)
        for service, query in (
            ("allocation", f"select count(*) as n from allocation.open_item where consultation = '{key}'"),
            ("writeback", f"select count(*) as n from writeback.consultation where id = '{key}'"),
            ("prescribing", f"select count(*) as n from prescribing.consultation where id = '{key}' and practice is not null"),
        ):
            self.stage.until(
                lambda s=service, q=query: self.stage.databases.value(s, q) == "1", f"{service} knows {key}", 60, 0.05
            )
        return self

    def claim(self, who: str = "") -> Story:
        """Claims it."""
        self.who = who or self.who
        claim = self.do(self.who, "AllocationService/ClaimItem", consultation=self.consultation).claim
        self.grant, self.epoch, self._since = claim.grant, claim.epoch, time.monotonic()
        return self

    def held(self) -> str:
        """The grant, renewed when it has been held for some time: a slow machine is not what is tried here."""
        if time.monotonic() - self._since > RENEW_AFTER:
            began, method = time.monotonic(), "AllocationService/RenewClaim"
            claim = self.stage.client.act(self.who, method, self.grant, consultation=self.consultation).claim
            self.grant, self._since = claim.grant, began
        return self.grant

    def file(self, **changes):
        """Files the entry."""
        fields = {"name": self.entry, "consultation": self.consultation, "content": forms.entry(self.word)} | changes
        return self.do(self.who, "WritebackService/FileEntry", self.held(), **fields)

    def raised(self, note: str = ""):
        """Raises the prescription."""
        return self.do(
            self.who, "PrescribingService/RaisePrescription", self.held(), name=self.prescription,
            consultation=self.consultation, cost_centre_ods=forms.COST_CENTRE, items=[forms.medicine(note)],
            override_recent_issue="A test of faults.",
        )  # fmt: skip

    def prepare(self, etag: str):
        """Has EPS make the digest."""
        method = "PrescribingService/PreparePrescription"
        return self.do(self.who, method, self.held(), name=self.prescription, etag=etag)

    def sign(self, prepared):
        """Signs it."""
        return self.do(
            self.who, "PrescribingService/SignPrescription", name=self.prescription, etag=prepared.etag,
            signature=self.stage.signer.sign(prepared.digest), record_seen_source="GP_CONNECT", record_seen_time=now(),
        )  # fmt: skip

    def issue(self, etag: str):
        """Issues it."""
        return self.do(self.who, "PrescribingService/IssuePrescription", name=self.prescription, etag=etag)

    def prescribe(self, note: str = ""):
        """From raise to issue."""
        return self.issue(self.sign(self.prepare(self.raised(note).etag)).etag)

    def closing(self) -> dict:
        """Fields of a completion."""
        return {
            "consultation": self.consultation, "outcome": {"kind": 1}, "told": {"time": now(), "channel": "PHONE"},
            "record_seen": {"source": "GP_CONNECT", "time": now()},
        }  # fmt: skip

    def complete(self):
        """Closes it."""
        return self.do(self.who, "AllocationService/Complete", self.held(), **self.closing())

    # Looking

    def entry_state(self) -> str:
        """Where the entry stands; nothing when there is none."""
        rows = self.stage.databases.rows("writeback", f"select state from writeback.entry where id = '{short(self.entry)}'")
        return rows[0]["state"] if rows else ""

    def prescription_state(self) -> str:
        """Where the prescription stands."""
        query = f"select state from prescribing.prescription where id = '{short(self.prescription)}'"
        rows = self.stage.databases.rows("prescribing", query)
        return rows[0]["state"] if rows else ""

    def consultations(self) -> int:
        """How many consultations bear the word."""
        query = f"select count(*) as n from intake.consultation where content->>'free_text' like '%{self.word}%'"
        return int(self.stage.databases.value("intake", query))
