"""Reads an ITK3 Send Document message (FHIR STU3 XML) without judging it; `itk3_rules` judges.

Written from the national specifications and shares no code with eHub, so that each checks the other.
"""

from __future__ import annotations

import base64
import binascii
import re
import xml.etree.ElementTree as ET
import zlib
from dataclasses import dataclass, field

F = "{http://hl7.org/fhir}"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
HANDLING = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ITK-MessageHandling-2"


class Unreadable(Exception):
    """Bytes that are no FHIR XML message at all."""


@dataclass
class Attachment:
    """One Binary of the document."""

    reference: str
    content_type: str
    content: bytes | None


@dataclass
class SendDocument:
    """What a message says; None or empty where it says nothing."""

    profile: str = ""
    bundle_type: str = ""
    bundle_id: str = ""
    message_id: str = ""
    event: str = ""
    infrastructure_requested: str = ""
    business_requested: str = ""
    recipient_type: str = ""
    definition: str = ""
    sender_reference: str = ""
    local_extension: str = ""
    source_endpoint: str = ""
    timestamp: str = ""
    sender_ods: str = ""
    focus_found: bool = False
    document_type: str = ""
    document_id: str = ""
    composition_identifier: str = ""
    composition_type: str = ""
    composition_status: str = ""
    confidentiality: str = ""
    title: str = ""
    composition_first: bool = False
    subject_found: bool = False
    replaces: list[str] = field(default_factory=list)
    section_references: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    patients: int = 0
    nhs_numbers: list[str] = field(default_factory=list)
    family: str = ""
    birth_date: str = ""
    text: str = ""


def read(content: bytes) -> SendDocument:
    """Reads a message, or raises `Unreadable`."""
    root = parse(content)
    if root.tag != F + "Bundle":
        raise Unreadable(f"the root is {root.tag}, not a FHIR Bundle")
    document = SendDocument(
        profile=value(root, "meta/profile"),
        bundle_type=value(root, "type"),
        bundle_id=value(root, "identifier/value"),
    )
    entries = entries_of(root)
    if entries and entries[0][1].tag == F + "MessageHeader":
        _read_header(document, entries[0][1], dict(entries))
    document.text = _all_text(root, document.attachments)
    return document


def parse(content: bytes) -> ET.Element:
    """The root of an XML text without a document type declaration."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8") from error
    # FHIR forbids document type declarations; without them there are no entities to expand.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("a document type declaration")
    try:
        return ET.fromstring(text)
    except ET.ParseError as error:
        raise Unreadable(f"not well-formed: {error}") from error


def _path(path: str) -> str:
    return "/".join(F + part for part in path.split("/"))


def value(element: ET.Element, path: str) -> str:
    """The `value` attribute of the first FHIR element at a path, or an empty string."""
    found = element.find(_path(path))
    return "" if found is None else found.get("value", "")


def _values(element: ET.Element, path: str) -> list[str]:
    return [found.get("value", "") for found in element.findall(_path(path))]


def entries_of(bundle: ET.Element) -> list[tuple[str, ET.Element]]:
    """(fullUrl, resource) of each entry that holds one."""
    result = []
    for entry in bundle.findall(F + "entry"):
        resource = entry.find(F + "resource")
        if resource is not None and len(resource):
            result.append((value(entry, "fullUrl"), resource[0]))
    return result


def _identifiers(resource: ET.Element, system: str) -> list[str]:
    return [
        value(identifier, "value")
        for identifier in resource.findall(F + "identifier")
        if value(identifier, "system") == system
    ]


def _read_header(document: SendDocument, header: ET.Element, entries: dict[str, ET.Element]) -> None:
    document.message_id = value(header, "id")
    document.event = value(header, "event/code")
    document.source_endpoint = value(header, "source/endpoint")
    document.timestamp = value(header, "timestamp")
    handling = next((e for e in header.findall(F + "extension") if e.get("url") == HANDLING), None)
    for part in [] if handling is None else handling.findall(F + "extension"):
        match part.get("url"):
            case "InfAckRequested":
                document.infrastructure_requested = value(part, "valueBoolean")
            case "BusAckRequested":
                document.business_requested = value(part, "valueBoolean")
            case "RecipientType":
                document.recipient_type = value(part, "valueCoding/code")
            case "MessageDefinition":
                document.definition = value(part, "valueReference/reference")
            case "SenderReference":
                document.sender_reference = value(part, "valueString")
            case "LocalExtension":
                document.local_extension = value(part, "valueString")
    sender = entries.get(value(header, "sender/reference"))
    if sender is not None and sender.tag == F + "Organization":
        document.sender_ods = next(iter(_identifiers(sender, ODS)), "")
    focus = entries.get(value(header, "focus/reference"))
    if focus is not None and focus.tag == F + "Bundle":
        document.focus_found = True
        _read_document(document, focus)


def _read_document(document: SendDocument, bundle: ET.Element) -> None:
    document.document_type = value(bundle, "type")
    document.document_id = value(bundle, "identifier/value") or value(bundle, "id")
    entries = entries_of(bundle)
    document.composition_first = bool(entries) and entries[0][1].tag == F + "Composition"
    for reference, resource in entries:
        if resource.tag == F + "Binary":
            document.attachments.append(_attachment(reference, resource))
        elif resource.tag == F + "Patient":
            document.patients += 1
            document.nhs_numbers += _identifiers(resource, NHS_NUMBER)
            document.family = value(resource, "name/family")
            document.birth_date = value(resource, "birthDate")
    if document.composition_first:
        _read_composition(document, entries[0][1], dict(entries))


def _read_composition(document: SendDocument, composition: ET.Element, entries: dict[str, ET.Element]) -> None:
    document.composition_identifier = value(composition, "identifier/value")
    document.composition_type = value(composition, "type/coding/code")
    document.composition_status = value(composition, "status")
    document.confidentiality = value(composition, "confidentiality")
    document.title = value(composition, "title")
    subject = entries.get(value(composition, "subject/reference"))
    document.subject_found = subject is not None and subject.tag == F + "Patient"
    document.section_references = _values(composition, "section/entry/reference")
    for related in composition.findall(F + "relatesTo"):
        if value(related, "code") == "replaces":
            target = value(related, "targetIdentifier/value") or value(related, "targetReference/reference")
            document.replaces.append(target)


def _attachment(reference: str, binary: ET.Element) -> Attachment:
    encoded = value(binary, "content")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        content = None
    return Attachment(reference, value(binary, "contentType"), content)


def _all_text(root: ET.Element, attachments: list[Attachment]) -> str:
    """Every text a reader could see: values, narrative, and what the PDFs' streams hold. For triggers and the version."""
    parts = []
    for element in root.iter():
        if element.tag != F + "content" and (attribute := element.get("value")):
            parts.append(attribute)
        if element.text and element.text.strip():
            parts.append(element.text.strip())
        if element.tail and element.tail.strip():
            parts.append(element.tail.strip())
    parts += [pdf_text(attachment.content) for attachment in attachments if attachment.content]
    return "\n".join(parts)


def pdf_text(content: bytes) -> str:
    """The readable bytes of a PDF: literal strings as they are, deflated streams opened. No layout, no fonts."""
    parts = [content]
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            parts.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    text = b"\n".join(parts).decode("latin-1")
    # Strings shown glyph by glyph in hexadecimal, when the font's codes are characters.
    shown = re.findall(r"<([0-9A-Fa-f]{4,})>\s*Tj", text)
    return text + "\n" + "\n".join(bytes.fromhex(h).decode("latin-1") for h in shown if len(h) % 2 == 0)
