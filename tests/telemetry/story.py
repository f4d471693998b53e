"""One consultation's whole life through the public API, by a caller that is itself traced."""

from __future__ import annotations

import secrets
import time
import uuid

import grpc
from fixture import ALDER, ALLOCATION, AUDIT, INTAKE, PRESCRIBING, WRITEBACK, Fixture, new
from suite import Suite
from wire import Answer, Contract, Wire

ENDED = {"ENTRY_STATE_ACKNOWLEDGED", "ENTRY_STATE_NEEDS_ATTENTION", "ENTRY_STATE_SETTLED"}


class OneTrace(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Lets a call be of one trace: the first `traceparent` it was given."""

    def intercept_unary_unary(self, continuation, client_call_details, request):
        return continuation(self._once(client_call_details), request)

    def intercept_unary_stream(self, continuation, client_call_details, request):
        return continuation(self._once(client_call_details), request)

    @staticmethod
    def _once(details):
        metadata, traced = [], False
        for name, value in details.metadata or ():
            if name != "traceparent" or not traced:
                metadata.append((name, value))
            traced = traced or name == "traceparent"
        return details._replace(metadata=metadata)


class OwnWire(Wire):
    """A wire whose calls keep the trace their caller began."""

    def __init__(self, contract: Contract, addresses: dict[str, str]) -> None:
        super().__init__(contract, addresses)
        self._channels = {name: grpc.intercept_channel(one, OneTrace()) for name, one in self._channels.items()}


class Storyteller(Fixture):
    """The fixture of the attacks, whose calls bring a `traceparent`."""

    def __init__(self, suite: Suite, contract: Contract, canary: str) -> None:
        addresses = {name: one["grpc"] for name, one in suite.world["services"].items()}
        super().__init__(suite, contract, OwnWire(contract, addresses), canary)
        self.traceparent: str | None = None

    def bearer(self, persona: str, grant: str | None = None) -> list[tuple[str, str]]:
        """Metadata of a persona's call, with the caller's place in its trace."""
        traced = [("traceparent", self.traceparent)] if self.traceparent else []
        return super().bearer(persona, grant) + traced

    def call(self, method: str, request, persona: str, grant: str | None = None) -> Answer:
        """A call that may take long: here it matters what is told of it, not when it ends."""
        path, metadata = "/" + method, self.bearer(persona, grant)
        return self.wire.call(method.split(".")[1], path, request, metadata, timeout=60)

    def must(self, method: str, request, persona: str, grant: str | None = None, patience: float = 150):
        """As the fixture's, with the patience a busy machine needs."""
        return super().must(method, request, persona, grant, patience)

    def traced(self) -> tuple[str, str]:
        """Begins a trace of the caller's own; its trace id and the caller's span id."""
        trace, span = secrets.token_hex(16), secrets.token_hex(8)
        self.traceparent = f"00-{trace}-{span}-01"
        return trace, span

    def submitted_traced(self) -> tuple[str, str]:
        """One more submission in a trace of its own; its trace id and the caller's span id."""
        trace, span = self.traced()
        self.submitted()
        self.traceparent = None
        return trace, span

    def answered(self, method: str, persona: str, grant: str | None = None, /, **fields):
        """A call that has to succeed, by its parts."""
        return self.must(method, self.request(method, **fields), persona, grant)

    def tell(self) -> dict:
        """Submits, claims, reads, files, prescribes, signs, issues, completes. What it was about."""
        self.known_to_demographics()
        trace, span = self.traced()
        consultation = self.submitted()
        self.traceparent = None
        grant = self.claimed(consultation)
        self.answered(f"{INTAKE}.IntakeService/GetConsultation", "gp-anna", grant, name=consultation)
        entry = self.filed(consultation, grant)
        prescription = self.issued(consultation, grant)
        self.completed(consultation, grant)
        return {
            "consultation": consultation.removeprefix("consultations/"),
            "trace": trace,
            "span": span,
            "entry": entry.name,
            "prescription": prescription,
        }

    def issued(self, consultation: str, grant: str) -> str:
        """A prescription from raised to issued; its name."""
        raised = self.raised(consultation, grant)
        prepared = self.prepared(raised, grant)
        sign = f"{PRESCRIBING}.PrescribingService/SignPrescription"
        signed = self.must(sign, self.signing(prepared), "gp-anna", grant)
        issue = f"{PRESCRIBING}.PrescribingService/IssuePrescription"
        self.answered(issue, "gp-anna", grant, request_id=new(), name=raised.name, etag=signed.etag)
        return raised.name

    def completed(self, consultation: str, grant: str) -> None:
        """Closes it: advice given, by phone, the record seen."""
        complete = f"{ALLOCATION}.AllocationService/Complete"
        request = self.request(
            complete,
            request_id=new(),
            consultation=consultation,
            outcome={"kind": 1, "note": "Told " + self.canary},
            told={"time": self.at(-1), "channel": "PHONE"},
            record_seen={"source": "GP_CONNECT", "time": self.at(-5)},
        )
        self.must(complete, request, "gp-anna", grant)

    def quick_call(self) -> Answer:
        """A cheap call of a person, for latencies."""
        method = f"{ALLOCATION}.AllocationService/ListInbox"
        return self.call(method, self.request(method), "gp-anna")

    def timeline(self, consultation: str):
        """What audit tells of a consultation."""
        return self.answered(f"{AUDIT}.AuditService/GetTimeline", "auditor", None, consultation=f"consultations/{consultation}")

    def unreadable(self) -> None:
        """What MESH brings and nobody can read, with the canary in it; until it is in quarantine."""
        self.newly_quarantined()

    def refused(self) -> list[Answer]:
        """Calls that are refused, the canary in every field that can hold it."""
        canary, answers = self.canary, []
        submission = self.submission()
        submission.patient.nhs_number = "12" + canary
        submission.patient.birth_date = canary
        submission.practice_ods = canary
        submission.content.topic = canary + "?"
        answers.append(self.call(f"{INTAKE}.IntakeService/SubmitConsultation", submission, "supplier"))
        get = f"{INTAKE}.IntakeService/GetConsultation"
        for name in (f"consultations/{canary}", f"consultations/{uuid.uuid4()}"):
            answers.append(self.call(get, self.request(get, name=name), "gp-anna"))
        claim = f"{ALLOCATION}.AllocationService/ClaimItem"
        answers.append(self.call(claim, self.request(claim, request_id=canary, consultation=canary), "gp-anna"))
        filing = self.filing(f"consultations/{uuid.uuid4()}", name=f"entries/{canary}")
        answers.append(self.call(f"{WRITEBACK}.WritebackService/FileEntry", filing, "gp-anna"))
        raising = self.raising(f"consultations/{uuid.uuid4()}")
        raising.items[0].medicine_name = canary * 40
        raising.items[0].quantity = canary
        answers.append(self.call(f"{PRESCRIBING}.PrescribingService/RaisePrescription", raising, "gp-anna"))
        garbage = b"\xff\xfe" + canary.encode() * 20
        for path in (f"/{get}", f"/{INTAKE}.IntakeService/SubmitConsultation", f"/{canary}.Service/{canary}"):
            answers.append(self.wire.call("intake", path, garbage, self.bearer("supplier")))
        forged = [("authorization", f"Bearer {canary}"), ("x-note", canary), ("traceparent", canary)]
        answers.append(self.wire.call("intake", f"/{get}", self.request(get, name=canary), forged))
        grant = self.bearer("gp-anna") + [("ehub-grant", canary)]
        answers.append(self.wire.call("intake", f"/{get}", self.request(get, name=f"consultations/{new()}"), grant))
        return answers

    def entry_state(self, name: str, grant: str | None = None) -> str:
        """Where an entry stands."""
        get = f"{WRITEBACK}.WritebackService/GetEntry"
        entry = self.answered(get, "gp-anna", grant, name=name).entry
        return entry.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[entry.state].name


def until(condition, limit: float = 60, pause: float = 0.2):
    """What `condition` gives once it is true, or at the end of its time."""
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)


__all__ = ["ALDER", "ENDED", "Storyteller", "until"]
