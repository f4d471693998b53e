"""gRPC calls as a careful front end makes them: one request id for one intent, repeated until the outcome is known."""

from __future__ import annotations

import hashlib
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
from bits import fields
from google.protobuf.json_format import MessageToDict
from journal import Journal
from wire import Contract

# After these the client does not know whether the service acted: it asks again with the same request id.
AMBIGUOUS = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL", "RESOURCE_EXHAUSTED", "ABORTED"}
RESENT_AT_MOST = 3
PACKAGES = {
    "IntakeService": "ehub.intake.v1",
    "AllocationService": "ehub.allocation.v1",
    "WritebackService": "ehub.writeback.v1",
    "PrescribingService": "ehub.prescribing.v1",
    "AuditService": "ehub.audit.v1",
}
OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # A client that sleeps for two minutes after a crash would measure itself.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Channels(dict):
    """Several connections to each service, any of them on demand."""

    def __init__(self, addresses: dict[str, str], each: int) -> None:
        super().__init__()
        for name, address in addresses.items():
            target = address.removeprefix("http://")
            self[name] = [grpc.insecure_channel(target, options=OPTIONS) for _ in range(each)]

    def __getitem__(self, name):
        return random.choice(super().__getitem__(name))

    def close(self) -> None:
        """Closes them all."""
        for channels in self.values():
            for channel in channels:
                channel.close()


@dataclass
class Answer:
    """What a call got; `reply` is the message of a good one."""

    code: str
    message: str = ""
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    preconditions: list[str] = field(default_factory=list)
    body: bytes = b""
    replayed: bool = False
    reply: object = None

    @property
    def ok(self) -> bool:
        return self.code == "OK"

    def __str__(self) -> str:
        return f"{self.code} {self.reason} {self.message} {self.preconditions or str()}".rstrip()


class Lines:
    """The way to the services' public ports."""

    def __init__(self, contract: Contract, addresses: dict[str, str], each: int = 3) -> None:
        self.contract = contract
        self._channels = Channels(addresses, each)

    def call(self, service: str, path: str, payload: bytes, metadata, timeout: float) -> Answer:
        """One call."""
        stub = self._channels[service].unary_unary(path)
        try:
            body, calling = stub.with_call(payload, metadata=list(metadata), timeout=timeout)
        except grpc.RpcError as error:
            return refusal(error)
        marks = [*(calling.initial_metadata() or ()), *(calling.trailing_metadata() or ())]
        return Answer("OK", body=body, replayed=("ehub-replayed", "true") in [tuple(mark) for mark in marks])

    def channel(self, service: str) -> grpc.Channel:
        """One of the connections to a service."""
        return self._channels[service]

    def close(self) -> None:
        """Hangs up."""
        self._channels.close()


def refusal(error) -> Answer:
    """A status with its details: google.rpc.Status holds Anys, of which ErrorInfo and PreconditionFailure are read."""
    answer = Answer(error.code().name, error.details() or "")
    raw = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    for number, packed in fields(raw):
        if number != 3:
            continue
        kind, value = (dict(fields(packed)).get(n, b"") for n in (1, 2))
        if kind.endswith(b"ErrorInfo"):
            for name, content in fields(value):
                if name == 1:
                    answer.reason = content.decode()
                elif name == 3:
                    entry = dict(fields(content))
                    answer.metadata[entry[1].decode()] = entry.get(2, b"").decode()
        elif kind.endswith(b"PreconditionFailure"):
            answer.preconditions += [dict(fields(one)).get(2, b"").decode() for _, one in fields(value)]
    return answer


class GaveUp(Exception):
    """The outcome of an intent was not known in all the time there was."""


class Refused(Exception):
    """A definite refusal."""

    def __init__(self, method: str, answer: Answer) -> None:
        super().__init__(f"{method}: {answer}")
        self.answer = answer


