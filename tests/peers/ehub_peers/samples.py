"""Messages for the self checks: what a well-behaved hub would send. Made here, with people of the test range."""

from __future__ import annotations

import base64
import copy
import datetime
import uuid
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from . import identifiers

_STU3 = "https://fhir.nhs.uk/STU3/"
_ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
HUB_ODS = "Y07777"
PATIENT = "9990000018"


def pdf(text: str, deflated: bool = False) -> bytes:
    """A small one-page PDF that shows one line."""
    content = f"BT /F1 12 Tf 50 750 Td ({text}) Tj ET".encode("latin-1")
    if deflated:
        content = zlib.compress(content)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), b"/Filter/FlateDecode" if deflated else b"", content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = b"%PDF-1.7\n"
    for number, body in enumerate(objects, 1):
        out += b"%d 0 obj%s endobj\n" % (number, body)
    return out + b"trailer<</Root 1 0 R>>\n%%EOF\n"


def send_document(
    mailbox: str = "HUB01",
    reference: str | None = None,
    text: str = "Seen today.",
    in_pdf: str = "",
    confidentiality: str = "N",
    replaces: str | None = None,
    version: int = 1,
) -> tuple[bytes, dict[str, str]]:
    """A Send Document message, and the ids in it."""
    ids = {name: str(uuid.uuid4()) for name in ("bundle", "header", "sender", "document", "composition", "binary")}
    ids |= {"patient": str(uuid.uuid4()), "reference": reference or str(uuid.uuid4())}
    relates = ""
    if replaces:
        target = f'<targetIdentifier><value value="{replaces}"/></targetIdentifier>'
        relates = f'<relatesTo><code value="replaces"/>{target}</relatesTo>'
    encoded = base64.b64encode(pdf(in_pdf or "Consultation report", deflated=True)).decode()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    message = f"""<?xml version="1.0" encoding="UTF-8"?>
<Bundle xmlns="http://hl7.org/fhir"><id value="{ids['bundle']}"/>
<meta><profile value="{_STU3}StructureDefinition/ITK-Message-Bundle-1"/></meta>
<identifier><system value="https://tools.ietf.org/html/rfc4122"/><value value="{ids['bundle']}"/></identifier>
<type value="message"/>
<entry><fullUrl value="urn:uuid:{ids['header']}"/><resource><MessageHeader><id value="{ids['header']}"/>
<extension url="{_STU3}StructureDefinition/Extension-ITK-MessageHandling-2">
<extension url="BusAckRequested"><valueBoolean value="true"/></extension>
<extension url="InfAckRequested"><valueBoolean value="true"/></extension>
<extension url="RecipientType"><valueCoding><system value="{_STU3}CodeSystem/ITK-RecipientType-1"/><code value="FI"/></valueCoding></extension>
<extension url="MessageDefinition"><valueReference><reference value="{_STU3}MessageDefinition/ITK-GPConnectSendDocument-MessageDefinition-1"/></valueReference></extension>
<extension url="SenderReference"><valueString value="{ids['reference']}"/></extension>
<extension url="LocalExtension"><valueString value="SendDocument-ConsultationReport"/></extension></extension>
<event><system value="{_STU3}CodeSystem/ITK-MessageEvent-2"/><code value="ITK007C"/></event>
<sender><reference value="urn:uuid:{ids['sender']}"/></sender><timestamp value="{now}"/>
<source><endpoint value="{mailbox}"/></source><focus><reference value="urn:uuid:{ids['document']}"/></focus>
</MessageHeader></resource></entry>
<entry><fullUrl value="urn:uuid:{ids['sender']}"/><resource><Organization><identifier><system value="{_ODS}"/>
<value value="{HUB_ODS}"/></identifier></Organization></resource></entry>
<entry><fullUrl value="urn:uuid:{ids['document']}"/><resource><Bundle>
<identifier><system value="https://tools.ietf.org/html/rfc4122"/><value value="{ids['document']}"/></identifier>
<type value="document"/>
<entry><fullUrl value="urn:uuid:{ids['composition']}"/><resource><Composition>
<identifier><value value="{ids['composition']}"/></identifier><status value="final"/>
<type><coding><system value="http://snomed.info/sct"/><code value="371531000"/></coding></type>
<subject><reference value="urn:uuid:{ids['patient']}"/></subject><date value="{now}"/><title value="Consultation report"/>
<confidentiality value="{confidentiality}"/>{relates}
<section><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>{text} Version {version}</p></div></text>
<entry><reference value="urn:uuid:{ids['binary']}"/></entry></section></Composition></resource></entry>
<entry><fullUrl value="urn:uuid:{ids['binary']}"/><resource><Binary><contentType value="application/pdf"/>
<content value="{encoded}"/></Binary></resource></entry>
<entry><fullUrl value="urn:uuid:{ids['patient']}"/><resource><Patient><identifier>
<system value="https://fhir.nhs.uk/Id/nhs-number"/><value value="{PATIENT}"/></identifier>
<name><family value="Testerton"/></name><birthDate value="1970-02-03"/></Patient></resource></entry>
</Bundle></resource></entry></Bundle>"""
    return message.encode(), ids


