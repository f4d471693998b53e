"""An OTLP receiver for one metric: how many calls each service refused for their token, by reason."""

from __future__ import annotations

import importlib
import sys
import tempfile
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
from grpc_tools import protoc

# The part of OpenTelemetry's metrics protocol that is read here; numbers are OpenTelemetry's, names are ours.
_SHAPE = """
syntax = "proto3";
package strangersotlp;
message Value { string text = 1; }
message Pair { string key = 1; Value value = 2; }
message Resource { repeated Pair attributes = 1; }
message Point { oneof number { double real = 4; sfixed64 whole = 6; } repeated Pair attributes = 7; }
message Sum { repeated Point points = 1; }
message Metric { string name = 1; Sum sum = 7; }
message Scope { repeated Metric metrics = 2; }
message Metrics { Resource resource = 1; repeated Scope scopes = 2; }
message Export { repeated Metrics metrics = 1; }
"""
REFUSED = "ehub.auth.refused"
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class Receiver(grpc.GenericRpcHandler):
    """Takes whatever is exported, and keeps the counter."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="ehub-strangers-"))
        (folder / "strangersotlp.proto").write_text(_SHAPE)
        if protoc.main(["", f"-I{folder}", f"--python_out={folder}", "strangersotlp.proto"]):
            raise RuntimeError("the shape of metrics does not compile")
        sys.path.insert(0, str(folder))
        self._export = importlib.import_module("strangersotlp_pb2").Export
        self._refused: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self,))
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, call):
        """Every method: an empty answer is a good one in all three protocols."""
        take = self._metrics if call.method == EXPORT else lambda *_: b""
        return grpc.unary_unary_rpc_method_handler(take)

    def _metrics(self, body: bytes, _) -> bytes:
        for metrics in self._export.FromString(body).metrics:
            names = {pair.key: pair.value.text for pair in metrics.resource.attributes}
            for metric in (metric for scope in metrics.scopes for metric in scope.metrics if metric.name == REFUSED):
                reasons: dict[str, int] = {}
                for point in metric.sum.points:
                    reason = next((pair.value.text for pair in point.attributes if "reason" in pair.key), "")
                    reasons[reason] = reasons.get(reason, 0) + int(point.whole or point.real)
                with self._lock:
                    self._refused[names.get("service.name", "")] = reasons
        return b""

    def refused(self, service: str) -> dict[str, int]:
        """What a service said last, by reason."""
        with self._lock:
            return dict(next((kept for name, kept in self._refused.items() if name.endswith(service)), {}))

    def until(self, service: str, number: int, patience: float = 30) -> int:
        """The count of all reasons, once it has reached a number or patience is at an end."""
        end = time.monotonic() + patience
        while sum(self.refused(service).values()) < number and time.monotonic() < end:
            time.sleep(0.1)
        return sum(self.refused(service).values())

    def close(self) -> None:
        """Stops."""
        self._server.stop(1)
