"""What is spoilt to see whether the laws notice: rows of a query, lines of the client's log, records of the peers."""

from __future__ import annotations

import json

from history import History


def without_one(rows: list[dict]) -> list[dict]:
    """The last row is lost."""
    return rows[:-1]


def one_twice(rows: list[dict]) -> list[dict]:
    """The last row is there twice."""
    return [*rows, dict(rows[-1])]


def another(column: str, value: str):
    """The last row says something else."""

    def spoil(rows: list[dict]) -> list[dict]:
        rows[-1][column] = value
        return rows

    return spoil


def within(column: str, change, where: str = ""):
    """The JSON in a column of the last row, or of the last that holds a word, says something else."""

    def spoil(rows: list[dict]) -> list[dict]:
        row = next(row for row in reversed(rows) if where in str(row))
        kept = json.loads(row[column])
        change(kept)
        row[column] = json.dumps(kept)
        return rows

    return spoil


def without_filings(rows: list[dict]) -> list[dict]:
    """The audit events of one kind of act are lost."""
    return [row for row in rows if "/FileEntry" not in row["action"]]


def late(rows: list[dict]) -> list[dict]:
    """Everything was heard too late."""
    return [row | {"heard": str(float(row["heard"]) + 31)} for row in rows]


def answer(kept: dict) -> None:
    """An answer of a questionnaire lost its end."""
    kept["answers"][0]["answer"] = "Days"


def unsafe(kept: dict) -> None:
    """Voicemail that was said to be unsafe is safe."""
    kept["voicemail_is_safe"] = True


def other_text(kept: dict) -> None:
    """The text lost what stood before its word."""
    kept["free_text"] = kept["free_text"].rpartition(" ")[2]


def other_finding(kept: dict) -> None:
    """Another concept."""
    kept["items"][0]["concept"] = "22253000"


def warmer(kept: dict) -> None:
    """Another value."""
    kept["observations"][0]["value"] = "38.2"


def no_follow_up(kept: dict) -> None:
    """What happens next is lost."""
    kept["follow_up"] = ""


