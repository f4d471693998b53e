"""Failures of every service's database with marks in the rows concerned, and an event with marks that nobody can read.

A violated constraint quotes the row in its detail, and a reader's words quote what it could not read: both are errors that
a service sees, and may write down. The superuser of the suite's own cluster provokes them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from fixture import ALLOCATION, INTAKE, PRESCRIBING, WRITEBACK, new
from receiver import Receiver
from sql import psql
from story import Storyteller, until
from suite import Suite
from wire import Answer

ACCEPTED = "ehub.intake.event.v1.ConsultationAccepted"
# Who reads the id in an acceptance, and has to refuse one that bears none.
READERS = ("allocation", "writeback", "prescribing")
UNAPPLIED = b"an event cannot be applied"
NAME = "canary"


class Spoiler:
    """Spoils what a suite has stored, and puts it right again."""

    def __init__(self, suite: Suite, receiver: Receiver, teller: Storyteller) -> None:
        self.suite, self.receiver, self.teller = suite, receiver, teller

    def sql(self, service: str, statement: str) -> str:
        """A statement by the superuser, whose own words stay out of the server's log."""
        database = self.suite.world["databases"][service].rsplit("/", 1)[1].split("?")[0]
        url = self.suite.postgres("url").rsplit("/", 1)[0] + "/" + database
        command = [psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, url]
        environment = os.environ | {"PGOPTIONS": "-c log_min_error_statement=panic"}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    @contextmanager
    def forbidding(self, service: str, table: str, column: str) -> Iterator[None]:
        """While it lasts, no row with the mark in a column is taken."""
        check = f"check ({column}::text not like '%{self.teller.canary}%') not valid"
        self.sql(service, f"alter table {table} add constraint {NAME} {check}")
        try:
            yield
        finally:
            self.sql(service, f"alter table {table} drop constraint {NAME}")

    @contextmanager
    def rewriting(self, service: str, table: str, when: str, act: str) -> Iterator[None]:
        """While it lasts, new rows of a kind are changed as they are written."""
        body = f"create function public.{NAME}() returns trigger language plpgsql as $$ begin {act}; return new; end $$"
        trigger = f"create trigger {NAME} before insert on {table} for each row when ({when}) execute function public.{NAME}()"
        self.sql(service, f"{body}; {trigger}")
        try:
            yield
        finally:
            self.sql(service, f"drop trigger {NAME} on {table}; drop function public.{NAME}()")

    def answered(self, method: str, request, grant: str | None, persona: str = "gp-anna") -> Answer:
        """What a call gets once its service has heard of the consultation."""
        found: list[Answer] = []

        def settled() -> bool:
            found.append(self.teller.call(method, request, persona, grant))
            return found[-1].code != "UNAVAILABLE"

        until(settled)
        return found[-1]

    def failures(self) -> dict[str, Answer]:
        """Calls that meet a failing database, each of which has to be answered INTERNAL."""
        teller, found = self.teller, {}
        submit, get = (f"{INTAKE}.IntakeService/{name}" for name in ("SubmitConsultation", "GetConsultation"))
        with self.forbidding("intake", "intake.consultation", "content"):
            found["intake: a refused row"] = teller.call(submit, teller.submission(), "supplier")
        name, grant = teller.item()
        self.spoil("intake", "intake.consultation", "content", "{restricted}", f"id = '{name.rpartition('/')[2]}'")
        found["intake: an unreadable row"] = teller.call(get, teller.request(get, name=name), "gp-anna", grant)

        name, grant = teller.item()
        filing = teller.filing(name)
        file, read = (f"{WRITEBACK}.WritebackService/{name}" for name in ("FileEntry", "GetEntry"))
        with self.forbidding("writeback", "writeback.entry_version", "content"):
            refused = found["writeback: a refused row"] = self.answered(file, filing, grant)
        entry = filing.name if refused.ok else teller.filed(name, grant).name
        self.spoil("writeback", "writeback.entry_version", "content", "{items}", f"entry = '{entry.rpartition('/')[2]}'")
        found["writeback: an unreadable row"] = teller.call(read, teller.request(read, name=entry), "gp-anna", grant)
        raising = f"{PRESCRIBING}.PrescribingService/RaisePrescription"
        with self.forbidding("prescribing", "prescribing.prescription", "override_recent_issue"):
            found["prescribing: a refused row"] = self.answered(raising, teller.raising(name), grant)
        back = f"{ALLOCATION}.AllocationService/PassBack"
        request = teller.request(back, request_id=new(), consultation=name, reason="Moved: " + teller.canary)
        with self.forbidding("allocation", "allocation.work_item", "transfer_reason"):
            found["allocation: a refused row"] = self.answered(back, request, grant)
        return found

    def spoil(self, service: str, table: str, column: str, path: str, where: str) -> None:
        """Puts the mark where a JSON document holds something that is no text."""
        value = f"jsonb_set({column}, '{path}', to_jsonb('{self.teller.canary}'::text))"
        self.sql(service, f"update {table} set {column} = {value} where {where}")

    def unapplied(self) -> list[str]:
        """Audit cannot store an event: the row it is refused with bears the mark."""
        log = self.suite.run / "audit.log"
        before, mark = log.stat().st_size, self.teller.canary
        with self.rewriting("audit", "audit.event", "new.client = 'supplier'", f"new.detail := '{mark}'"):
            with self.forbidding("audit", "audit.event", "detail"):
                self.teller.submitted()
                met = until(lambda: UNAPPLIED in log.read_bytes()[before:])
        return [] if met else ["audit: a refused row: no event met the failing database"]

    def dead_letters(self) -> list[str]:
        """An acceptance whose id is the mark: every reader refuses it until it is a dead letter."""
        id_, mark = "convert_to(new.consultation::text, 'utf8')", f"convert_to(rpad('{self.teller.canary}', 36, 'x'), 'utf8')"
        swapped = f"replace(encode(new.body, 'hex'), encode({id_}, 'hex'), encode({mark}, 'hex'))"
        with self.rewriting("intake", "ehub.outbox", f"new.kind = '{ACCEPTED}'", f"new.body := decode({swapped}, 'hex')"):
            self.teller.submitted()
        self.receiver.wait(lambda _: not self.alive(), 60)
        return [f"{reader}: what nobody can read is no dead letter" for reader in self.alive()]

    def alive(self) -> list[str]:
        """The readers for whom intake tells no dead letter."""
        dead = set()
        for point in self.receiver.arrived.points.copy().values():
            about = dict(point.attributes)
            if (point.service, point.name) == ("intake", "ehub.outbox.streams") and about["ehub.state"] == "dead" and point.value:
                dead.add(about["ehub.destination"])
        return sorted(set(READERS) - dead)
