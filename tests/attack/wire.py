"""Calls with any bytes, and answers read to the last detail. Shares no code with eHub: the contract is compiled here."""

from __future__ import annotations

import importlib
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf import descriptor_pool
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


class Contract:
    """The compiled contract: modules, methods, and the classes of their messages."""

    def __init__(self, root: Path) -> None:
        self._generated = Path(tempfile.mkdtemp(prefix="ehub-attack-"))
        (self._generated / "attackwire.proto").write_text(_DETAILS)
        protos = [str(path) for path in sorted((root / "proto/ehub").rglob("*.proto")) if "v1alpha1" not in str(path)]
        includes = [f"-I{root / 'proto'}", f"-I{self._generated}"]
        named = [str(Path(path).relative_to(root / "proto")) for path in protos]
        if protoc.main(["", *includes, _well_known(), f"--python_out={self._generated}", *named, "attackwire.proto"]):
            sys.exit("the contract does not compile")
        sys.path.insert(0, str(self._generated))
        for name in [*named, "attackwire.proto"]:
            importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        self.pool = descriptor_pool.Default()

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

    @property
    def ok(self) -> bool:
        return self.code == "OK"

    @property
    def paths(self) -> list[str]:
        """The paths of the wrong fields."""
        return [path for path, _ in self.fields]

    @property
    def replayed(self) -> bool:
        """Whether it says that it was given before."""
        return "true" in (self.headers.get("ehub-replayed"), self.trailers.get("ehub-replayed"))

    def same_as(self, other: Answer) -> bool:
        """Whether a caller could tell the two apart."""
        return (self.code, self.message, self.raw) == (other.code, other.message, other.raw)

    def __str__(self) -> str:
        return f"{self.code} {self.reason} {self.paths or self.message} {self.preconditions or str()}".rstrip()


class Wire:
    """Channels to the services' public ports."""

    def __init__(self, contract: Contract, addresses: dict[str, str]) -> None:
        self.contract = contract
        options = [("grpc.max_send_message_length", 64 << 20), ("grpc.enable_retries", 0)]
        self._channels = {
            name: grpc.insecure_channel(address.removeprefix("http://"), options=options)
            for name, address in addresses.items()
        }
        self.seen: list[tuple[str, Answer]] = []

    def call(self, service: str, path: str, body, metadata=(), timeout: float = 15, stream: bool = False) -> Answer:
        """One call; a stream is read to its first message."""
        payload = body if isinstance(body, bytes) else body.SerializeToString()
        channel = self._channels[service]
        try:
            if stream:
                calling = channel.unary_stream(path)(payload, metadata=list(metadata), timeout=timeout)
                first = next(iter(calling), b"")
                headers = _pairs(calling.initial_metadata())
                calling.cancel()
                answer = Answer("OK", body=first, headers=headers)
            else:
                got, calling = channel.unary_unary(path).with_call(payload, metadata=list(metadata), timeout=timeout)
                answer = Answer(
                    "OK",
                    body=got,
                    headers=_pairs(calling.initial_metadata()),
                    trailers=_pairs(calling.trailing_metadata()),
                )
        except grpc.RpcError as error:
            answer = self._refusal(error)
        self.seen.append((path, answer))
        return answer

    def _refusal(self, error) -> Answer:
        answer = Answer(error.code().name, message=error.details() or "")
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


def _pairs(metadata) -> dict[str, str]:
    return {name: value for name, value in metadata or () if isinstance(value, str)}
