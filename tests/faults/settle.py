"""Waits until everything that was set in motion has come to its end; says what has not."""

from __future__ import annotations

import time

from sql import DatabaseError, Databases

SUBSCRIBERS = """
    select count(*) as n from ehub.outbox_cursor c
      join ehub.outbox o on o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id)"""
OPEN = {
    "consultations without a closed item": (
        "allocation",
        "select count(*) as n from allocation.work_item where state in ('QUEUED', 'CLAIMED') and pool_kind = 'HUB'",
    ),
    "messages not read yet": ("intake", "select count(*) as n from intake.landed_message where state = 'LANDED'"),
    "acknowledgements on their way": (
        "intake",
        "select count(*) as n from intake.outbound_message where state in ('READY', 'SENDING')",
    ),
    "consultations on their way to allocation": (
        "intake",
        "select count(*) as n from intake.consultation where state in ('ACCEPTED', 'IN_PROGRESS')",
    ),
    "entries on their way": (
        "writeback",
        "select count(*) as n from writeback.entry where state in ('HELD', 'READY', 'SENT', 'DELIVERED')",
    ),
    "prescriptions being sent": (
        "prescribing",
        "select count(*) as n from prescribing.prescription where state = 'SENDING'",
    ),
    "events not in the log yet": ("audit", "select count(*) as n from audit.event where seq is null"),
    "leaves not signed yet": (
        "audit",
        "select (select count(*) from audit.leaf) - coalesce((select max(size) from audit.checkpoint), 0) as n",
    ),
    "no proof of no loss, or breaches in it": (
        "audit",
        "select count(*) filter (where in_transit > 0 or manifest_open > 0 or breaches <> '[]'::jsonb) as n from audit.no_loss",
    ),
}


# Somebody who looks for work leaves an audit event each time: these come to rest only when all have gone home.
LOG = ("events not in the log yet", "leaves not signed yet", "no proof of no loss, or breaches in it")


def pending(databases: Databases, looking: bool) -> dict[str, int]:
    """What has not come to its end, by name, and how many; while people are `looking`, what is theirs only."""
    found = {}
    for service in () if looking else ("intake", "allocation", "writeback", "prescribing", "audit"):
        for name, query in (
            ("events before a cursor", SUBSCRIBERS),
            ("streams held", "select count(*) as n from ehub.outbox_held"),
        ):
            found[f"{service}: {name}"] = int(databases.value(service, query))
    for name, (service, query) in OPEN.items():
        if not (looking and name in LOG):
            found[name] = int(databases.value(service, query))
    return {name: count for name, count in found.items() if count}


def settled(databases: Databases, patience: float, looking: bool = False) -> tuple[float, dict[str, int]]:
    """Waits until nothing is pending, twice in a row, as long as there is progress; how long that took and what was left."""
    began = progress = time.monotonic()
    quiet, left, least = 0, {"databases that answer": 0}, 1 << 60
    while time.monotonic() - progress < patience and time.monotonic() - began < 10 * patience:
        try:
            left = pending(databases, looking)
        except DatabaseError as error:
            left = {f"answers ({error})": 1}
        # What is slow on a machine that does much else is not stuck.
        if sum(left.values()) < least:
            least, progress = sum(left.values()), time.monotonic()
        quiet = 0 if left else quiet + 1
        if quiet == 2:
            break
        time.sleep(0.5)
    return time.monotonic() - began, left


def delivered(databases: Databases) -> dict[str, int]:
    """Which events have not reached their subscribers or their place in the log; whether lives are open does not matter."""
    left = pending(databases, looking=False)
    return {name: count for name, count in left.items() if "cursor" in name or "held" in name or name in LOG[:2]}
