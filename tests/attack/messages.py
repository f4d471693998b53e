"""Online consultation reports (ITK3, FHIR STU3) as a sender would write them, whole and in parts that can be spoilt."""

from __future__ import annotations

import base64
import datetime
import uuid
from dataclasses import dataclass, field

STU3, CARE = "https://fhir.nhs.uk/STU3/", "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED = "http://snomed.info/sct"


def _id() -> str:
    return str(uuid.uuid4())


@dataclass
class Report:
    """What a report says."""

    nhs_number: str
    canary: str
    practice: str = "A81001"
    family: str = ""
    birth_date: str = "1971-03-04"
    text: str = "My back is stiff."
    bundle: str = field(default_factory=_id)
    header: str = field(default_factory=_id)
    endpoint: str = "SUPPL001"
    event: str = "ITK007C"
    patients: int = 1
    named: bool = True

    def xml(self) -> bytes:
        """The message."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        ids = {name: _id() for name in ("sender", "document", "composition", "binary", "practice", "answers", "comment")}
        patients = [_id() for _ in range(self.patients)]
        subject = patients[0] if self.patients == 1 else _id()
        handling = "".join(
            f'<extension url="{name}"><valueBoolean value="true"/></extension>' for name in ("BusAckRequested", "InfAckRequested")
        )
        local = "SendDocument-OnlineConsultationReport"
        header = (
            f'<id value="{self.header}"/><extension url="{STU3}StructureDefinition/Extension-ITK-MessageHandling-2">{handling}'
            f'<extension url="SenderReference"><valueString value="{_id()}"/></extension>'
            f'<extension url="LocalExtension"><valueString value="{local}"/></extension></extension>'
            f'<event><system value="{STU3}CodeSystem/ITK-MessageEvent-2"/><code value="{self.event}"/></event>'
            f"<sender>{_to(ids['sender'])}</sender>"
            f'<timestamp value="{now}"/><source><endpoint value="{self.endpoint}"/></source><focus>{_to(ids["document"])}</focus>'
        )
        pdf = base64.b64encode(b"%PDF-1.4\n%%EOF\n").decode()
        name = f'<name><family value="{self.family or self.canary}"/><given value="Ada"/></name>' if self.named else ""
        composition = (
            f'<status value="final"/><type>{_coding("149951000000107")}</type><subject>{_to(subject)}</subject>'
            f'<date value="{now}"/><author>{_to(subject)}</author><title value="Report"/><confidentiality value="N"/>'
            f"<custodian>{_to(ids['practice'])}</custodian><section><entry>{_to(ids['binary'])}</entry></section>"
        )
        answers = (
            f'<status value="completed"/><subject>{_to(subject)}</subject><authored value="{now}"/>'
            f'<source>{_to(subject)}</source><item><linkId value="q1"/><text value="How long?"/>'
            f'<answer><valueString value="Days {self.canary}"/></answer></item>'
        )
        comment = (
            f'<status value="final"/><code>{_coding("37331000000100")}</code><subject>{_to(subject)}</subject>'
            f'<valueString value="{self.text} {self.canary}"/>'
        )
        inner = _entry(ids["composition"], "Composition", composition)
        inner += _entry(ids["binary"], "Binary", f'<contentType value="application/pdf"/><content value="{pdf}"/>')
        inner += _entry(ids["practice"], "Organization", _identified(ODS, self.practice))
        for patient in patients:
            content = _identified("https://fhir.nhs.uk/Id/nhs-number", self.nhs_number)
            content += f'{name}<gender value="female"/><birthDate value="{self.birth_date}"/>'
            content += f"<generalPractitioner>{_to(ids['practice'])}</generalPractitioner>"
            inner += _entry(patient, "Patient", content)
        inner += _entry(ids["answers"], "QuestionnaireResponse", answers) + _entry(ids["comment"], "Observation", comment)
        document = _bundle(ids["document"], "document", inner, "ITK-Document-Bundle-1")
        outer = _entry(self.header, "MessageHeader", header)
        outer += _entry(ids["sender"], "Organization", _identified(ODS, "SUP01"))
        outer += f"<entry>{_value('fullUrl', 'urn:uuid:' + ids['document'])}<resource>{document}</resource></entry>"
        whole = _bundle(self.bundle, "message", outer, "ITK-Message-Bundle-1", ' xmlns="http://hl7.org/fhir"')
        return ('<?xml version="1.0" encoding="UTF-8"?>\n' + whole).encode()


def _value(name: str, value: str) -> str:
    return f'<{name} value="{value}"/>'


def _to(identifier: str) -> str:
    return _value("reference", "urn:uuid:" + identifier)


def _coding(code: str) -> str:
    return f"<coding>{_value('system', SNOMED)}{_value('code', code)}</coding>"


def _identified(system: str, value: str) -> str:
    return f"<identifier>{_value('system', system)}{_value('value', value)}</identifier>"


def _entry(identifier: str, kind: str, content: str) -> str:
    inner = content if content.startswith("<id ") else _value("id", identifier) + content
    return f"<entry>{_value('fullUrl', 'urn:uuid:' + identifier)}<resource><{kind}>{inner}</{kind}></resource></entry>"


def _bundle(identifier: str, kind: str, entries: str, profile: str, namespace: str = "") -> str:
    meta = f"<meta>{_value('profile', STU3 + 'StructureDefinition/' + profile)}</meta>"
    named = _identified("https://tools.ietf.org/html/rfc4122", identifier)
    return f"<Bundle{namespace}>{_value('id', _id())}{meta}{named}{_value('type', kind)}{entries}</Bundle>"
