"""What the prescription peer holds: prescriptions with their counts, and answers by request id."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field

from . import triggers
from .eps_rules import Message, identifiers_of, item_number, text

TO_BE_DISPENSED = "0007"
WITH_DISPENSER = "0008"
CANCELLED = "0005"
DISPENSED = "0001"

HISTORY = {
    "R-0001": "Prescription/item was cancelled",
    "R-0002": "Prescription/item was not cancelled. With dispenser. Marked for cancellation",
    "R-0003": "Prescription/item was not cancelled. With dispenser active. Marked for cancellation",
    "R-0004": "Prescription/item was not cancelled. Prescription has been dispensed",
    "R-0005": "Prescription/item was not cancelled. Prescription had expired",
    "R-0006": "Prescription/item had already been cancelled",
    "R-0007": "Prescription/item cancellation requested by another prescriber",
    "R-0008": "Prescription/item not found",
    "R-0009": "Cancellation functionality disabled in Spine",
    "R-0010": "Prescription/item was not cancelled. Prescription has been not dispensed",
    "R-5000": "Unable to process message",
    "R-5888": "Invalid message",
}

# Cancelled, or marked for it; these come with HTTP 200, the others with 400. All carry the same bundle.
CANCELLATION_SUCCESS = ("R-0001", "R-0002", "R-0003")


@dataclass
class Prescription:
    """One prescription as the service holds it."""

    uuid: str
    short_id: str
    cost_centre: str
    registered_practice: str
    nhs_number: str
    pharmacy: str
    signer: str
    certificate_sha256: str
    signed_at: str
    items: dict[str, dict] = field(default_factory=dict)
    accepted: int = 0
    duplicates_refused: int = 0
    replayed: int = 0
    request_ids: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)

    def describe(self) -> dict:
        """For the control API."""
        states = {item["state"] for item in self.items.values()}
        cancelled = states == {CANCELLED}
        return self.__dict__ | {"items": list(self.items.values()), "state": "0005" if cancelled else "0001"}


@dataclass
class Answered:
    """The answer once given to a request id."""

    body_sha256: str
    status: int
    content: dict
    uuid: str


class Store:
    """All prescriptions, in memory."""

    def __init__(self) -> None:
        self.prescriptions: dict[str, Prescription] = {}
        self.answers: dict[str, Answered] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, request_id: str) -> asyncio.Lock:
        """Two copies of one request in flight are answered one after the other."""
        return self._locks.setdefault(request_id, asyncio.Lock())

    def add(self, message: Message, request_id: str, certificate_der: bytes, signed_at: str, words: list[str]) -> bool:
        """Takes a new prescription in; False when its id is held already."""
        uuid = message.prescription_uuid.upper()
        held = self.prescriptions.get(uuid)
        if held is not None:
            held.duplicates_refused += 1
            return False
        role = message.resources["PractitionerRole"][0]
        person = message.by_url[text(role, "practitioner", "reference")]
        patient = message.resources["Patient"][0]
        prescription = Prescription(
            uuid=uuid,
            short_id=message.short_id,
            cost_centre=text(message.header, "sender", "identifier", "value"),
            registered_practice=text(patient, "generalPractitioner", 0, "identifier", "value"),
            nhs_number=identifiers_of(patient, "https://fhir.nhs.uk/Id/nhs-number")[0],
            pharmacy=text(message.header, "destination", 0, "receiver", "identifier", "value"),
            signer=identifiers_of(person, "https://fhir.nhs.uk/Id/sds-user-id")[0],
            certificate_sha256=hashlib.sha256(certificate_der).hexdigest(),
            signed_at=signed_at,
            accepted=1,
            request_ids=[request_id],
            triggers=words,
        )
        for item in message.items:
            number = item_number(item).lower()
            prescription.items[number] = {
                "id": number,
                "medication": text(item, "medicationCodeableConcept", "coding", 0, "code"),
                "state": TO_BE_DISPENSED,
                "cancellation": None,
            }
        self.prescriptions[uuid] = prescription
        return True

    def cancel(self, message: Message, words: list[str]) -> str:
        """Cancels an item, or says why not; a trigger phrase of the order or of this message decides first."""
        held = self.prescriptions.get(message.prescription_uuid.upper())
        item = held.items.get(item_number(message.items[0]).lower()) if held else None
        if held is None or item is None:
            return "R-0008"
        code = _triggered(words + held.triggers) or _by_state(item["state"])
        item["cancellation"] = code
        if code == "R-0001":
            item["state"] = CANCELLED
        return code

    def set_state(self, body: dict) -> int:
        """Control: puts items of a prescription (`id`: long or short) into `state`; returns how many."""
        wanted = str(body.get("id", "")).upper()
        changed = 0
        for prescription in self.prescriptions.values():
            if wanted in (prescription.uuid, prescription.short_id):
                for item in prescription.items.values():
                    if body.get("item") in (None, item["id"]):
                        # A marked item that the dispenser gives back is cancelled there and then.
                        marked = item["cancellation"] in ("R-0002", "R-0003") and body["state"] == TO_BE_DISPENSED
                        item["state"] = CANCELLED if marked else str(body["state"])
                        changed += 1
        return changed


def _triggered(words: list[str]) -> str | None:
    for word in words:
        if word.startswith("CANCEL-") and word.removeprefix("CANCEL-") in HISTORY:
            return word.removeprefix("CANCEL-")
    return None


def _by_state(state: str) -> str:
    known = {CANCELLED: "R-0006", WITH_DISPENSER: "R-0002", DISPENSED: "R-0004", "0002": "R-0010", "0006": "R-0005"}
    return known.get(state, "R-0001")


def words_of(message: Message) -> list[str]:
    """Trigger phrases in the dosage texts and notes of a message's items."""
    found = []
    for item in message.items:
        found += [text(dosage, "text") for dosage in item.get("dosageInstruction") or [] if isinstance(dosage, dict)]
        found += [text(note, "text") for note in item.get("note") or [] if isinstance(note, dict)]
    return triggers.find("\n".join(found))
