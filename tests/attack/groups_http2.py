"""HTTP/2 as an enemy speaks it: floods, broken frames, silence and slowness, while a good client goes on working."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from groups_rpc import Attack
from h2raw import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY, PUSH_PROMISE, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, Peer, block, field, frame, integer,
)
from suite import SERVICES

HEALTH = b"/grpc.health.v1.Health/Watch"
# How much more memory a service may hold after all of it.
GROWTH_KB = 64 * 1024
CUT = ("GOAWAY", "closed", "reset")


class Http2:
    """One service after another; what takes long, at all of them at once."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book, self.suite = attack, attack.fx, attack.book, attack.suite

    def run(self) -> None:
        """All of it."""
        with ThreadPoolExecutor(64) as slow:
            waiting = [(case, service, slow.submit(act, service)) for service in SERVICES for case, act in self._slow()]
            for done in [slow.submit(self._service, service) for service in SERVICES]:
                done.result()
            for case, service, outcome in waiting:
                got, wrong = outcome.result()
                self.book.note("http2", f"{service}: HTTP/2", case, got, wrong)

    def _service(self, service: str) -> None:
        before, good = self._memory(service), _Good(self.attack, service)
        for case, data, wanted in _broken():
            self._tried(service, case, self._sent(service, data, wanted), wanted)
        for case, data, wanted in _floods():
            self._tried(service, case, self._sent(service, data, wanted), wanted)
        self._crowd(service)
        name = f"{service}: HTTP/2"
        calls, wrong = good.stop()
        self.book.note("http2", name, "a good client beside all of it", "always OK", wrong)
        grown = self._memory(service) - before
        wrong = "" if grown < GROWTH_KB else f"{grown} kB more"
        self.book.note("http2", name, "memory after all of it", "less than 64 MiB more", wrong)
        print(f"  {service}: {calls} good calls beside the floods, {grown} kB more", flush=True)

    def _address(self, service: str) -> str:
        return self.suite.world["services"][service]["grpc"]

    def _memory(self, service: str) -> int:
        from pathlib import Path

        status = Path(f"/proc/{self.suite.pids()[service]}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def _sent(self, service: str, data: bytes, wanted: tuple[str, ...]) -> str:
        peer = Peer(self._address(service))
        peer.send(data)
        outcome = peer.outcome(wanted)
        peer.close()
        return outcome

    def _tried(self, service: str, case: str, outcome: str, wanted: tuple[str, ...]) -> None:
        good = outcome.startswith(wanted)
        self.book.note("http2", f"{service}: HTTP/2", case, outcome, "" if good else f"expected {' or '.join(wanted)}")

    # Many and slow

    def _crowd(self, service: str) -> None:
        """More streams than allowed, more connections than one peer may have."""
        peer = Peer(self._address(service))
        for number in range(200):
            peer.send(frame(HEADERS, END_HEADERS, 2 * number + 1, block(HEALTH)))
        refused = set()
        for kind, _, stream, _ in peer.read(time.monotonic() + 40):
            refused |= {stream} if kind == RST_STREAM else set()
            if len(refused) >= 136:
                break
        wrong = "" if len(refused) >= 136 else f"only {len(refused)} of 200 were refused"
        self.book.note("http2", f"{service}: HTTP/2", "200 streams of one connection", "64 run, the rest is refused", wrong)
        peer.close()
        peers = [Peer(self._address(service)) for _ in range(300)]
        end = time.monotonic() + 40
        shut = 0
        while shut < 40 and time.monotonic() < end:
            shut = sum(1 for one in peers if not one.closed and _shut(one)) + sum(1 for one in peers if one.closed)
        wrong = "" if shut >= 40 else f"{shut} of 300 were closed"
        self.book.note("http2", f"{service}: HTTP/2", "300 connections of one peer", "those beyond 256 are closed", wrong)
        for one in peers:
            one.close()

    def _slow(self):
        yield "connected and silent", lambda service: self._ends(service, b"", greet=False, most=25)
        yield "half of the preface", lambda service: self._ends(service, PREFACE[:12], greet=False, most=25)
        yield "TLS where none is spoken", lambda service: self._ends(service, b"\x16\x03\x01\x02\x00\x01" + bytes(60), False, 25)
        yield "HTTP/1.1", lambda service: self._ends(service, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", greet=False, most=25)
        yield "greeted and silent, pings unanswered", lambda service: self._ends(service, b"", most=60)
        head = frame(HEADERS, 0, 1, block(HEALTH))
        yield "headers without an end, pings unanswered", lambda service: self._ends(service, head, most=60)
        yield "half of a frame, pings unanswered", lambda service: self._ends(service, head[:20], most=60)
        yield "a body, a byte a second", self._body

    def _ends(self, service: str, data: bytes, greet: bool = True, most: float = 60) -> tuple[str, str]:
        peer, began = Peer(self._address(service), greet), time.monotonic()
        peer.send(data)
        for kind, *_ in peer.read(began + most + 30, pongs=False):
            if kind == GOAWAY:
                break
        took = time.monotonic() - began
        ended = peer.closed or took < most
        peer.close()
        return "closed", "" if ended and took <= most else f"after {took:.0f} s it was still there"

    def _body(self, service: str) -> tuple[str, str]:
        rpc = next(rpc for rpc in self.attack.rpcs if rpc.service == service and not rpc.mutates and rpc.required)
        token = b"Bearer " + self.suite.token(rpc.persona).encode()
        peer, began = Peer(self._address(service)), time.monotonic()
        peer.send(frame(HEADERS, END_HEADERS, 1, block(rpc.path.encode(), (b"authorization", token))))
        ended = ""
        while not ended and time.monotonic() - began < 60 and not peer.closed:
            peer.send(frame(DATA, 0, 1, b"\0"))
            for kind, flags, stream, _ in peer.read(time.monotonic() + 1):
                if stream == 1 and (kind == RST_STREAM or (kind == HEADERS and flags & END_STREAM)):
                    ended = "answered when its deadline was over"
                    break
        peer.close()
        return ended or "nothing", "" if ended else "no answer in 60 s"


def _shut(peer: Peer) -> bool:
    for _ in peer.read(time.monotonic() + 0.01):
        pass
    return peer.closed


class _Good:
    """A client that does nothing wrong, one call after another."""

    def __init__(self, attack: Attack, service: str) -> None:
        self._attack, self._over = attack, threading.Event()
        self._rpc = next(r for r in attack.rpcs if r.service == service and not r.mutates and not r.required and not r.stream)
        self._calls, self._wrong = 0, ""
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        body = self._rpc.good(self._attack.fx)
        while not self._over.wait(0.02):
            answer = self._attack.go(self._rpc, body, self._attack.as_usual(self._rpc))
            self._calls += 1
            if not answer.ok and not self._wrong:
                self._wrong = f"call {self._calls}: {answer}"

    def stop(self) -> tuple[int, str]:
        """Ends it: how many calls it made, and what was wrong."""
        self._over.set()
        self._thread.join()
        return self._calls, self._wrong or ("" if self._calls > 20 else f"only {self._calls} calls")


def _asked(stream: int = 1, *more: tuple[bytes, bytes], path: bytes = HEALTH, flags: int = END_HEADERS) -> bytes:
    return frame(HEADERS, flags, stream, block(path, *more))


def _setting(identifier: int, value: int) -> bytes:
    return identifier.to_bytes(2, "big") + value.to_bytes(4, "big")


def _broken():
    """Frames and header blocks against the rules: the stream or the connection ends, whatever they ask for."""
    plain = block(HEALTH)
    yield "frame of an unknown type", frame(0xBE, 0xFF, 0, b"x") + _asked(flags=END_HEADERS | END_STREAM), ("answered", "reset NO")
    yield "DATA on a stream nobody opened", frame(DATA, 0, 5, b"x"), CUT
    yield "DATA on the connection", frame(DATA, 0, 0, b"x"), CUT
    yield "HEADERS on the connection", frame(HEADERS, END_HEADERS, 0, plain), CUT
    yield "an even stream", _asked(2), CUT
    yield "a stream number that goes back", _asked(9) + _asked(3), CUT
    yield "padding longer than the frame", frame(DATA, 8, 1, b"\xff") + _asked(), CUT
    yield "a header block that is none", frame(HEADERS, END_HEADERS, 1, b"\xff" * 40), CUT
    yield "a table entry that is not there", frame(HEADERS, END_HEADERS, 1, integer(90, 7, 0x80)), CUT
    yield "a Huffman code that is none", frame(HEADERS, END_HEADERS, 1, b"\0\x84\xff\xff\xff\xff\0"), CUT
    yield "a table larger than agreed", frame(HEADERS, END_HEADERS, 1, integer(1 << 20, 5, 0x20) + plain), CUT
    yield "another frame within headers", frame(HEADERS, 0, 1, plain) + frame(PING, 0, 0, b"abcdefgh"), CUT
    yield "CONTINUATION of nothing", frame(CONTINUATION, END_HEADERS, 1, plain), CUT
    yield "PUSH_PROMISE from a client", frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + plain), CUT
    yield "RST_STREAM of a stream nobody opened", frame(RST_STREAM, 0, 7, b"\0\0\0\0"), CUT
    yield "RST_STREAM of three bytes", _asked() + frame(RST_STREAM, 0, 1, b"\0\0\0"), CUT
    yield "PING of seven bytes", frame(PING, 0, 0, b"1234567"), CUT
    yield "PING on a stream", frame(PING, 0, 1, b"12345678"), CUT
    yield "SETTINGS of five bytes", frame(SETTINGS, 0, 0, b"12345"), CUT
    yield "SETTINGS acknowledged with words", frame(SETTINGS, ACK, 0, _setting(3, 1)), CUT
    yield "SETTINGS: push 2", frame(SETTINGS, 0, 0, _setting(2, 2)), CUT
    yield "SETTINGS: window of 2^31", frame(SETTINGS, 0, 0, _setting(4, 1 << 31)), CUT
    yield "SETTINGS: frames of 100 bytes", frame(SETTINGS, 0, 0, _setting(5, 100)), CUT
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
        yield name, _asked(1, extra, flags=END_HEADERS | END_STREAM), (*CUT, "answered")
    for name, path in {"no slash at the front": b"grpc.health.v1.Health/Watch", "an empty path": b"", "a path of stars": b"*",
                       "a path that climbs": b"/a/../grpc.health.v1.Health/Watch", "a path that is not ASCII": b"/\xff\xfe"}.items():
        yield name, _asked(1, path=path, flags=END_HEADERS | END_STREAM), (*CUT, "answered")
    yield "no path at all", frame(HEADERS, END_HEADERS | END_STREAM, 1, field(b":method", b"POST")), CUT
    yield "CONNECT", frame(HEADERS, END_HEADERS, 1, field(b":method", b"CONNECT") + field(b":authority", b"a:1")), (*CUT, "answered")
    yield "headers of 100 kB", _long(100), (*CUT, "answered")
    yield "a body longer than its content-length", _asked(1, (b"content-length", b"1")) + frame(DATA, END_STREAM, 1, b"xyz"), CUT


def _long(kilobytes: int) -> bytes:
    whole = block(HEALTH) + b"".join(field(b"x-%d" % number, b"a" * 1000) for number in range(kilobytes))
    parts = [whole[place : place + 16_000] for place in range(0, len(whole), 16_000)]
    first, last = frame(HEADERS, END_STREAM, 1, parts[0]), frame(CONTINUATION, END_HEADERS, 1, parts[-1])
    return first + b"".join(frame(CONTINUATION, 0, 1, part) for part in parts[1:-1]) + last


def _floods():
    """Much of what one of is allowed: the connection is cut, or goes on without harm to others."""
    streams = range(1, 6001, 2)
    reset = b"\0\0\0\x08"
    yield "3 000 streams opened and reset", b"".join(_asked(n) + frame(RST_STREAM, 0, n, reset) for n in streams), ("GOAWAY ENHANCE", "closed")
    wrong = lambda n: frame(WINDOW_UPDATE, 0, n, b"\0\0\0\0")  # noqa: E731
    yield "3 000 streams the server is made to reset", b"".join(_asked(n) + wrong(n) for n in streams), ("GOAWAY", "closed")
    yield "10 000 SETTINGS", frame(SETTINGS, 0, 0, _setting(3, 100)) * 10_000, (*CUT, "open")
    yield "20 000 PINGs", frame(PING, 0, 0, b"abcdefgh") * 20_000, (*CUT, "open")
    yield "20 000 PRIORITYs", frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") * 20_000, (*CUT, "open")
    head = frame(HEADERS, 0, 1, block(HEALTH))
    yield "2 000 CONTINUATIONs of 1 kB", head + frame(CONTINUATION, 0, 1, field(b"x", b"a" * 1000)) * 2_000, ("GOAWAY", "closed")
    yield "20 000 empty CONTINUATIONs", head + frame(CONTINUATION, 0, 1) * 20_000, ("GOAWAY", "closed")
    yield "50 000 empty DATA", _asked() + frame(DATA, 0, 1) * 50_000, ("GOAWAY", "closed", "reset", "open")
    yield "20 000 WINDOW_UPDATEs", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * 20_000, (*CUT, "open")
    stored = b"\x40" + integer(1, 7) + b"x" + integer(3000, 7) + b"a" * 3000
    bomb = block(HEALTH) + stored + integer(62, 7, 0x80) * 8_000
    yield "a header stored once and named 8 000 times", frame(HEADERS, END_HEADERS | END_STREAM, 1, bomb), (*CUT, "answered")
