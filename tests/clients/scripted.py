"""An eHub that plays a script: refusals and breaks at exact moments, and a note of how the client took them."""

from __future__ import annotations

import http.server
import json
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))
import contract as compiled  # noqa: E402

WAIT = 1.2
WATCH = "/ehub.allocation.v1.AllocationService/Watch"
SUBMIT = "/ehub.intake.v1.IntakeService/SubmitConsultation"


def status(code: str, reason: str, domain: str, *details) -> grpc.Status:
    """A refusal as eHub makes it."""
    packed = []
    for detail in (error_details_pb2.ErrorInfo(reason=reason, domain=domain), *details):
        one = any_pb2.Any()
        one.Pack(detail)
        packed.append(one)
    return rpc_status.to_status(status_pb2.Status(code=code_pb2.Code.Value(code), message="scripted", details=packed))


def later(seconds: float) -> error_details_pb2.RetryInfo:
    """When to come again."""
    delay = Duration()
    delay.FromMilliseconds(int(seconds * 1000))
    return error_details_pb2.RetryInfo(retry_delay=delay)


class Scripted(grpc.GenericRpcHandler):
    """Serves the two methods of the script, every service on one port."""

    def __init__(self, folder: Path) -> None:
        self._contract = compiled.load()
        self.arrivals: dict[str, list[tuple[float, bytes]]] = {WATCH: [], SUBMIT: []}
        self.ends: dict[str, list[float]] = {WATCH: [], SUBMIT: []}
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers([self])
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Beside)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        beside = "http://127.0.0.1:%d" % self._http.server_port
        addresses = {name: {"grpc": f"http://127.0.0.1:{port}"} for name in ("intake", "allocation")}
        self.world = folder / f"scripted-{port}.json"
        self.world.write_text(json.dumps({"services": addresses, "issuer": beside, "demographics": beside}))

    def close(self) -> None:
        """Ends it."""
        self._server.stop(None)
        self._http.shutdown()
        self.world.unlink()

    def service(self, details):
        """The handler of a method."""
        if details.method == WATCH:
            return grpc.unary_stream_rpc_method_handler(self._watch)
        if details.method == SUBMIT:
            return grpc.unary_unary_rpc_method_handler(self._submit)
        return None

    def _note(self, method: str, request: bytes) -> int:
        self.arrivals[method].append((time.monotonic(), request))
        return len(self.arrivals[method])

    def _watch(self, request: bytes, context):
        messages, work = self._contract.allocation, self._contract.work_item
        nth = self._note(WATCH, request)

        def item(letter: str) -> bytes:
            one = work.WorkItem(consultation=f"consultations/{letter}", topic="scripted")
            return messages.WatchResponse(item=one).SerializeToString()

        beat = messages.WatchResponse(heartbeat=messages.Heartbeat()).SerializeToString()
        reset = messages.WatchResponse(reset=messages.Reset()).SerializeToString()
        gone = messages.WatchResponse(gone="consultations/d").SerializeToString()
        script = {1: [item("a"), item("b"), beat, reset, item("b"), beat], 2: [item("c"), beat], 3: [item("d"), beat, gone, beat]}
        yield from script[nth]
        self.ends[WATCH].append(time.monotonic())
        if nth == 1:
            context.abort_with_status(status("UNAVAILABLE", "STOPPING", "server.ehub", later(WAIT)))
        if nth == 2:
            context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
        context.abort_with_status(status("PERMISSION_DENIED", "SCOPE_MISSING", "auth.ehub"))

    def _submit(self, request: bytes, context) -> bytes:
        nth = self._note(SUBMIT, request)
        self.ends[SUBMIT].append(time.monotonic())
        if nth == 1:
            context.abort_with_status(status("RESOURCE_EXHAUSTED", "OVERLOADED", "server.ehub", later(WAIT)))
        if nth == 2:
            violations = error_details_pb2.BadRequest()
            violations.field_violations.add(field="content.answers[3].answer", description="is required")
            violations.field_violations.add(field="patient.phone", description="must have at most 40 characters")
            context.abort_with_status(status("INVALID_ARGUMENT", "INVALID_FIELDS", "server.ehub", violations))
        context.abort_with_status(status("INTERNAL", "INTERNAL", "server.ehub"))


class _Beside(http.server.BaseHTTPRequestHandler):
    """The token endpoint and demographics of the script."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps({"access_token": "scripted", "expires_in": 300}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass
