"""Whole lives of consultations: suppliers submit, clinicians claim, file, prescribe and complete, through everything."""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid

import forms
from client import AMBIGUOUS, Client, Refused
from google.protobuf.timestamp_pb2 import Timestamp

# Refusals that mean that the claim is over: somebody else goes on with the item.
LOST = {"CLAIM_EXPIRED", "CLAIM_SUPERSEDED", "CLAIM_SEALED", "ITEM_NOT_FOUND", "ITEM_NOT_CLAIMABLE", "GRANT_REQUIRED"}
# A front end renews a claim that is older than this before its next step.
RENEW_AFTER = 6.0
PLAIN, TREATED, ADMINISTRATIVE, EMERGENCY = "back-pain", "sore-throat", "address-change", "chest-pain"
RED_FLAG = "I have crushing chest pain going down my left arm and I am sweating."


def now() -> Timestamp:
    """The time on the wire."""
    moment = Timestamp()
    moment.GetCurrentTime()
    return moment


class Supply:
    """Submits consultations, by gRPC and a small share by MESH."""

    def __init__(self, client: Client, mesh, patients: list[dict], seed: int, mesh_share: float) -> None:
        self._client, self._mesh, self._patients, self._share = client, mesh, itertools.cycle(patients), mesh_share
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.submitted: list[str] = []
        self.by_mesh = 0

    def one(self) -> str:
        """One submission; the consultation's name, nothing when it went by MESH."""
        with self._lock:
            # In turn: the same patient comes again only after all others.
            who, by_mesh = next(self._patients), self._random.random() < self._share
            topic = self._random.choices((PLAIN, TREATED, ADMINISTRATIVE, EMERGENCY), (40, 45, 12, 3))[0]
        word = "W" + uuid.uuid4().hex
        if by_mesh and self._mesh:
            self._by_mesh(who, word)
            return ""
        fields = forms.submission(
            who, word, 2 if topic == ADMINISTRATIVE else 1, topic, RED_FLAG if topic == EMERGENCY else ""
        )
        name = self._client.act("supplier", "IntakeService/SubmitConsultation", **fields).consultation
        with self._lock:
            self.submitted.append(name)
        return name

    def _by_mesh(self, who: dict, word: str) -> None:
        journal = self._client.journal
        number = journal.number()
        journal.note("mesh", n=number, word=word, practice=who["practice"], text=self._mesh.text, meant={"patient": who})
        journal.note("landed", n=number, mesh_id=self._mesh(who, word))
        with self._lock:
            self.by_mesh += 1


