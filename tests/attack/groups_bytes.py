"""Bytes that are no message of ours: cut, deep, of other wire types, not UTF-8, too large, at every field."""

from __future__ import annotations

import random

from catalogue import Rpc
from coverage import SERVICE, internal, rule
from google.protobuf.descriptor import FieldDescriptor as F
from groups_rpc import Attack
from suite import SERVICES
from wire import Wire

MARK = "Qw7Zp1"
# Each as long as the mark it replaces, so that no length changes.
NOT_UTF8 = {
    "text that is not UTF-8": b"ab\xff\xfecd",
    "lone surrogate": b"a\xed\xa0\x80bc",
    "overlong UTF-8": b"ab\xc0\x80cd",
    "UTF-8 beyond U+10FFFF": b"a\xf4\x90\x80\x80b",
    "UTF-8 cut short": b"abcd\xe2\x82",
}
WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 0, 1, 2, 5
SCALAR_WIRE = {F.TYPE_DOUBLE: WIRE_64, F.TYPE_FIXED64: WIRE_64, F.TYPE_FLOAT: WIRE_32, F.TYPE_FIXED32: WIRE_32}
PLAIN = {
    "truncated message": b"\x0a\xff\x01abc",
    "truncated varint": b"\xff\xff\xff",
    "varint of eleven bytes": b"\xff" * 11,
    "length of 2 GiB": b"\xa2\x3e\xff\xff\xff\xff\x07",
    "length of 16 EiB": b"\xa2\x3e" + b"\xff" * 9 + b"\x01",
    "field number 0": b"\x00\x01",
    "field number of 2^32": b"\x82\x80\x80\x80\x80\x02\x01",
    "wire type 6": b"\x0e\x01",
    "wire type 7": b"\x0f\x01",
    "groups 20 000 deep": b"\xa3\x3e" * 20_000,
    "group that does not end": b"\xa3\x3e",
    "end of a group that did not begin": b"\xa4\x3e",
    "end of another group": b"\xa3\x3e\xac\x3e",
}
WRONG = {WIRE_VARINT: b"\x01", WIRE_64: b"\1\2\3\4\5\6\7\x08", WIRE_BYTES: b"\x01A", WIRE_32: b"\1\2\3\4"}


