"""What a client sent, as it has to lie in the databases word for word: rendered here once more, by nobody's code but this."""

from __future__ import annotations

import json
from collections import defaultdict


def submission(meant: dict) -> dict:
    """A SubmitConsultation as intake keeps it."""
    who, by, content = meant["patient"], meant["submitter"], meant["content"]
    told, safe = who.get("communication", {}), who.get("contact_safety", {})
    words = ("nhs_number", "family_name", "given_names", "gender", "phone", "email", "address")
    patient = {name: who.get(name, "") for name in words}
    patient |= {name: told.get(name, "") for name in ("language", "format")} | {"interpreter": told.get("interpreter", False)}
    patient |= {name: safe.get(name) for name in ("text_is_safe", "voicemail_is_safe", "proxy_may_see")}
    submitter = {"kind": by["kind"].removeprefix("SUBMITTER_KIND_"), "competence_recorded": by.get("competence_recorded")}
    submitter |= {name: by.get(name, "") for name in ("full_name", "relationship")}
    answers = [{name: one.get(name, "") for name in ("question_id", "question", "answer")} for one in content.get("answers", [])]
    return {
        "practice_ods": meant["practice_ods"],
        "channel": meant["channel"].removeprefix("CHANNEL_"),
        "need": content["need"].removeprefix("NEED_"),
        "topic": content["topic"],
        "birth_date": who["birth_date"],
        "patient": patient,
        "submitter": submitter,
        "content": {
            "free_text": content.get("free_text", ""), "answers": answers, "restricted": content.get("restricted", False),
        },
    }  # fmt: skip


def report(line: dict) -> dict:
    """A report sent by MESH, as intake keeps it: of the patient it says what it needs to, and everything is clinical."""
    known = {name: line["meant"]["patient"][name] for name in ("nhs_number", "family_name", "birth_date")}
    answers = [{"question_id": "q1", "question": "How long?", "answer": f"Days {line['word']}"}]
    return submission({
        "practice_ods": line["practice"],
        "channel": "CHANNEL_MESH",
        "patient": known | {"given_names": "Ada", "gender": "female"},
        "submitter": {"kind": "SUBMITTER_KIND_SELF"},
        "content": {
            "need": "NEED_CLINICAL", "topic": "not-stated", "free_text": f"{line['text']} {line['word']}", "answers": answers,
        },
    })  # fmt: skip


def kept_submission(row: dict) -> dict:
    """A row of intake's consultations, to be compared with it."""
    plain = ("practice_ods", "channel", "need", "topic", "birth_date")
    return {name: row[name] for name in plain} | {n: json.loads(row[n]) for n in ("patient", "submitter", "content")}


def entry(content: dict) -> dict:
    """The content of an entry as write-back keeps it."""
    note = content.get("fit_note")
    return {
        "headings": content.get("headings", {}),
        "items": [
            {
                "kind": one["kind"], "concept": one["concept_id"], "description": one.get("description_id"),
                "term": one["term"],
            }
            for one in content.get("items", [])
        ],
        "observations": [
            {"concept": one["concept_id"], "term": one["term"], "value": one["value"], "unit": one["unit"]}
            for one in content.get("observations", [])
        ],
        "follow_up": content.get("follow_up", ""),
        "fit_note": note and {
            "issuer": note["issuer"], "system": note["system"], "from": note["from_date"], "to": note["to_date"],
        },
        "hide_from_online_record": content.get("hide_from_online_record", False),
    }  # fmt: skip


ITEM = ("medicine_code", "medicine_name", "quantity", "unit_code", "unit_name", "dosage", "controlled_schedule", "quantity_words")
ITEMS = f"select prescription, {', '.join(ITEM)}, days from prescribing.item order by prescription, position"


def items(meant: list[dict]) -> list[dict]:
    """The items of a prescription, as strings as SQL gives them."""
    return [{name: one.get(name, "") for name in ITEM} | {"days": str(one["days"])} for one in meant]


def kept_items(rows: list[dict]) -> dict[str, list[dict]]:
    """Prescribing's items by prescription, in their order."""
    found: dict[str, list[dict]] = defaultdict(list)
    for row in rows:
        found[row["prescription"]].append({name: value for name, value in row.items() if name != "prescription"})
    return found
