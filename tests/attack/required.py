"""Which fields the contract calls required, read from its own comments, and requests that leave one of them out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wire import Contract

# A sentence of its own: without the field the request is refused, whatever else it says.
ALWAYS = re.compile(r"(?:^|[.;:!?`)] )Required\.$|(?:^|\. )Required\. ")
# Required in some cases only; each has a request of its own in `CONDITIONAL`.
SOMETIMES = re.compile(r"\bRequired (?:for|of|when|unless|if)\b|\brequired (?:for|of|when|unless|if)\b|is required\b")


@dataclass(frozen=True)
class Place:
    """A required field in a request: its path as a violation names it, and the way there."""

    path: str
    name: str
    way: tuple[str, ...]

    def left_out(self, good):
        """A copy of a good request without the field; `None` when the request does not hold its parent."""
        copy = type(good)()
        copy.CopyFrom(good)
        at = copy
        for step in self.way[:-1]:
            field = at.DESCRIPTOR.fields_by_name[step]
            if field.is_repeated:
                if not len(getattr(at, step)):
                    return None
                at = getattr(at, step)[0]
            elif at.HasField(step):
                at = getattr(at, step)
            else:
                return None
        at.ClearField(self.way[-1])
        return copy


def places(contract: Contract, message, way: tuple[str, ...] = (), prefix: str = "") -> Iterator[Place]:
    """Every field that is always required in a request of this type, at any depth."""
    for field in message.fields:
        path = prefix + field.name
        if "Output only" in contract.comment(field):
            continue
        if ALWAYS.search(contract.comment(field)):
            yield Place(path, field.full_name, (*way, field.name))
        kind = field.message_type
        if kind and not kind.GetOptions().map_entry and kind.full_name.startswith("ehub."):
            inner = f"{path}[0]." if field.is_repeated else f"{path}."
            yield from places(contract, kind, (*way, field.name), inner)


def sometimes(contract: Contract, message, seen: set[str] | None = None) -> set[str]:
    """The full names of the fields that are required in some cases."""
    seen = set() if seen is None else seen
    found = set()
    for field in message.fields:
        if SOMETIMES.search(contract.comment(field)) and not ALWAYS.search(contract.comment(field)):
            found.add(field.full_name)
        kind = field.message_type
        if kind and kind.full_name.startswith("ehub.") and kind.full_name not in seen:
            seen.add(kind.full_name)
            found |= sometimes(contract, kind, seen)
    return found


def _child(request) -> None:
    year = int(request.first_contact_time.ToDatetime().year) - 13
    request.patient.birth_date = f"{year}-01-01"
    request.submitter.ClearField("competence_recorded")


def _silent(request) -> None:
    request.content.free_text = ""
    request.content.ClearField("answers")


def _cleared(*way: str) -> Callable[[object], None]:
    def change(request) -> None:
        at = request
        for step in way[:-1]:
            at = getattr(at, step)
        at.ClearField(way[-1])

    return change


def _schedule(request) -> None:
    request.items[0].controlled_schedule = "2"
    request.items[0].quantity_words = ""


def _promise(request) -> None:
    kept = [one for one in request.enrolment.promises if one.need != request.enrolment.needs[0]]
    request.enrolment.ClearField("promises")
    request.enrolment.promises.extend(kept)


# Field → the RPC that shows it, what makes a good request lack it where it is needed, and the path that is named.
CONDITIONAL: dict[str, tuple[str, Callable[[object], None], str]] = {
    "ehub.allocation.v1.CompleteRequest.record_seen": ("Complete", _cleared("record_seen"), "record_seen"),
    "ehub.allocation.v1.Organisation.icb_ods": (
        "PutOrganisation", _cleared("organisation", "icb_ods"), "organisation.icb_ods"),
    "ehub.intake.v1.Submitter.full_name": (
        "SubmitConsultation", _cleared("submitter", "full_name"), "submitter.full_name"),
    "ehub.intake.v1.Submitter.relationship": (
        "SubmitConsultation", _cleared("submitter", "relationship"), "submitter.relationship"),
    "ehub.intake.v1.Submitter.competence_recorded": ("SubmitConsultation", _child, "submitter.competence_recorded"),
    "ehub.intake.v1.Content.answers": ("SubmitConsultation", _silent, "content.free_text"),
    "ehub.intake.v1.Enrolment.promises": ("PutEnrolment", _promise, "enrolment.promises"),
    "ehub.prescribing.v1.Item.quantity_words": ("RaisePrescription", _schedule, "items[0].quantity_words"),
}