def certificate(name: str = "Test prescriber") -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A key and a self-signed certificate for it, valid for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, made


def _identifier(system: str, value: str) -> list[dict]:
    return [{"system": system, "value": value}]


def _ods(value: str) -> dict:
    return {"identifier": {"system": _ODS, "value": value}}


def prescription(items: int = 1, dosage: str = "Take one three times a day", cost_centre: str = HUB_ODS) -> dict:
    """A prescription-order bundle, unsigned, as `$prepare` takes it."""
    random = uuid.uuid4().hex.upper()
    body = f"{random[:6]}{cost_centre.rjust(6, '0')}{random[6:11]}"
    short = f"{body[:6]}-{body[6:12]}-{body[12:]}{identifiers.short_id_check_character(body)}"
    long_id, patient, role, person, org = (str(uuid.uuid4()) for _ in range(5))
    numbers = [str(uuid.uuid4()) for _ in range(items)]
    requests = [(number, _item(number, short, long_id, patient, role, dosage)) for number in numbers]
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": "https://fhir.nhs.uk/CodeSystem/message-event", "code": "prescription-order"},
        "destination": [{"endpoint": "https://example.invalid", "receiver": _ods("FA565")}],
        "sender": _ods(cost_centre),
        "source": {"endpoint": f"https://example.invalid/{cost_centre}"},
        "focus": [{"reference": f"urn:uuid:{url}"} for url in [*numbers, patient, role]],
    }
    resources = [(str(uuid.uuid4()), header), *requests, *_people(patient, role, person, org, cost_centre)]
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": str(uuid.uuid4())},
        "type": "message",
        "entry": [{"fullUrl": f"urn:uuid:{url}", "resource": resource} for url, resource in resources],
    }


def _item(number: str, short: str, long_id: str, patient: str, role: str, dosage: str) -> dict:
    fhir = "https://fhir.nhs.uk/"

    def coded(name: str, system: str, code: str) -> list[dict]:
        coding = {"system": f"{fhir}CodeSystem/{system}", "code": code}
        return [{"url": f"{fhir}StructureDefinition/Extension-DM-{name}", "valueCoding": coding}]

    long = {"system": fhir + "Id/prescription", "value": long_id}
    terminology = "http://terminology.hl7.org/CodeSystem/medicationrequest-"
    return {
        "resourceType": "MedicationRequest",
        "extension": coded("PrescriptionType", "prescription-type", "0101"),
        "identifier": _identifier(fhir + "Id/prescription-order-item-number", number),
        "status": "active",
        "intent": "order",
        "category": [{"coding": [{"system": terminology + "category", "code": "community"}]}],
        "medicationCodeableConcept": {
            "coding": [
                {"system": "http://snomed.info/sct", "code": "39732311000001104", "display": "Amoxicillin 250mg capsules"}
            ]
        },
        "subject": {"reference": f"urn:uuid:{patient}"},
        "requester": {"reference": f"urn:uuid:{role}"},
        "groupIdentifier": {
            "system": fhir + "Id/prescription-order-number",
            "value": short,
            "extension": [
                {"url": fhir + "StructureDefinition/Extension-DM-PrescriptionId", "valueIdentifier": long}
            ],
        },
        "courseOfTherapyType": {"coding": [{"system": terminology + "course-of-therapy", "code": "acute"}]},
        "dosageInstruction": [{"text": dosage}],
        "dispenseRequest": {
            "extension": coded("PerformerSiteType", "dispensing-site-preference", "P1"),
            "quantity": {"value": 21, "unit": "capsule", "system": "http://snomed.info/sct", "code": "428641000"},
            "expectedSupplyDuration": {"value": 7, "unit": "day", "system": "http://unitsofmeasure.org", "code": "d"},
            "performer": _ods("FA565"),
        },
        "substitution": {"allowedBoolean": False},
    }


