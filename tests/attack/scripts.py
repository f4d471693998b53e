"""Text of every script is kept as given: in a consultation, in an entry, in a prescription."""

from __future__ import annotations

from fixture import INTAKE, PRESCRIBING, WRITEBACK
from groups_rpc import Attack

SCRIPTS = {
    "Arabic with marks": "مُحَمَّد بن عبد الله",
    "Hebrew with points": "שָׁלוֹם",
    "Devanagari": "श्रीमती अनुराधा",
    "Thai without spaces": "สมชายใจดี",
    "Han beyond the basic plane": "𠮷野 𡈽",
    "Hangul, decomposed": "김",
    "Vietnamese, stacked": "Nguyễn Thị Ánh",
    "right-to-left override": "abc\u202edef\u202c",
    "zero-width joiners": "👩\u200d👩\u200d👧\u200d👦",
    "flags and skin tones": "🏴󠁧󠁢󠁷󠁬󠁳󠁿 👍🏽",
    "many marks on one letter": "a" + "\u0301\u0316\u0330" * 10,
    "private use and noncharacters": "\ue000\ufdd0\U0010fffd",
    "quotes, angles, backslashes, percent": "O'Brien \"<b>&amp;\\ %s %00 {{x}} ${y}",
    "SQL": "'); drop table intake.consultation; --",
    "tabs and line ends": "a\tb\r\nc",
    "escape sequences": "\x1b[31mred\x07",
}


def kept_as_given(attack: Attack) -> None:
    """Names and text in any script come back as they were sent."""
    fx, submit, get = attack.fx, f"{INTAKE}.IntakeService/SubmitConsultation", f"{INTAKE}.IntakeService/GetConsultation"
    for case, given in SCRIPTS.items():
        # What must not be in a log or an error goes along.
        text = given + fx.canary
        request = fx.submission()
        request.patient.family_name = request.patient.given_names = request.patient.address = text
        request.submitter.full_name = request.submitter.relationship = text
        request.content.free_text = request.content.answers[0].answer = request.content.answers[0].question = text
        name = fx.must(submit, request, "supplier").consultation
        read = fx.must(get, fx.request(get, name=name), "practice-alder").consultation
        wrong = [
            part
            for part in ("patient", "submitter", "content")
            if getattr(read, part).SerializeToString(deterministic=True)
            != getattr(request, part).SerializeToString(deterministic=True)
        ]
        said = f"changed: {', '.join(wrong)}" if wrong else ""
        attack.book.note("states", get.removeprefix("ehub."), "text in any script", "kept as given", said, case)
        _written_back(attack, case, text)


def _written_back(attack: Attack, case: str, text: str) -> None:
    """The same in what a clinician writes."""
    fx, read, got = attack.fx, f"{WRITEBACK}.WritebackService/GetEntry", f"{PRESCRIBING}.PrescribingService/GetPrescription"
    consultation, grant = fx.item()
    request = fx.filing(consultation)
    request.content.headings["plan"] = request.content.follow_up = text
    request.content.items[0].term = request.content.observations[0].term = text
    request.content.fit_note.issuer = request.content.fit_note.system = text
    filed = fx.must(f"{WRITEBACK}.WritebackService/FileEntry", request, "gp-anna", grant)
    entry = fx.must(read, fx.request(read, name=filed.name), "gp-anna", grant).entry
    said = "" if entry.content == request.content else "changed: the content"
    attack.book.note("states", read.removeprefix("ehub."), "text in any script", "kept as given", said, case)
    request = fx.raising(consultation)
    request.items[0].medicine_name = request.items[0].dosage = request.items[0].unit_name = text
    raised = fx.must(f"{PRESCRIBING}.PrescribingService/RaisePrescription", request, "gp-anna", grant)
    prescription = fx.must(got, fx.request(got, name=raised.name), "gp-anna", grant).prescription
    said = "" if list(prescription.items) == list(request.items) else "changed: the items"
    attack.book.note("states", got.removeprefix("ehub."), "text in any script", "kept as given", said, case)
