"""Marked names, numbers and texts are planted wherever data comes in, and sought wherever telemetry goes out."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

import grpc
from fixture import INTAKE
from messages import Report
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from receiver import Receiver
from sql import psql
from story import Storyteller, until
from suite import SERVICES, Suite
from wire import Answer

CONSTRAINT = "canary_topic"
SPOIL = "jsonb_set(content, '{restricted}', to_jsonb('%s'::text))"


class Hunt:
    """The needles, and everywhere they are sought."""

    def __init__(self, suite: Suite, receiver: Receiver, teller: Storyteller) -> None:
        self.suite, self.receiver, self.teller = suite, receiver, teller
        number = teller.nhs_number
        self.needles = [teller.canary, number, f"{number[:3]} {number[3:6]} {number[6:]}", "07700 900123", "07700900123"]
        self.needles.append(teller.canary.encode().hex())
        self.answers: list[Answer] = []
        self.failed: list[Answer] = []

    # Planting

    def plant(self) -> int:
        """Plants by gRPC, by MESH and in statements that fail; how many refusals that made."""
        self.answers = self.teller.refused()
        self.teller.unreadable()
        report = Report(self.teller.nhs_number, self.teller.canary, text="Stiff. " + self.teller.canary)
        self.teller.mesh.send(report.xml())
        self.teller.mesh.send(Report(self.teller.canary, self.teller.canary, practice="ZZ999" + self.teller.canary).xml())
        self.failed = [self.violated(), self.unreadable_row()]
        self.answers += self.failed
        return len(self.answers)

    def planted(self) -> list[str]:
        """Whether what was planted went as deep as it was meant to."""
        wrong = [f"a planted failure was answered {one}, not INTERNAL" for one in self.failed if one.code != "INTERNAL"]
        landed = "select count(*) from intake.landed_message where state = 'LANDED'"
        if not until(lambda: self.sql("intake", landed) == "0"):
            wrong.append("messages with marks still wait to be read")
        for state in ("ACCEPTED", "QUARANTINED"):
            if self.sql("intake", f"select count(*) from intake.landed_message where state = '{state}'") == "0":
                wrong.append(f"no message with marks became {state}")
        return wrong

    def sql(self, service: str, statement: str) -> str:
        """A statement by the superuser of the suite's own cluster."""
        database = self.suite.world["databases"][service].rsplit("/", 1)[1].split("?")[0]
        url = self.suite.postgres("url").rsplit("/", 1)[0] + "/" + database
        command = [psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, url]
        environment = os.environ | {"PGOPTIONS": "-c log_min_error_statement=panic"}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def violated(self) -> Answer:
        """A submission that the database refuses because of its content: the detail of such an error quotes the row."""
        self.sql("intake", f"alter table intake.consultation add constraint {CONSTRAINT} check (topic <> 'back-pain') not valid")
        try:
            return self.teller.call(f"{INTAKE}.IntakeService/SubmitConsultation", self.teller.submission(), "supplier")
        finally:
            self.sql("intake", f"alter table intake.consultation drop constraint {CONSTRAINT}")

    def unreadable_row(self) -> Answer:
        """A read of a row that does not read as what it should be: the parser's words quote what it found."""
        name = self.teller.submitted()
        grant = self.teller.claimed(name)
        identifier = name.removeprefix("consultations/")
        self.sql("intake", f"update intake.consultation set content = {SPOIL % self.teller.canary} where id = '{identifier}'")
        get = f"{INTAKE}.IntakeService/GetConsultation"
        return self.teller.call(get, self.teller.request(get, name=name), "gp-anna", grant)

    # Seeking

    def places(self) -> dict[str, bytes]:
        """Everything that telemetry, logs and errors say, by place."""
        found: dict[str, list[bytes]] = {}
        for signal, body in self.receiver.snapshot().raw:
            found.setdefault(f"exported {signal}", []).append(body)
        for service in SERVICES:
            found[f"{service}'s log"] = [(self.suite.run / f"{service}.log").read_bytes()]
        found["PostgreSQL's log"] = [path.read_bytes() for path in self.server_logs()]
        said = [f"{one.message} {one.fields} {one.metadata} {one.trailers} {one.headers}".encode() + one.raw for one in self.answers]
        found["gRPC errors"] = said
        return {place: b"\n".join(parts) for place, parts in found.items()}

    def server_logs(self) -> list[Path]:
        """Where the suite's own PostgreSQL writes."""
        data = Path(self.suite.postgres("data"))
        return sorted(data.glob("log/*.log")) + [path for path in [data / "server.log"] if path.exists()]

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
        """Plants a leak in each kind of place and says which were not found: a search that cannot fail proves nothing."""
        leak = "Leak" + secrets.token_hex(6)
        self.export(leak)
        self.sql("intake", f"do $$ begin raise log 'planted {leak}'; end $$")
        with (self.suite.run / "intake.log").open("a") as log:
            log.write('{"message":"planted ' + leak + '"}\n')
        self.answers.append(Answer("INTERNAL", message=leak))
        kept, self.needles = self.needles, [leak]
        try:
            wanted = {"exported logs", "intake's log", "PostgreSQL's log", "gRPC errors"}
            missed = until(lambda: not (wanted - {hit.split(":")[0] for hit in self.hits()}), limit=20)
            return [] if missed else [f"a planted leak was found only in {[hit.split(':')[0] for hit in self.hits()]}"]
        finally:
            self.needles = kept

    def export(self, text: str) -> None:
        """Exports a log record, as a service that leaks would."""
        request = logs_service_pb2.ExportLogsServiceRequest()
        group = request.resource_logs.add()
        group.resource.attributes.add(key="service.name").value.string_value = "intake"
        group.scope_logs.add().log_records.add().body.string_value = text
        with grpc.insecure_channel(self.receiver.address.removeprefix("http://")) as channel:
            path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
            channel.unary_unary(path)(request.SerializeToString(), timeout=10)
