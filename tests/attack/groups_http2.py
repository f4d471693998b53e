"""HTTP/2 as an enemy speaks it: floods, broken frames, silence and slowness, while a good client goes on working."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from counted import INCOMPLETE
from frames import HEALTH, Call, broken, floods, setting
from groups_rpc import Attack
from h2raw import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, Peer, block, frame
from memory import resident
from suite import SERVICES
from wire import Answer, traced

# How much more memory a service may hold after all of it.
GROWTH_KB = 64 * 1024


class Http2:
    """One service after another; what takes long, at all of them at once."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book, self.suite = attack, attack.fx, attack.book, attack.suite

    def run(self) -> None:
        """All of it."""
        counted: Counter = Counter()
        with self.attack.counted.by_hand(counted), ThreadPoolExecutor(64) as slow:
            waiting = [(case, service, slow.submit(act, service)) for service in SERVICES for case, act in self._slow(service)]
            for done in [slow.submit(self._service, service) for service in SERVICES]:
                done.result()
            for case, service, outcome in waiting:
                got, wrong = outcome.result()
                self.book.note("http2", f"{service}: HTTP/2", case, got, wrong)
        for service in SERVICES:
            # One body came a byte a second; all else that is sent by hand here is no request, or a whole one.
            count = counted[service, INCOMPLETE]
            wrong = "" if count == 1 else f"{count} counted"
            self.book.note("http2", f"{service}: HTTP/2", "a message that does not come is counted", "once", wrong)

    def _service(self, service: str) -> None:
        before, good = resident(self.suite, service), _Good(self.attack, service)
        known = (b"authorization", b"Bearer " + self.suite.service_token("allocation").encode())
        for port, name, call in [
            ("grpc", f"{service}: HTTP/2", Call()),
            ("internal", f"{service}: HTTP/2 at the services' port", Call(b"/ehub.internal.v1.EventSink/Deliver", (known,))),
        ]:
            for case, data, wanted in (*broken(call), *floods(call)):
                self._tried(service, port, name, case, data, wanted, good)
        self._crowd(service)
        name = f"{service}: HTTP/2"
        calls, wrong = good.stop()
        self.book.note("http2", name, "a good client beside all of it", "always OK", wrong)
        grown = resident(self.suite, service) - before
        wrong = "" if grown < GROWTH_KB else f"{grown} kB more"
        self.book.note("http2", name, "memory after all of it", "less than 64 MiB more", wrong)
        print(f"  {service}: {calls} good calls beside the floods, {grown} kB more", flush=True)

    def _address(self, service: str, port: str = "grpc") -> str:
        return self.suite.world["services"][service][port]

    def _tried(self, service: str, port: str, name: str, case: str, data: bytes, wanted: tuple[str, ...], good: _Good) -> None:
        """One connection, ended as it should be; and a call that begins afterwards is served."""
        peer = Peer(self._address(service, port))
        peer.send(data)
        outcome = peer.outcome(wanted)
        peer.close()
        wrong = "" if outcome.startswith(wanted) else f"expected {' or '.join(wanted)}"
        wrong = wrong or ("" if good.another() else "no good call afterwards")
        self.book.note("http2", name, case, outcome, wrong)

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

    def _slow(self, service: str):
        yield "connected and silent", lambda service: self._ends(service, b"", greet=False, most=25)
        yield "half of the preface", lambda service: self._ends(service, PREFACE[:12], greet=False, most=25)
        yield "TLS where none is spoken", lambda service: self._ends(service, b"\x16\x03\x01\x02\x00\x01" + bytes(60), False, 25)
        yield "HTTP/1.1", lambda service: self._ends(service, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", greet=False, most=25)
        yield "greeted and silent, pings unanswered", lambda service: self._ends(service, b"", most=60)
        head = frame(HEADERS, 0, 1, block(HEALTH))
        yield "headers without an end, pings unanswered", lambda service: self._ends(service, head, most=60)
        yield "half of a frame, pings unanswered", lambda service: self._ends(service, head[:20], most=60)
        yield "a body, a byte a second", self._body
        yield "the answer is never read", lambda service: self._unread(service, False)
        if service in ("intake", "allocation"):
            yield "a stream is never read", lambda service: self._unread(service, True)

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

    def _unread(self, service: str, stream: bool) -> tuple[str, str]:
        """An answer for which the peer opens no window: it asks with a deadline of two seconds, and pongs."""
        fits = lambda rpc: rpc.service == service and rpc.stream == stream and (stream or not rpc.required)  # noqa: E731
        rpc = next(filter(fits, self.attack.rpcs))
        token = b"Bearer " + self.suite.token(rpc.persona).encode()
        body = rpc.good(self.fx).SerializeToString()
        peer, began = Peer(self._address(service), settings=setting(4, 0)), time.monotonic()
        trace, [parent] = traced(())
        fields = [(b"authorization", token), (b"grpc-timeout", b"2S"), tuple(part.encode() for part in parent)]
        peer.send(frame(HEADERS, END_HEADERS, 1, block(rpc.path.encode(), *fields)))
        peer.send(frame(DATA, END_STREAM, 1, b"\0" + len(body).to_bytes(4, "big") + body))
        # It is a call like any other, and has its audit event.
        self.fx.wire.seen.append((rpc.path, Answer("OK", trace=trace, service=service)))
        ended, answered = "", False
        for kind, flags, number, _ in peer.read(began + 45):
            answered = answered or (number == 1 and kind == HEADERS and not flags & END_STREAM)
            if number == 1 and (kind == RST_STREAM or (kind == HEADERS and flags & END_STREAM)):
                ended = "ended when its deadline was over"
                break
        peer.close()
        if not answered:
            return ended or "nothing", f"{rpc.short} is not answered, so that this proves nothing"
        return ended or "held", "" if ended else f"{rpc.short} is still there after 45 s, with a deadline of 2 s"


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
        self._called = threading.Condition()
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        body = self._rpc.good(self._attack.fx)
        while not self._over.wait(0.005):
            answer = self._attack.go(self._rpc, body, self._attack.as_usual(self._rpc))
            with self._called:
                self._calls += 1
                self._called.notify_all()
            if not answer.ok and not self._wrong:
                self._wrong = f"call {self._calls}: {answer}"

    def another(self) -> bool:
        """Whether a call that begins from now on is answered, and all before it were."""
        with self._called:
            after = self._calls + 2
            return self._called.wait_for(lambda: self._calls >= after, 20) and not self._wrong

    def stop(self) -> tuple[int, str]:
        """Ends it: how many calls it made, and what was wrong."""
        self._over.set()
        self._thread.join()
        return self._calls, self._wrong or ("" if self._calls > 20 else f"only {self._calls} calls")
