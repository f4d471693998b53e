"""What a receiver refuses, with the ITK3 infrastructure response code of each refusal."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from . import identifiers
from .itk3 import SendDocument

SUCCESS = "20013"
UNREADABLE = "10009"
DUPLICATE_MESSAGE = "20007"
DUPLICATE_DOCUMENT = "20008"
CANNOT_REPLACE = "20014"
PATIENT_KNOWN = "30001"

# The recommended greatest size of a whole message.
MAX_BYTES = 5 * 1024 * 1024

DISPLAYS = {
    "10001": "Handling specification error",
    "10002": "Infrastructure acknowledgement flag error",
    "10003": "Business acknowledgement flag error",
    "10004": "Message definition error",
    "10007": "Sender reference error",
    "10009": "Unreadable message",
    "10010": "Recipient type error",
    "20003": "Sender not recognised",
    "20005": "Unsupported file type",
    "20006": "Message header validation failure",
    "20007": "Duplicate message",
    "20008": "Duplicate document",
    "20009": "Payload validation failure",
    "20010": "Payload recipient organisation error",
    "20011": "Payload recipient person error",
    "20012": "Unauthorised sender",
    "20013": "Success",
    "20014": "Cannot process replacement",
    "20015": "Message too large",
    "30001": "Patient known here",
    "30002": "Patient not known here",
    "30003": "Patient no longer at this clinical setting",
    "30004": "Patient known here but recently deceased",
}

# Report of clinical encounter; Remote health correspondence (version 2); Consultation (as published examples have it).
_COMPOSITION_TYPES = ("371531000", "149701000000109", "325871000000103")


def version_of(document: SendDocument, subject: str) -> int | None:
    """The document's version: in the MESH subject and in the narrative, as `Version: 2` or `Version 2`."""
    for text in (subject, document.text):
        if match := re.search(r"\bVersion:?\s*(\d{1,4})\b", text):
            return int(match[1])
    return None


def first_refusal(document: SendDocument, subject: str, size: int) -> tuple[str, str] | None:
    """(code, what is wrong) of the first rule broken, or None."""
    for rules in (_message(document, size), _handling(document), _payload(document, subject)):
        for refusal in rules:
            return refusal
    return None


Refusals = Iterator[tuple[str, str]]


def _message(document: SendDocument, size: int) -> Refusals:
    if size > MAX_BYTES:
        yield "20015", f"{size} bytes"
    if document.bundle_type != "message":
        yield "20006", "Bundle.type is not message"
    if not document.profile.endswith("/ITK-Message-Bundle-1"):
        yield "20006", "Bundle.meta.profile is not ITK-Message-Bundle-1"
    if not identifiers.UUID.fullmatch(document.bundle_id):
        yield "20006", "Bundle.identifier is not a UUID"
    if not identifiers.UUID.fullmatch(document.message_id):
        yield "20006", "the first entry is no MessageHeader with a UUID as id"
    if document.event != "ITK007C":
        yield "20006", "MessageHeader.event is not ITK007C"
    if not document.source_endpoint:
        yield "20006", "MessageHeader.source.endpoint names no mailbox"
    if not _is_instant(document.timestamp):
        yield "20006", "MessageHeader.timestamp is no instant with an offset"
    if not identifiers.ODS_CODE.fullmatch(document.sender_ods):
        yield "20003", "MessageHeader.sender is no Organization with an ODS code"
    if not document.focus_found:
        yield "20006", "MessageHeader.focus is no Bundle of this message"


def _handling(document: SendDocument) -> Refusals:
    if document.infrastructure_requested not in ("true", "false"):
        yield "10002", "InfAckRequested is missing"
    if document.business_requested not in ("true", "false"):
        yield "10003", "BusAckRequested is missing"
    if document.recipient_type not in ("FA", "FI"):
        yield "10010", "RecipientType is not FA or FI"
    if "ITK-GPConnectSendDocument-MessageDefinition" not in document.definition:
        yield "10004", "MessageDefinition is not Send Document"
    if not document.sender_reference:
        yield "10007", "SenderReference is missing"
    if not (document.local_extension.startswith("SendDocument-") or document.local_extension == "None"):
        yield "10001", "LocalExtension names no Send Document use"


def _payload(document: SendDocument, subject: str) -> Refusals:
    if document.document_type != "document" or not document.composition_first:
        yield "20009", "the payload is no document that begins with a Composition"
    if not document.document_id:
        yield "20009", "the document has no identifier"
    if document.composition_status != "final":
        yield "20009", "Composition.status is not final"
    if document.composition_type not in _COMPOSITION_TYPES:
        yield "20009", "Composition.type is no consultation report"
    if document.confidentiality == "R":
        yield "20009", "confidential content is not accepted"
    if not document.title:
        yield "20009", "Composition.title is missing"
    if document.patients != 1 or not document.subject_found:
        yield "20009", "Composition.subject is not the document's one Patient"
    if len(document.nhs_numbers) != 1 or not identifiers.is_nhs_number(document.nhs_numbers[0]):
        yield "20009", "the Patient has not exactly one valid NHS number"
    if not document.family or not re.fullmatch(r"\d{4}-\d\d-\d\d", document.birth_date):
        yield "20009", "the Patient has no family name or no whole birth date"
    yield from _attachments(document)
    if version_of(document, subject) is None:
        yield "20009", "neither the MESH subject nor the document says its version"


def _attachments(document: SendDocument) -> Refusals:
    if not document.attachments:
        yield "20009", "the document has no Binary"
    referenced = set(document.section_references)
    for attachment in document.attachments:
        if attachment.reference not in referenced:
            yield "20009", "a Binary is in no section of the Composition"
        if attachment.content_type != "application/pdf":
            yield "20005", "an attachment is not application/pdf"
        if attachment.content is None or not attachment.content.startswith(b"%PDF"):
            yield "20009", "an attachment is no PDF"


def _is_instant(text: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
