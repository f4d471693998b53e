"""Fields: each wrong in turn, beyond the limit its comment names, and text of every script kept as given."""

from __future__ import annotations

from fields import cases, limits, matches
from fixture import INTAKE, new
from groups_rpc import Attack

# Filters of lists, where UNSPECIFIED means all.
FILTERS = {"state"}
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


class Fields:
    """One RPC after another."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book

    def run(self) -> None:
        """All of it."""
        contract = self.fx.contract
        timestamp = contract.klass("google.protobuf.Timestamp")
        for rpc in self.attack.rpcs:
            good = rpc.good(self.fx)
            for case in cases(good, timestamp, self.fx.canary, rpc.ignored, FILTERS):
                self._wrong(rpc, case)
            for case in limits(contract, good, self.fx.canary, rpc.ignored):
                self._wrong(rpc, case)

    def _wrong(self, rpc, case) -> None:
        if rpc.mutates and case.path != "request_id":
            case.message.request_id = new()
        answer = self.attack.go(rpc, case.message, self.attack.as_usual(rpc))
        if case.path.endswith("etag") and answer.code == "ABORTED":
            # An etag is opaque: what it never was it is not now.
            self.book.answer("fields", rpc.short, case.name, answer, "ABORTED", "ETAG_MISMATCH", about=case.path)
            return
        named = answer.code == "INVALID_ARGUMENT" and matches(case.path, answer.paths)
        path = None if named else case.path
        self.book.answer("fields", rpc.short, case.name, answer, "INVALID_ARGUMENT", "INVALID_FIELDS", path, about=case.path)
        if answer.ok and rpc.mutates:
            # What should have been refused has replaced something: put it back for the cases that follow.
            self.attack.go(rpc, rpc.good(self.fx), self.attack.as_usual(rpc))


def kept_as_given(attack: Attack) -> None:
    """Names and text in any script come back as they were sent."""
    fx, submit, get = attack.fx, f"{INTAKE}.IntakeService/SubmitConsultation", f"{INTAKE}.IntakeService/GetConsultation"
    for case, text in SCRIPTS.items():
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
