"""Checks of the peers themselves: a peer that accepts anything proves nothing."""

from __future__ import annotations

import base64
import copy
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from . import eps_rules, identifiers, itk3, itk3_ack, itk3_rules, samples, signing, triggers
from .answers import Behaviour, with_triggers
from .behaviour import BadBehaviour, HttpBehaviour, Switch
from .eps_store import Store, words_of
from .mesh_client import Received
from .practice import Register

Check = Callable[[], None]


def run(live: bool, documents: int) -> int:
    """Runs every check and says which failed; 0 when none did."""
    checks: list[Check] = [value for name, value in globals().items() if name.startswith("check_")]
    failed = 0
    for check in checks:
        try:
            check()
            print(f"ok    {check.__name__.removeprefix('check_').replace('_', ' ')}")
        except Exception:
            failed += 1
            print(f"FAIL  {check.__name__.removeprefix('check_').replace('_', ' ')}")
            traceback.print_exc(file=sys.stdout)
    if live and not failed:
        from . import live_check

        failed += live_check.run(documents)
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def _equal(got: object, wanted: object, what: str = "") -> None:
    _expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def _raises(kind: type[Exception], act: Callable[[], object], what: str) -> None:
    try:
        act()
    except kind:
        return
    raise AssertionError(f"{what}: no {kind.__name__}")


def _received(body: bytes, mesh_id: str = "M1", subject: str = "Report, Version: 1") -> Received:
    return Received(mesh_id, {"mex-subject": subject, "mex-from": "HUB01", "mex-localid": "Y07777"}, body)


def check_identifiers_against_published_vectors() -> None:
    for number in ("4010232137", "9434765919", "5839945242", "9990000018", "9990000069", "9000000033"):
        _expect(identifiers.is_nhs_number(number), number)
    for number in ("9111111111", "1000000000", "4857773456", "1234567890", "999000001"):
        _expect(not identifiers.is_nhs_number(number), number)
    for short in ("24F5DA-A83008-7EFE6Z", "003D4D-A99968-4C5AAJ", "3C2366-B81001-0A409U", "A1B2C3-Y01234-0000B+"):
        _expect(identifiers.is_short_id(short), short)
    for short in ("6FOCBU-E776BJ-CMPMTX", "FC6D78-A83008-EDF7BA", "E7ZG38-ZBACYU-V38SR+", "24f5da-a83008-7efe6z"):
        _expect(not identifiers.is_short_id(short), short)
    for concept in ("39732311000001104", "371531000", "149701000000109", "428673006", "322341003"):
        _expect(identifiers.is_snomed_id(concept), concept)
    for concept in ("751731000000109", "1575931000000102", "371531001"):
        _expect(not identifiers.is_snomed_id(concept), concept)


def check_good_document_is_accepted() -> None:
    body, ids = samples.send_document(text="Seen.", in_pdf="TRIGGER-BUSINESS-30003")
    document = itk3.read(body)
    _equal(itk3_rules.first_refusal(document, "", len(body)), None, "refusal")
    _equal(document.sender_reference, ids["reference"], "sender reference")
    _equal(document.nhs_numbers, [samples.PATIENT], "NHS number")
    _equal(itk3_rules.version_of(document, ""), 1, "version")
    _equal(triggers.find(document.text), ["BUSINESS-30003"], "a phrase inside a deflated PDF stream")


