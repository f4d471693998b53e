"""What the scenarios judge by, spoilt: each function says whether it was noticed, and that what is good passes."""

from __future__ import annotations

import copy

import stage  # noqa: F401 - it knows where the others' modules lie
import documents  # isort: skip
import pgproxy  # isort: skip
from scenarios import cancellation, fencing, races


def lost_answer() -> bool:
    """A submission that was answered OK is not there, or there under another name."""
    answered, found = {"W1": "consultations/1", "W2": "consultations/2"}, [{"word": "W1", "id": "1"}, {"word": "W2", "id": "2"}]
    other = [found[0], found[1] | {"id": "3"}]
    return not cancellation.missing(answered, found) and all(cancellation.missing(answered, f) for f in (found[:1], other))


def documents_by_entry() -> bool:
    """A document taken twice or never, or answered otherwise; and one that was recognised counts as that alone."""
    taken = {"bundle_id": "b", "accepted": True, "duplicate": False, "infrastructure": "20013"}
    known = taken | {"accepted": False, "duplicate": True, "infrastructure": "20007"}
    strange = known | {"infrastructure": "20009"}
    of = lambda *records: documents.arrivals({"b": "e"}, list(records))  # noqa: E731
    others = documents.arrivals({"b": "e"}, [taken, known | {"bundle_id": "of another scenario"}])
    good = not documents.wrong(of(taken, known)) and documents.repeated(of(taken, known)) == 1
    spoilt = all(documents.wrong(one) for one in (of(), of(known), of(taken, taken), of(taken, strange)))
    return good and spoilt and not documents.repeated(others) and not documents.repeated(of(taken, taken))


def other_refusals() -> bool:
    """A stale act that was taken, or refused for another reason."""
    good = not fencing.unfenced(["CLAIM_EXPIRED", "CLAIM_SUPERSEDED"])
    return good and all(fencing.unfenced([code]) for code in ("OK", "UNAVAILABLE", "INTERNAL", "ENTRY_EXISTS"))


def one_sided_races() -> bool:
    """A pairing that always ended in one way."""
    ends = {name: {races.examples(one)[0]: 1 for one in both} for name, both in races.BOTH.items()}
    spoilt = []
    for name in ends:
        for one in ends[name]:
            less = copy.deepcopy(ends)
            del less[name][one]
            spoilt.append(bool(races.one_sided(less)))
    return not races.one_sided(ends) and all(spoilt)


def other_statements() -> bool:
    """The proxy before PostgreSQL takes nothing for a commit that is none."""
    yes = (b"commit\0", b"COMMIT;\0", b"/* x */ execute ehub_remember('a'); commit\0")
    no = (b"rollback\0", b"reset all; begin; select 'commit', 1\0", b"commit; select 1\0")
    return all(map(pgproxy.commits, yes)) and not any(map(pgproxy.commits, no))


ALL = (lost_answer, documents_by_entry, other_refusals, one_sided_races, other_statements)
