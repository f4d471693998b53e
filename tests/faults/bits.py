"""Protobuf on the wire, just enough to read a field: the checker shares no code with what it checks."""

from __future__ import annotations


def fields(body: bytes) -> list[tuple[int, int | bytes]]:
    """Every varint and every byte string of a message, with its field number."""
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(body):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
        elif key & 7 == 2:
            length = varint()
            found.append((key >> 3, body[at : at + length]))
            at += length
        else:
            at += 8 if key & 7 == 1 else 4
    return found


def last(body: bytes) -> dict[int, int | bytes]:
    """The last value of each field."""
    return dict(fields(body))