class Client:
    """A person or program that calls, with everything it does in the journal."""

    def __init__(self, lines: Lines, tokens, journal: Journal, seed: int = 0, resend: float = 0.0) -> None:
        self.lines, self.contract, self._tokens, self.journal = lines, lines.contract, tokens, journal
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.resend = resend
        self.stop = threading.Event()
        self._sending, self._sent = threading.Condition(), dict.fromkeys(PACKAGES, 0)

    def request(self, method: str, /, **fields):
        """A request message; `method` is `Service/Name`."""
        return self.contract.message(self._descriptor(method).input_type.full_name, **fields)

    def _descriptor(self, method: str):
        service, _, name = method.partition("/")
        return self.contract.service(f"{PACKAGES[service]}.{service}").methods_by_name[name]

    def once(self, who: str, method: str, request, grant: str = "", timeout: float = 10) -> Answer:
        """One call; the decoded response is the answer's `reply`."""
        metadata = [("authorization", "Bearer " + self._tokens(who))] + ([("ehub-grant", grant)] if grant else [])
        service = method.partition("/")[0]
        path = f"/{PACKAGES[service]}.{method}"
        name, payload = service.removesuffix("Service").lower(), request.SerializeToString()
        answer = self.lines.call(name, path, payload, metadata, timeout)
        if answer.ok:
            answer.reply = self.contract.message(self._descriptor(method).output_type.full_name)
            answer.reply.ParseFromString(answer.body)
        return answer

    def read(self, who: str, method: str, grant: str = "", patience: float = 60, **fields):
        """A read, repeated through outages; not in the journal."""
        end = time.monotonic() + patience
        request = self.request(method, **fields)
        while True:
            answer = self.once(who, method, request, grant)
            if answer.ok:
                return answer.reply
            if answer.code not in AMBIGUOUS:
                raise Refused(method, answer)
            self._pause(end, method)

    def act(self, who: str, method: str, grant: str | Callable[[], str] = "", wait_for=(), patience: float = 240, **fields):
        """A mutation under one request id until its outcome is known; reasons in `wait_for` pass by themselves.

        A grant that is a function is asked for before each attempt.
        """
        ask = grant if callable(grant) else lambda: grant
        request = self.request(method, request_id=str(uuid.uuid4()), **fields)
        number, service = self.journal.number(), method.partition("/")[0].removesuffix("Service").lower()
        meant = MessageToDict(request, preserving_proto_field_name=True)
        self.journal.note("intent", n=number, who=who, service=service, method=method, meant=meant)
        end, first = time.monotonic() + patience, True
        while True:
            if not first:
                self.journal.note("again", n=number, service=service)
            shown = ask()
            self._sends(method)
            answer, first = self.once(who, method, request, shown), False
            self._answered(number, method, answer)
            if answer.ok:
                for _ in range(self._times()):
                    self._resend(number, who, method, request, shown, answer)
                return answer.reply
            if answer.code not in AMBIGUOUS and answer.reason not in wait_for:
                raise Refused(method, answer)
            try:
                self._pause(end, method)
            except GaveUp:
                self.journal.note("gave_up", n=number)
                raise

    def _sends(self, method: str) -> None:
        with self._sending:
            self._sent[method.partition("/")[0]] += 1
            self._sending.notify_all()

    def next_act(self, name: str, patience: float) -> bool:
        """Waits until the next act is about to be sent to a service; whether there was one."""
        service = name.capitalize() + "Service"
        with self._sending:
            before = self._sent[service]
            return self._sending.wait_for(lambda: self._sent[service] > before, patience)

    def _answered(self, number: int, method: str, answer: Answer) -> None:
        facts = {"n": number, "code": answer.code}
        if answer.ok:
            got = MessageToDict(answer.reply, preserving_proto_field_name=True)
            got.get("claim", {}).pop("grant", None)
            facts |= {"got": got, "replayed": answer.replayed}
        else:
            facts |= {"reason": answer.reason, "says": answer.message[:200]}
        self.journal.note("answer", **facts)

    def _resend(self, number: int, who: str, method: str, request, grant: str, first: Answer) -> None:
        """The same call once more, as a client that lost the answer would: the answer must be the first one."""
        self.journal.note("again", n=number, service=method.partition("/")[0].removesuffix("Service").lower())
        self._sends(method)
        answer = self.once(who, method, request, grant)
        if answer.ok and getattr(answer.reply, "fenced", False) and not first.reply.fenced:
            # By then every service had been told: the one thing that a repeated call may say in another way.
            answer.reply.fenced = False
            answer.body = answer.reply.SerializeToString()
        digest = [hashlib.sha256(each.body).hexdigest() for each in (first, answer)] if answer.ok else []
        self.journal.note(
            "resent", n=number, code=answer.code, reason=answer.reason, replayed=answer.replayed,
            same=bool(digest) and digest[0] == digest[1],
        )  # fmt: skip

    def _times(self) -> int:
        """How often an act whose answer is known is sent again: with the chance `resend`, one to three times."""
        with self._lock:
            return self._random.randint(1, RESENT_AT_MOST) if self._random.random() < self.resend else 0

    def _pause(self, end: float, what: str) -> None:
        if time.monotonic() > end or self.stop.is_set():
            raise GaveUp(what)
        with self._lock:
            wait = self._random.uniform(0.05, 0.3)
        self.stop.wait(wait)