def check_bad_documents_are_refused() -> None:
    good, ids = samples.send_document()
    cases = {
        "ITK007C": ("ITK006D", "20006"),
        'url="InfAckRequested"': ('url="Other"', "10002"),
        'url="BusAckRequested"': ('url="Other"', "10003"),
        'url="SenderReference"': ('url="Other"', "10007"),
        'code value="FI"': ('code value="XX"', "10010"),
        "ITK-GPConnectSendDocument": ("ITK-Other", "10004"),
        "SendDocument-ConsultationReport": ("Something", "10001"),
        f'value="{samples.HUB_ODS}"': ('value=""', "20003"),
        f'value="{samples.PATIENT}"': ('value="9990000019"', "20009"),
        'status value="final"': ('status value="draft"', "20009"),
        "application/pdf": ("image/png", "20005"),
        'type value="document"': ('type value="batch"', "20009"),
        f'focus><reference value="urn:uuid:{ids["document"]}"': ('focus><reference value="urn:uuid:x"', "20006"),
        "Version 1": ("Edition 1", "20009"),
    }
    for old, (new, code) in cases.items():
        _expect(old in good.decode(), f"{old} is in the sample")
        document = itk3.read(good.decode().replace(old, new).encode())
        refusal = itk3_rules.first_refusal(document, "", len(good))
        _equal(refusal and refusal[0], code, f"{old} → {new}")
    restricted, _ = samples.send_document(confidentiality="R")
    refusal = itk3_rules.first_refusal(itk3.read(restricted), "", len(restricted))
    _equal(refusal and refusal[0], "20009", "confidential")
    for text in (b"", b"<Bundle", b"<Other/>", b'<!DOCTYPE a [<!ENTITY b "c">]><Bundle xmlns="http://hl7.org/fhir"/>'):
        _raises(itk3.Unreadable, lambda text=text: itk3.read(text), repr(text))


def check_acknowledgements_answer_the_request() -> None:
    body, ids = samples.send_document()
    request = itk3.read(body)
    positive = itk3_ack.read_response(itk3_ack.build(request, "20013", "", "A83008", "GP01", "k"))
    _equal(
        positive,
        itk3_ack.Response(ids["reference"], ids["header"], "ok", "20013", "GP01"),
        "infrastructure acknowledgement",
    )
    negative = itk3_ack.read_response(itk3_ack.build(request, "30003", 'why <&"', "A83008", "GP01", "k"))
    _equal((negative.response_code, negative.code), ("fatal-error", "30003"), "business negative")
    outer = itk3.read(itk3_ack.build(request, "20013", "", "A83008", "GP01", "k"))
    _equal((outer.event, outer.infrastructure_requested, outer.business_requested), ("ITK008M", "false", "false"))


def check_duplicates_are_refused_and_counted() -> None:
    register = Register(["A83008"])
    body, ids = samples.send_document()
    first = register.judge("A83008", "GP01", _received(body))
    again = register.judge("A83008", "GP01", _received(body, "M2"))
    _equal((first.infrastructure, first.business), ("20013", "30001"), "first")
    _equal((again.infrastructure, again.business), ("20007", None), "same message")
    _equal([r["accepted"] for r in register.records], [True, False], "accepted once")
    other_message = body.decode().replace(ids["bundle"], ids["bundle"][::-1].replace("-", "")[:8] + ids["bundle"][8:])
    other_message = other_message.replace(ids["header"], "0" * 8 + ids["header"][8:])
    third = register.judge("A83008", "GP01", _received(other_message.encode(), "M3"))
    _equal(third.infrastructure, "20008", "same document in another message")
    register.set_behaviour({"practice": "*", "dedupe": False})
    careless = register.judge("A83008", "GP01", _received(body, "M4"))
    _equal((careless.infrastructure, careless.record["duplicate"]), ("20013", True), "told not to de-duplicate")


def check_replacements_need_what_they_replace() -> None:
    register = Register(["A83008"])
    orphan, _ = samples.send_document(replaces="never-sent", version=2)
    _equal(register.judge("A83008", "GP01", _received(orphan)).infrastructure, "20014", "orphan")
    original, ids = samples.send_document()
    register.judge("A83008", "GP01", _received(original, "M2"))
    correction, _ = samples.send_document(replaces=ids["composition"], version=2)
    verdict = register.judge("A83008", "GP01", _received(correction, "M3", "Report, Version: 2"))
    _equal((verdict.infrastructure, verdict.record["version"]), ("20013", 2), "correction")


