"""What the Electronic Prescription Service refuses in a prescription message (FHIR R4 JSON).

The rules are those of the national service that matter to an access hub, plus the hub's own: acute orders only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import identifiers

FHIR = "https://fhir.nhs.uk/"
ODS = FHIR + "Id/ods-organization-code"
STRUCTURE = FHIR + "StructureDefinition/"
MESSAGE_EVENT = FHIR + "CodeSystem/message-event"
SNOMED = "http://snomed.info/sct"
PROFESSIONAL = tuple(f"https://fhir.hl7.org.uk/Id/{n}-number" for n in ("gmc", "nmc", "gphc", "hcpc"))
PROFESSIONAL += ("https://fhir.hl7.org.uk/Id/professional-code",)

PRESCRIPTION_TYPES = frozenset(
    ("0101", "0104", "0105", "0108", "0113", "0114", "0116", "0117", "0124", "0125")
)

# Equal in every item of one prescription.
_GROUP_FIELDS = ("groupIdentifier", "category", "authoredOn", "subject", "requester")
_GROUP_DISPENSE_FIELDS = ("performer", "validityPeriod", "expectedSupplyDuration")
_GROUP_EXTENSIONS = ("Extension-DM-PrescriptionType", "Extension-DM-ResponsiblePractitioner")


@dataclass(frozen=True)
class Issue:
    """One reason for refusal: FHIR issue code, EPS code, where and why. Never holds patient data."""

    code: str
    eps_code: str
    expression: str
    diagnostics: str


@dataclass
class Message:
    """A message bundle taken apart."""

    bundle: dict
    header: dict = field(default_factory=dict)
    event: str = ""
    resources: dict[str, list[dict]] = field(default_factory=dict)
    by_url: dict[str, dict] = field(default_factory=dict)

    @property
    def items(self) -> list[dict]:
        """The MedicationRequests."""
        return self.resources.get("MedicationRequest", [])

    @property
    def short_id(self) -> str:
        """The id people read, `RRRRRR-OOOOOO-SSSSSC`."""
        return text(self.items[0], "groupIdentifier", "value") if self.items else ""

    @property
    def prescription_uuid(self) -> str:
        """The long id."""
        group = self.items[0].get("groupIdentifier") if self.items else None
        found = extension(group if isinstance(group, dict) else {}, "Extension-DM-PrescriptionId")
        return text(found, "valueIdentifier", "value")


def get(value: object, *path: str | int) -> object:
    """A member of nested JSON, or None where the path ends early."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text(value: object, *path: str | int) -> str:
    """A string member, or an empty string."""
    found = get(value, *path)
    return found if isinstance(found, str) else ""


def objects(value: object) -> list[dict]:
    """The objects of a list, or an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def extension(resource: dict, name: str) -> dict:
    """The extension whose URL ends in `name`, or an empty object."""
    for found in objects(resource.get("extension")):
        if text(found, "url") == STRUCTURE + name:
            return found
    return {}


def identifiers_of(resource: dict, system: str) -> list[str]:
    """The identifiers of one system."""
    return [text(i, "value") for i in objects(resource.get("identifier")) if text(i, "system") == system]


def take_apart(bundle: dict) -> Message:
    """Sorts a bundle's resources by type; judges nothing."""
    message = Message(bundle)
    for entry in objects(bundle.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict):
            message.resources.setdefault(text(resource, "resourceType"), []).append(resource)
            message.by_url[text(entry, "fullUrl")] = resource
    message.header = next(iter(message.resources.get("MessageHeader", [])), {})
    message.event = text(message.header, "eventCoding", "code")
    return message


Issues = Iterator[Issue]


def _bad(expression: str, why: str, code: str = "value", eps_code: str = "INVALID_VALUE") -> Issue:
    return Issue(code, eps_code, expression, why)


def _missing(expression: str) -> Issue:
    return Issue("required", "MISSING_VALUE", expression, "missing or empty")


