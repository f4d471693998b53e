"""Whether bad input stored, changed or took away a row, in any table of any service. Read from outside, by SQL."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sql import Sql
from suite import SERVICES, Suite

EVENT = "ehub.audit.event.v1.AccessRecorded"
# Tables that change by themselves or by every call, and why that is not what was asked to be stored.
BOOKKEEPING = {
    "ehub.inbox": "a note of the last version of each stream; every call's audit event is a stream of its own",
    "ehub.outbox_cursor": "how far each subscriber has been served, with the lease of who serves it",
    "ehub.outbox_held": "streams that wait for an earlier version, for moments, as events overtake each other",
    "ehub.access_freshness": "when access was last known to be complete, again every few seconds",
    "intake.status_attempt": "counts guesses at a reference, which is what a refused guess must do",
    "intake.trace_queue": "what waits to be looked up at demographics, leased and tried again",
    "audit.appender": "the lease of who appends to the log",
    "audit.divergence": "where a source and audit differ while events are on their way",
    "audit.no_loss": "the newest proof, computed again and again",
    "audit.walk": "how far that proof has compared each source",
}
# What is compared of tables in which a call of a known caller leaves its audit event: all but that event.
BUT_EVENTS = {
    "ehub.outbox": f"kind <> '{EVENT}'",
    "ehub.outbox_stream": f"stream in (select stream from ehub.outbox where kind <> '{EVENT}')",
}
# Audit's log grows by exactly those events (see `world.py`); what it held before, up to a number of leaves, stays.
LOG = {
    "audit.event": "seq < {leaves}",
    "audit.leaf": "seq < {leaves}",
    "audit.mention": "event_id in (select id from audit.event where seq < {leaves})",
    # Whoever names a consultation and is refused leaves an event, and it needs a key, whether there is such a one or not.
    "audit.subject_key": "consultation in (select m.consultation from audit.mention m join audit.event e on e.id = m.event_id"
    " where e.seq < {leaves})",
    "audit.node": "((place + 1) << level) <= {leaves}",
    "audit.checkpoint": "size <= {leaves}",
}
# Of these all is compared but a few columns, which background work writes: here, how far lifecycle traces were exported.
CONTENT = {"audit.consultation": ("exported_revision", "exported_digest", "examined_at")}
GROWN = {"every event that is no call's": f"audit.event where kind <> '{EVENT}'"}


@dataclass(frozen=True)
class Look:
    """Each table's rows as one number and one hash; how long audit's log was."""

    tables: dict[str, str]
    leaves: int


class Tables:
    """All of them."""

    def __init__(self, suite: Suite) -> None:
        self.sql = Sql(suite)
        self._named = {service: self._of(service) for service in SERVICES}
        there = {table for tables in self._named.values() for table in tables}
        self.stale = sorted({*BOOKKEEPING, *BUT_EVENTS, *LOG, *CONTENT} - there)

    def _of(self, service: str) -> list[str]:
        query = "select schemaname || '.' || relname from pg_stat_user_tables where relname not like '%\\_p_%' order by 1"
        return [row[0] for row in self.sql.rows(service, query) if not row[0].startswith("public.")]

    def named(self, service: str) -> list[str]:
        """The tables of a service that hold what was asked to be stored."""
        return [table for table in self._named[service] if table not in BOOKKEEPING]

    def rows(self, service: str, leaves: int) -> dict[str, str]:
        """What a service's tables hold: a row that was written again is another one, by its place and transaction."""
        parts = {table: table for table in self.named(service)}
        parts |= {table: f"{table} where {BUT_EVENTS[table]}" for table in parts if table in BUT_EVENTS}
        parts |= {table: f"{table} where {LOG[table].format(leaves=leaves)}" for table in parts if table in LOG}
        parts |= GROWN if service == "audit" else {}
        row = {name: "ctid::text || xmin::text" for name in parts}
        row |= {name: f"(to_jsonb(t) - array{[*columns]})::text" for name, columns in CONTENT.items() if name in parts}
        parts |= {name: f"{name} t" for name in CONTENT if name in parts}
        query = " union all ".join(
            f"select $${name}$$, count(*)::text || ' ' || coalesce(md5(string_agg({row[name]}, ' ' order by {row[name]})), '')"
            f" from {source}" for name, source in parts.items())
        return {f"{service}: {name}": said for name, said in self.sql.rows(service, query)}

    def look(self, leaves: int | None = None) -> Look:
        """All services' tables; of audit's log the leaves up to a number."""
        query = "select (select count(*) from audit.leaf), (select count(*) from audit.event)"
        there, events = map(int, self.sql.rows("audit", query)[0])
        upto = there if leaves is None else leaves
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            found = list(pool.map(lambda service: self.rows(service, upto), SERVICES))
        tables = {name: said for one in found for name, said in one.items()}
        # An event that is no leaf yet is not at rest.
        return Look(tables | {"": f"{there} of {events}"}, upto)

    def settled(self, leaves: int | None = None, patience: float = 60) -> Look:
        """The look once two of them, half a second apart, agree and every event is a leaf: what was begun is done."""
        before, end = self.look(leaves), time.monotonic() + patience
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self.look(leaves)
            there, _, events = now.tables[""].partition(" of ")
            if now.tables == before.tables and there == events:
                break
            before = now
        return now

    def changed(self, before: Look) -> list[str]:
        """Which tables are not what they were."""
        now = self.settled(before.leaves)
        return [
            f"{name}: {was.split()[0]} rows → {said.split()[0]}" + (", others" if was.split()[0] == said.split()[0] else "")
            for name, said in now.tables.items()
            if name and (was := before.tables.get(name, "0")) != said
        ]

    # By transaction

    def written_with(self, traces: set[str]) -> list[str]:
        """What the transactions that recorded these calls, all refused or replayed, wrote besides their audit event."""
        found = []
        for service in SERVICES:
            query = "select xid::text, kind, split_part(coalesce(traceparent, ''), '-', 2) from ehub.outbox"
            rows = [row for row in self.sql.rows(service, query) if row[2] in traces]
            found += [f"{service}: {kind}" for _, kind, _ in rows if kind != EVENT]
            ours = {str(int(xid) % 2**32) for xid, _, _ in rows}
            tables = [table for table in self._named[service] if table not in (*BUT_EVENTS, "intake.status_attempt")]
            query = " union all ".join(f"select distinct '{table}', xmin::text from {table}" for table in tables)
            found += [f"{service}: {table}" for table, xid in self.sql.rows(service, query) if xid in ours]
        return sorted(set(found))
