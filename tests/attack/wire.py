"""Calls with any bytes, and answers read to the last detail. Shares no code with eHub: the contract is compiled here."""

from __future__ import annotations

import atexit
import importlib
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import otlp
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_tools import protoc

# The shape of google.rpc.Status and its details; names are ours, numbers are Google's.
_DETAILS = """
syntax = "proto3";
package attackwire;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
message BadRequest { message V { string field = 1; string description = 2; } repeated V field_violations = 1; }
message PreconditionFailure { message V { string type = 1; string subject = 2; string description = 3; } repeated V violations = 1; }
message RetryInfo { google.protobuf.Duration retry_delay = 1; }
"""


HEALTH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
EXTRA = ("attackwire.proto", "attackotlp.proto")


class Contract:
    """The compiled contract: modules, methods, and the classes of their messages."""

    def __init__(self, root: Path) -> None:
        self._generated = Path(tempfile.mkdtemp(prefix="ehub-attack-"))
        atexit.register(shutil.rmtree, self._generated, ignore_errors=True)
        described = self._generated / "contract.binpb"
        (self._generated / "attackwire.proto").write_text(_DETAILS)
        (self._generated / "attackotlp.proto").write_text(otlp.SHAPE)
        protos = [str(path) for path in sorted((root / "proto/ehub").rglob("*.proto")) if "v1alpha1" not in str(path)]
        includes = [f"-I{root / 'proto'}", f"-I{self._generated}"]
        named = [str(Path(path).relative_to(root / "proto")) for path in protos]
        outputs = [f"--python_out={self._generated}", f"--descriptor_set_out={described}", "--include_source_info"]
        if protoc.main(["", *includes, _well_known(), *outputs, *named, *EXTRA]):
            sys.exit("the contract does not compile")
        sys.path.insert(0, str(self._generated))
        for name in [*named, *EXTRA]:
            importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        self.pool = descriptor_pool.Default()
        self._comments: dict[str, str] = {}
        described_set = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes())
        for file in described_set.file:
            self._read_comments(file)
        self.services = [
            f"{file.package}.{service.name}" for file in described_set.file for service in file.service
        ]

    def _read_comments(self, file) -> None:
        texts = {tuple(one.path): " ".join(one.leading_comments.split()) for one in file.source_code_info.location}

        def message(kind, path: tuple, prefix: str) -> None:
            for place, one in enumerate(kind.field):
                self._comments[f"{prefix}.{kind.name}.{one.name}"] = texts.get((*path, 2, place), "")
            for place, nested in enumerate(kind.nested_type):
                message(nested, (*path, 3, place), f"{prefix}.{kind.name}")

        for place, kind in enumerate(file.message_type):
            message(kind, (4, place), file.package)

    def comment(self, field) -> str:
        """What the contract says above a field, on one line."""
        return self._comments.get(field.full_name, "")

    def message(self, name: str, /, **fields):
        """A message by its full name."""
        return self.klass(name)(**fields)

    def klass(self, name: str):
        """The class of a message by its full name."""
        from google.protobuf import message_factory

        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def service(self, name: str):
        """The descriptor of a service."""
        return self.pool.FindServiceByName(name)


def _well_known() -> str:
    import grpc_tools

    return f"-I{Path(grpc_tools.__file__).parent / '_proto'}"


@dataclass
class Answer:
    """What a call got."""

    code: str
    message: str = ""
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: list[tuple[str, str]] = field(default_factory=list)
    preconditions: list[tuple[str, str]] = field(default_factory=list)
    retry: bool = False
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    # Who answered, where the path does not say it.
    service: str = ""
    # The trace of the call, by which its audit event is found.
    trace: str = ""

    @property
    def ok(self) -> bool:
        return self.code == "OK"

    @property
    def paths(self) -> list[str]:
        """The paths of the wrong fields."""
        return [path for path, _ in self.fields]

    @property
    def replayed(self) -> bool:
        """Whether it says, in its response metadata, that it was given before."""
        return self.headers.get("ehub-replayed") == "true"

    def same_as(self, other: Answer) -> bool:
        """Whether a caller could tell the two apart."""
        return (self.code, self.message, self.raw) == (other.code, other.message, other.raw)

    def __str__(self) -> str:
        return f"{self.code} {self.reason} {self.paths or self.message} {self.preconditions or str()}".rstrip()


