"""A real OTLP receiver for metrics: what each service has counted, by instrument and attributes."""

from __future__ import annotations

import threading
import time
from concurrent import futures

import grpc

# The parts of OpenTelemetry's metrics protocol that are read here; names are ours, numbers are the protocol's.
SHAPE = """
syntax = "proto3";
package attackotlp;
message Export { repeated Resource resource_metrics = 1; }
message Resource { About resource = 1; repeated Scope scope_metrics = 2; }
message About { repeated Pair attributes = 1; }
message Scope { repeated Metric metrics = 2; }
message Metric { string name = 1; Sum sum = 7; }
message Sum { repeated Point data_points = 1; int32 aggregation_temporality = 2; }
message Point { repeated Pair attributes = 7; fixed64 start = 2; fixed64 at = 3; sfixed64 as_int = 6; }
message Pair { string key = 1; Value value = 2; }
message Value { string string_value = 1; }
"""
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class Receiver(grpc.GenericRpcHandler):
    """Takes every signal and keeps the sums."""

    def __init__(self, contract) -> None:
        self._contract = contract
        self._lock = threading.Lock()
        self._sums: dict[tuple, int] = {}
        self._exports: dict[str, int] = {}
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, handler_call_details):
        """Every method: metrics are read, the rest is taken."""
        act = self._metrics if handler_call_details.method == METRICS else lambda _body, _context: b""
        return grpc.unary_unary_rpc_method_handler(act)

    def _metrics(self, body: bytes, _context) -> bytes:
        export = self._contract.message("attackotlp.Export")
        export.ParseFromString(body)
        with self._lock:
            for resource in export.resource_metrics:
                about = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                service = about.get("service.name", "").removeprefix("ehub-").removeprefix("ehub.")
                self._exports[service] = self._exports.get(service, 0) + 1
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        for point in metric.sum.data_points:
                            pairs = tuple(sorted((one.key, one.value.string_value) for one in point.attributes))
                            self._sums[service, metric.name, pairs] = point.as_int
        return b""

    def counts(self, name: str, key: str) -> dict[tuple[str, str], int]:
        """An instrument's sums by service and the value of one attribute."""
        found: dict[tuple[str, str], int] = {}
        with self._lock:
            for (service, metric, pairs), value in self._sums.items():
                if metric == name and (told := dict(pairs).get(key)) is not None:
                    found[service, told] = found.get((service, told), 0) + value
        return found

    def heard_of_all(self, services, patience: float = 60) -> None:
        """Waits until every service has exported what it counted until now."""
        end = time.monotonic() + patience
        with self._lock:
            before = dict(self._exports)
        while time.monotonic() < end:
            with self._lock:
                # The second export after now was begun after now.
                if all(self._exports.get(service, 0) >= before.get(service, 0) + 2 for service in services):
                    return
            time.sleep(0.1)
        raise RuntimeError(f"a service exports no metrics: {self._exports}")

    def stop(self) -> None:
        """Ends it."""
        self._server.stop(0.2)