def check_practice_behaviours() -> None:
    register = Register(["A83008", "A83009"])
    register.set_behaviour({"practice": "A83008", "infrastructure": "negative:20010", "times": 1})
    codes = []
    for number in range(2):
        body, _ = samples.send_document()
        verdict = register.judge("A83008", "GP01", _received(body, f"M{number}"))
        codes.append((verdict.infrastructure, verdict.business))
    _equal(codes, [("20010", None), ("20013", "30001")], "a negative, once")
    _raises(BadBehaviour, lambda: register.set_behaviour({"practice": "NOPE"}), "unknown practice")
    _raises(BadBehaviour, lambda: register.set_behaviour({"business": "sulk"}), "unknown word")
    infrastructure, business = with_triggers(Behaviour(), ["SILENT-BUSINESS", "LATE-250", "EPS-400"])
    _equal((infrastructure.late_ms, infrastructure.silent, business.silent), (250, False, True), "phrases")


def check_http_behaviours() -> None:
    _equal(HttpBehaviour.parse("slow:5,504-after"), HttpBehaviour(slow_ms=5, after=504), "two words")
    _raises(BadBehaviour, lambda: HttpBehaviour.parse("maybe"), "unknown word")
    switch = Switch()
    switch.set("503", 2)
    _equal([switch.take().before for _ in range(3)], [503, 503, None], "twice, then well again")


def _prepared(bundle: dict) -> tuple[eps_rules.Message, str, str]:
    message = eps_rules.take_apart(bundle)
    when = "2026-01-02T10:00:00+00:00"
    info = signing.expected_signed_info(message.resources, message.prescription_uuid, when)
    return message, base64.b64encode(info).decode(), when


def check_prescription_rules() -> None:
    good = samples.prescription(items=4)
    _equal(list(eps_rules.order(eps_rules.take_apart(good))), [], "a good order")
    _equal(list(eps_rules.envelope(eps_rules.take_apart(good), signed=False)), [], "a good envelope")

    def item(bundle: dict, index: int = 1) -> dict:
        return bundle["entry"][index]["resource"]

    changes: dict[str, Callable[[dict], object]] = {
        "middle block": lambda b: b["entry"][0]["resource"]["sender"]["identifier"].update(value="A83008"),
        "check character": lambda b: [
            item(b, n)["groupIdentifier"].update(value=item(b)["groupIdentifier"]["value"][:-1] + "?") for n in range(1, 5)
        ],
        "group field": lambda b: item(b, 2).update(authoredOn="2026-01-01"),
        "repeat": lambda b: item(b)["courseOfTherapyType"]["coding"][0].update(code="continuous"),
        "plan": lambda b: item(b).update(intent="plan"),
        "no parent": lambda b: b["entry"][-1]["resource"].pop("partOf"),
        "service": lambda b: b["entry"][6]["resource"].update(healthcareService={"reference": "urn:uuid:x"}),
        "item number twice": lambda b: item(b, 2).update(identifier=item(b)["identifier"]),
        "no dosage": lambda b: item(b).update(dosageInstruction=[]),
        "medicine": lambda b: item(b)["medicationCodeableConcept"]["coding"][0].update(code="751731000000109"),
        "five items": lambda b: b["entry"].append(
            {"fullUrl": "urn:uuid:x", "resource": copy.deepcopy(item(b))}
        ),
        "no items": lambda b: b.update(
            entry=[e for e in b["entry"] if e["resource"]["resourceType"] != "MedicationRequest"]
        ),
    }
    for name, change in changes.items():
        bundle = copy.deepcopy(good)
        change(bundle)
        _expect(bool(list(eps_rules.order(eps_rules.take_apart(bundle)))), f"{name} is refused")