class Desk:
    """A clinician's front end: takes the next item and brings it to its end."""

    def __init__(self, client: Client, signer: forms.Signer, who: str, skills: list[str], seed: int) -> None:
        self._client, self._signer, self._who, self._skills = client, signer, who, skills
        self._random = random.Random(seed)
        self._since = 0.0
        self.completed = self.lost = 0

    def one(self) -> bool:
        """Deals with one item; false when there is none."""
        claim = self._client.act(self._who, "AllocationService/ClaimNext", skills=self._skills).claim
        if not claim.item.consultation:
            return False
        try:
            self._deal_with(claim)
        except Refused as refused:
            if refused.answer.reason not in LOST:
                raise
            self.lost += 1
        return True

    def _deal_with(self, claim) -> None:
        item, grant, self._since = claim.item, claim.grant, time.monotonic()
        chance = self._random.random()
        if chance < 0.02:
            # Goes home in the middle: the lease ends by itself.
            self._client.journal.note("abandoned", consultation=item.consultation)
            return
        if chance < 0.04:
            self._client.act(self._who, "AllocationService/ReleaseClaim", grant, consultation=item.consultation)
            return
        self._client.read(self._who, "IntakeService/GetConsultation", grant, name=item.consultation)
        clinical = item.need != "ADMINISTRATIVE"
        if clinical:
            grant = self._renewed(item, grant)
            self._file(item, grant)
            if item.topic == TREATED:
                grant = self._prescribe(item, self._renewed(item, grant))
        self._complete(item, self._renewed(item, grant), clinical)

    def _renewed(self, item, grant: str) -> str:
        """The grant that counts now: a claim that has been held for some time is renewed before the next step."""
        if time.monotonic() - self._since > RENEW_AFTER:
            began = time.monotonic()
            claim = self._client.act(self._who, "AllocationService/RenewClaim", grant, consultation=item.consultation).claim
            grant, self._since = claim.grant, began
        return grant

    def _file(self, item, grant: str) -> None:
        name, method = f"entries/{uuid.uuid4()}", "WritebackService/FileEntry"
        fields = {"consultation": item.consultation, "content": forms.entry("E" + uuid.uuid4().hex)}
        try:
            filed = self._client.act(self._who, method, grant, ("CONSULTATION_UNKNOWN",), name=name, **fields)
        except Refused as refused:
            # Somebody who held it before has filed: what they wrote stands.
            if refused.answer.reason != "ENTRY_EXISTS":
                raise
            return
        if self._random.random() < 0.1:
            fields["content"]["headings"]["plan"] = "Thought better of it. R" + uuid.uuid4().hex
            try:
                self._client.act(self._who, method, grant, name=name, etag=filed.etag, **fields)
            except Refused as refused:
                if refused.answer.reason not in ("ENTRY_SENT", "ETAG_MISMATCH"):
                    raise

    def _prescribe(self, item, grant: str) -> str:
        name, service = f"prescriptions/{uuid.uuid4()}", "PrescribingService/"
        raised = self._client.act(
            self._who, service + "RaisePrescription", grant, ("CONSULTATION_UNKNOWN",), name=name,
            consultation=item.consultation, cost_centre_ods=forms.COST_CENTRE, items=[forms.medicine()],
            override_recent_issue="A test of faults.",
        )  # fmt: skip
        grant = self._renewed(item, grant)
        prepared = self._client.act(self._who, service + "PreparePrescription", grant, name=name, etag=raised.etag)
        self._sign_and_issue(name, prepared)
        return grant

    def _sign_and_issue(self, name: str, prepared) -> None:
        """Signs what EPS prepared and issues it."""
        service = "PrescribingService/"
        signed = self._client.act(
            self._who, service + "SignPrescription", name=name, etag=prepared.etag,
            signature=self._signer.sign(prepared.digest), record_seen_source="GP_CONNECT", record_seen_time=now(),
        )  # fmt: skip
        try:
            self._client.act(self._who, service + "IssuePrescription", name=name, etag=signed.etag)
        except Refused as refused:
            # The same patient's other consultation was prescribed the same since this one was raised.
            if refused.answer.reason != "RECENTLY_ISSUED":
                raise
            method, seen = service + "IssuePrescription", "Another consultation's, seen."
            self._client.act(self._who, method, name=name, etag=signed.etag, override_recent_issue=seen)

    def _complete(self, item, grant: str, clinical: bool) -> None:
        treated, emergency = clinical and item.topic == TREATED, item.urgency == 3
        kind = 5 if not clinical else 2 if treated else 4 if emergency else 1
        end = time.monotonic() + 120
        while True:
            safe = {"safe_disposition": {"kind": "AMBULANCE_CALLED", "time": now()}} if emergency else {}
            seen = {"record_seen": {"source": "GP_CONNECT", "time": now()}} if clinical else {}
            try:
                self._client.act(
                    self._who, "AllocationService/Complete", grant, ("GUARD_UNREACHABLE",),
                    consultation=item.consultation, outcome={"kind": kind},
                    told={"time": now(), "channel": "PHONE"}, **seen, **safe,
                )  # fmt: skip
            except Refused as refused:
                answer = refused.answer
                if answer.reason != "OPEN_ACTIONS" or time.monotonic() > end:
                    raise
                grant, self._since = answer.metadata["grant"], time.monotonic()
                self._settle(item, grant, answer.preconditions)
                continue
            self.completed += 1
            return

    def _settle(self, item, grant: str, subjects: list[str]) -> None:
        """Settles what a completion found open: what EPS has not answered yet, and what an earlier holder left."""
        prescriptions = [subject for subject in subjects if subject.startswith("prescriptions/")]
        if len(prescriptions) < len(subjects):
            self._file(item, grant)
        for name in prescriptions:
            method = "PrescribingService/GetPrescription"
            found = self._client.read(self._who, method, grant, name=name).prescription
            if found.state in (1, 2, 3):
                try:
                    self._client.act(
                        self._who, "PrescribingService/VoidPrescription",
                        name=name, etag=found.etag, reason="Left by somebody who had to go.",
                    )  # fmt: skip
                except Refused as refused:
                    if refused.answer.reason not in ("ETAG_MISMATCH", "NOT_VOIDABLE"):
                        raise
            elif found.state == 4:
                self._client.stop.wait(0.5)


class Crew:
    """Threads that submit and work until told to stop; what ends one of them unexpectedly is kept."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._threads: list[threading.Thread] = []
        self.unexpected: list[str] = []
        self.closing, self.going = threading.Event(), threading.Event()

    def start(self, supply: Supply, desks: list[Desk], submitters: int, rate: float, rest: float = 0.8) -> None:
        """Starts everybody; `rate` is how many submissions a second are offered."""
        for _ in range(submitters):
            self._run(lambda: self._submit(supply, submitters / rate))
        for desk in desks:
            self._run(lambda desk=desk: self._work(desk, rest))

    def _run(self, act) -> None:
        def guarded() -> None:
            while not self.going.is_set():
                try:
                    act()
                    return
                except Exception as error:  # noqa: BLE001 - whatever it is, it must not be lost
                    self.unexpected.append(f"{type(error).__name__}: {error}")
                    self.going.wait(1)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _submit(self, supply: Supply, every: float) -> None:
        due = time.monotonic()
        while not self.closing.is_set():
            supply.one()
            due = max(due + every, time.monotonic())
            self.closing.wait(max(0.0, due - time.monotonic()))

    def _work(self, desk: Desk, rest: float) -> None:
        while not self.going.is_set():
            if not desk.one():
                self.going.wait(rest)

    def stop_submitting(self) -> None:
        """No more comes in; what is there is worked off."""
        self.closing.set()

    def send_home(self) -> None:
        """Everybody finishes what they are at, and goes."""
        self.closing.set()
        self.going.set()
        for thread in self._threads:
            thread.join(120)


def reader(client: Client, supply: Supply, crew: Crew, seed: int) -> None:
    """An auditor who reads timelines and the checkpoint all the time."""
    pick = random.Random(seed)
    while not crew.closing.is_set():
        method, fields = "AuditService/GetCheckpoint", {}
        if supply.submitted and pick.random() < 0.7:
            method, fields = "AuditService/GetTimeline", {"consultation": pick.choice(supply.submitted)}
        number = client.journal.number()
        client.journal.note("read", n=number, service="audit", method=method)
        answer = client.once("auditor", method, client.request(method, **fields))
        client.journal.note("answer", n=number, code=answer.code, reason=answer.reason)
        if answer.code in AMBIGUOUS:
            crew.closing.wait(0.1)