def _people(patient: str, role: str, person: str, org: str, cost_centre: str) -> list[tuple[str, dict]]:
    fhir = "https://fhir.nhs.uk/"
    jobs = [{"system": fhir + "CodeSystem/NHSDigital-SDS-JobRoleCode", "code": "R8000"}]
    return [
        (
            patient,
            {
                "resourceType": "Patient",
                "identifier": _identifier(fhir + "Id/nhs-number", PATIENT),
                "name": [{"use": "usual", "family": "TESTERTON", "given": ["ALEX"]}],
                "gender": "female",
                "birthDate": "1970-02-03",
                "generalPractitioner": [_ods("A83008")],
            },
        ),
        (
            role,
            {
                "resourceType": "PractitionerRole",
                "identifier": _identifier(fhir + "Id/sds-role-profile-id", "200102238987"),
                "practitioner": {"reference": f"urn:uuid:{person}"},
                "organization": {"reference": f"urn:uuid:{org}"},
                "code": [{"coding": jobs}],
            },
        ),
        (
            person,
            {
                "resourceType": "Practitioner",
                "identifier": _identifier(fhir + "Id/sds-user-id", "555086689106")
                + _identifier("https://fhir.hl7.org.uk/Id/gmc-number", "6095103"),
                "name": [{"family": "BOIN", "given": ["C"]}],
            },
        ),
        (
            org,
            {
                "resourceType": "Organization",
                "identifier": _identifier(_ODS, cost_centre),
                "name": "TEST ACCESS HUB",
                "partOf": _ods("84H"),
            },
        ),
    ]


def signed(bundle: dict, data: str, when: str) -> dict:
    """The bundle with its Provenance, as `$process-message` takes it."""
    role = next(e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == "PractitionerRole")
    items = [e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == "MedicationRequest"]
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": url} for url in items],
        "recorded": when,
        "agent": [{"who": {"reference": role}}],
        "signature": [
            {
                "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
                "when": when,
                "who": {"reference": role},
                "data": data,
            }
        ],
    }
    entry = {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": provenance}
    return bundle | {"entry": [*bundle["entry"], entry]}


def cancellation(bundle: dict, note: str = "") -> dict:
    """The message that cancels the first item of a prescription."""
    update = copy.deepcopy(bundle)
    update["identifier"]["value"] = str(uuid.uuid4())
    header = update["entry"][0]["resource"]
    header["eventCoding"]["code"] = "prescription-order-update"
    kinds = ("MedicationRequest", "Provenance")
    first = next(e for e in update["entry"] if e["resource"]["resourceType"] == "MedicationRequest")
    first["resource"]["status"] = "cancelled"
    reason = {"system": "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason", "code": "0001"}
    first["resource"]["statusReason"] = {"coding": [reason]}
    if note:
        first["resource"]["note"] = [{"text": note}]
    update["entry"] = [e for e in update["entry"] if e is first or e["resource"]["resourceType"] not in kinds]
    urls = {e["fullUrl"] for e in update["entry"]}
    header["focus"] = [reference for reference in header["focus"] if reference["reference"] in urls]
    return update
