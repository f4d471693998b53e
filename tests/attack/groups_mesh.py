"""Bad messages by MESH: each is accepted, rejected or kept in quarantine, with the acknowledgement that fits; none is lost."""

from __future__ import annotations

import dataclasses
import time
import uuid

from ehub_peers import itk3_ack
from ehub_peers.itk3 import SendDocument
from fixture import INTAKE, nhs_number
from groups_rpc import Attack
from mailbox_of_supplier import WRITEBACK
from messages import Report

BOMB = b"""<?xml version="1.0"?><!DOCTYPE Bundle [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<Bundle xmlns="http://hl7.org/fhir"><id value="&d;"/></Bundle>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE Bundle [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<Bundle xmlns="http://hl7.org/fhir"><id value="&f;"/></Bundle>"""


class MeshCases:
    """One message after another, each watched to its end.

    Tables are not compared here: every message is kept, whatever it is. Instead exactly one thing becomes of it.
    """

    def __init__(self, attack: Attack) -> None:
        self.fx, self.book = attack.fx, attack.book
        self.mesh = self.fx.mesh

    def report(self, **changes) -> Report:
        """A good report."""
        number = nhs_number(uuid.uuid4().int % 900_000)
        return dataclasses.replace(Report(number, self.fx.canary), **changes)

    def run(self) -> None:
        """All of it."""
        self.mesh.answers()
        good = self.report()
        self.sent("good report", good.xml(), "accepted", acks=["20013", "30001"])
        self.sent("the same bytes again", good.xml(), "rejected", acks=["20007"])
        copy = self.report(header=good.header).xml()
        self.sent("another bundle under the same header id", copy, "rejected", acks=["20007"])
        again = dataclasses.replace(self.report(), bundle=good.bundle)
        self.sent("another header under the same Bundle id", again.xml(), "rejected", acks=["20007"])
        sixteen = self.report().xml().decode().replace("UTF-8", "UTF-16").encode("utf-16")
        self.sent("UTF-16 that says so", sixteen, "accepted", acks=["20013", "30001"])
        self._unreadable()
        self._unfit()
        self._not_asked_for()
        self._at_writeback()
        self.sent("good report afterwards", self.report().xml(), "accepted", acks=["20013", "30001"])

    def _unreadable(self) -> None:
        whole = self.report().xml()
        nested = b"<a>" * 100_000
        for case, body in {
            "truncated XML": whole[: len(whole) // 2],
            "not XML": b"\x00\x01\x02 " + self.fx.canary.encode(),
            "JSON": b'{"resourceType":"Bundle","id":"' + self.fx.canary.encode() + b'"}',
            "entity bomb": BOMB,
            "external entity": FILE,
            "XML that is not UTF-8": whole.replace(b"My back", b"My \xff\xfe back"),
            "100 000 elements deep": b'<Bundle xmlns="http://hl7.org/fhir">' + nested,
            "XML of something else": b"<html><body>" + self.fx.canary.encode() + b"</body></html>",
            "two roots": whole + whole[whole.index(b"<Bundle") :],
            "NUL in the text": whole.replace(b"My back", b"My &#0; back"),
        }.items():
            self.sent(case, body, "quarantined UNREADABLE", acks=[])
        self.sent("more bytes than are taken", b"<Bundle>" + b"x" * (10 << 20), "quarantined TOO_LARGE", acks=[])
        self.sent("no patient", self.report(patients=0).xml(), "quarantined UNREADABLE", acks=["20009"])
        self.sent("two patients", self.report(patients=2).xml(), "quarantined UNREADABLE", acks=["20009"])
        self.sent("patient without a name", self.report(named=False).xml(), "quarantined UNREADABLE", acks=["20009"])

    def _unfit(self) -> None:
        self.sent("unknown practice", self.report(practice="Z99999").xml(), "quarantined NOT_ENROLLED", acks=["20010"])
        fields = "quarantined INVALID_FIELDS "
        bad = dataclasses.replace(self.report(), nhs_number="9990000019")
        self.sent("NHS number with a bad check digit", bad.xml(), fields + "patient.nhs_number", acks=["20009"])
        for case, changes, path in [
            ("birth date in the future", {"birth_date": "2099-01-01"}, "patient.birth_date"),
            ("age over 130", {"birth_date": "1850-01-01"}, "patient.birth_date"),
            ("impossible birth date", {"birth_date": "1990-02-30"}, "patient.birth_date"),
            ("free text of 20 001 characters", {"text": "x" * 20_001}, "content.free_text"),
            ("family name of 101 characters", {"family": "x" * 101}, "patient.family_name"),
            ("practice code that is none", {"practice": "A8"}, "practice_ods"),
        ]:
            self.sent(case, self.report(**changes).xml(), fields + path, acks=["20009"])
        other = self.report(endpoint="PRACA001").xml()
        self.sent("source endpoint of somebody else", other, "accepted", acks=["20013", "30001"])

    def _not_asked_for(self) -> None:
        request = SendDocument(message_id=str(uuid.uuid4()), sender_reference=str(uuid.uuid4()))
        body = itk3_ack.build(request, "20013", "", "SUP01", "SUPPL001", str(uuid.uuid4()))
        # Answering an answer would make two systems talk for ever.
        self.sent("a response nobody asked for", body, "quarantined UNEXPECTED_MESSAGE", acks=[])
        event = self.report(event="ITK999X").xml()
        self.sent("unknown event", event, "quarantined UNEXPECTED_MESSAGE|quarantined UNREADABLE", acks=["10004"])

    def _at_writeback(self) -> None:
        request = SendDocument(message_id=str(uuid.uuid4()), sender_reference=str(uuid.uuid4()))
        response = itk3_ack.build(request, "30001", "", "SUP01", "SUPPL001", str(uuid.uuid4()))
        for case, body in {
            "not XML": b"\x00" + self.fx.canary.encode(),
            "entity bomb": BOMB,
            "a response nobody asked for": response,
            "an online consultation": self.report().xml(),
        }.items():
            self.mesh.send(body, WRITEBACK, "GPFED_CONSULT_REPORT_ACK")
            time.sleep(1.5)
            wrong = "" if not (said := self._acks()) else f"answered {said}"
            self.book.note("mesh", "MESH: writeback's mailbox", case, "taken in, no answer", wrong)

    def _acks(self) -> list[tuple[str, str]]:
        found = []
        for body in self.mesh.answers():
            read = itk3_ack.read_response(body)
            if self.fx.canary.encode() in body:
                self.book.note("mesh", "MESH: intake's mailbox", "acknowledgement", "sent", "quotes the message")
            found.append((read.answered, read.code))
        return found

    def _consultations(self) -> set[str]:
        method = f"{INTAKE}.IntakeService/ListConsultations"
        found, token = set(), ""
        while True:
            request = self.fx.request(method, page_size=500, page_token=token)
            page = self.fx.must(method, request, "practice-alder")
            found |= {one.name for one in page.consultations}
            token = page.next_page_token
            if not token:
                return found

    def sent(self, case: str, body: bytes, expected: str, acks: list[str]) -> None:
        """Sends one message and waits for what becomes of it and for its acknowledgements."""
        quarantined = {one.name for one in self.fx.all_quarantined()}
        consultations = self._consultations()
        self.mesh.send(body)
        got, codes, end = "", [], time.monotonic() + 45
        settle = None
        while time.monotonic() < end:
            # The answers first: whoever has one finds what it answers.
            codes += [code for _, code in self._acks()]
            new = [one for one in self.fx.all_quarantined() if one.name not in quarantined]
            accepted = self._consultations() - consultations
            if new:
                got = " ".join(["quarantined", new[0].cause, *new[0].wrong_fields])
            elif accepted:
                got = "accepted"
            elif codes:
                got = "rejected"
            enough = got and sorted(codes) == sorted(acks)
            # When no answer is due, one that comes nevertheless must be given the time to come.
            if enough and settle is None:
                settle = time.monotonic() + (1.6 if not acks else 0.0)
            if settle is not None and time.monotonic() >= settle:
                break
            time.sleep(0.25)
        wanted = expected.split("|")
        became = len(new) + len(accepted)
        wrong = [] if got in wanted else [f"expected {expected}, got {got or 'nothing in 45 s'}"]
        if became != (0 if got == "rejected" else 1):
            wrong.append(f"{len(new)} were quarantined and {len(accepted)} accepted of one message")
        if sorted(codes) != sorted(acks):
            wrong.append(f"expected the acknowledgements {acks or 'none'}, got {codes or 'none'}")
        said = f"{got}; acknowledged {', '.join(sorted(codes)) or 'not at all'}"
        self.book.note("mesh", "MESH: intake's mailbox", case, said, "; ".join(wrong))