def check_signature_binds_the_prescription() -> None:
    bundle = samples.prescription(items=2)
    message, digest, when = _prepared(bundle)
    key, certificate = samples.certificate()
    data = signing.sign(digest, key, certificate)
    expected = base64.b64decode(digest)
    _equal(signing.verify(data, expected), certificate, "a good signature")

    def changed(change: Callable[[dict], object]) -> bytes:
        altered = copy.deepcopy(bundle)
        change(altered)
        taken = eps_rules.take_apart(altered)
        return signing.expected_signed_info(taken.resources, taken.prescription_uuid, when)

    item = lambda b: b["entry"][1]["resource"]  # noqa: E731
    binding: dict[str, Callable[[dict], object]] = {
        "quantity": lambda b: item(b)["dispenseRequest"]["quantity"].update(value=22),
        "dosage": lambda b: item(b)["dosageInstruction"][0].update(text="Take two"),
        "medicine": lambda b: item(b)["medicationCodeableConcept"]["coding"][0].update(code="322341003"),
        "item number": lambda b: item(b)["identifier"][0].update(value="x"),
        "short id": lambda b: item(b)["groupIdentifier"].update(value="x"),
        "order of items": lambda b: b["entry"].insert(1, b["entry"].pop(2)),
        "one item fewer": lambda b: b["entry"].pop(2),
        "patient": lambda b: b["entry"][3]["resource"].update(birthDate="1970-02-04"),
        "prescriber": lambda b: b["entry"][5]["resource"]["identifier"][0].update(value="555086689107"),
        "cost centre": lambda b: b["entry"][6]["resource"]["identifier"][0].update(value="Y07778"),
    }
    for name, change in binding.items():
        other = changed(change)
        _raises(signing.SignatureRefused, lambda other=other: signing.verify(data, other), f"{name} changed")
    late = signing.expected_signed_info(message.resources, message.prescription_uuid, "2026-01-02T10:00:01+00:00")
    _raises(signing.SignatureRefused, lambda: signing.verify(data, late), "another time")
    free = changed(lambda b: item(b)["dispenseRequest"]["performer"]["identifier"].update(value="FQW30"))
    _equal(free, expected, "the pharmacy is not signed")
    rounded = changed(lambda b: item(b)["dispenseRequest"]["quantity"].update(value=21.0))
    _equal(rounded, expected, "21 and 21.0 are one number")


def check_bad_signatures_are_refused() -> None:
    _, digest, _ = _prepared(samples.prescription())
    expected = base64.b64decode(digest)
    key, certificate = samples.certificate()
    other_key, _ = samples.certificate()
    good = base64.b64decode(signing.sign(digest, key, certificate)).decode()
    wrong_key = signing.sign(digest, other_key, certificate)
    _raises(signing.SignatureRefused, lambda: signing.verify(wrong_key, expected), "another's key")
    for name, text in {
        "no value": good.replace("<SignatureValue>", "<SignatureValue/><Other>").replace("</SignatureValue>", "</Other>"),
        "old algorithm": good.replace("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-sha1"),
        "changed digest": good.replace("<DigestValue>", "<DigestValue>A"),
        "not XML": "hello",
    }.items():
        data = base64.b64encode(text.encode()).decode()
        _raises(signing.SignatureRefused, lambda data=data: signing.verify(data, expected), name)
    _raises(signing.SignatureRefused, lambda: signing.verify("%%%", expected), "not base64")
    with_declaration = good.replace("<SignedInfo>", f'<SignedInfo xmlns="{signing.DSIG}">')
    signing.verify(base64.b64encode(with_declaration.encode()).decode(), expected)


def check_store_refuses_a_prescription_twice() -> None:
    bundle = samples.prescription(dosage="One a day TRIGGER-CANCEL-R-0002")
    message = eps_rules.take_apart(bundle)
    store = Store()
    _equal(store.add(message, "r1", b"", "t", words_of(message)), True, "first")
    _equal(store.add(message, "r2", b"", "t", []), False, "second")
    update = eps_rules.take_apart(samples.cancellation(bundle))
    _equal(list(eps_rules.cancellation(update)), [], "a good cancellation")
    _equal(store.cancel(update, []), "R-0002", "the order's phrase")
    _equal(store.set_state({"id": message.short_id, "state": "0007"}), 1, "given back by the dispenser")
    _equal(next(iter(store.prescriptions.values())).describe()["state"], "0005", "then cancelled")
    _equal(store.cancel(eps_rules.take_apart(samples.cancellation(samples.prescription())), []), "R-0008", "unknown")


def check_readme_names_every_command() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for word in ("mesh", "practice", "eps", "demographics", "duty", "all", "selfcheck", "TRIGGER-SILENT", "TRIGGER-HALF"):
        _expect(word in readme, f"{word} is in README.md")
    # The README's example configuration is a real one.
    example = readme.partition("```json")[2].partition("```")[0]
    _expect({"mesh", "practice", "eps", "demographics", "duty"} <= set(json.loads(example)), "the example configuration")