def envelope(message: Message, signed: bool | None) -> Issues:
    """Rules of every message: bundle, header, focus; signature present (True), absent (False) or either (None)."""
    bundle = message.bundle
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "message":
        yield _bad("Bundle", "not a Bundle of type message")
    if not identifiers.UUID.fullmatch(text(bundle, "identifier", "value")):
        yield _bad("Bundle.identifier.value", "not a UUID")
    if text(bundle, "entry", 0, "resource", "resourceType") != "MessageHeader":
        yield _bad("Bundle.entry[0]", "not a MessageHeader")
    if text(message.header, "eventCoding", "system") != MESSAGE_EVENT:
        yield _bad("MessageHeader.eventCoding.system", "not the message event code system")
    if not identifiers.ODS_CODE.fullmatch(text(message.header, "sender", "identifier", "value")):
        yield _missing("MessageHeader.sender.identifier.value")
    if not text(message.header, "source", "endpoint"):
        yield _missing("MessageHeader.source.endpoint")
    focus = {text(reference, "reference") for reference in objects(message.header.get("focus"))}
    if dangling := focus - set(message.by_url):
        yield _bad("MessageHeader.focus", f"{len(dangling)} references to nothing in the bundle")
    wanted = {url for url, r in message.by_url.items() if r.get("resourceType") == "MedicationRequest"}
    if wanted - focus:
        yield _bad("MessageHeader.focus", "does not name every MedicationRequest")
    provenance = len(message.resources.get("Provenance", []))
    if signed and provenance != 1:
        yield Issue("business-rule", "MISSING_DIGITAL_SIGNATURE", "Provenance", "exactly one Provenance is needed")
    if signed is False and provenance:
        yield _bad("Provenance", "$prepare takes no signature")
    for kind in ("Patient", "PractitionerRole", "Practitioner", "Organization"):
        if len(message.resources.get(kind, [])) != 1:
            yield _bad(kind, "exactly one is needed")


def order(message: Message) -> Issues:
    """Rules of a new prescription."""
    if not 1 <= len(message.items) <= 4:
        yield _bad("MedicationRequest", f"{len(message.items)} items; 1 to 4 are allowed", "invalid",
                   "INVALID_NUMBER_MEDICATIONREQUESTS")
        return
    yield from _group(message)
    yield from _ids(message)
    yield from _cost_centre(message)
    yield from prescriber(message)
    yield from patient(message)
    seen: set[str] = set()
    for item in message.items:
        yield from _item(item)
        number = item_number(item)
        if number in seen:
            yield _bad("MedicationRequest.identifier", "an item number occurs twice")
        seen.add(number)
    if not identifiers.ODS_CODE.fullmatch(text(message.header, "destination", 0, "receiver", "identifier", "value")):
        preference = extension(get(message.items[0], "dispenseRequest") or {}, "Extension-DM-PerformerSiteType")
        if text(preference, "valueCoding", "code") != "0004":
            yield _missing("MessageHeader.destination.receiver")


def item_number(item: dict) -> str:
    """An item's own UUID."""
    return next(iter(identifiers_of(item, FHIR + "Id/prescription-order-item-number")), "")


def _group(message: Message) -> Issues:
    first, *others = message.items
    for other in others:
        for name in _GROUP_FIELDS:
            if other.get(name) != first.get(name):
                yield _bad(f"MedicationRequest.{name}", "differs between items")
        for name in _GROUP_DISPENSE_FIELDS:
            if get(other, "dispenseRequest", name) != get(first, "dispenseRequest", name):
                yield _bad(f"MedicationRequest.dispenseRequest.{name}", "differs between items")
        for name in _GROUP_EXTENSIONS:
            if extension(other, name) != extension(first, name):
                yield _bad(f"MedicationRequest.extension({name})", "differs between items")
        site = "Extension-DM-PerformerSiteType"
        if extension(get(other, "dispenseRequest") or {}, site) != extension(get(first, "dispenseRequest") or {}, site):
            yield _bad(f"MedicationRequest.dispenseRequest.extension({site})", "differs between items")


def _ids(message: Message) -> Issues:
    where = "MedicationRequest.groupIdentifier"
    if text(message.items[0], "groupIdentifier", "system") != FHIR + "Id/prescription-order-number":
        yield _bad(f"{where}.system", "not prescription-order-number")
    if not identifiers.SHORT_ID.fullmatch(message.short_id):
        yield _bad(f"{where}.value", "not of the form RRRRRR-OOOOOO-SSSSSC")
    elif not identifiers.is_short_id(message.short_id):
        yield _bad(f"{where}.value", "the check character is wrong", "value", "INVALID_CHECK_DIGIT")
    if not identifiers.UUID.fullmatch(message.prescription_uuid):
        yield _bad(f"{where}.extension(Extension-DM-PrescriptionId)", "not a UUID")


