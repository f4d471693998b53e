"""The checker: a program of its own that knows the client's log, what the peers took, and read-only SQL.

    check.py JOURNAL --cluster postgres://… [--documents FILE] [--eps FILE] [--out FILE]

Prints each law with how much was looked at; the exit code is 1 when one is broken.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import laws_audit  # noqa: E402
import laws_effects  # noqa: E402
import laws_events  # noqa: E402
import laws_recovery  # noqa: E402
from history import History, Kill, load  # noqa: E402
from laws import Law  # noqa: E402
from sql import Databases  # noqa: E402


def check(history: History, databases: Databases, documents: list[dict], eps: list[dict]) -> list[Law]:
    """Looks at everything."""
    return [law for part in parts(history, databases, documents, eps).values() for law in part()]


def parts(history: History, databases: Databases, documents: list[dict], eps: list[dict]) -> dict:
    """The laws in groups, each looked at when it is called."""
    return {
        "consultations": lambda: laws_effects.consultations(history, databases),
        "custody": lambda: laws_effects.custody(history, databases),
        "entries": lambda: laws_effects.entries(history, databases, documents),
        "prescriptions": lambda: laws_effects.prescriptions(history, databases, eps),
        "delivery": lambda: laws_events.delivery(databases),
        "changes": lambda: laws_events.changes(databases),
        "log": lambda: laws_audit.log(databases),
        "completeness": lambda: laws_audit.completeness(databases),
        "marks": lambda: laws_audit.marks(history, databases),
        "no_loss": lambda: laws_audit.no_loss(databases),
        "recovery": lambda: laws_recovery.recovery(history),
        "deliveries": lambda: laws_recovery.deliveries(history, databases),
        "answers": lambda: laws_recovery.answers(history),
        "leftovers": lambda: laws_recovery.leftovers(databases),
    }


def spread(values: list[float]) -> dict[str, float]:
    """How times are spread."""
    if not values:
        return {}
    values = sorted(values)
    ninety_five = values[min(len(values) - 1, int(len(values) * 0.95))]
    return {"median": round(statistics.median(values), 2), "p95": round(ninety_five, 2), "max": round(values[-1], 2)}


def hit(kills: list[Kill], reads: bool = False) -> float | None:
    """The share of kills that hit acts in flight, or reads beside them."""
    return round(sum(1 for kill in kills if kill.acts or (reads and kill.reads)) / len(kills), 3) if kills else None


def figures(history: History, documents: list[dict], eps: list[dict]) -> dict:
    """Counts and times for the report."""
    kills = list(history.kills.values())
    services = [kill for kill in kills if kill.victim != "database"]
    crashes = [kill for kill in kills if kill.victim == "database"]
    victims = sorted({kill.victim for kill in kills})
    of = {victim: [kill for kill in kills if kill.victim == victim] for victim in victims}
    return {
        "calls": history.calls,
        "answers": dict(history.codes),
        "intents": len(history.intents),
        "intents_with_an_ambiguous_answer": sum(1 for i in history.intents.values() if len(i.codes) > 1),
        "calls_repeated_on_purpose": sum(len(i.resent) for i in history.intents.values()),
        "kills": len(services),
        "database_crashes": len(crashes),
        "kills_by_victim": {victim: len(those) for victim, those in of.items()},
        "kills_on_a_starved_machine": sum(1 for kill in kills if kill.load > laws_recovery.STARVED),
        "load_per_core_at_a_kill": spread([kill.load for kill in kills]),
        "kills_with_acts_in_flight": sum(1 for kill in kills if kill.acts),
        "share_with_acts_in_flight": hit(kills),
        "share_of_the_kills_that_were_aimed": hit([kill for kill in kills if kill.aimed]),
        "share_of_the_kills_by_chance": hit([kill for kill in kills if not kill.aimed]),
        "kills_aimed": sum(kill.aimed for kill in kills),
        "share_by_victim": {victim: hit(those) for victim, those in of.items()},
        "share_with_acts_or_reads_in_flight": hit(kills, reads=True),
        "acts_in_flight_at_a_kill": spread([float(len(kill.acts)) for kill in kills]),
        "seconds_to_serving_after_a_kill": spread([t for k in services for t in k.serving.values()]),
        "seconds_to_a_good_answer_after_a_kill": spread([t for k in services for t in k.recovered.values()]),
        "seconds_to_a_good_answer_after_a_crash": spread([t for k in crashes for t in k.recovered.values()]),
        "seconds_to_a_delivered_event_after_a_kill": spread([t for k in services for t in k.delivered.values()]),
        "seconds_to_a_delivered_event_after_a_crash": spread([t for k in crashes for t in k.delivered.values()]),
        "documents_at_practices": sum(1 for one in documents if one["accepted"] and not one["duplicate"]),
        "documents_repeated_and_recognised": sum(1 for one in documents if one["duplicate"]),
        "orders_at_eps": sum(one["accepted"] for one in eps),
        "orders_repeated_at_eps": sum(one["replayed"] + one["duplicates_refused"] for one in eps),
        "log_seconds": round(history.seconds, 1),
    }


def main() -> int:
    """Reads, checks, tells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--eps", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    documents = json.loads(given.documents.read_text())["documents"] if given.documents else []
    eps = json.loads(given.eps.read_text())["prescriptions"] if given.eps else []
    history = load(given.journal)
    laws = check(history, Databases(given.cluster), documents, eps)
    result = {"laws": [law.summary() for law in laws], "figures": figures(history, documents, eps)}
    if given.out:
        given.out.write_text(json.dumps(result, indent=1))
    for law in laws:
        print(f"{'BROKEN' if law.broken else 'holds ':6} {law.checked:8} {law.name}")
        for example in law.broken[:5]:
            print(f"                  {example[:300]}")
    return 1 if any(law.broken for law in laws) else 0


if __name__ == "__main__":
    sys.exit(main())
