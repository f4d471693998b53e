"""Proof that the laws bite: what the checker reads is spoilt in one place at a time, and the law must say so.

    bite.py JOURNAL --cluster postgres://… --documents FILE --eps FILE

Run after a run that held. Spoils only what it has read: the databases are opened read-only.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from check import check  # noqa: E402
from history import History, load  # noqa: E402
from sql import Databases  # noqa: E402


class Spoilt(Databases):
    """Reads each query once; spoils the answer to the one that holds a word."""

    kept: dict[tuple[str, str], list[dict]] = {}

    def __init__(self, admin: str, service: str = "", word: str = "", spoil=None) -> None:
        super().__init__(admin)
        self._service, self._word, self._spoil = service, word, spoil
        self.spoilt = 0

    def rows(self, service: str, query: str) -> list[dict[str, str]]:
        key = (service, query)
        if key not in self.kept:
            self.kept[key] = super().rows(service, query)
        rows = copy.deepcopy(self.kept[key])
        if self._spoil and service == self._service and self._word in query and rows:
            self.spoilt += 1
            return self._spoil(rows)
        return rows


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


def without_filings(rows: list[dict]) -> list[dict]:
    """The audit events of one kind of act are lost."""
    return [row for row in rows if "/FileEntry" not in row["action"]]


# What is spoilt, where, how; and a word of the law that has to break.
SPOILT = (
    ("intake", "free_text", without_one, "no acknowledged consultation is lost"),
    ("intake", "free_text", one_twice, "one submission, one consultation"),
    ("intake", "free_text", another("nhs", "9990000018"), "no acknowledged consultation is lost"),
    ("allocation", "select * from allocation.work_item", without_one, "no acknowledged claim or closure is lost"),
    ("allocation", "allocation.leg order by", one_twice, "one claim, one holder"),
    ("writeback", "select entry, version", without_one, "no acknowledged entry is lost"),
    ("writeback", "select entry, version", another("headings", "{}"), "no acknowledged entry is lost"),
    ("prescribing", "order_request from", without_one, "no acknowledged step of a prescription"),
    ("prescribing", "order_request from", another("order_request", "x"), "one prescription, one order at EPS"),
    ("writeback", "left join ehub.outbox_stream", another("first", "2"), "versions of every stream are contiguous"),
    ("audit", "from ehub.inbox", without_one, "every subscriber has had every event"),
    ("intake", "group by c.subscriber", another("behind", "1"), "no stream is parked"),
    ("allocation", "ConsultationCompleted", without_one, "every state change has its event"),
    ("prescribing", "PrescriptionMoved", without_one, "every state change has its event"),
    ("audit", "from audit.leaf order by", another("bytes", "00"), "the audit log is unbroken"),
    ("audit", "select source, id, stream", without_one, "every event of every service is in the log once"),
    ("audit", "select request_id, outcome", without_filings, "every acknowledged act"),
    ("audit", "select * from audit.no_loss", another("closed", "0"), "no loss holds"),
    ("allocation", "where state = 'CLAIMED'", another("n", "1"), "no claim, transaction or queue"),
    ("audit", "'fsync'", another("v", "off"), "the database was durable"),
)  # fmt: skip


def slow(history: History) -> None:
    """The last kill took too long."""
    kill = next(kill for kill in reversed(history.kills.values()) if kill.recovered)
    kill.recovered, kill.load = dict.fromkeys(kill.recovered, 31.0), 1.0


def idle(history: History) -> None:
    """No kill hit anything."""
    for kill in history.kills.values():
        kill.in_flight = 0


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


MISREMEMBERED = (
    (slow, "after every kill"),
    (idle, "kills hit calls in flight"),
    (forgotten, "every intent's outcome becomes known"),
    (bug, "an outage is answered UNAVAILABLE"),
    (changed, "the same call again gets the same answer"),
)


def main() -> int:
    """Spoils one thing after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--eps", type=Path, required=True)
    given = parser.parse_args()
    documents = json.loads(given.documents.read_text())["documents"]
    eps = json.loads(given.eps.read_text())["prescriptions"]
    history, blunt = load(given.journal), []
    for service, word, spoil, law in SPOILT:
        databases = Spoilt(given.cluster, service, word, spoil)
        _must_break(check(history, databases, documents, eps), law, f"{service}: {word}", blunt, databases.spoilt)
    for spoil, law in MISREMEMBERED:
        other = copy.deepcopy(history)
        spoil(other)
        _must_break(check(other, Spoilt(given.cluster), documents, eps), law, spoil.__name__, blunt, 1)
    twice = [*documents, next(one for one in documents if one["accepted"])]
    _must_break(check(history, Spoilt(given.cluster), twice, eps), "one document at the practice", "a document twice", blunt, 1)
    doubled = copy.deepcopy(eps)
    doubled[0]["accepted"] = 2
    _must_break(check(history, Spoilt(given.cluster), documents, doubled), "one order at EPS", "an order twice", blunt, 1)
    count = len(SPOILT) + len(MISREMEMBERED) + 2
    print(f"{count - len(blunt)} of {count} things spoilt were noticed")
    return 1 if blunt else 0


def _must_break(laws, wanted: str, what: str, blunt: list[str], spoilt: int) -> None:
    broken = any(wanted in law.name and law.broken for law in laws)
    if not broken or not spoilt:
        blunt.append(what)
        print(f"NOT NOTICED: {what} did not break '{wanted}'" + ("" if spoilt else ": nothing was spoilt"))


if __name__ == "__main__":
    sys.exit(main())
