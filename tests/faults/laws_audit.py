"""The log has every event once, in one unbroken row, under a root that adds up; every call left its mark."""

from __future__ import annotations

import hashlib
from collections import Counter

from history import History
from laws import Law
from sql import SERVICES, Databases

ACCESS = "ehub.audit.event.v1.AccessRecorded"


def log(databases: Databases) -> list[Law]:
    """Places, leaves, root."""
    row = Law("the audit log is unbroken and its root adds up")
    rows = databases.rows("audit", "select seq, encode(bytes, 'hex') as bytes from audit.leaf order by seq")
    row.require([int(one["seq"]) for one in rows] == list(range(len(rows))), "the places of the leaves have a gap")
    joined = "select count(*) as n from audit.event e join audit.leaf l on l.seq = e.seq and l.event = e.id"
    placed = databases.value("audit", joined)
    total = databases.value("audit", "select count(*) as n from audit.event")
    row.require(placed == total == str(len(rows)), f"{total} events, {placed} with their leaf, {len(rows)} leaves")
    signed = databases.rows("audit", "select size, encode(root, 'hex') as root from audit.checkpoint order by size")
    tree = Tree()
    roots = {int(one["size"]): one["root"] for one in signed}
    for number, one in enumerate(rows, 1):
        tree.append(bytes.fromhex(one["bytes"]))
        if number in roots:
            row.require(tree.root().hex() == roots[number], f"the signed root of size {number} is another")
    row.require(bool(signed) and int(signed[-1]["size"]) == len(rows), "the newest checkpoint does not cover the log")
    return [row]


class Tree:
    """RFC 6962: the root over what was appended, from the peaks alone."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def append(self, leaf: bytes) -> None:
        """One more leaf."""
        node, size = hashlib.sha256(b"\0" + leaf).digest(), 1
        while self._peaks and self._peaks[-1][0] == size:
            node, size = hashlib.sha256(b"\1" + self._peaks.pop()[1] + node).digest(), size * 2
        self._peaks.append((size, node))

    def root(self) -> bytes:
        """The root now."""
        node = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            node = hashlib.sha256(b"\1" + peak + node).digest()
        return node


def completeness(databases: Databases) -> list[Law]:
    """Every event of every source is in the log, once."""
    law = Law("every event of every service is in the log once")
    held: dict[str, Counter] = {service: Counter() for service in SERVICES}
    for row in databases.rows("audit", "select source, id, stream, version from audit.event"):
        held[row["source"]][row["id"], row["stream"], row["version"]] += 1
    for source in SERVICES:
        there = Counter()
        for row in databases.rows(source, "select event, stream, version from ehub.outbox"):
            there[row["event"], row["stream"], row["version"]] += 1
        law.checked += len(there)
        for key in (there - held[source]).keys():
            law.broken.append(f"{source} {key}: not in the log")
        for key in (held[source] - there).keys():
            law.broken.append(f"{source} {key}: in the log, not at its source")
    return [law]


def marks(history: History, databases: Databases) -> list[Law]:
    """Every acknowledged act has one audit event; every refusal has its own."""
    acts = Law("every acknowledged act has exactly one audit event")
    refusals = Law("every refusal that was answered has its audit event")
    done, refused = Counter(), Counter()
    for row in databases.rows("audit", f"select request_id, outcome, action from audit.event where kind = '{ACCESS}'"):
        (done if row["outcome"] == "OK" else refused)[row["request_id"], row["action"].rpartition(".")[2], row["outcome"]] += 1
    for intent in history.intents.values():
        key = (intent.request_id, intent.method)
        times = done[(*key, "OK")]
        if intent.acknowledged:
            acts.require(times == 1, f"{intent.method} {intent.request_id}: {times} events of one act")
        else:
            acts.require(times <= 1, f"{intent.method} {intent.request_id}: {times} events of an act in doubt")
        for reason, answers in Counter(intent.refusals).items():
            heard = refused[(*key, reason)]
            refusals.require(heard >= answers, f"{intent.method} {intent.request_id}: {reason} {answers} times, {heard} events")
    return [acts, refusals]


def no_loss(databases: Databases) -> list[Law]:
    """The proof of no loss, and the same counted here."""
    law = Law("no loss holds, and the same is counted from the sources")
    proof = databases.rows("audit", "select * from audit.no_loss")
    if not law.require(bool(proof), "there is no proof of no loss"):
        return [law]
    proof = proof[0]
    law.require(proof["breaches"] == "[]" and proof["in_transit"] == "0", f"the proof says {proof}")
    sum_of = sum(int(proof[name]) for name in ("in_transit", "held", "closed", "quarantined", "rejected"))
    law.require(int(proof["received"]) == sum_of, f"{proof['received']} received are not {sum_of} accounted for")
    counts = {
        "closed": ("allocation", "select count(*) as n from allocation.work_item where state in ('COMPLETED', 'WITHDRAWN')"),
        "held": ("allocation", "select count(*) as n from allocation.work_item where state in ('QUEUED', 'CLAIMED')"),
        "quarantined": ("intake", "select count(*) as n from intake.quarantined where consultation is null"),
    }
    for name, (service, query) in counts.items():
        here = databases.value(service, query)
        law.require(proof[name] == here, f"{name}: the proof says {proof[name]}, {service} has {here}")
    for source in ("intake", "allocation", "writeback", "prescribing"):
        told = databases.rows("audit", f"select id, version from audit.root where source = '{source}'")
        known = {row["id"]: int(row["version"]) for row in told}
        streams = "select s.stream, s.version from ehub.outbox_stream s where exists "
        streams += "(select from ehub.outbox o where o.stream = s.stream and o.consultation = s.stream)"
        for row in databases.rows(source, streams):
            good = known.get(row["stream"]) == int(row["version"])
            law.require(good, f"{source} {row['stream']}: version {row['version']}, audit has {known.get(row['stream'])}")
    return [law]
