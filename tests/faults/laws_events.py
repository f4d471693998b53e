"""Every state change has its event, every subscriber has every event, versions have no gap."""

from __future__ import annotations

from collections import Counter, defaultdict

from bits import last as last_fields
from laws import Law
from sql import SERVICES, Databases

# Who tells whom; audit hears of everything.
SUBSCRIBERS = {
    "intake": ("allocation", "writeback", "prescribing", "audit"),
    "allocation": ("intake", "writeback", "prescribing", "audit"),
    "writeback": ("allocation", "audit"),
    "prescribing": ("writeback", "allocation", "audit"),
    "audit": ("audit",),
}


def delivery(databases: Databases) -> list[Law]:
    """Streams without gap at the source, and known to the last version at every subscriber."""
    whole = Law("versions of every stream are contiguous")
    caught_up = Law("every subscriber has had every event")
    parked = Law("no stream is parked, held or lost behind a cursor")
    inboxes = {
        service: {
            (row["source"], row["stream"]): int(row["version"])
            for row in databases.rows(service, "select source, stream, version from ehub.inbox")
        }
        for service in SERVICES
    }
    for source in SERVICES:
        streams = databases.rows(source, _STREAMS)
        for row in streams:
            good = row["n"] == row["last"] == row["kept"] and row["first"] == "1"
            whole.require(good, f"{source} {row['stream']}: {row}")
        for subscriber in SUBSCRIBERS[source]:
            for row in (row for row in streams if row["alone"] == "f"):
                known = inboxes[subscriber].get((source, row["stream"]), 0)
                caught_up.require(known == int(row["last"]), f"{source} to {subscriber} {row['stream']}: {known}")
        for row in databases.rows(source, _CURSORS):
            parked.require(row["behind"] == "0", f"{source} to {row['subscriber']}: {row['behind']} events to come")
        present = {row["subscriber"] for row in databases.rows(source, "select distinct subscriber from ehub.outbox_cursor")}
        parked.require(present == set(SUBSCRIBERS[source]), f"{source}: cursors of {sorted(present)}")
        for row in databases.rows(source, "select subscriber, stream, reason, dead from ehub.outbox_held"):
            parked.require(False, f"{source}: {row}")
    return [whole, caught_up, parked]


_STREAMS = """
    select o.stream, count(*) as n, min(o.version) as first, max(o.version) as last,
           coalesce(max(s.version), 1) as kept, bool_and(o.stream = o.event) as alone
      from ehub.outbox o left join ehub.outbox_stream s on s.stream = o.stream group by o.stream"""
_CURSORS = """
    select c.subscriber, count(o.id) as behind from ehub.outbox_cursor c
      left join ehub.outbox o on o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id) group by c.subscriber"""


def changes(databases: Databases) -> list[Law]:
    """State against the events that tell of it."""
    law = Law("every state change has its event")
    _counted(law, databases, "intake", "select id as key from intake.consultation", "ConsultationAccepted")
    closed = "select consultation as key from allocation.work_item where state = 'COMPLETED'"
    _counted(law, databases, "allocation", closed, "ConsultationCompleted")
    filed = "select e.consultation as key from writeback.entry_version v join writeback.entry e on e.id = v.entry"
    _counted(law, databases, "writeback", filed, "EntryFiled")
    states = "select id, state from prescribing.prescription"
    _last_state(law, databases, "prescribing", "PrescriptionMoved", _PRESCRIPTION_STATES, states)
    _last_state(law, databases, "writeback", "EntryMoved", _ENTRY_STATES, "select id, state from writeback.entry")
    person = "select consultation as key, count(*) as n from allocation.leg where holder_kind = 'PERSON' group by 1"
    legs = {row["key"]: int(row["n"]) for row in databases.rows("allocation", person)}
    claimed = Counter(row["consultation"] for row in _events(databases, "allocation", "ItemClaimed"))
    for key, count in legs.items():
        law.require(claimed[key] >= count, f"{key}: {count} claims, {claimed[key]} events")
    return [law]


def _events(databases: Databases, service: str, kind: str) -> list[dict]:
    return databases.rows(
        service,
        "select consultation, stream, version, encode(body, 'hex') as body from ehub.outbox "
        f"where kind like '%.{kind}' order by stream, version",
    )


def _counted(law: Law, databases: Databases, service: str, query: str, kind: str) -> None:
    there = Counter(row["key"] for row in databases.rows(service, query))
    told = Counter(row["consultation"] for row in _events(databases, service, kind))
    for key in there.keys() | told.keys():
        law.require(there[key] == told[key], f"{service} {key}: {there[key]} in {kind}'s table, {told[key]} events")


_PRESCRIPTION_STATES = ("", "RAISED", "PREPARED", "SIGNED", "SENDING", "ISSUED", "REFUSED", "CANCELLED")
_ENTRY_STATES = (
    "", "HELD", "READY", "SENT", "DELIVERED", "ACKNOWLEDGED", "REJECTED", "UNDELIVERED", "NEEDS_ATTENTION", "SETTLED",
)  # fmt: skip


def _last_state(law: Law, databases: Databases, service: str, kind: str, states: tuple, query: str) -> None:
    """The last event of each thing tells the state it is in; field 1 names it, field 3 is the state."""
    last: dict[str, str] = defaultdict(str)
    for row in _events(databases, service, kind):
        fields = last_fields(bytes.fromhex(row["body"]))
        last[fields[1].decode().rpartition("/")[2]] = states[fields.get(3, 0)]
    for row in databases.rows(service, query):
        told = last[row["id"]] or ("" if kind == "EntryMoved" else "nothing")
        good = told == row["state"] or (not told and row["state"] in ("HELD", "NEEDS_ATTENTION"))
        law.require(good, f"{service} {row['id']}: it is {row['state']}, its last event says {told}")

