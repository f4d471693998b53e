"""Hundreds of calls that have to be refused, made from the contract: a mark in every text of every request."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from google.protobuf.descriptor import FieldDescriptor as F
from story import Storyteller
from wire import Answer

PERSONAS = ("supplier", "gp-anna", "hub-admin")
RESOURCES = {"name": None, "consultation": "consultations", "alert": "alerts", "quarantined": "quarantined"}
DEEP = 4


def plain(mark: str) -> Callable[[F], str]:
    """The mark in every text."""
    return lambda _: mark


def long(mark: str) -> Callable[[F], str]:
    """The mark many times over, behind what looks like a resource's name."""
    return lambda field: "consultations/" + mark * 400 if field.name in RESOURCES else mark * 400


def plausible(mark: str) -> Callable[[F], str]:
    """Ids that can be read, so that what refuses the call lies deeper; the mark in all other texts."""

    def text(field: F) -> str:
        if field.name == "request_id":
            return str(uuid.uuid4())
        if field.name in RESOURCES:
            return f"{RESOURCES[field.name] or 'consultations'}/{uuid.uuid4()}"
        return mark

    return text


def filled(teller: Storyteller, descriptor, text: Callable[[F], str], depth: int = 0):
    """A message with every text set, one member in every list, and numbers no enum has."""
    message = teller.contract.message(descriptor.full_name)
    for field in descriptor.fields:
        if field.message_type and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            if value.type == F.TYPE_STRING:
                getattr(message, field.name)[text(field)] = text(field)
        elif field.message_type and depth < DEEP:
            inner = filled(teller, field.message_type, text, depth + 1)
            if field.is_repeated:
                getattr(message, field.name).append(inner)
            else:
                getattr(message, field.name).CopyFrom(inner)
        elif field.type == F.TYPE_STRING:
            _put(message, field, text(field))
        elif field.type == F.TYPE_BYTES:
            _put(message, field, text(field).encode())
        elif field.type in (F.TYPE_INT32, F.TYPE_INT64, F.TYPE_ENUM):
            _put(message, field, 77)
    return message


def _put(message, field: F, value) -> None:
    if field.is_repeated:
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)


def cases(teller: Storyteller) -> Iterator[tuple]:
    """Every method in every way that is wrong: service, path, body, metadata, whether it streams."""
    mark = teller.canary
    garbage = b"\x0a\xff\xfe" + mark.encode() * 9
    for service in teller.contract.services:
        home = service.split(".")[1]
        if home == "internal":
            continue
        for method in teller.contract.service(service).methods:
            path, kind = f"/{service}/{method.name}", method.input_type
            streams = method.server_streaming
            for way in (plain, long, plausible):
                body = filled(teller, kind, way(mark))
                for persona in PERSONAS:
                    yield home, path, body, teller.bearer(persona), streams
            yield home, path, garbage, teller.bearer("gp-anna"), streams
            yield home, path, filled(teller, kind, plausible(mark)), teller.bearer("gp-anna", mark), streams
            yield home, path, filled(teller, kind, plain(mark)), [("authorization", f"Bearer {mark}")], streams
            yield home, f"{path}{mark}", garbage, teller.bearer("supplier"), streams


def make(teller: Storyteller, hands: int = 8) -> list[Answer]:
    """Makes them all, and gives what they were answered."""

    def one(case: tuple) -> Answer:
        home, path, body, metadata, streams = case
        return teller.wire.call(home, path, body, metadata, timeout=30, stream=streams)

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(one, cases(teller)))
