"""Requests with one field wrong at a time, made from the contract's own descriptors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forms import forms
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


def every(contract, kind, prefix: str = "") -> Iterator[str]:
    """The path of every place that a caller can fill in a request of this type, as `leaves` writes it."""
    for field in kind.fields:
        path, inner = prefix + field.name, field.message_type
        if "Output only" in contract.comment(field):
            continue
        if inner and inner.GetOptions().map_entry:
            yield f"{path}.*"
        elif inner and inner.full_name != "google.protobuf.Timestamp":
            yield from every(contract, inner, path + ("[0]." if field.is_repeated else "."))
        else:
            yield path + ("[0]" if field.is_repeated else "")


# Places whose name promises a form that the contract does not: nothing is sent by the register's mailbox.
FREE = {"organisation.mesh_mailbox"}


def cases(good, timestamp, said: tuple[str, str], filters: set[str]) -> Iterator[Case]:
    """Every wrong value at every place of a good request; `said` are a name and an NHS number that must not come back."""
    for leaf in leaves(good):
        if not leaf.path.endswith("page_token"):
            for name, value in _values(leaf, timestamp, *said, filters):
                yield Case(name, leaf.path, leaf.put(good, value))


def _values(leaf: Leaf, timestamp, canary: str, number: str, filters: set[str]) -> Iterator[tuple[str, object]]:
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
        if leaf.path not in FREE:
            yield from forms(name, canary, number)
        yield "NUL", "a\0" + canary
        yield f"{LONG:,} characters".replace(",", " "), canary + "x" * LONG
    elif field.type in (F.TYPE_INT32, F.TYPE_INT64, F.TYPE_UINT32) and name != "version":
        yield "negative number", -1
        yield "smallest number", -(2**31)


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


def limits(contract, good, canary: str) -> Iterator[Case]:
    """One more than the comment above a field allows: of characters, of a number, of members."""
    for leaf in leaves(good):
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