LOST, KEPT_ENTRY = "no acknowledged consultation is lost", "no acknowledged entry is lost"
STEP = "no acknowledged step of a prescription"
# Which laws are looked at, what is spoilt, where, how; and a word of the law that has to break.
ROWS = (
    ("consultations", "intake", "from intake.consultation", without_one, LOST),
    ("consultations", "intake", "from intake.consultation", one_twice, "one submission, one consultation"),
    ("consultations", "intake", "from intake.consultation", within("patient", lambda p: p.update(nhs_number="9990000018")), LOST),
    ("consultations", "intake", "from intake.consultation", within("patient", unsafe, "ONLINE"), LOST),
    ("consultations", "intake", "from intake.consultation", within("content", answer, "ONLINE"), LOST),
    ("consultations", "intake", "from intake.consultation", within("content", other_text, "ONLINE"), LOST),
    ("consultations", "intake", "from intake.consultation", within("content", other_text, "MESH"), LOST),
    ("consultations", "intake", "from intake.consultation", within("content", answer, "MESH"), LOST),
    ("consultations", "intake", "from intake.consultation", another("topic", "other"), LOST),
    ("custody", "allocation", "select * from allocation.work_item", without_one, "no acknowledged claim or closure is lost"),
    ("custody", "allocation", "allocation.leg order by", one_twice, "one claim, one holder"),
    ("entries", "writeback", "select entry, version", without_one, KEPT_ENTRY),
    ("entries", "writeback", "select entry, version", within("content", lambda c: c.update(headings={})), KEPT_ENTRY),
    ("entries", "writeback", "select entry, version", within("content", other_finding), KEPT_ENTRY),
    ("entries", "writeback", "select entry, version", within("content", warmer), KEPT_ENTRY),
    ("entries", "writeback", "select entry, version", within("content", no_follow_up), KEPT_ENTRY),
    ("entries", "writeback", "sha256(o.body)", another("digest", "00"), "one document at the practice"),
    ("prescriptions", "prescribing", "order_request, cost_centre from", without_one, STEP),
    ("prescriptions", "prescribing", "order_request, cost_centre from", another("cost_centre", "Y09999"), STEP),
    ("prescriptions", "prescribing", "order_request, cost_centre from", another("order_request", "x"), "one order at EPS"),
    ("prescriptions", "prescribing", "from prescribing.item", another("quantity", "150"), STEP),
    ("prescriptions", "prescribing", "from prescribing.item", one_twice, STEP),
    ("delivery", "writeback", "left join ehub.outbox_stream", another("first", "2"), "versions of every stream are contiguous"),
    ("delivery", "audit", "from ehub.inbox", without_one, "every subscriber has had every event"),
    ("delivery", "intake", "group by c.subscriber", another("behind", "1"), "no stream is parked"),
    ("changes", "allocation", "ConsultationCompleted", without_one, "every state change has its event"),
    ("changes", "prescribing", "PrescriptionMoved", without_one, "every state change has its event"),
    ("log", "audit", "from audit.leaf order by", another("bytes", "00"), "the audit log is unbroken"),
    ("completeness", "audit", "select source, id, stream", without_one, "every event of every service is in the log once"),
    ("marks", "audit", "select request_id, outcome", without_filings, "every acknowledged act"),
    ("no_loss", "audit", "select * from audit.no_loss", another("closed", "0"), "no loss holds"),
    ("deliveries", "audit", "as heard from audit.event", late, "an event raised since is delivered"),
    ("leftovers", "allocation", "where state = 'CLAIMED'", another("n", "1"), "no claim, transaction or queue"),
    ("leftovers", "audit", "'fsync'", another("v", "off"), "the database was durable"),
)  # fmt: skip


def slow(history: History) -> None:
    """The last kill took too long."""
    kill = next(kill for kill in reversed(history.kills.values()) if kill.recovered)
    kill.recovered, kill.load = dict.fromkeys(kill.recovered, 31.0), 1.0


def idle(history: History) -> None:
    """No kill hit an act; all hit reads."""
    for kill in history.kills.values():
        kill.acts, kill.reads = set(), {1}


def forgotten(history: History) -> None:
    """An acknowledged intent whose answer nobody heard."""
    intent = next(intent for intent in history.intents.values() if intent.got)
    intent.got, intent.refusals = None, []


def bug(history: History) -> None:
    """An answer INTERNAL."""
    history.internal.append("X: INTERNAL")


def changed(history: History) -> None:
    """A repeated call that was answered otherwise."""
    intent = next(i for i in history.intents.values() if any(r["code"] == "OK" for r in i.resent) and "Claim" not in i.method)
    next(again for again in intent.resent if again["code"] == "OK")["same"] = False


LINES = (
    ("recovery", slow, "after every kill"),
    ("recovery", idle, "kills hit acts in flight"),
    ("answers", forgotten, "every intent's outcome becomes known"),
    ("answers", bug, "an outage is answered UNAVAILABLE"),
    ("answers", changed, "the same call again gets the same answer"),
)


def document_twice(documents: list[dict], _eps: list[dict]) -> None:
    """A practice took a document twice."""
    documents.append(next(one for one in documents if one["accepted"]))


def other_bytes(documents: list[dict], _eps: list[dict]) -> None:
    """A practice got other bytes than were stored."""
    documents[-1]["message_sha256"] = "00"


def order_twice(_documents: list[dict], eps: list[dict]) -> None:
    """EPS took an order twice."""
    eps[0]["accepted"] = 2


PEERS = (
    ("entries", document_twice, "one document at the practice"),
    ("entries", other_bytes, "one document at the practice"),
    ("prescriptions", order_twice, "one order at EPS"),
)
