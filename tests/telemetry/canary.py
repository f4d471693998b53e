"""Marked names, numbers and texts are planted wherever data comes in, and sought wherever telemetry goes out."""

from __future__ import annotations

import secrets
from pathlib import Path

import badcalls
import grpc
from messages import Report
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from receiver import Receiver
from spoil import Spoiler
from story import Storyteller, until
from suite import SERVICES, Suite
from wire import Answer

# Fewer than this many generated refusals would be no flood.
FLOOD = 300
# Rows with marks that the databases are made to refuse: the server's log says so, without the row.
REFUSED = ("consultation", "entry_version", "prescription", "work_item", "event")


class Hunt:
    """The needles, and everywhere they are sought."""

    def __init__(self, suite: Suite, receiver: Receiver, teller: Storyteller) -> None:
        self.suite, self.receiver, self.teller = suite, receiver, teller
        self.spoiler = Spoiler(suite, receiver, teller)
        number = teller.nhs_number
        year, month, day = teller.birth_date.split("-")
        self.needles = [teller.canary, number, f"{number[:3]} {number[3:6]} {number[6:]}", "07700 900123", "07700900123"]
        self.needles += [teller.canary.encode().hex(), teller.birth_date, f"{day}/{month}/{year}"]
        self.answers: list[Answer] = []
        self.shallow: list[str] = []
        self.logged = len(self.server_log())

    # Planting

    def plant(self) -> dict[str, int]:
        """Plants by gRPC, by MESH, in statements that fail and in an event nobody can read; how much of each."""
        self.answers = self.teller.refused()
        bad = badcalls.make(self.teller)
        refused = sum(not one.ok for one in bad)
        if refused < FLOOD:
            self.shallow.append(f"only {refused} generated calls were refused")
        self.teller.unreadable()
        report = Report(self.teller.nhs_number, self.teller.canary, text="Stiff. " + self.teller.canary)
        self.teller.mesh.send(report.xml())
        self.teller.mesh.send(Report(self.teller.canary, self.teller.canary, practice="ZZ999" + self.teller.canary).xml())
        failed = self.spoiler.failures()
        self.shallow += [f"{name} was answered {one}, not INTERNAL" for name, one in failed.items() if one.code != "INTERNAL"]
        self.shallow += self.spoiler.unapplied() + self.spoiler.dead_letters()
        self.answers += [*bad, *failed.values()]
        return {"calls": len(self.answers), "answered": len(bad) - refused, "database_failures": len(failed) + 1}

    def planted(self) -> list[str]:
        """Whether what was planted went as deep as it was meant to."""
        wrong, sql = list(self.shallow), self.spoiler.sql
        landed = "select count(*) from intake.landed_message where state = 'LANDED'"
        if not until(lambda: sql("intake", landed) == "0"):
            wrong.append("messages with marks still wait to be read")
        for state in ("ACCEPTED", "QUARANTINED"):
            if sql("intake", f"select count(*) from intake.landed_message where state = '{state}'") == "0":
                wrong.append(f"no message with marks became {state}")
        told = self.server_log()[self.logged :].decode("utf-8", "replace")
        return wrong + [f"PostgreSQL tells of no refused {table}" for table in REFUSED if f'"{table}" violates' not in told]

    # Seeking

    def places(self) -> dict[str, bytes]:
        """Everything that telemetry, logs and errors say, by place."""
        found: dict[str, list[bytes]] = {}
        for signal, body in self.receiver.snapshot().raw:
            found.setdefault(f"exported {signal}", []).append(body)
        for service in SERVICES:
            found[f"{service}'s log"] = [(self.suite.run / f"{service}.log").read_bytes()]
        found["PostgreSQL's log"] = [self.server_log()]
        said = [f"{one.message} {one.fields} {one.metadata} {one.trailers} {one.headers}".encode() + one.raw for one in self.answers]
        found["gRPC errors"] = said
        return {place: b"\n".join(parts) for place, parts in found.items()}

    def server_log(self) -> bytes:
        """What the suite's own PostgreSQL has written; what grows stands at the end."""
        data = Path(self.suite.postgres("data"))
        paths = [data / "server.log", *sorted(data.glob("log/*.log"))]
        return b"".join(path.read_bytes() for path in paths if path.exists())

    def hits(self) -> list[str]:
        """Where a needle was found, with what stands around it."""
        found = []
        for place, text in self.places().items():
            lowered = text.lower()
            for needle in self.needles:
                at = lowered.find(needle.lower().encode())
                if at >= 0:
                    around = text[max(0, at - 80) : at + 40].decode("utf-8", "replace").replace("\n", "⏎")
                    found.append(f"{place}: {needle} in …{around}…")
        return found

    def sizes(self) -> dict[str, int]:
        """How many bytes were searched in each place."""
        return {place: len(text) for place, text in self.places().items()}

    def bites(self) -> list[str]:
        """Plants a leak in each kind of place and says where none was found: a search that cannot fail proves nothing."""
        leak = "Leak" + secrets.token_hex(6)
        leaking(self.receiver.address, leak)
        self.spoiler.sql("intake", f"do $$ begin raise log 'planted {leak}'; end $$")
        for service in SERVICES:
            with (self.suite.run / f"{service}.log").open("a") as log:
                log.write('{"message":"planted ' + leak + '"}\n')
        self.answers.append(Answer("INTERNAL", message=leak))
        kept, self.needles = self.needles, [leak]
        try:
            missed = lambda: sorted(self.places().keys() - {hit.split(":")[0] for hit in self.hits()})  # noqa: E731
            until(lambda: not missed(), limit=20)
            return [f"a leak planted in {place} was not found" for place in missed()]
        finally:
            self.needles = kept


def leaking(address: str, text: str) -> None:
    """Exports a log record, a span and a metric, each with a text in it, as a service that leaks would."""
    logs, spans = logs_service_pb2.ExportLogsServiceRequest(), trace_service_pb2.ExportTraceServiceRequest()
    metrics = metrics_service_pb2.ExportMetricsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = text
    span = spans.resource_spans.add().scope_spans.add().spans.add(name="leak", trace_id=b"1" * 16, span_id=b"1" * 8)
    span.attributes.add(key="leak").value.string_value = text
    point = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="leak").gauge.data_points.add(as_int=1)
    point.attributes.add(key="leak").value.string_value = text
    with grpc.insecure_channel(address.removeprefix("http://")) as channel:
        for name, request in (("logs", logs), ("trace", spans), ("metrics", metrics)):
            path = f"/opentelemetry.proto.collector.{name}.v1.{name.capitalize()}Service/Export"
            channel.unary_unary(path)(request.SerializeToString(), timeout=10)
