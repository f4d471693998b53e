"""What is no gRPC call, with curl: verbs, media types, paths, timeouts, frames, and doors that are for services."""

from __future__ import annotations

import base64
import dataclasses
import functools
import gzip
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
import zlib
from pathlib import Path

from groups_rpc import Attack
from suite import SERVICES, NotRunning
from wire import Answer, traced

GRPC = {"content-type": "application/grpc", "te": "trailers"}
NAMES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"]
NAMES += ["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"]
NAMES += ["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"]


class Http:
    """One service after another."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book
        self._service = ""

    def run(self) -> None:
        """All of it."""
        if not shutil.which("curl"):
            raise NotRunning("curl is not installed: scripts/setup installs it")
        for service in SERVICES:
            rpc = next(rpc for rpc in self.attack.rpcs if rpc.service == service and not rpc.mutates and rpc.required)
            self._service = service
            self._edge(service, rpc)
            self._frames(service, rpc)
            self._doors(service, rpc)
        with self.attack.counted.by_hand():
            for service in SERVICES:
                self._sockets(service)

    def _address(self, service: str) -> str:
        return self.fx.suite.world["services"][service]["grpc"]

    def _curl(self, url: str, headers, body: bytes = b"", verb: str = "POST", *more: str) -> tuple[int, Answer]:
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        with tempfile.NamedTemporaryFile() as given:
            Path(given.name).write_bytes(body)
            command = ["curl", "-s", "-o", "/dev/null", "-D", "-", "--http2-prior-knowledge", "-m", "10", "-X", verb]
            for name, value in pairs:
                command += ["-H", f"{name}: {value}" if value else f"{name}:"]
            if body or verb == "POST":
                command += ["--data-binary", "@" + given.name]
            traces = []
            while len(traces) < 12:
                trace, [(name, value)] = traced(())
                traces.append(trace)
                done = subprocess.run([*command, "-H", f"{name}: {value}", *more, url], capture_output=True, check=False)
                # A refusal that does not wait for the body is HEADERS and RST_STREAM(NO_ERROR) (RFC 9113 section 8.1);
                # curl before 8 now and then drops the first of the two.
                if done.returncode != 92 or done.stdout:
                    break
        status, answer = self._read(done)
        answer.service = self._service
        if status:
            # What curl dropped was a call too.
            path = urllib.parse.urlsplit(url).path
            self.fx.wire.seen += [(path, dataclasses.replace(answer, trace=trace)) for trace in traces]
        self.attack.well(self._service, f"{verb} with curl")
        return status, answer

    def _read(self, done) -> tuple[int, Answer]:
        lines = done.stdout.decode("latin-1").splitlines()
        status = int(lines[0].split()[1]) if lines and lines[0].startswith("HTTP/") else 0
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:]) if value}
        if "grpc-status" not in found:
            code = f"HTTP {status}" if status else f"connection closed (curl {done.returncode})"
            return status, Answer(code, headers=found)
        answer = Answer(NAMES[int(found["grpc-status"])], message=found.get("grpc-message", ""), headers=found)
        packed = found.get("grpc-status-details-bin", "")
        answer.raw = base64.b64decode(packed + "=" * (-len(packed) % 4))
        self.fx.wire._details(answer)
        return status, answer

    def _edge(self, service: str, rpc) -> None:
        url = self._address(service) + rpc.path
        token = {"authorization": "Bearer " + self.fx.suite.token(rpc.persona)}
        good = rpc.good(self.fx).SerializeToString()
        frame = b"\0" + len(good).to_bytes(4, "big") + good
        name = f"{service}: HTTP/2"

        def expect(case: str, status: int, answer: Answer, wanted) -> None:
            got = answer.code + (f" {answer.reason}" if answer.reason else "")
            ok = got in wanted if isinstance(wanted, tuple) else got == wanted
            wrong = [] if ok else [f"expected {wanted}"]
            wrong += [one for one in self.book.manners(answer) if one != "no ErrorInfo"]
            self.book.note("http", name, case, got, "; ".join(wrong))

        for verb in ("GET", "PUT", "DELETE", "OPTIONS"):
            expect(f"verb {verb}", *self._curl(url, GRPC | token, b"", verb), "HTTP 405")
        for kind in ("application/json", "application/grpc-web", "application/grpcx", ""):
            status, answer = self._curl(url, GRPC | token | {"content-type": kind})
            expect(f"content type {kind or 'absent'}", status, answer, "HTTP 415")
        two = [*(GRPC | token).items(), ("content-type", "application/grpc")]
        expect("two content types", *self._curl(url, two), "HTTP 415")
        expect("path with a query", *self._curl(url + "?a=1", GRPC | token), "UNIMPLEMENTED NOT_GRPC")
        unknown = url.rpartition("/")[0] + "/Nothing"
        expect("unknown method", *self._curl(unknown, GRPC | token), "UNIMPLEMENTED METHOD_UNKNOWN")
        expect("unknown method without a token", *self._curl(unknown, GRPC), "UNAUTHENTICATED TOKEN_INVALID")
        case, url_slash = "path with a slash at its end", url + "/"
        expect(case, *self._curl(url_slash, GRPC | token), "UNIMPLEMENTED METHOD_UNKNOWN")
        case, low = "method in small letters", url.rpartition("/")[0] + "/" + url.rpartition("/")[2].lower()
        expect(case, *self._curl(low, GRPC | token), "UNIMPLEMENTED METHOD_UNKNOWN")
        # Whether the reason has the contract's name is judged once, at the end.
        malformed = ("INVALID_ARGUMENT DEADLINE_MALFORMED", "INVALID_ARGUMENT MALFORMED_DEADLINE")
        for text in ("1s", "S", "-1S", "1.5S", "123456789S", "1", "soon"):
            status, answer = self._curl(url, GRPC | token | {"grpc-timeout": text})
            expect(f"grpc-timeout {text}", status, answer, malformed)
        twice = [*(GRPC | token).items(), ("grpc-timeout", "5S"), ("grpc-timeout", "6S")]
        expect("two timeouts", *self._curl(url, twice), malformed)
        for text in ("1m", "1n", "0S"):
            status, answer = self._curl(url, GRPC | token | {"grpc-timeout": text}, frame)
            expect(f"deadline {text}", status, answer, "DEADLINE_EXCEEDED DEADLINE_EXCEEDED")
        status, answer = self._curl(url, GRPC | token | {"x-big": "a" * 60_000}, frame)
        expect("header of 60 kB", status, answer, ("HTTP 431", "connection closed (curl 92)", "connection closed (curl 56)"))
        many = [*(GRPC | token).items(), *[(f"x-{n}", "a" * 50) for n in range(400)]]
        expect("400 headers", *self._curl(url, many, frame), ("HTTP 431", "connection closed (curl 92)"))

    def _frames(self, service: str, rpc) -> None:
        url = self._address(service) + rpc.path
        token = {"authorization": "Bearer " + self.fx.suite.token(rpc.persona)}
        good = rpc.good(self.fx).SerializeToString()
        length = len(good).to_bytes(4, "big")
        tried = {
            "no message": b"",
            "half a frame's head": b"\0\0\0",
            "frame cut short": b"\0" + (len(good) + 9).to_bytes(4, "big") + good,
            "frame that says 4 GiB": b"\0\xff\xff\xff\xff" + good,
            "compressed without saying how": b"\1" + length + good,
            "compression flag 7": b"\7" + length + good,
            "two messages": (b"\0" + length + good) * 2,
        }
        for case, body in tried.items():
            _, answer = self._curl(url, GRPC | token, body)
            codes = ("INVALID_ARGUMENT", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED")
            if case == "two messages":
                codes += ("OK", "PERMISSION_DENIED")
            self.book.answer("http", f"{service}: HTTP/2", case, answer, codes)
        bomb = _bomb()
        for encoding, packed in {"gzip": bomb, "deflate": zlib.compress(good), "zstd": good, "nothing": good}.items():
            body = b"\1" + len(packed).to_bytes(4, "big") + packed
            _, answer = self._curl(url, GRPC | token | {"grpc-encoding": encoding}, body)
            case = "200 MiB of zeros in gzip" if packed is bomb else f"compression {encoding}"
            self.book.answer("http", f"{service}: HTTP/2", case, answer, "UNIMPLEMENTED", "NOT_GRPC")

    def _doors(self, service: str, rpc) -> None:
        """Services' calls are not on the public port; public tokens open nothing on the internal one."""
        for path in ("ehub.internal.v1.EventSink/Deliver", "ehub.internal.v1.Roots/ListRoots"):
            metadata = [("authorization", "Bearer " + self.fx.suite.service_token("audit"))]
            answer = self.fx.wire.call(service, "/" + path, b"", metadata)
            name = f"{service}: doors"
            self.book.answer("http", name, "a services' call at the public port", answer, "UNIMPLEMENTED", about=path)
        internal = self.fx.suite.world["services"][service]["internal"]
        body = b"\0\0\0\0\0"
        for who, token in [("no token", ""), ("a person's token", self.fx.suite.token("gp-anna"))]:
            bearer = {"authorization": "Bearer " + token} if token else {}
            _, answer = self._curl(f"{internal}/ehub.internal.v1.EventSink/Deliver", GRPC | bearer, body)
            code, reason = ("PERMISSION_DENIED", "CALLER_KIND_NOT_ALLOWED") if token else ("UNAUTHENTICATED", "TOKEN_INVALID")
            self.book.answer("http", f"{service}: doors", f"{who} at the services' port", answer, code, reason)
        bearer = {"authorization": "Bearer " + self.fx.suite.token(rpc.persona)}
        _, answer = self._curl(internal + rpc.path, GRPC | bearer, body)
        case = "a public call at the services' port"
        self.book.answer("http", f"{service}: doors", case, answer, "UNIMPLEMENTED")

    def _sockets(self, service: str) -> None:
        host, _, port = self._address(service).removeprefix("http://").partition(":")
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        tried = {
            "HTTP/1.1": b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "random bytes": bytes(range(256)) * 8,
            "preface and garbage": preface + b"\xff" * 512,
            "frame larger than allowed": preface + b"\0\0\0\4\0\0\0\0\0" + b"\xff\xff\xff\0\0\0\0\0\1",
            "1000 resets": preface + b"\0\0\0\4\0\0\0\0\0" + b"".join(_reset(2 * n + 1) for n in range(1000)),
            "1000 pings": preface + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\6\0\0\0\0\0abcdefgh" * 1000,
        }
        for case, data in tried.items():
            try:
                with socket.create_connection((host, int(port)), 5) as door:
                    door.settimeout(1.5)
                    door.sendall(data)
                    while door.recv(65536):
                        pass
                got = "connection closed"
            except TimeoutError:
                got = "left waiting, as an open connection may be"
            except OSError:
                got = "connection closed"
            good = self.attack.go(rpc := self._cheap(service), rpc.good(self.fx), self.attack.as_usual(rpc))
            wrong = "" if good.ok else f"afterwards a good call gets {good}"
            self.book.note("http", f"{service}: HTTP/2", case, got, wrong)

    def _cheap(self, service: str):
        return next(rpc for rpc in self.attack.rpcs if rpc.service == service and not rpc.mutates and not rpc.required)


@functools.cache
def _bomb() -> bytes:
    """200 MiB of zeros, packed."""
    return gzip.compress(bytes(200 << 20), 6)


def _reset(stream: int) -> bytes:
    """Opens a stream with `:method: POST` alone and resets it."""
    head = b"\0\0\1\1\4" + stream.to_bytes(4, "big") + b"\x83"
    return head + b"\0\0\4\3\0" + stream.to_bytes(4, "big") + b"\0\0\0\x08"
