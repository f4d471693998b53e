"""What is well-formed and yet wrong: limits, states, etags, references, other people's request ids."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fixture import ALDER, ALLOCATION, AUDIT, CEDAR, HUB, INTAKE, PRESCRIBING, WRITEBACK, new
from groups_rpc import Attack
from scripts import kept_as_given
from unchanged import refused

I, A, R = f"{INTAKE}.IntakeService/", f"{ALLOCATION}.AllocationService/", f"{ALLOCATION}.RegisterService/"
W, P, U = f"{WRITEBACK}.WritebackService/", f"{PRESCRIBING}.PrescribingService/", f"{AUDIT}.AuditService/"
INVALID, PAST, ABSENT, STALE = "INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "ABORTED"


class States:
    """One service after another."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book

    def run(self) -> None:
        """All of it."""
        self.submit()
        self.submit_who()
        self.status()
        self.enrolments()
        self.items()
        self.register()
        self.entries()
        self.prescriptions()
        self.audit()
        self.request_ids()
        self.book.skip("a claim that runs out by itself")

    def got(self, method, case, request, persona, code, reason=None, path=None, grant=None, metadata=None):
        """One call, judged."""
        fx, service = self.fx, method.split(".")[1]
        call = lambda: fx.wire.call(service, "/" + method, request, metadata or fx.bearer(persona, grant))  # noqa: E731
        answer, changed = (call(), "") if code == "OK" else refused(self.attack.tables, service, call)
        self.book.answer("states", method.removeprefix("ehub."), case, answer, code, reason, path)
        self.attack.well(service, method)
        if changed:
            self.book.note("states", method.removeprefix("ehub."), case, answer.code, changed)
        return answer

    def _submit(self, case: str, change, code: str = INVALID, reason: str | None = None, path: str | None = None, **more):
        request = self.fx.submission()
        change(request)
        return self.got(I + "SubmitConsultation", case, request, "supplier", code, reason, path, **more)

    def submit(self) -> None:
        """What a consultation may not be."""

        def answers(request, count: int) -> None:
            del request.content.answers[:]
            for n in range(count):
                request.content.answers.add(question_id=f"q{n}", question="?", answer="a")

        def text(request, length: int) -> None:
            request.content.free_text = "x" * length

        def child(request) -> None:
            request.patient.birth_date = f"{self.fx.today().year - 13}-01-01"
            request.submitter.ClearField("competence_recorded")

        def silent(request) -> None:
            request.content.free_text = ""
            del request.content.answers[:]

        def proxy(request) -> None:
            request.submitter.full_name = request.submitter.relationship = ""

        def old(request, days: int) -> None:
            request.first_contact_time.CopyFrom(self.fx.at(-86_400 * days))

        self._submit("201 answers", lambda r: answers(r, 201), path="content.answers")
        self._submit("200 answers", lambda r: answers(r, 200), "OK")
        self._submit("free text of 20 001 characters", lambda r: text(r, 20_001), path="content.free_text")
        self._submit("free text of 20 000 characters", lambda r: text(r, 20_000), "OK")
        self._submit("neither text nor answers", silent, path="content.free_text")
        self._submit("proxy without a name", proxy, path="submitter.full_name")
        self._submit("proxy without a relationship", proxy, path="submitter.relationship")
        self._submit("proxy of a patient of 13, competence not asked", child, path="submitter.competence_recorded")
        self._submit("channel MESH", lambda r: setattr(r, "channel", 2), path="channel")
        self._submit("first contact 31 days ago", lambda r: old(r, 31), path="first_contact_time")
        self._submit("topic with capitals", lambda r: setattr(r.content, "topic", "Back"), path="content.topic")
        self._submit("blank family name", lambda r: setattr(r.patient, "family_name", " \t\u2003"), path="patient.family_name")

        def everything(request) -> None:
            request.request_id = request.practice_ods = ""
            request.patient.nhs_number, request.patient.birth_date = "1", "1"
            request.submitter.kind = request.content.need = 0

        answer = self._submit("six fields wrong at once", everything)
        six = ["request_id", "practice_ods", "patient.nhs_number", "patient.birth_date", "submitter.kind", "content.need"]
        missing = [path for path in six if path not in answer.paths]
        name = "intake.v1.IntakeService/SubmitConsultation"
        self.book.note("states", name, "all six are named", answer.code, f"not named: {missing}" if missing else "")
        kept_as_given(self.attack)

    def submit_who(self) -> None:
        """For whom, and under which reference."""
        minted, everything = self.attack.minted, self.attack.everything
        denied = ("PERMISSION_DENIED", "PRACTICE_NOT_ALLOWED")
        elsewhere = lambda r: setattr(r, "practice_ods", "Z99999")  # noqa: E731
        self._submit("practice that the token does not name", elsewhere, *denied)
        bare = minted(everything("supplier", ehub_practices=None))
        self._submit("client whose token names no practice", lambda r: None, *denied, metadata=bare)
        wide = minted(everything("supplier", ehub_practices=[ALDER, "Z99999"]))
        self._submit("practice that is not enrolled", elsewhere, PAST, "PRACTICE_NOT_ENROLLED", metadata=wide)
        reference = "AT-" + new()
        self._submit("supplier reference, first use", lambda r: setattr(r, "supplier_reference", reference), "OK")
        again = lambda r: setattr(r, "supplier_reference", reference)  # noqa: E731
        self._submit("supplier reference used again", again, "ALREADY_EXISTS", "SUPPLIER_REFERENCE_REUSED")

    def status(self) -> None:
        """Guessing references and birth dates."""
        method, persona = I + "GetConsultationStatus", "supplier"
        received = self.fx.must(I + "SubmitConsultation", self.fx.submission(), "supplier").receipt.reference
        ask = lambda birth: self.fx.request(method, reference=received, birth_date=birth)  # noqa: E731
        wrong = [self.got(method, "wrong birth date", ask(f"1980-01-0{n}"), persona, ABSENT) for n in range(1, 6)]
        other = "0" if received[-1] != "0" else "1"
        for typo in (received[:-1] + other, "ABC-DEF-GHJ"):
            request = self.fx.request(method, reference=typo, birth_date="1980-01-01")
            answer = self.got(method, "a reference that is none", request, persona, (ABSENT, INVALID))
            if answer.code == ABSENT:
                case, same = "unknown reference is as a wrong birth date", answer.same_as(wrong[0])
                self.book.note("states", method.removeprefix("ehub."), case, answer.code, "" if same else "they differ")
        case = "right birth date after five wrong ones"
        self.got(method, case, ask(self.fx.birth_date), persona, "RESOURCE_EXHAUSTED", "TOO_MANY_ATTEMPTS")

    def enrolments(self) -> None:
        """Enrolments and what is in quarantine."""
        method, admin, fx = I + "PutEnrolment", "hub-admin", self.fx

        def put(case: str, change, code, reason, path=None) -> None:
            request = fx.request(method, request_id=new(), enrolment=fx.enrolment())
            change(request.enrolment)
            self.got(method, case, request, admin, code, reason, path)

        def unnamed(enrolment) -> None:
            enrolment.name = enrolment.etag = ""

        put("stale etag", lambda e: setattr(e, "etag", "v999"), STALE, "ETAG_MISMATCH")
        put("enrolment that is not there", lambda e: setattr(e, "name", f"enrolments/{new()}"), ABSENT, "ENROLMENT_NOT_FOUND")
        put("name without an etag", lambda e: setattr(e, "etag", ""), INVALID, "INVALID_FIELDS", "enrolment.etag")
        put("a second enrolment of the same days", unnamed, PAST, "ENROLMENT_OVERLAPS")
        wrong = ("INVALID_FIELDS",)
        put("hub of somebody else", lambda e: setattr(e, "hub_ods", CEDAR), INVALID, wrong, "enrolment.hub_ods")
        put("no needs", lambda e: e.ClearField("needs"), INVALID, wrong, "enrolment.needs")
        put("no promises", lambda e: e.ClearField("promises"), INVALID, wrong, "enrolment.promises")
        for url in ("ftp://a.invalid", "javascript:alert(1)", "http://10.0.0.1/", "https://", "https://u:p@a.invalid/", "x"):
            put(f"duty contact {url}", lambda e, url=url: setattr(e, "duty_contact", url), INVALID, wrong, "enrolment.duty_contact")
        put("ends before it begins", lambda e: setattr(e, "to_date", "2020-01-01"), INVALID, wrong, "enrolment.to_date")
        zero = lambda e: setattr(e.promises[0], "respond_minutes", 20_161)  # noqa: E731
        put("a promise of more than two weeks", zero, INVALID, wrong, "enrolment.promises[0].respond_minutes")
        convert = next(rpc for rpc in self.attack.rpcs if rpc.method.endswith("ConvertQuarantined"))
        fx.quarantined = fx.newly_quarantined()
        fx.must(convert.method, convert.good(fx), "duty-dan")
        self.got(convert.method, "settled before", convert.good(fx), "duty-dan", PAST, "QUARANTINE_SETTLED")

    def items(self) -> None:
        """Work items and alerts."""
        fx, act = self.fx, lambda name, **more: self.fx.request(A + name, request_id=new(), consultation=self.fx.main, **more)
        self.got(A + "ClaimItem", "held by somebody else", act("ClaimItem"), "gp-bert", PAST, "ITEM_NOT_CLAIMABLE")
        transfer = act("AcknowledgeTransfer")
        self.got(A + "AcknowledgeTransfer", "no transfer waits", transfer, "gp-anna", PAST, "TRANSFER_NOT_PENDING")
        alert = next(rpc for rpc in self.attack.rpcs if rpc.method.endswith("AcknowledgeAlert"))
        self.fx.call(alert.method, alert.good(fx), "duty-dan")
        self.got(alert.method, "acknowledged before", alert.good(fx), "duty-dan", PAST, "ALERT_ACKNOWLEDGED")
        many = fx.request(A + "ClaimNext", request_id=new(), skills=["s"] * 101)
        self.got(A + "ClaimNext", "101 skills", many, "gp-anna", INVALID, path="skills")
        complete = next(rpc for rpc in self.attack.rpcs if rpc.method.endswith("Complete"))

        def completing(case: str, change, code, reason, path=None, grant=None) -> None:
            request = complete.good(fx)
            change(request)
            self.got(complete.method, case, request, "gp-anna", code, reason, path, grant or fx.grant)

        completing("clinical without a record seen", lambda r: r.ClearField("record_seen"), INVALID, None, "record_seen")
        both = lambda r: setattr(r.record_seen, "not_seen_reason", "NOT_NEEDED")  # noqa: E731
        completing("record seen and not seen", both, INVALID, None, "record_seen")
        completing("told by pigeon", lambda r: setattr(r.told, "channel", "PIGEON"), INVALID, None, "told.channel")
        note = lambda r: setattr(r.outcome, "note", "x" * 2_001)  # noqa: E731
        completing("note of 2 001 characters", note, INVALID, None, "outcome.note")
        consultation, grant = fx.item()
        there = lambda r: setattr(r, "consultation", consultation)  # noqa: E731
        completing("advice without an entry", there, PAST, "OPEN_ACTIONS", grant=grant)

    def register(self) -> None:
        """Organisations and access."""
        fx, admin = self.fx, "hub-admin"

        def organisation(case: str, code, reason, path=None, **fields) -> None:
            given = {"ods": ALDER, "kind": 1, "display_name": "Other", "icb_ods": "QOP", "from_date": "2024-01-01"} | fields
            request = fx.request(R + "PutOrganisation", request_id=new(), organisation=given)
            self.got(R + "PutOrganisation", case, request, admin, code, reason, path)

        organisation("code of another organisation", PAST, "ODS_CODE_TAKEN")
        absent = f"organisations/{new()}"
        organisation("organisation that is not there", ABSENT, "ORGANISATION_NOT_FOUND", name=absent, ods="T9" + new()[:4])
        organisation("practice without an ICB", INVALID, None, "organisation.icb_ods", icb_ods="")
        roster = {"subject": "x", "organisation_ods": "Z99999", "role": "gp", "from_date": "2024-01-01"}
        request = fx.request(R + "PutRoster", request_id=new(), roster=roster)
        self.got(R + "PutRoster", "unknown organisation", request, admin, ABSENT, "ORGANISATION_NOT_FOUND")
        roster |= {"organisation_ods": HUB, "to_date": "2023-01-01"}
        request = fx.request(R + "PutRoster", request_id=new(), roster=roster)
        self.got(R + "PutRoster", "ends before it begins", request, admin, INVALID, None, "roster.to_date")
        agreement = {"organisation_ods": HUB, "practice_ods": ALDER, "capabilities": ["everything"], "from_date": "2024-01-01"}
        request = fx.request(R + "PutAccessAgreement", request_id=new(), agreement=agreement)
        case = "unknown capability"
        self.got(R + "PutAccessAgreement", case, request, admin, INVALID, None, "agreement.capabilities[0]")

    def entries(self) -> None:
        """Entries and agreements."""
        fx = self.fx

        def file(case: str, change, code, reason=None, path=None) -> None:
            request = fx.filing(fx.main)
            change(request)
            self.got(W + "FileEntry", case, request, "gp-anna", code, reason, path, fx.grant)

        def replace(request, etag: str) -> None:
            request.name, request.etag = fx.entry.name, etag

        file("stale etag", lambda r: replace(r, "v999"), STALE, "ETAG_MISMATCH")
        file("etag that is none", lambda r: replace(r, "abc"), INVALID, None, "etag")
        file("a second open entry", lambda r: None, "ALREADY_EXISTS", "ENTRY_EXISTS")
        file("name of another consultation's entry", lambda r: setattr(r, "name", fx.waiting.name), "ALREADY_EXISTS", "ENTRY_EXISTS")
        file("51 coded items", lambda r: r.content.items.extend([r.content.items[0]] * 50), INVALID, None, "content.items")
        file("heading that is none", lambda r: r.content.headings.__setitem__(fx.canary, "x"), INVALID, None, "content.headings")
        file("nothing recorded", lambda r: r.content.Clear(), INVALID, None, "content.headings")
        units = lambda r: setattr(r.content.observations[0], "unit", "°C")  # noqa: E731
        file("unit that is not UCUM", units, INVALID, None, "content.observations[0].unit")
        for value in ("1,5", "٣٧", "NaN", "1e400", "", "--1", "0x10"):
            change = lambda r, value=value: setattr(r.content.observations[0], "value", value)  # noqa: E731
            file(f"value {value or 'absent'}", change, INVALID, None, "content.observations[0].value")
        reverse = lambda r: setattr(r.content.fit_note, "to_date", "2026-01-04")  # noqa: E731
        file("fit note that ends before it begins", reverse, INVALID, None, "content.fit_note.to_date")
        settle = fx.request(W + "SettleEntry", request_id=new(), name=fx.entry.name, action="NOT_TO_BE_SENT", note="n")
        self.got(W + "SettleEntry", "entry that waits for nobody", settle, "duty-dan", PAST, "ENTRY_NOT_WAITING")
        settle = fx.request(W + "SettleEntry", request_id=new(), name=fx.entry.name, action="BURN_IT", note="n")
        self.got(W + "SettleEntry", "unknown action", settle, "duty-dan", INVALID, None, "action")
        agreement = fx.request(W + "PutAgreement", request_id=new(), agreement=fx.agreement())
        agreement.agreement.etag = "v999"
        self.got(W + "PutAgreement", "stale etag", agreement, "hub-admin", STALE, "ETAG_MISMATCH")
        agreement.request_id, agreement.agreement.name = new(), f"agreements/{new()}"
        self.got(W + "PutAgreement", "agreement that is not there", agreement, "hub-admin", ABSENT, "AGREEMENT_NOT_FOUND")

    def prescriptions(self) -> None:
        """Prescriptions."""
        fx = self.fx

        def raise_(case: str, change, code, reason=None, path=None, persona="gp-anna", grant=None, consultation=None) -> None:
            request = fx.raising(consultation or fx.main)
            change(request)
            self.got(P + "RaisePrescription", case, request, persona, code, reason, path, grant or fx.grant)

        raise_("five items", lambda r: r.items.extend([r.items[0]] * 4), INVALID, None, "items")
        for field, value in [("course_of_therapy", "continuous"), ("controlled_schedule", "1"), ("days", 0), ("days", 367),
                             ("quantity", "0"), ("quantity", "-1"), ("quantity", "1e9"), ("quantity", "٢١")]:
            change = lambda r, field=field, value=value: setattr(r.items[0], field, value)  # noqa: E731
            raise_(f"{field} {value}", change, INVALID, None, f"items[0].{field}")
        schedule = lambda r: setattr(r.items[0], "controlled_schedule", "2")  # noqa: E731
        raise_("schedule 2 without the quantity in words", schedule, INVALID, None, "items[0].quantity_words")
        taken = lambda r: setattr(r, "name", fx.prescription.name)  # noqa: E731
        raise_("name of another prescription", taken, "ALREADY_EXISTS", "PRESCRIPTION_EXISTS")
        centre = lambda r: setattr(r, "cost_centre_ods", "Y09876")  # noqa: E731
        raise_("cost centre that is not there", centre, ABSENT, "COST_CENTRE_NOT_FOUND")
        # The cedar patient is at another practice than demographics says, so only the membership can be judged first.
        raise_("prescriber who is no member", lambda r: None, PAST, "NOT_A_MEMBER", persona="admin-cora",
               grant=fx.cedar_grant, consultation=fx.cedar)
        act = lambda name, etag=None, **more: fx.request(  # noqa: E731
            P + name, request_id=new(), name=fx.prescription.name, etag=etag or fx.prescription.etag, **more)
        for name, more in [("PreparePrescription", {}), ("VoidPrescription", {"reason": "r"}), ("IssuePrescription", {}),
                           ("SignPrescription", {"signature": "PFNpZy8+"})]:
            stale = act(name, "p999", **more)
            grant = fx.grant if name == "PreparePrescription" else None
            self.got(P + name, "stale etag", stale, "gp-anna", STALE, "ETAG_MISMATCH", grant=grant)
        self.got(P + "IssuePrescription", "not signed yet", act("IssuePrescription"), "gp-anna", PAST, "WRONG_STATE")
        sign = act("SignPrescription", signature="PFNpZy8+")
        self.got(P + "SignPrescription", "not prepared yet", sign, "gp-anna", PAST, "WRONG_STATE")
        other = "somebody else's prescription"
        who = ("PERMISSION_DENIED", "NOT_THE_PRESCRIBER")
        self.got(P + "SignPrescription", other, act("SignPrescription", signature="PFNpZy8+"), "gp-bert", *who)
        self.got(P + "IssuePrescription", other, act("IssuePrescription"), "gp-bert", *who)
        seen = act("SignPrescription", signature="PFNpZy8+", record_seen_source="TEA_LEAVES", record_seen_time=fx.at(-1))
        self.got(P + "SignPrescription", "record that is none", seen, "gp-anna", INVALID, None, "record_seen_source")
        prepared = fx.must(P + "PreparePrescription", act("PreparePrescription"), "gp-anna", fx.grant)
        fx.prescription.etag = prepared.etag
        for case, signature in [("signature of garbage", "%%%"), ("signature that is no XML", "AAAA"),
                                ("signature of another text", "PFNpZ25hdHVyZSB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC8wOS94bWxkc2lnIyIvPg==")]:
            request = act("SignPrescription", signature=signature)
            self.got(P + "SignPrescription", case, request, "gp-anna", (PAST, INVALID), ("SIGNATURE_INVALID", "INVALID_FIELDS"))

    def audit(self) -> None:
        """Proofs of what is not there."""
        def ask(name: str, case: str, code, reason=None, path=None, **fields) -> None:
            self.got(U + name, case, self.fx.request(U + name, **fields), "auditor", code, reason, path)

        largest = 2**63 - 1
        ask("GetInclusionProof", "event that is not there", ABSENT, "LEAF_NOT_FOUND", event=new())
        ask("GetInclusionProof", "tree of the largest size", (PAST, ABSENT), "TREE_SMALLER", event=self.fx.event, size=largest)
        ask("GetInclusionProof", "tree before the event", ABSENT, "LEAF_NOT_FOUND", event=self.fx.event, size=1)
        ask("GetConsistencyProof", "larger tree that is smaller", INVALID, None, "second", first=5, second=4)
        ask("GetConsistencyProof", "tree of the largest size", PAST, "TREE_SMALLER", first=1, second=largest)
        ask("GetConsistencyProof", "both of the largest size", PAST, "TREE_SMALLER", first=largest, second=largest)
        ask("ExportLeaves", "5001 leaves", INVALID, None, "limit", limit=5001)
        ask("ExportLeaves", "leaves beyond the end", "OK", start=largest, limit=5000)

    def request_ids(self) -> None:
        """A request id is its caller's own."""
        fx = self.fx
        submission = fx.submission()
        first = fx.call(I + "SubmitConsultation", submission, "supplier")
        submission.supplier_reference = "AT-" + new()
        mine = self.attack.minted(self.attack.everything("supplier", sub="supplier-two", client_id="supplier-two"))
        other = self.got(I + "SubmitConsultation", "request id of another client", submission, "", "OK", metadata=mine)
        same = other.ok and fx.read(I + "SubmitConsultation", first).consultation == fx.read(I + "SubmitConsultation", other).consultation
        name = "intake.v1.IntakeService/SubmitConsultation"
        wrong = "the answer of somebody else" if same or other.replayed else ""
        self.book.note("states", name, "request id of another client", "a consultation of its own", wrong)
        released = fx.request(A + "ReleaseClaim", consultation=fx.other)
        fx.must(A + "ReleaseClaim", released, "gp-anna", fx.other_grant)
        claim = fx.request(A + "ClaimItem", request_id=new(), consultation=fx.other)
        fx.call(A + "ClaimItem", claim, "gp-anna")
        self.got(A + "ClaimItem", "request id of another person", claim, "gp-bert", PAST, "ITEM_NOT_CLAIMABLE")
        self._at_once()
        self.got(A + "ListInbox", "a page of 500", fx.request(A + "ListInbox", page_size=500), "gp-anna", "OK")

    def _at_once(self) -> None:
        """The same call twenty times at the same moment, and ten claims of one item."""
        fx, submit, claim = self.fx, I + "SubmitConsultation", A + "ClaimItem"
        submission = fx.submission()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: fx.call(submit, submission, "supplier"), range(20)))
        given = [answer for answer in answers if answer.ok]
        names = {fx.read(submit, answer).consultation for answer in given}
        # Who comes while the first is still at it may be asked to come again.
        others = {answer.code for answer in answers if not answer.ok} - {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"}
        wrong = "" if len(names) == 1 and not others else f"{len(names)} consultations; {others or ''}"
        name = submit.removeprefix("ehub.")
        self.book.note("states", name, "twenty at once with one request id", "one consultation", wrong)
        consultation, grant = fx.item()
        fx.must(A + "ReleaseClaim", fx.request(A + "ReleaseClaim", consultation=consultation), "gp-anna", grant)
        who = ["gp-anna", "gp-bert"] * 5
        with ThreadPoolExecutor(10) as pool:
            ask = lambda one: fx.call(claim, fx.request(claim, request_id=new(), consultation=consultation), one)  # noqa: E731
            answers = list(pool.map(ask, who))
        held = [answer for answer in answers if answer.ok]
        others = {answer.reason for answer in answers if not answer.ok} - {"ITEM_NOT_CLAIMABLE"}
        holders = {fx.read(claim, answer).claim.item.claimed_by for answer in held}
        wrong = "" if len(holders) == 1 and not others else f"held by {holders}; {others or ''}"
        self.book.note("states", claim.removeprefix("ehub."), "ten claims of one item at once", "one holder", wrong)