def _cost_centre(message: Message) -> Issues:
    role = message.resources.get("PractitionerRole", [{}])[0]
    if "healthcareService" in role:
        yield _bad("PractitionerRole.healthcareService", "must be absent in primary care")
    organisation = message.by_url.get(text(role, "organization", "reference"), {})
    if organisation.get("resourceType") != "Organization":
        yield _bad("PractitionerRole.organization", "refers to no Organization of the bundle")
        return
    codes = identifiers_of(organisation, ODS)
    if len(codes) != 1 or not identifiers.ODS_CODE.fullmatch(codes[0]):
        yield _bad("Organization.identifier", "not exactly one ODS code")
        return
    if not identifiers.ODS_CODE.fullmatch(text(organisation, "partOf", "identifier", "value")):
        yield _missing("Organization.partOf")
    if not text(organisation, "name"):
        yield _missing("Organization.name")
    if text(message.header, "sender", "identifier", "value") != codes[0]:
        yield _bad("MessageHeader.sender", "is not the cost centre")
    # The middle block is the cost centre, filled with zeros on the left to six characters.
    if message.short_id[7:13] != codes[0].rjust(6, "0")[-6:]:
        yield _bad("MedicationRequest.groupIdentifier.value", "the middle block is not the cost centre")


def prescriber(message: Message) -> Issues:
    """Rules of PractitionerRole and Practitioner."""
    role = message.resources.get("PractitionerRole", [{}])[0]
    person = message.by_url.get(text(role, "practitioner", "reference"), {})
    if person.get("resourceType") != "Practitioner":
        yield _bad("PractitionerRole.practitioner", "refers to no Practitioner of the bundle")
    profile = identifiers_of(role, FHIR + "Id/sds-role-profile-id")
    if len(profile) != 1 or not re.fullmatch(r"[0-9]{1,15}", profile[0]):
        yield _bad("PractitionerRole.identifier", "not one SDS role profile id of up to 15 digits")
    for code in identifiers_of(role, "https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code"):
        if not re.fullmatch(r"6[0-9A-Z]{5}", code):
            yield _bad("PractitionerRole.identifier", "a spurious code has six characters and begins with 6")
    if not any(_is_role(text(coding, "code")) for coding in objects(get(role, "code", 0, "coding"))):
        yield _bad("PractitionerRole.code", "no SDS job role code")
    users = identifiers_of(person, FHIR + "Id/sds-user-id")
    if len(users) != 1 or not re.fullmatch(r"[0-9]{12}", users[0]):
        yield _bad("Practitioner.identifier", "not one SDS user id of 12 digits")
    if sum(len(identifiers_of(person, system)) for system in PROFESSIONAL) != 1:
        yield _bad("Practitioner.identifier", "not exactly one professional code")
    if identifiers_of(person, "https://fhir.hl7.org.uk/Id/gmp-number"):
        yield _bad("Practitioner.identifier", "a GMP number is not accepted")
    for din in identifiers_of(person, "https://fhir.hl7.org.uk/Id/din-number"):
        if not re.fullmatch(r"[0-9A-Z]{6}", din):
            yield _bad("Practitioner.identifier", "a DIN has six characters")
    if not text(person, "name", 0, "family"):
        yield _missing("Practitioner.name.family")


def _is_role(code: str) -> bool:
    return bool(re.fullmatch(r"R[0-9]{4}|[A-Z][0-9]{4}:[A-Z][0-9]{4}:[A-Z][0-9]{4}", code))


def patient(message: Message) -> Issues:
    """Rules of the Patient."""
    person = message.resources.get("Patient", [{}])[0]
    numbers = identifiers_of(person, FHIR + "Id/nhs-number")
    if len(numbers) != 1 or not identifiers.is_nhs_number(numbers[0]):
        yield _bad("Patient.identifier", "not exactly one valid NHS number")
    if not text(person, "name", 0, "family"):
        yield _missing("Patient.name.family")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text(person, "birthDate")):
        yield _missing("Patient.birthDate")
    if text(person, "gender") not in ("male", "female", "other", "unknown"):
        yield _missing("Patient.gender")
    if not identifiers.ODS_CODE.fullmatch(text(person, "generalPractitioner", 0, "identifier", "value")):
        yield _missing("Patient.generalPractitioner")


def _item(item: dict) -> Issues:
    where = "MedicationRequest"
    if not identifiers.UUID.fullmatch(item_number(item)):
        yield _bad(f"{where}.identifier", "not one UUID as prescription-order-item-number")
    if item.get("status") != "active" or item.get("intent") != "order":
        yield _bad(f"{where}.intent", "only status active with intent order is accepted here")
    if text(extension(item, "Extension-DM-PrescriptionType"), "valueCoding", "code") not in PRESCRIPTION_TYPES:
        yield _bad(f"{where}.extension(Extension-DM-PrescriptionType)", "not a primary care prescription type")
    if text(item, "category", 0, "coding", 0, "code") != "community":
        yield _bad(f"{where}.category", "not community")
    if text(item, "courseOfTherapyType", "coding", 0, "code") != "acute":
        yield _bad(f"{where}.courseOfTherapyType", "only acute is accepted here")
    if "numberOfRepeatsAllowed" in (item.get("dispenseRequest") or {}) or extension(
        item, "Extension-UKCore-MedicationRepeatInformation"
    ):
        yield _bad(f"{where}.dispenseRequest", "repeats are not accepted here")
    yield from medication(item)
    yield from _dispensing(item)
    yield from _controlled(item)


