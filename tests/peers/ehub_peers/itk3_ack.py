"""Builds an ITK3 response message (event ITK008M), and reads one for the self checks."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from .itk3 import ODS, SendDocument, entries_of, parse, value
from .itk3_rules import DISPLAYS

_STU3 = "https://fhir.nhs.uk/STU3/"
_NAMESPACE = uuid.UUID("6f0d3c1e-58a1-4a0c-9c4d-0e8f5b6d2a11")

# FHIR issue types by response code; every other negative is "processing".
_ISSUE_CODES = {"20007": "duplicate", "20008": "duplicate", "20009": "invalid", "10009": "structure", "20012": "security"}
_ISSUE_CODES |= {"30002": "not-found", "30003": "not-found", "20010": "not-found", "20011": "not-found"}

POSITIVE = ("20013", "30001", "30004")


@dataclass(frozen=True)
class Response:
    """What an ITK3 response says."""

    sender_reference: str
    answered: str
    response_code: str
    code: str
    source_endpoint: str


def build(request: SendDocument, code: str, diagnostics: str, ods: str, mailbox: str, key: str) -> bytes:
    """The response with one code; the same `key` gives the same ids, so a repetition is recognisable as one."""
    ids = {name: str(uuid.uuid5(_NAMESPACE, f"{key}:{code}:{name}")) for name in ("bundle", "header", "org", "outcome")}
    positive = code in POSITIVE
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    issue = "informational" if positive else _ISSUE_CODES.get(code, "processing")
    header = "".join(
        [
            _element("id", ids["header"]),
            _profile("ITK-MessageHeader-2"),
            _handling(request.sender_reference),
            f"<event>{_coding('ITK-MessageEvent-2', 'ITK008M', 'ITK Response')}</event>",
            f"<sender>{_element('reference', 'urn:uuid:' + ids['org'])}</sender>",
            _element("timestamp", now),
            f"<source>{_element('endpoint', mailbox)}</source>",
            f"<response>{_element('identifier', request.message_id)}",
            _element("code", "ok" if positive else "fatal-error"),
            f"<details>{_element('reference', 'urn:uuid:' + ids['outcome'])}</details></response>",
        ]
    )
    organisation = (
        _element("id", ids["org"])
        + _profile("CareConnect-ITK-Header-Organization-1")
        + f"<identifier>{_element('system', ODS)}{_element('value', ods)}</identifier>"
    )
    outcome = (
        _element("id", ids["outcome"])
        + _profile("ITK-Response-OperationOutcome-1")
        + "<issue>"
        + _element("severity", "information" if positive else "fatal")
        + _element("code", issue)
        + f"<details><coding>{_coding('ITK-ResponseCodes-1', code, DISPLAYS.get(code, 'See code'))}</coding></details>"
        + (_element("diagnostics", diagnostics) if diagnostics else "")
        + "</issue>"
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Bundle xmlns="http://hl7.org/fhir">'
        + _element("id", str(uuid.uuid5(_NAMESPACE, ids["bundle"])))
        + _profile("ITK-Message-Bundle-1")
        + f"<identifier>{_element('system', 'https://tools.ietf.org/html/rfc4122')}{_element('value', ids['bundle'])}</identifier>"
        + _element("type", "message")
        + _entry(ids["header"], "MessageHeader", header)
        + _entry(ids["org"], "Organization", organisation)
        + _entry(ids["outcome"], "OperationOutcome", outcome)
        + "</Bundle>"
    )
    return body.encode()


def read_response(content: bytes) -> Response:
    """Reads a response; for the self checks, which play the sender."""
    root = parse(content)
    entries = dict(entries_of(root))
    header = next(iter(entries.values()))
    handling = header[2]
    reference = next(
        (value(part, "valueString") for part in handling if part.get("url") == "SenderReference"),
        "",
    )
    outcome = entries[value(header, "response/details/reference")]
    return Response(
        sender_reference=reference,
        answered=value(header, "response/identifier"),
        response_code=value(header, "response/code"),
        code=value(outcome, "issue/details/coding/code"),
        source_endpoint=value(header, "source/endpoint"),
    )


def _element(name: str, content: str) -> str:
    return f"<{name} value={quoteattr(content)}/>"


def _profile(name: str) -> str:
    return f"<meta>{_element('profile', _STU3 + 'StructureDefinition/' + name)}</meta>"


def _coding(system: str, code: str, display: str) -> str:
    return _element("system", _STU3 + "CodeSystem/" + system) + _element("code", code) + _element("display", display)


def _entry(identifier: str, name: str, content: str) -> str:
    return (
        f"<entry>{_element('fullUrl', 'urn:uuid:' + identifier)}<resource><{name}>{content}</{name}></resource></entry>"
    )


def _handling(sender_reference: str) -> str:
    recipient = f"<valueCoding>{_coding('ITK-RecipientType-1', 'FI', 'For Information')}</valueCoding>"
    parts = {
        "BusAckRequested": '<valueBoolean value="false"/>',
        "InfAckRequested": '<valueBoolean value="false"/>',
        "RecipientType": recipient,
        "MessageDefinition": "<valueReference>"
        + _element("reference", _STU3 + "MessageDefinition/ITK-Response-MessageDefinition-1")
        + "</valueReference>",
        "SenderReference": _element("valueString", sender_reference or "None"),
        "LocalExtension": _element("valueString", "None"),
    }
    inner = "".join(f'<extension url="{url}">{content}</extension>' for url, content in parts.items())
    return f'<extension url="{_STU3}StructureDefinition/Extension-ITK-MessageHandling-2">{inner}</extension>'
