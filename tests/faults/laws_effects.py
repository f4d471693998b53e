"""Nothing acknowledged is lost; one intent has one effect: consultations, claims, closures, entries, documents."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict

import laws_content
from history import History, Intent
from laws import Law
from sql import Databases

WORD = re.compile(r"\bW[0-9a-f]{32}\b")


def uuid_of(name: str) -> str:
    """The id in a resource name."""
    return name.rpartition("/")[2].lower()


def consultations(history: History, databases: Databases) -> list[Law]:
    """Every submission against what intake holds."""
    lost, once = Law("no acknowledged consultation is lost"), Law("one submission, one consultation")
    by_word: dict[str, list[dict]] = defaultdict(list)
    columns = "id, practice_ods, channel, need, topic, birth_date, patient, submitter, content"
    for row in databases.rows("intake", f"select {columns} from intake.consultation"):
        found = WORD.search(json.loads(row["content"])["free_text"])
        by_word[found.group() if found else row["id"]].append(row)
    meant: dict[str, tuple[dict, str | None, bool]] = {}
    for intent in history.of("SubmitConsultation"):
        word = WORD.search(intent.meant["content"]["free_text"]).group()
        name = uuid_of(intent.got["consultation"]) if intent.got else None
        meant[word] = (laws_content.submission(intent.meant), name, intent.acknowledged)
    for line in history.mesh.values():
        meant[line["word"]] = (laws_content.report(line), None, line["landed"])
    for word, (asked, name, acknowledged) in meant.items():
        rows = by_word.pop(word, [])
        once.require(len(rows) <= 1, f"{word}: {len(rows)} consultations")
        if not acknowledged:
            continue
        if lost.require(bool(rows), f"{word}: acknowledged as {name}, not there"):
            kept = laws_content.kept_submission(rows[0])
            other = [part for part in asked if kept[part] != asked[part]]
            other += ["name"] if name not in (None, rows[0]["id"]) else []
            lost.require(not other, f"{word}: kept as something else than was sent: {', '.join(other)}")
    for word in by_word:
        once.require(False, f"{word}: a consultation nobody submitted")
    return [lost, once]


def custody(history: History, databases: Databases) -> list[Law]:
    """Claims and closures against allocation's items and legs."""
    kept, once = Law("no acknowledged claim or closure is lost"), Law("one claim, one holder; one closure")
    items = {row["consultation"]: row for row in databases.rows("allocation", "select * from allocation.work_item")}
    legs: dict[str, list[dict]] = defaultdict(list)
    for row in databases.rows("allocation", "select * from allocation.leg order by consultation, number"):
        legs[row["consultation"]].append(row)
    claims = [(i, i.got["claim"]) for i in _claims(history) if i.got and i.got.get("claim")]
    given = Counter((c["item"]["consultation"], c.get("epoch")) for _, c in claims)
    for claim, times in given.items():
        once.require(times == 1, f"{claim} was given to {times} intents")
    by_person = Counter((uuid_of(c["item"]["consultation"]), i.who) for i, c in claims)
    held = Counter((c, leg["holder"]) for c, all_ in legs.items() for leg in all_ if leg["holder_kind"] == "PERSON")
    in_doubt = sum(1 for intent in _claims(history) if intent.unknown)
    for key in by_person.keys() | held.keys():
        kept.require(held[key] >= by_person[key], f"{key}: {by_person[key]} claims acknowledged, {held[key]} legs")
    extra = sum((held - by_person).values())
    once.require(extra <= in_doubt, f"{extra} legs of people whom nobody told of a claim, {in_doubt} claims in doubt")
    _closures(history, items, kept, once)
    for consultation, all_ in legs.items():
        whole = [int(leg["number"]) for leg in all_] == list(range(1, len(all_) + 1))
        whole = whole and all(a["until"] == b["since"] for a, b in zip(all_, all_[1:], strict=False))
        once.require(whole, f"{consultation}: its legs have a gap, or overlap")
    accepted = {row["id"] for row in databases.rows("intake", "select id from intake.consultation")}
    kept.require(accepted == items.keys(), f"accepted and routed differ: {sorted(accepted ^ items.keys())[:5]}")
    return [kept, once]


def _claims(history: History) -> list[Intent]:
    return history.of("ClaimNext") + history.of("ClaimItem")


def _closures(history: History, items: dict[str, dict], kept: Law, once: Law) -> None:
    closures = Counter()
    for intent in history.of("Complete"):
        consultation = uuid_of(intent.meant["consultation"])
        if intent.got:
            closures[consultation] += 1
            row = items.get(consultation, {})
            done = row.get("state") == "COMPLETED" and row.get("completed_by") == intent.who
            kept.require(done, f"{consultation}: completed by {intent.who}, kept as {row.get('state')}")
    for consultation, times in closures.items():
        once.require(times == 1, f"{consultation}: {times} completions acknowledged")
    in_doubt = {uuid_of(intent.meant["consultation"]) for intent in history.of("Complete") if intent.unknown}
    for consultation, row in items.items():
        told = closures[consultation] or consultation in in_doubt
        once.require(row["state"] != "COMPLETED" or bool(told), f"{consultation}: closed, and nobody meant it")


