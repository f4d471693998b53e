"""Requests with one field wrong at a time, made from the contract's own descriptors."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor as F

LONG = 70_000


@dataclass
class Case:
    """One wrong value at one place."""

    name: str
    path: str
    message: object


@dataclass
class Leaf:
    """A place in a message that holds a value, and how to set it there."""

    path: str
    field: object
    way: list

    def put(self, message, value):
        """A copy of the message with the value here."""
        copy = type(message)()
        copy.CopyFrom(message)
        at = copy
        for step in self.way[:-1]:
            at = step(at)
        self.way[-1](at, value)
        return copy


def leaves(message, way=(), prefix: str = "") -> Iterator[Leaf]:
    """Every place: set fields and, for plain values, also unset ones."""
    for field in message.DESCRIPTOR.fields:
        path = prefix + field.name
        name = field.name
        if field.message_type and field.message_type.GetOptions().map_entry:
            for key in sorted(getattr(message, name)):
                put = lambda at, value, name=name, key=key: getattr(at, name).__setitem__(key, value)  # noqa: E731
                yield Leaf(f"{path}.{key}", field.message_type.fields_by_name["value"], [*way, put])
        elif field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
            put = lambda at, value, name=name: getattr(at, name).CopyFrom(value)  # noqa: E731
            yield Leaf(path, field, [*way, put])
        elif field.message_type and field.is_repeated:
            if len(getattr(message, name)):
                step = lambda at, name=name: getattr(at, name)[0]  # noqa: E731
                yield from leaves(getattr(message, name)[0], (*way, step), f"{path}[0].")
        elif field.message_type:
            if message.HasField(name):
                step = lambda at, name=name: getattr(at, name)  # noqa: E731
                yield from leaves(getattr(message, name), (*way, step), path + ".")
        elif field.is_repeated:
            if len(getattr(message, name)):
                put = lambda at, value, name=name: getattr(at, name).__setitem__(0, value)  # noqa: E731
                yield Leaf(f"{path}[0]", field, [*way, put])
        else:
            put = lambda at, value, name=name: setattr(at, name, value)  # noqa: E731
            yield Leaf(path, field, [*way, put])


_UUID = "0199c0de-0000-7000-8000-0000000000a7"
_RESOURCES = {"name", "consultation", "alert"}
_SCTIDS = {"concept_id", "medicine_code", "unit_code"}


def _dates(canary: str) -> dict[str, str]:
    return {
        "30 February": "2026-02-30",
        "compact date": "20260105",
        "week date": "2026-W01-1",
        "ordinal date": "2026-00001",
        "month 13": "2026-13-01",
        "date in Arabic digits": "٢٠٢٦-٠١-٠٥",
        "a word for a date": canary,
        "date with time": "2026-01-05T00:00:00Z",
        "29 February of a common year": "2026-02-29",
        "the year 0": "0000-01-01",
        "a year of five digits": "12026-01-05",
        "date with a line end": "2026-01-05\n",
        "date with a minus for a hyphen": "2026−01−05",
    }


def _names(canary: str) -> dict[str, str]:
    return {
        "name of another collection": f"things/{_UUID}",
        "UUID without a collection": _UUID,
        "name without a UUID": f"consultations/{canary}",
        "nil UUID": "consultations/00000000-0000-0000-0000-000000000000",
        "name with a slash at its end": f"consultations/{_UUID}/",
        "name that climbs": f"consultations/../consultations/{_UUID}",
        "name with an encoded slash": f"consultations%2F{_UUID}",
        "name with a line end": f"consultations/{_UUID}\n",
        "name with full-width digits": "consultations/０１９９c0de-0000-7000-8000-0000000000a7",
    }


_REQUEST_IDS = {
    "request id that is no UUID": "one-two",
    "nil request id": "00000000-0000-0000-0000-000000000000",
    "request id in braces": "{" + _UUID + "}",
    "request id without hyphens": _UUID.replace("-", ""),
    "request id with a line end": _UUID + "\n",
    "request id as a URN": "urn:uuid:" + _UUID,
    "request id of 37 characters": _UUID + "0",
}
_ODS = {"code of two characters": "A8", "code of nine characters": "A81001234", "code with a hyphen": "A81-01", "code with ä": "ä81001"}
_ODS |= {"code with a Cyrillic letter": "А81001", "code with full-width letters": "Ａ８１００１"}
_ODS |= {"code with a zero-width space": "A81\u200b001", "code with a space within": "A81 001"}
_SCTID = {
    "SNOMED code with a bad check digit": "149951000000108",
    "SNOMED code of a description": "37331000000119",
    "SNOMED code of five digits": "12345",
    "SNOMED code of letters": "abcdefg",
    "SNOMED code with a leading zero": "0149951000000107",
    "SNOMED code of nineteen digits": "1499510000001071234",
    "SNOMED code in Arabic digits": "١٤٩٩٥١٠٠٠٠٠٠١٠٧",
    "SNOMED code with a space": "149951000000107 ",
}
_NHS = {
    "NHS number with a bad check digit": "9990000019",
    "NHS number of equal digits": "4444444444",
    "NHS number of nine digits": "999000001",
    "NHS number of letters": "ABCDEFGHIJ",
    "NHS number of eleven digits": "99900000188",
    "NHS number with a sign": "+999000018",
    "NHS number in Arabic digits": "٩٩٩٠٠٠٠٠١٨",
}


def cases(good, timestamp, canary: str, ignored: set[str], filters: set[str]) -> Iterator[Case]:
    """Every wrong value at every place of a good request."""
    for leaf in leaves(good):
        if leaf.path in ignored or leaf.path.endswith("page_token"):
            continue
        for name, value in _values(leaf, timestamp, canary, filters):
            yield Case(name, leaf.path, leaf.put(good, value))


def _values(leaf: Leaf, timestamp, canary: str, filters: set[str]) -> Iterator[tuple[str, object]]:
    field, name = leaf.field, leaf.field.name
    if field.type == F.TYPE_ENUM:
        yield "enum value 99", 99
        yield "enum value -1", -1
        yield "the largest enum value", 2**31 - 1
        if name not in filters:
            yield "enum UNSPECIFIED", 0
    elif field.message_type:
        yield from _times(timestamp)
    elif field.type == F.TYPE_STRING:
        yield from _strings(name, canary)
        yield "NUL", "a\0" + canary
        yield f"{LONG:,} characters".replace(",", " "), canary + "x" * LONG
    elif field.type in (F.TYPE_INT32, F.TYPE_INT64, F.TYPE_UINT32) and name != "version":
        yield "negative number", -1
        yield "smallest number", -(2**31)


def _strings(name: str, canary: str) -> Iterator[tuple[str, object]]:
    if name == "request_id":
        yield from _REQUEST_IDS.items()
    elif name in _RESOURCES:
        yield from _names(canary).items()
    elif name.endswith("_date"):
        yield from _dates(canary).items()
        if name == "birth_date":
            today = datetime.date.today()
            yield "birth date tomorrow", (today + datetime.timedelta(days=2)).isoformat()
            yield "age 131", today.replace(year=today.year - 132).isoformat()
    elif name == "ods" or name.endswith("_ods"):
        yield from _ODS.items()
    elif name in _SCTIDS:
        yield from _SCTID.items()
    elif name == "nhs_number":
        yield from _NHS.items()


def _times(timestamp) -> Iterator[tuple[str, object]]:
    import time

    yield "time with negative nanoseconds", timestamp(seconds=1_700_000_000, nanos=-1)
    yield "time with too many nanoseconds", timestamp(seconds=1_700_000_000, nanos=1_000_000_000)
    yield "time of the largest second", timestamp(seconds=2**62)
    yield "time of the smallest second", timestamp(seconds=-(2**62))
    yield "time before the year 1", timestamp(seconds=-377_705_116_800)
    yield "time of tomorrow", timestamp(seconds=int(time.time()) + 86_400)


LENGTH = re.compile(r"at most ([\d,]+) characters")
COUNT = re.compile(r"at most ([\d,]+)(?! characters)\b")
RANGE = re.compile(r"\b(\d+) to (\d+)\b")


def limits(contract, good, canary: str, ignored: set[str]) -> Iterator[Case]:
    """One more than the comment above a field allows: of characters, of a number, of members."""
    for leaf in leaves(good):
        if leaf.path in ignored:
            continue
        comment = contract.comment(leaf.field)
        if leaf.field.type == F.TYPE_STRING and (found := LENGTH.search(comment)):
            most = int(found[1].replace(",", ""))
            yield Case("one character too many", leaf.path, leaf.put(good, (canary + "x" * most)[: most + 1]))
            yield Case("one emoji too many", leaf.path, leaf.put(good, "🙂" * (most + 1)))
        elif leaf.field.type == F.TYPE_INT32 and (found := RANGE.search(comment)):
            yield Case("one more than the most", leaf.path, leaf.put(good, int(found[2]) + 1))
            yield Case("the largest number", leaf.path, leaf.put(good, 2**31 - 1))
            if "0 means" not in comment:
                yield Case("one less than the least", leaf.path, leaf.put(good, int(found[1]) - 1))
    yield from _counts(contract, good, ())


def _counts(contract, message, way: tuple[str, ...], whole=None) -> Iterator[Case]:
    whole = message if whole is None else whole
    for field in message.DESCRIPTOR.fields:
        kind = field.message_type
        if field.is_repeated and not (kind and kind.GetOptions().map_entry):
            found = COUNT.search(contract.comment(field))
            if found and len(getattr(message, field.name)):
                copy = type(whole)()
                copy.CopyFrom(whole)
                at = copy
                for step in way:
                    at = getattr(at, step)
                members = getattr(at, field.name)
                members.extend([members[0]] * (int(found[1].replace(",", "")) + 1 - len(members)))
                yield Case("one member too many", ".".join((*way, field.name)), copy)
        elif kind and not field.is_repeated and kind.full_name.startswith("ehub.") and message.HasField(field.name):
            yield from _counts(contract, getattr(message, field.name), (*way, field.name), whole)


def matches(expected: str, named: list[str]) -> bool:
    """Whether the place is named, or the thing it is part of."""
    return any(expected == one or expected.startswith((one + ".", one + "[")) for one in named)
