"""A real OTLP receiver over gRPC: takes every signal, keeps it as data, and can be slow or silent on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

SIGNALS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": ("traces", trace),
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": ("metrics", metrics),
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": ("logs", logs),
}
KINDS = {0: "unspecified", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


@dataclass(frozen=True)
class Span:
    """A span as it arrived."""

    service: str
    scope: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    attributes: dict
    links: tuple[tuple[str, str], ...]
    error: bool


@dataclass(frozen=True)
class Point:
    """One series of a metric, as it stood when it arrived."""

    service: str
    name: str
    unit: str
    kind: str
    description: str
    attributes: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True)
class Log:
    """A log record as it arrived."""

    service: str
    body: str
    severity: str
    trace: str
    span: str
    attributes: dict


@dataclass
class Arrived:
    """Everything that has arrived."""

    spans: list[Span] = field(default_factory=list)
    points: dict[tuple, Point] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    resources: dict[str, dict] = field(default_factory=dict)
    raw: list[tuple[str, bytes]] = field(default_factory=list)


class Receiver(grpc.GenericRpcHandler):
    """Answers at once, or, by signal, after `delay` seconds, or, when that is `None`, never."""

    def __init__(self, delay: dict[str, float | None] | None = None, port: int = 0) -> None:
        self.delay = delay or {}
        self.arrived = Arrived()
        self.attempts = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        options = [("grpc.max_receive_message_length", 64 << 20)]
        self._server = grpc.server(futures.ThreadPoolExecutor(96), options=options)
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self.address = f"http://127.0.0.1:{self.port}"
        self._server.start()

    def close(self) -> None:
        """Ends, letting go of whom it kept waiting."""
        self._closing.set()
        self._server.stop(0.2).wait()

    def service(self, handler_call_details):
        """Every signal's one method."""
        found = SIGNALS.get(handler_call_details.method)
        if found is None:
            return None
        signal, module = found
        return grpc.unary_unary_rpc_method_handler(lambda body, _context: self._take(signal, module, body))

    def _take(self, signal: str, module, body: bytes) -> bytes:
        with self._changed:
            self.attempts += 1
        delay = self.delay.get(signal, 0.0)
        if delay is None or delay > 0:
            self._closing.wait(delay)
        request = getattr(module, f"Export{signal.removesuffix('s').capitalize()}ServiceRequest", None)
        request = (request or getattr(module, f"Export{signal.capitalize()}ServiceRequest"))()
        request.ParseFromString(body)
        with self._changed:
            self.arrived.raw.append((signal, body))
            {"traces": self._spans, "metrics": self._points, "logs": self._logs}[signal](request)
            self._changed.notify_all()
        return b""

    def wait(self, condition: Callable[[Arrived], object], limit: float = 60):
        """What `condition` gives once it gives something true; or what it gives at the end of its time."""
        end = time.monotonic() + limit
        with self._changed:
            while True:
                found = condition(self.arrived)
                left = end - time.monotonic()
                if found or left <= 0:
                    return found
                self._changed.wait(min(left, 1))

    def snapshot(self) -> Arrived:
        """What has arrived so far."""
        with self._changed:
            now = self.arrived
            return Arrived(list(now.spans), dict(now.points), list(now.logs), dict(now.resources), list(now.raw))

    def _service_of(self, resource) -> str:
        about = values(resource.attributes)
        name = str(about.get("service.name", ""))
        self.arrived.resources[name] = about
        return name

    def _spans(self, request) -> None:
        for group in request.resource_spans:
            service = self._service_of(group.resource)
            for scope in group.scope_spans:
                for one in scope.spans:
                    links = tuple((link.trace_id.hex(), link.span_id.hex()) for link in one.links)
                    self.arrived.spans.append(
                        Span(service, scope.scope.name, one.name, KINDS[one.kind], one.trace_id.hex(), one.span_id.hex(),
                             one.parent_span_id.hex(), one.start_time_unix_nano, one.end_time_unix_nano,
                             values(one.attributes), links, one.status.code == 2)
                    )  # fmt: skip

    def _points(self, request) -> None:
        for group in request.resource_metrics:
            service = self._service_of(group.resource)
            for scope in group.scope_metrics:
                for one in scope.metrics:
                    self._metric(service, one)

    def _metric(self, service: str, metric) -> None:
        kind = metric.WhichOneof("data")
        data = getattr(metric, kind)
        if kind == "sum":
            kind = "counter" if data.is_monotonic else "updowncounter"
        for point in data.data_points:
            attributes = tuple(sorted((name, str(value)) for name, value in values(point.attributes).items()))
            if kind == "histogram":
                value = float(point.count)
            else:
                value = float(getattr(point, point.WhichOneof("value")))
            known = Point(service, metric.name, metric.unit, kind, metric.description, attributes, value)
            self.arrived.points[service, metric.name, attributes] = known

    def _logs(self, request) -> None:
        for group in request.resource_logs:
            service = self._service_of(group.resource)
            for scope in group.scope_logs:
                for one in scope.log_records:
                    body = str(value_of(one.body))
                    self.arrived.logs.append(
                        Log(service, body, one.severity_text, one.trace_id.hex(), one.span_id.hex(), values(one.attributes))
                    )


def values(pairs) -> dict:
    """Attributes as a dictionary of plain values."""
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value):
    """A plain value of OTLP's sum type."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None
