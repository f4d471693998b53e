"""A small OTLP receiver: keeps the last value of each series of the gauges it was asked for, and drops all else."""

from __future__ import annotations

from concurrent import futures

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics

METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class Gauges(grpc.GenericRpcHandler):
    """Listens until closed."""

    def __init__(self, *names: str) -> None:
        self._names, self._values = set(names), {}
        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 64 << 20)])
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, handler_call_details):
        """Every signal's one method."""
        take = self._take if handler_call_details.method == METRICS else lambda _body, _context: b""
        return grpc.unary_unary_rpc_method_handler(take)

    def _take(self, body: bytes, _context) -> bytes:
        request = metrics.ExportMetricsServiceRequest.FromString(body)
        for metric in (m for group in request.resource_metrics for scope in group.scope_metrics for m in scope.metrics):
            if metric.name in self._names:
                for point in metric.gauge.data_points:
                    series = frozenset((pair.key, pair.value.string_value) for pair in point.attributes)
                    self._values[metric.name, series] = point.as_double or point.as_int
        return b""

    def values(self, name: str, **attributes: str) -> list[float]:
        """The values of the series that have these attributes; `ehub_state` stands for `ehub.state`."""
        wanted = {(key.replace("_", "."), value) for key, value in attributes.items()}
        return [value for (known, series), value in self._values.copy().items() if known == name and wanted <= series]

    def close(self) -> None:
        """Ends it."""
        self._server.stop(0)