class Bytes:
    """One RPC after another."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book
        self.random = random.Random(20261122)

    def run(self) -> None:
        """All of it."""
        for rpc in self.attack.rpcs:
            good = rpc.good(self.fx)
            self._plain(rpc)
            self._texts(rpc, good)
            self._wire_types(rpc, good.DESCRIPTOR)
            self._cut(rpc, good)
            self._noise(rpc)
        self._between_services()

    def _malformed(self, rpc: Rpc, case: str, body: bytes, about: str = "") -> None:
        answer = self.attack.go(rpc, body, self.attack.as_usual(rpc))
        self.book.answer("bytes", rpc.short, case, answer, "INVALID_ARGUMENT", "MALFORMED_REQUEST", about=about)

    def _plain(self, rpc: Rpc) -> None:
        for case, body in PLAIN.items():
            self._malformed(rpc, case, body)
        big = b"\xa2\x3e" + varint(5 << 20) + b"x" * (5 << 20)
        answer = self.attack.go(rpc, big, self.attack.as_usual(rpc))
        self.book.answer("bytes", rpc.short, "message of 5 MiB", answer, "INVALID_ARGUMENT", "MESSAGE_TOO_LARGE")

    def _between_services(self) -> None:
        """The same at the services' port, as the service that may call, or the operator."""
        addresses = {name: self.attack.suite.world["services"][name]["internal"] for name in SERVICES}
        wire = Wire(self.fx.contract, addresses, self.fx.wire.seen)
        for path, method in internal(self.fx.contract).items():
            access = rule(self.fx.contract, method)
            if SERVICE in access.callers:
                token = self.attack.suite.service_token(next(iter(access.services), "allocation"))
                metadata = [("authorization", "Bearer " + token)]
            else:
                metadata = self.attack.minted(self.attack.suite.fresh("gp-anna", scope=" ".join(access.scopes)))
            for service in SERVICES:
                if wire.call(service, "/" + path, b"\xff", metadata).code == "UNIMPLEMENTED":
                    continue
                tried = PLAIN | {"message of 17 MiB": b"\xa2\x3e" + varint(17 << 20) + bytes(17 << 20)}
                for case, body in tried.items():
                    answer = wire.call(service, "/" + path, body, metadata)
                    reason = "MESSAGE_TOO_LARGE" if "MiB" in case else "MALFORMED_REQUEST"
                    short = path.removeprefix("ehub.")
                    self.book.answer("bytes", short, case, answer, "INVALID_ARGUMENT", reason, about=service)
                    self.attack.well(service, short)

    def _texts(self, rpc: Rpc, good) -> None:
        """Every text of a good request, spoilt in place."""
        from fields import leaves

        for leaf in leaves(good):
            if leaf.field.type != F.TYPE_STRING:
                continue
            body = leaf.put(good, MARK).SerializeToString()
            if body.count(MARK.encode()) != 1:
                continue
            for case, spoilt in NOT_UTF8.items():
                self._malformed(rpc, case, body.replace(MARK.encode(), spoilt), leaf.path)

    def _wire_types(self, rpc: Rpc, descriptor, way: tuple[int, ...] = (), prefix: str = "") -> None:
        """Every field at any depth, under a wire type it cannot have."""
        for field in descriptor.fields:
            kind = field.message_type
            right = _wire(field)
            for wrong, payload in WRONG.items():
                # Numbers in a list may be packed.
                if wrong == right or (field.is_repeated and right != WIRE_BYTES and wrong == WIRE_BYTES):
                    continue
                body = tag(field.number, wrong) + payload
                for number in reversed(way):
                    body = tag(number, WIRE_BYTES) + varint(len(body)) + body
                self._malformed(rpc, "another wire type", body, prefix + field.name)
            if kind and not kind.GetOptions().map_entry and kind.full_name.startswith("ehub."):
                self._wire_types(rpc, kind, (*way, field.number), f"{prefix}{field.name}.")

    def _cut(self, rpc: Rpc, good) -> None:
        """A good message cut anywhere but between two of its fields."""
        body = good.SerializeToString()
        edges = _edges(body)
        places = [place for place in range(1, len(body)) if place not in edges]
        for place in places if len(places) <= 24 else sorted(self.random.sample(places, 24)):
            self._malformed(rpc, "good message cut short", body[:place])

    def _noise(self, rpc: Rpc) -> None:
        for _ in range(12):
            body = self.random.randbytes(self.random.randrange(1, 400))
            answer = self.attack.go(rpc, body, self.attack.as_usual(rpc))
            reasons = ("MALFORMED_REQUEST", "INVALID_FIELDS", "PAGE_TOKEN_INVALID")
            if answer.ok and not rpc.required:
                reasons = None
            codes = "INVALID_ARGUMENT" if rpc.required else ("INVALID_ARGUMENT", "OK")
            self.book.answer("bytes", rpc.short, "random bytes", answer, codes, reasons)


def _wire(field) -> int:
    if field.type in (F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE):
        return WIRE_BYTES
    return SCALAR_WIRE.get(field.type, WIRE_VARINT)


def _edges(body: bytes) -> set[int]:
    """Where fields of the message begin and end."""
    place, found = 0, {0}
    while place < len(body):
        tag, place = _read(body, place)
        if tag & 7 == WIRE_BYTES:
            length, place = _read(body, place)
            place += length
        elif tag & 7 == WIRE_VARINT:
            _, place = _read(body, place)
        else:
            place += 8 if tag & 7 == WIRE_64 else 4
        found.add(place)
    return found


def _read(body: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (body[place] & 127) << shift
        shift, place = shift + 7, place + 1
        if not body[place - 1] & 128:
            return number, place


def tag(number: int, wire: int) -> bytes:
    """The head of a field."""
    return varint(number << 3 | wire)


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])
