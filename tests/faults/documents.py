"""What practices say of the documents of some entries: which they took, and which they knew again."""

from __future__ import annotations

import forms

# ITK3: a message, or a document, that was received before.
REPEATED = ("20007", "20008")


def arrivals(bundles: dict[str, str], records: list[dict]) -> dict[str, dict[str, int]]:
    """For each entry how often its document was taken, and how often recognised as one that was taken before."""
    found = {entry: {"taken": 0, "repeated": 0, "other": 0} for entry in bundles.values()}
    for record in records:
        entry = bundles.get(record["bundle_id"])
        if entry:
            repeated = record["duplicate"] and record["infrastructure"] in REPEATED
            found[entry]["taken" if record["accepted"] else "repeated" if repeated else "other"] += 1
    return found


def wrong(found: dict[str, dict[str, int]]) -> list[str]:
    """Entries whose document was not taken exactly once."""
    return [f"{entry}: {counts}" for entry, counts in found.items() if counts["taken"] != 1 or counts["other"]]


def of(stage, stories: list) -> dict[str, dict[str, int]]:
    """The documents of these stories' entries, as the practices' unfiltered log has them."""
    keys = ",".join(f"'{story.entry.rpartition('/')[2]}'" for story in stories)
    rows = stage.databases.rows("writeback", f"select bundle_id, entry from writeback.outbound where entry in ({keys})")
    bundles = {row["bundle_id"]: row["entry"] for row in rows}
    missing = {story.entry.rpartition("/")[2] for story in stories} - set(bundles.values())
    found = arrivals(bundles, forms.control(stage.world["practice"], "/documents")["documents"])
    return found | {entry: {"taken": 0, "repeated": 0, "other": 0} for entry in missing}


def repeated(found: dict[str, dict[str, int]]) -> int:
    """How many were recognised."""
    return sum(counts["repeated"] for counts in found.values())
