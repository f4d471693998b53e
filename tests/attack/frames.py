"""Frames and header blocks against the rules, and floods of what one of is allowed (RFC 9113)."""

from __future__ import annotations

from dataclasses import dataclass

from h2raw import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, block, field, frame, integer,
)

HEALTH = b"/grpc.health.v1.Health/Watch"
CUT = ("GOAWAY", "closed", "reset")


@dataclass(frozen=True)
class Call:
    """What the streams ask for: a call, with headers of its own."""

    path: bytes = HEALTH
    fields: tuple[tuple[bytes, bytes], ...] = ()

    def block(self, *more: tuple[bytes, bytes], path: bytes | None = None) -> bytes:
        """Its header block."""
        return block(self.path if path is None else path, *self.fields, *more)

    def asked(self, stream: int = 1, *more: tuple[bytes, bytes], path: bytes | None = None, flags: int = END_HEADERS) -> bytes:
        """Its HEADERS."""
        return frame(HEADERS, flags, stream, self.block(*more, path=path))


def setting(identifier: int, value: int) -> bytes:
    return identifier.to_bytes(2, "big") + value.to_bytes(4, "big")


def broken(call: Call):
    """Frames and header blocks against the rules: the stream or the connection ends, whatever they ask for."""
    plain = call.block()
    yield "frame of an unknown type", frame(0xBE, 0xFF, 0, b"x") + call.asked(flags=END_HEADERS | END_STREAM), ("answered", "reset NO")
    yield "DATA on a stream nobody opened", frame(DATA, 0, 5, b"x"), CUT
    yield "DATA on the connection", frame(DATA, 0, 0, b"x"), CUT
    yield "HEADERS on the connection", frame(HEADERS, END_HEADERS, 0, plain), CUT
    yield "an even stream", call.asked(2), CUT
    yield "a stream number that goes back", call.asked(9) + call.asked(3), CUT
    yield "padding longer than the frame", frame(DATA, 8, 1, b"\xff") + call.asked(), CUT
    yield "a header block that is none", frame(HEADERS, END_HEADERS, 1, b"\xff" * 40), CUT
    yield "a table entry that is not there", frame(HEADERS, END_HEADERS, 1, integer(90, 7, 0x80)), CUT
    yield "a Huffman code that is none", frame(HEADERS, END_HEADERS, 1, b"\0\x84\xff\xff\xff\xff\0"), CUT
    yield "a table larger than agreed", frame(HEADERS, END_HEADERS, 1, integer(1 << 20, 5, 0x20) + plain), CUT
    yield "another frame within headers", frame(HEADERS, 0, 1, plain) + frame(PING, 0, 0, b"abcdefgh"), CUT
    yield "CONTINUATION of nothing", frame(CONTINUATION, END_HEADERS, 1, plain), CUT
    yield "PUSH_PROMISE from a client", frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + plain), CUT
    yield "RST_STREAM of a stream nobody opened", frame(RST_STREAM, 0, 7, b"\0\0\0\0"), CUT
    yield "RST_STREAM of three bytes", call.asked() + frame(RST_STREAM, 0, 1, b"\0\0\0"), CUT
    yield "PING of seven bytes", frame(PING, 0, 0, b"1234567"), CUT
    yield "PING on a stream", frame(PING, 0, 1, b"12345678"), CUT
    yield "SETTINGS of five bytes", frame(SETTINGS, 0, 0, b"12345"), CUT
    yield "SETTINGS acknowledged with words", frame(SETTINGS, ACK, 0, setting(3, 1)), CUT
    yield "SETTINGS: push 2", frame(SETTINGS, 0, 0, setting(2, 2)), CUT
    yield "SETTINGS: window of 2^31", frame(SETTINGS, 0, 0, setting(4, 1 << 31)), CUT
    yield "SETTINGS: frames of 100 bytes", frame(SETTINGS, 0, 0, setting(5, 100)), CUT
    yield "window beyond 2^31", frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2, CUT
    yield "window by nothing", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"), CUT
    yield "a stream that depends on itself", frame(PRIORITY, 0, 1, b"\0\0\0\1\x10"), (*CUT, "open")
    for name, extra in {
        "a header name in capitals": (b"X-Big", b"1"),
        "a header value with a line end": (b"x-a", b"a\r\nb: c"),
        "a header value with NUL": (b"x-a", b"a\0b"),
        "an empty header name": (b"", b"a"),
        "a connection header": (b"connection", b"close"),
        "transfer-encoding": (b"transfer-encoding", b"chunked"),
        "a pseudo-header after the others": (b":path", b"/a"),
        "an unknown pseudo-header": (b":protocol", b"websocket"),
    }.items():
        yield name, call.asked(1, extra, flags=END_HEADERS | END_STREAM), (*CUT, "answered")
    for name, path in {"no slash at the front": b"grpc.health.v1.Health/Watch", "an empty path": b"", "a path of stars": b"*",
                       "a path that climbs": b"/a/../grpc.health.v1.Health/Watch", "a path that is not ASCII": b"/\xff\xfe"}.items():
        yield name, call.asked(1, path=path, flags=END_HEADERS | END_STREAM), (*CUT, "answered")
    yield "no path at all", frame(HEADERS, END_HEADERS | END_STREAM, 1, field(b":method", b"POST")), CUT
    yield "CONNECT", frame(HEADERS, END_HEADERS, 1, field(b":method", b"CONNECT") + field(b":authority", b"a:1")), (*CUT, "answered")
    yield "headers of 100 kB", _long(call, 100), (*CUT, "answered")
    yield "a body longer than its content-length", call.asked(1, (b"content-length", b"1")) + frame(DATA, END_STREAM, 1, b"xyz"), CUT


