"""Everything is back within half a minute; kills hit work; an outage is answered as one; nothing is left lying."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict

from history import History
from laws import Law
from sql import SERVICES, DatabaseError, Databases

LIMIT = 30.0
# Where more than this waits for each core, by others' doing, a time says nothing of the services: such kills are counted,
# and told in the report, and not judged by it.
STARVED = 8.0
IN_FLIGHT = 0.30
# Each claim that is repeated is signed anew for what is left of its lease.
SIGNED_ANEW = ("ClaimNext", "ClaimItem", "RenewClaim")
# An issue tells where the prescription stands when it is answered.
VARIES = (*SIGNED_ANEW, "IssuePrescription")
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def recovery(history: History) -> list[Law]:
    """Times from each kill to SERVING and to the first answer."""
    law = Law(f"after every kill: SERVING and a good answer within {LIMIT:.0f} s")
    for kill in history.kills.values():
        expected = SERVICES if kill.victim == "database" else (kill.victim,)
        for service in expected:
            took = kill.recovered.get(service)
            good = took is not None and (took < LIMIT or kill.load > STARVED)
            law.require(good, f"kill {kill.n} of {kill.victim}: {service} after {took} s")
    # Acts only, sent and unanswered at the signal. Nobody acts on audit, so that its kills all count as misses.
    hit = Law(f"at least {IN_FLIGHT:.0%} of the kills hit acts in flight")
    if history.kills:
        share = sum(1 for kill in history.kills.values() if kill.struck and kill.acts) / len(history.kills)
        hit.require(share >= IN_FLIGHT, f"{share:.0%} of {len(history.kills)}")
    return [law, hit]


def deliveries(history: History, databases: Databases) -> list[Law]:
    """Times from each kill until an event that the killed service raised after it was heard by audit.

    A relay that is killed leaves a lease of 15 s. Who is killed again before that is over, and before anything was
    delivered, has the time from the last such kill; and from the first twice as much.
    """
    law = Law(f"after every kill: an event raised since is delivered within {LIMIT:.0f} s")
    raised: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in databases.rows("audit", _HEARD):
        raised[row["source"]].append((float(row["at"]), float(row["heard"])))
    # The earliest hearing of all that was raised at or after each.
    soonest: dict[str, list[tuple[float, float]]] = {}
    for source, rows in raised.items():
        rows.sort(reverse=True)
        least, kept = float("inf"), []
        for at, heard in rows:
            least = min(least, heard)
            kept.append((at, least))
        soonest[source] = kept[::-1]
    for kill in history.kills.values():
        for service in SERVICES if kill.victim == "database" else (kill.victim,):
            rows = soonest.get(service, [])
            place = bisect_right(rows, (kill.at, float("inf")))
            took = rows[place][1] - kill.at if place < len(rows) else None
            since_last = took
            if took is not None:
                kill.delivered[service] = took
                hits = [k.at for k in history.kills.values() if k.victim in (service, "database")]
                since_last = kill.at + took - max((at for at in hits if at < kill.at + took), default=kill.at)
            good = took is not None and (since_last < LIMIT and took < 2 * LIMIT or kill.load > STARVED)
            what = f"kill {kill.n} of {kill.victim}: an event of {service} after {took} s, {since_last} s after the last kill"
            law.require(good, what)
    return [law]


_HEARD = "select source, extract(epoch from at) as at, extract(epoch from heard_at) as heard from audit.event"


def answers(history: History) -> list[Law]:
    """What the client was told."""
    repeated = Law("the same call again gets the same answer")
    for intent in history.intents.values():
        for again in intent.resent:
            if again["code"] != "OK":
                # The second answer may be an outage; a lease may have ended.
                good = again["code"] == "UNAVAILABLE" or again["code"] == "DEADLINE_EXCEEDED" or (
                    intent.method.endswith(SIGNED_ANEW) and again["reason"] in ("CLAIM_EXPIRED", "CLAIM_SUPERSEDED")
                )  # fmt: skip
                repeated.require(good, f"{intent.method} {intent.request_id}: {again['code']} {again['reason']}")
                continue
            same = again["same"] or intent.method.endswith(VARIES)
            repeated.require(same and again["replayed"], f"{intent.method} {intent.request_id}: another answer")
    outage = Law("an outage is answered UNAVAILABLE, never INTERNAL")
    outage.checked = history.calls
    outage.broken += history.internal
    known = Law("every intent's outcome becomes known")
    for intent in history.intents.values():
        known.require(not intent.unknown, f"{intent.method} {intent.request_id}: {intent.codes[-5:]}")
    return [repeated, outage, known]


def leftovers(databases: Databases) -> list[Law]:
    """Leases, transactions, settings."""
    law = Law("no claim, transaction or queue is left lying")
    held = databases.value("allocation", "select count(*) as n from allocation.work_item where state = 'CLAIMED'")
    law.require(held == "0", f"{held} items are still claimed")
    idle = databases.value(
        "intake",
        "select count(*) as n from pg_stat_activity where datname like 'ehub%' "
        "and state like 'idle in transaction%' and state_change < now() - interval '5 seconds'",
    )
    law.require(idle == "0", f"{idle} sessions idle in a transaction")
    for service, query in _QUEUES.items():
        count = databases.value(service, query)
        law.require(count == "0", f"{service}: {count} still queued")
    durable = Law("the database was durable")
    for service in SERVICES:
        for name in DURABLE:
            try:
                value = databases.value(service, f"select current_setting('{name}') as v")
            except DatabaseError as error:
                value = str(error)
            durable.require(value == "on", f"{service}: {name} = {value}")
    return [law, durable]


_QUEUES = {
    "intake": "select (select count(*) from intake.landed_message where state = 'LANDED')"
    " + (select count(*) from intake.outbound_message where state in ('READY', 'SENDING')) as n",
    "writeback": "select (select count(*) from writeback.entry where state in ('READY', 'SENT', 'DELIVERED'))"
    " + (select count(*) from writeback.inbound where processed_at is null) as n",
    "prescribing": "select count(*) as n from prescribing.prescription where state = 'SENDING'",
    "audit": "select count(*) as n from audit.event where seq is null",
}