def entries(history: History, databases: Databases, documents: list[dict]) -> list[Law]:
    """Filed entries against write-back, and documents at the practices against both."""
    kept, once = Law("no acknowledged entry is lost"), Law("one filing, one version; one document at the practice")
    stored = {}
    for row in databases.rows("writeback", "select entry, version, content from writeback.entry_version"):
        stored[row["entry"], int(row["version"])] = json.loads(row["content"])
    versions: dict[str, list[int]] = defaultdict(list)
    for entry, version in stored:
        versions[entry].append(version)
    told = set()
    filings = history.of("FileEntry")
    for intent in (i for i in filings if i.got):
        entry, wanted = uuid_of(intent.meant["name"]), laws_content.entry(intent.meant["content"])
        match = [version for version in versions[entry] if stored[entry, version] == wanted]
        kept.require(len(match) == 1, f"{entry}: filed, found as {len(match)} of {len(versions[entry])} versions")
        told.update((entry, version) for version in match)
    unknown = [laws_content.entry(i.meant["content"]) for i in filings if i.unknown]
    for key in stored.keys() - told:
        once.require(stored[key] in unknown, f"{key}: a version of an entry that nobody was told of")
    _documents(databases, documents, once)
    return [kept, once]


def _documents(databases: Databases, documents: list[dict], once: Law) -> None:
    columns = "o.bundle_id, o.entry, o.number, o.mesh_id, e.state, encode(sha256(o.body), 'hex') as digest"
    sent = {
        row["bundle_id"]: row
        for row in databases.rows(
            "writeback", f"select {columns} from writeback.outbound o join writeback.entry e on e.id = o.entry"
        )
    }
    taken = Counter(record["bundle_id"] for record in documents if record["accepted"] and not record["duplicate"])
    for record in documents:
        if record["bundle_id"] in sent:
            same = record["message_sha256"] == sent[record["bundle_id"]]["digest"]
            once.require(same, f"{record['bundle_id']}: other bytes at the practice than were stored before they were sent")
    for bundle, times in taken.items():
        once.require(bundle in sent, f"{bundle}: at a practice, not among what was sent")
        once.require(times == 1, f"{bundle}: taken {times} times by the practice")
    for bundle, row in sent.items():
        if row["state"] == "ACKNOWLEDGED":
            once.require(taken[bundle] == 1, f"{row['entry']}: acknowledged, at the practice {taken[bundle]} times")
    for entry, numbers in Counter(row["entry"] for row in sent.values()).items():
        once.require(numbers == 1, f"{entry}: {numbers} documents were made of one entry that was sent once")


def prescriptions(history: History, databases: Databases, eps: list[dict]) -> list[Law]:
    """Prescriptions against prescribing, and against EPS."""
    kept, once = Law("no acknowledged step of a prescription is lost"), Law("one prescription, one order at EPS")
    items = laws_content.kept_items(databases.rows("prescribing", laws_content.ITEMS))
    columns = "id, consultation, state, signature is not null as signed, prescriber, order_request, cost_centre"
    rows = {row["id"]: row for row in databases.rows("prescribing", f"select {columns} from prescribing.prescription")}
    at_eps = {record["uuid"].lower(): record for record in eps}
    raised = history.of("RaisePrescription")
    for intent in (i for i in raised if i.got):
        row = rows.get(uuid_of(intent.meant["name"]), {})
        same = row.get("consultation") == uuid_of(intent.meant["consultation"])
        kept.require(same, f"{intent.meant['name']}: raised, not there")
        same = row.get("cost_centre") == intent.meant["cost_centre_ods"]
        same = same and items[uuid_of(intent.meant["name"])] == laws_content.items(intent.meant["items"])
        kept.require(same, f"{intent.meant['name']}: raised with other items than are there")
    for intent in (i for i in history.of("SignPrescription") if i.got):
        row = rows.get(uuid_of(intent.meant["name"]), {})
        kept.require(row.get("signed") == "t", f"{intent.meant['name']}: signed, the signature is not there")
    for intent in (i for i in history.of("IssuePrescription") if i.got):
        row = rows.get(uuid_of(intent.meant["name"]), {})
        kept.require(row.get("state") == "ISSUED", f"{intent.meant['name']}: issued, kept as {row.get('state')}")
    meant = {uuid_of(intent.meant["name"]) for intent in raised}
    for key, row in rows.items():
        once.require(key in meant, f"{key}: a prescription that nobody meant")
        accepted = at_eps.get(key, {}).get("accepted", 0)
        if row["state"] == "ISSUED":
            once.require(accepted == 1, f"{key}: issued, taken {accepted} times by EPS")
            ids = at_eps.get(key, {}).get("request_ids", [])
            once.require(ids == [row["order_request"]], f"{key}: sent under {len(ids)} request ids")
        else:
            once.require(accepted == 0, f"{key}: {row['state']}, and EPS has it")
    for key in at_eps.keys() - rows.keys():
        once.require(False, f"{key}: at EPS, not here")
    return [kept, once]