def _long(call: Call, kilobytes: int) -> bytes:
    whole = call.block() + b"".join(field(b"x-%d" % number, b"a" * 1000) for number in range(kilobytes))
    parts = [whole[place : place + 16_000] for place in range(0, len(whole), 16_000)]
    first, last = frame(HEADERS, END_STREAM, 1, parts[0]), frame(CONTINUATION, END_HEADERS, 1, parts[-1])
    return first + b"".join(frame(CONTINUATION, 0, 1, part) for part in parts[1:-1]) + last


def floods(call: Call):
    """Much of what one of is allowed: the connection is cut, or goes on without harm to others."""
    streams = range(1, 6001, 2)
    reset = b"\0\0\0\x08"
    yield "3 000 streams opened and reset", b"".join(call.asked(n) + frame(RST_STREAM, 0, n, reset) for n in streams), ("GOAWAY ENHANCE", "closed")
    wrong = lambda n: frame(WINDOW_UPDATE, 0, n, b"\0\0\0\0")  # noqa: E731
    yield "3 000 streams the server is made to reset", b"".join(call.asked(n) + wrong(n) for n in streams), ("GOAWAY", "closed")
    yield "10 000 SETTINGS", frame(SETTINGS, 0, 0, setting(3, 100)) * 10_000, (*CUT, "open")
    yield "20 000 PINGs", frame(PING, 0, 0, b"abcdefgh") * 20_000, (*CUT, "open")
    yield "20 000 PRIORITYs", frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") * 20_000, (*CUT, "open")
    head = frame(HEADERS, 0, 1, call.block())
    yield "2 000 CONTINUATIONs of 1 kB", head + frame(CONTINUATION, 0, 1, field(b"x", b"a" * 1000)) * 2_000, ("GOAWAY", "closed")
    yield "20 000 empty CONTINUATIONs", head + frame(CONTINUATION, 0, 1) * 20_000, ("GOAWAY", "closed")
    yield "50 000 empty DATA", call.asked() + frame(DATA, 0, 1) * 50_000, ("GOAWAY", "closed", "reset", "open")
    yield "20 000 WINDOW_UPDATEs", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * 20_000, (*CUT, "open")
    stored = b"\x40" + integer(1, 7) + b"x" + integer(3000, 7) + b"a" * 3000
    bomb = call.block() + stored + integer(62, 7, 0x80) * 8_000
    yield "a header stored once and named 8 000 times", frame(HEADERS, END_HEADERS | END_STREAM, 1, bomb), (*CUT, "answered")
