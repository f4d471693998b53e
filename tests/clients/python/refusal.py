"""What a refusal says: the `google.rpc.Status` in the trailers, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# Metadata that lets its holder act is never printed or logged.
SECRET = ("grant",)
AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclass
class Refusal(Exception):
    """A call that did not succeed. Decide by `reason` and `domain`; the message is for people and may change."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: list[tuple[str, str]] = field(default_factory=list)
    preconditions: list[tuple[str, str]] = field(default_factory=list)
    retry_after: float | None = None

    @classmethod
    def of(cls, error: grpc.RpcError) -> Refusal:
        """Reads an error's details; one that never reached eHub has none."""
        refusal = cls(error.code(), error.details() or "")
        status = rpc_status.from_call(error)
        for packed in status.details if status else ():
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            failed, retry = error_details_pb2.PreconditionFailure(), error_details_pb2.RetryInfo()
            if packed.Unpack(info):
                refusal.reason, refusal.domain, refusal.metadata = info.reason, info.domain, dict(info.metadata)
            elif packed.Unpack(bad):
                refusal.fields = [(one.field, one.description) for one in bad.field_violations]
            elif packed.Unpack(failed):
                refusal.preconditions = [(one.subject, one.description) for one in failed.violations]
            elif packed.Unpack(retry):
                refusal.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
        return refusal

    @property
    def worth_repeating(self) -> bool:
        """Whether the very same request may succeed later: eHub says when, or nobody knows what became of it."""
        return self.retry_after is not None or self.code in AGAIN

    def __str__(self) -> str:
        lines = [f"refused {self.code.name} {self.reason} ({self.domain}): {self.message}"]
        lines += [f"  {path}: {wrong}" for path, wrong in self.fields]
        lines += [f"  {subject}: {wanted}" for subject, wanted in self.preconditions]
        lines += [f"  {key} = {value}" for key, value in sorted(self.metadata.items()) if key not in SECRET]
        return "\n".join(lines)