class Wire:
    """Channels to the services' public ports."""

    def __init__(
        self, contract: Contract, addresses: dict[str, str], seen: list[tuple[str, Answer]] | None = None
    ) -> None:
        self.contract = contract
        options = [("grpc.max_send_message_length", 64 << 20), ("grpc.enable_retries", 0)]
        self._channels = {
            name: grpc.insecure_channel(address.removeprefix("http://"), options=options)
            for name, address in addresses.items()
        }
        self.seen: list[tuple[str, Answer]] = [] if seen is None else seen
        self.bytes_sent = 0

    def call(
        self, service: str, path: str, body, metadata=(), timeout: float = 30, stream: bool = False, seek=None
    ) -> Answer:
        """One call; a stream is read to its first message, or until one of what is sought was seen or time is over."""
        payload = body if isinstance(body, bytes) else body.SerializeToString()
        channel = self._channels[service]
        self.bytes_sent += len(payload)
        trace, metadata = traced(metadata)
        try:
            if stream:
                calling = channel.unary_stream(path)(payload, metadata=metadata, timeout=timeout)
                first = next(iter(calling), b"")
                headers = _pairs(calling.initial_metadata())
                rest = _sought(calling, first, seek) if seek is not None else b""
                calling.cancel()
                answer = Answer("OK", body=first + rest, headers=headers)
            else:
                got, calling = channel.unary_unary(path).with_call(payload, metadata=metadata, timeout=timeout)
                answer = Answer(
                    "OK",
                    body=got,
                    headers=_pairs(calling.initial_metadata()),
                    trailers=_pairs(calling.trailing_metadata()),
                )
        except grpc.RpcError as error:
            answer = self._refusal(error)
        answer.service, answer.trace = service, trace
        self.seen.append((path, answer))
        return answer

    def healthy(self, service: str) -> str:
        """What the service says of its own health: empty when all is well. Not a call that is judged."""
        try:
            body = self._channels[service].unary_unary(HEALTH)(b"", timeout=20, wait_for_ready=True)
        except grpc.RpcError as error:
            return f"health: {error.code().name}"
        return "" if body == SERVING else f"health: {body!r}"

    def _refusal(self, error) -> Answer:
        answer = Answer(error.code().name, message=error.details() or "", headers=_pairs(error.initial_metadata()))
        for name, value in error.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                answer.raw = value
                self._details(answer)
            elif isinstance(value, str):
                answer.trailers[name] = value
        return answer

    def _details(self, answer: Answer) -> None:
        status = self.contract.message("attackwire.Status")
        status.ParseFromString(answer.raw)
        for packed in status.details:
            kind = packed.type_url.rpartition(".")[2]
            if kind not in ("ErrorInfo", "BadRequest", "PreconditionFailure", "RetryInfo"):
                continue
            detail = self.contract.message("attackwire." + kind)
            detail.ParseFromString(packed.value)
            if kind == "ErrorInfo":
                answer.reason, answer.domain, answer.metadata = detail.reason, detail.domain, dict(detail.metadata)
            elif kind == "BadRequest":
                answer.fields += [(one.field, one.description) for one in detail.field_violations]
            elif kind == "PreconditionFailure":
                answer.preconditions += [(one.subject, one.description) for one in detail.violations]
            else:
                answer.retry = True


def _sought(calling, first: bytes, seek: list[bytes]) -> bytes:
    got = b""
    try:
        while not any(one in first + got for one in seek):
            got += next(calling)
    except (grpc.RpcError, StopIteration):
        pass
    return got


def traced(metadata) -> tuple[str, list[tuple[str, str]]]:
    """A new trace, and the metadata with it (W3C Trace Context)."""
    trace = secrets.token_hex(16)
    return trace, [*metadata, ("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")]


def _pairs(metadata) -> dict[str, str]:
    return {name: value for name, value in metadata or () if isinstance(value, str)}
