"""What a group of bad input left behind: rows, audit events. Read from outside, by SQL."""

from __future__ import annotations

import time
from collections import Counter

from sql import Sql
from suite import SERVICES, Suite
from wire import Answer

# What every call writes, or background work does: not what was asked to be stored.
BOOKKEEPING = {
    "ehub.outbox", "ehub.outbox_stream", "ehub.outbox_cursor", "ehub.outbox_held", "ehub.inbox", "ehub.access_freshness",
    # A lease that runs out meanwhile opens its item again.
    "allocation.leg", "allocation.open_item",
    "ehub.access_version", "intake.status_attempt", "intake.page", "intake.trace_queue",
}
# Refusals before there is a call of a known caller; counted by the server, and without an audit event.
UNCALLED = {
    "TOKEN_INVALID", "METHOD_UNKNOWN", "NOT_GRPC", "MALFORMED_REQUEST", "MESSAGE_TOO_LARGE", "DEADLINE_MALFORMED",
    "DEADLINE_REQUIRED", "OVERLOADED",
}
EVENT = "ehub.audit.event.v1.AccessRecorded"
KEEPERS = tuple(name for name in SERVICES if name != "audit")


class World:
    """Counts of rows, and the audit events of a period."""

    def __init__(self, suite: Suite) -> None:
        self.sql = Sql(suite)
        self._tables = {service: self._named(service) for service in KEEPERS}
        self._since = self._known_events_at_rest()

    def _named(self, service: str) -> list[str]:
        found = self.sql.rows(
            service,
            "select schemaname || '.' || relname from pg_stat_user_tables where relname not like '%\\_p_%' order by 1",
        )
        return [row[0] for row in found if row[0] not in BOOKKEEPING and not row[0].startswith("public.")]

    def rows(self) -> dict[str, int]:
        """How many rows every table has that holds what was asked to be stored."""
        found = {}
        for service, tables in self._tables.items():
            query = " union all ".join(f"select '{table}', count(*)::text from {table}" for table in tables)
            found |= {f"{service}: {table}": int(count) for table, count in self.sql.rows(service, query)}
        return found

    def settled(self, patience: float = 60) -> dict[str, int]:
        """The counts once two looks, half a second apart, agree: what was begun before is done."""
        before, end = self.rows(), time.monotonic() + patience
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self.rows()
            if now == before:
                return now
            before = now
        return before

    # Audit

    def _known_events(self) -> Counter:
        query = f"select action, outcome, count(*) from audit.event where kind = '{EVENT}' group by 1, 2"
        return Counter({(action, outcome): int(count) for action, outcome, count in self.sql.rows("audit", query)})

    def _known_events_at_rest(self) -> Counter:
        """What audit knows once nothing more arrives of what was done before: the same four times in a row."""
        known, times = self._known_events(), 1
        while times < 4:
            time.sleep(0.5)
            now = self._known_events()
            times = times + 1 if now == known else 1
            known = now
        return known

    def audited(self, calls: list[tuple[str, Answer]], patience: float = 60) -> list[str]:
        """Whether every call of a known caller since the beginning has exactly one event; what differs."""
        wanted = expected(calls)
        end = time.monotonic() + patience
        while True:
            found = self._known_events()
            found.subtract(self._since)
            found = Counter({key: count for key, count in found.items() if count and not _of_our_own(*key)})
            if not differences(found, wanted) or time.monotonic() > end:
                break
            time.sleep(0.5)
        return differences(found, wanted)


def _of_our_own(action: str, outcome: str) -> bool:
    """What services ask of each other is theirs; what others are refused there is looked at."""
    return action.startswith("ehub.internal.") and outcome == "OK"


def differences(found: Counter, wanted: Counter) -> list[str]:
    """What is not as it should be.

    A call whose caller was told that time is over goes on, and its event says how it ended; one whose message had not
    come by then was no call, and has none.
    """
    said = []
    for action in sorted({action for action, _ in (*found, *wanted)}):
        late = wanted[action, "DEADLINE_EXCEEDED"]
        outcomes = sorted({outcome for one, outcome in (*found, *wanted) if one == action})
        if late:
            ended = sum(found[action, outcome] for outcome in ("OK", "DEADLINE_EXCEEDED"))
            all_of_them = wanted[action, "OK"] + late
            if not all_of_them - late <= ended <= all_of_them:
                said.append(f"{action} OK or late: {all_of_them} calls, {ended} events")
            outcomes = [outcome for outcome in outcomes if outcome not in ("OK", "DEADLINE_EXCEEDED")]
        for outcome in outcomes:
            if found[action, outcome] != wanted[action, outcome]:
                said.append(f"{action} {outcome}: {wanted[action, outcome]} calls, {found[action, outcome]} events")
    return said


def expected(calls: list[tuple[str, Answer]]) -> Counter:
    """The audit events of calls, by action and outcome."""
    wanted: Counter = Counter()
    for path, answer in calls:
        action = path.lstrip("/")
        if answer.reason in UNCALLED or not action.startswith("ehub.") or answer.code == "UNIMPLEMENTED":
            continue
        if answer.ok and action.startswith("ehub.internal."):
            continue
        if answer.ok:
            wanted[action, "REPLAYED" if answer.replayed else "OK"] += 1
        elif answer.reason:
            wanted[action, answer.reason] += 1
    return wanted