def medication(item: dict) -> Issues:
    """Medicine and dosage."""
    coding = get(item, "medicationCodeableConcept", "coding", 0)
    if text(coding, "system") != SNOMED or not identifiers.is_snomed_id(text(coding, "code")):
        yield _bad("MedicationRequest.medicationCodeableConcept", "not a SNOMED CT code with a right check digit")
    if not text(coding, "display"):
        yield _missing("MedicationRequest.medicationCodeableConcept.coding.display")
    dosages = objects(item.get("dosageInstruction"))
    if not dosages or not all(text(dosage, "text").strip() for dosage in dosages):
        yield _missing("MedicationRequest.dosageInstruction.text")
    if len(dosages) > 1 and not all(isinstance(dosage.get("sequence"), int) for dosage in dosages):
        yield _missing("MedicationRequest.dosageInstruction.sequence")
    if get(item, "substitution", "allowedBoolean") not in (None, False):
        yield _bad("MedicationRequest.substitution", "must be false")


def _dispensing(item: dict) -> Issues:
    where = "MedicationRequest.dispenseRequest"
    quantity = get(item, "dispenseRequest", "quantity")
    amount = get(quantity, "value")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
        yield _bad(f"{where}.quantity.value", "not a positive number")
    if text(quantity, "system") != SNOMED or not identifiers.is_snomed_id(text(quantity, "code")):
        yield _bad(f"{where}.quantity.code", "not a SNOMED CT unit of measure")
    if not text(quantity, "unit"):
        yield _missing(f"{where}.quantity.unit")
    duration = get(item, "dispenseRequest", "expectedSupplyDuration")
    if duration is not None:
        days = get(duration, "value")
        if text(duration, "code") != "d" or not isinstance(days, int | float) or not 1 <= days <= 366:
            yield _bad(f"{where}.expectedSupplyDuration", "not 1 to 366 days")
    site = text(
        extension(get(item, "dispenseRequest") or {}, "Extension-DM-PerformerSiteType"), "valueCoding", "code"
    )
    performer = text(item, "dispenseRequest", "performer", "identifier", "value")
    if site not in ("P1", "P2", "P3", "0004"):
        yield _bad(f"{where}.extension(Extension-DM-PerformerSiteType)", "not P1, P2, P3 or 0004")
    elif site == "0004" and performer:
        yield _bad(f"{where}.performer", "present although the site type is none")
    elif site != "0004" and not identifiers.ODS_CODE.fullmatch(performer):
        yield _missing(f"{where}.performer")


def cancellation(message: Message) -> Issues:
    """Rules of a cancellation: one item, with a reason."""
    if len(message.items) != 1:
        yield _bad("MedicationRequest", "a cancellation names exactly one item", "invalid",
                   "INVALID_NUMBER_MEDICATIONREQUESTS")
        return
    item = message.items[0]
    if item.get("status") != "cancelled":
        yield _bad("MedicationRequest.status", "not cancelled")
    if text(item, "statusReason", "coding", 0, "code") not in {f"000{n}" for n in range(1, 10)}:
        yield _bad("MedicationRequest.statusReason", "not one of 0001 to 0009")
    if not identifiers.UUID.fullmatch(item_number(item)):
        yield _bad("MedicationRequest.identifier", "not one UUID as prescription-order-item-number")
    yield from _ids(message)
    yield from prescriber(message)
    yield from patient(message)


def _controlled(item: dict) -> Issues:
    parts = {text(p, "url"): p for p in objects(extension(item, "Extension-DM-ControlledDrug").get("extension"))}
    schedule = text(parts.get("schedule"), "valueCoding", "code")
    where = "MedicationRequest.extension(Extension-DM-ControlledDrug)"
    if schedule == "CD1":
        yield _bad(where, "schedule 1 is outside the service")
    if schedule in ("CD2", "CD3") and not text(parts.get("quantityWords"), "valueString"):
        yield _bad(where, "schedules 2 and 3 need the quantity in words")
