"""What a prescriber signs and how the signature is checked. The README defines both byte for byte.

The digest covers the prescription's fragments as canonical JSON (the national service hashes HL7 v3 XML, which a local
peer has no need of); SignedInfo, the Signature element and the algorithm are those of the national service.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import json
import xml.etree.ElementTree as ET
from decimal import Decimal
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

# Not signed: what names a resource inside the message only, and what the service itself changes later.
_UNSIGNED = {"id", "meta", "status", "fullUrl", "reference", "text"}
# Not signed either: the pharmacy may change after signing.
_UNSIGNED_DISPENSE = {"performer", "extension"}


class SignatureRefused(Exception):
    """A signature that does not hold, with the reason."""


def fragments(resources: dict[str, list[dict]], prescription_uuid: str, timestamp: str) -> dict:
    """The signed parts of a prescription: time and id, author, patient, items in order."""
    author = {
        kind: [_stripped(resource) for resource in resources.get(kind, [])]
        for kind in ("PractitionerRole", "Practitioner", "Organization")
    }
    items = []
    for request in resources.get("MedicationRequest", []):
        item = _stripped(request)
        if isinstance(item.get("dispenseRequest"), dict):
            item["dispenseRequest"] = {
                key: value for key, value in item["dispenseRequest"].items() if key not in _UNSIGNED_DISPENSE
            }
        items.append(item)
    return {
        "time": timestamp,
        "id": prescription_uuid.upper(),
        "author": author,
        "patient": [_stripped(resource) for resource in resources.get("Patient", [])],
        "items": items,
    }


def _stripped(value):  # noqa: ANN001, ANN202 (any JSON)
    """Without the unsigned members, and without what is empty after that. `text` goes only where it is a narrative."""
    if isinstance(value, dict):
        kept = {}
        for key, member in value.items():
            if key in _UNSIGNED and not (key == "text" and isinstance(member, str)):
                continue
            member = _stripped(member)
            if member not in ({}, [], None):
                kept[key] = member
        return kept
    if isinstance(value, list):
        return [_stripped(member) for member in value]
    return value


def canonical(value: object) -> bytes:
    """Canonical JSON: keys sorted by code point, no spaces, UTF-8, numbers in plain decimal without trailing zeros."""

    def number(item: object) -> object:
        if isinstance(item, dict):
            return {key: number(member) for key, member in item.items()}
        if isinstance(item, list):
            return [number(member) for member in item]
        if isinstance(item, int | float | Decimal) and not isinstance(item, bool):
            return f"#{Decimal(str(item)).normalize():f}"
        return item

    return json.dumps(number(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_info(digest: bytes) -> bytes:
    """SignedInfo in exclusive canonical form; these very bytes are what the prescriber's key signs."""
    value = base64.b64encode(digest).decode()
    return (
        f'<SignedInfo xmlns="{DSIG}">'
        f'<CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{RSA_SHA256}"></SignatureMethod>'
        f'<Reference><Transforms><Transform Algorithm="{C14N}"></Transform></Transforms>'
        f'<DigestMethod Algorithm="{SHA256}"></DigestMethod>'
        f"<DigestValue>{value}</DigestValue></Reference></SignedInfo>"
    ).encode()


def expected_signed_info(resources: dict[str, list[dict]], prescription_uuid: str, timestamp: str) -> bytes:
    """The SignedInfo of a prescription as received, at a time."""
    return signed_info(hashlib.sha256(canonical(fragments(resources, prescription_uuid, timestamp))).digest())


def sign(digest_base64: str, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> str:
    """What a signing service does with `$prepare`'s digest: the value for Provenance.signature.data."""
    info = base64.b64decode(digest_base64, validate=True)
    signature = base64.b64encode(key.sign(info, padding.PKCS1v15(), hashes.SHA256())).decode()
    der = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    # Inside Signature the namespace is inherited; canonicalising SignedInfo brings its declaration back.
    inner = info.decode().replace(f' xmlns="{DSIG}"', "", 1)
    document = (
        f'<Signature xmlns="{DSIG}">{inner}<SignatureValue>{signature}</SignatureValue>'
        f"<KeyInfo><X509Data><X509Certificate>{der}</X509Certificate></X509Data></KeyInfo></Signature>"
    )
    return base64.b64encode(document.encode()).decode()


def load_certificate(text: str) -> x509.Certificate:
    """A certificate from PEM, or from base64 of DER with or without line breaks."""
    try:
        if "-----BEGIN" in text:
            return x509.load_pem_x509_certificate(text.encode())
        return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error) as error:
        raise SignatureRefused("the certificate cannot be read") from error


def public_key_bytes(certificate: x509.Certificate) -> bytes:
    """SubjectPublicKeyInfo in DER: trust is by key, so a renewed certificate for the same key stays trusted."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def verify(data_base64: str, expected: bytes, now: datetime.datetime | None = None) -> x509.Certificate:
    """Checks a signature against the SignedInfo computed from the message; returns the certificate, or refuses."""
    root = _signature_element(data_base64)
    info = root.find(f"{{{DSIG}}}SignedInfo")
    value = root.findtext(f"{{{DSIG}}}SignatureValue", "")
    encoded = root.findtext(f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate", "")
    if info is None or not value.strip() or not encoded.strip():
        raise SignatureRefused("SignedInfo, SignatureValue or X509Certificate is missing")
    signed = canonical_signed_info(info)
    certificate = load_certificate(encoded)
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        raise SignatureRefused("the certificate holds no RSA key of at least 2048 bits")
    now = now or datetime.datetime.now(datetime.UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SignatureRefused("the certificate is not valid today")
    try:
        signature = base64.b64decode("".join(value.split()), validate=True)
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise SignatureRefused("the signature does not verify over SignedInfo") from error
    if signed != expected:
        raise SignatureRefused("SignedInfo is not that of this prescription at this time (digest mismatch)")
    return certificate


def _signature_element(data_base64: str) -> ET.Element:
    try:
        text = base64.b64decode("".join(data_base64.split()), validate=True).decode()
        if "<!DOCTYPE" in text:
            raise SignatureRefused("a document type declaration")
        root = ET.fromstring(text)
    except (binascii.Error, UnicodeDecodeError, ET.ParseError, ValueError) as error:
        raise SignatureRefused("Provenance.signature.data is not base64 of XML") from error
    if root.tag != f"{{{DSIG}}}Signature":
        raise SignatureRefused("the root is not an XML Signature")
    return root


def canonical_signed_info(info: ET.Element) -> bytes:
    """Exclusive C14N of SignedInfo, whose elements all have one namespace and only plain attributes."""

    def render(element: ET.Element, top: bool) -> str:
        if not element.tag.startswith(f"{{{DSIG}}}") or any(name.startswith("{") for name in element.keys()):
            raise SignatureRefused("SignedInfo holds names of another namespace")
        name = element.tag.rpartition("}")[2]
        attributes = f' xmlns="{DSIG}"' if top else ""
        for key in sorted(element.keys()):
            attributes += f' {key}="{_attribute(element.get(key, ""))}"'
        inner = _text(element.text)
        for child in element:
            inner += render(child, False) + _text(child.tail)
        return f"<{name}{attributes}>{inner}</{name}>"

    return render(info, True).encode()


def _text(text: str | None) -> str:
    return escape(text or "").replace("\r", "&#xD;")


def _attribute(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
