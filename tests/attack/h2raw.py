"""HTTP/2 by hand: any frame, in any order, well-formed or not (RFC 9113, RFC 7541)."""

from __future__ import annotations

import socket
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"]
CODES += ["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def integer(value: int, bits: int, first: int = 0) -> bytes:
    """An HPACK integer with a prefix of so many bits (RFC 7541, section 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(name: bytes, value: bytes) -> bytes:
    """A header field that is not put into the table, without Huffman coding."""
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(path: bytes, *more: tuple[bytes, bytes], method: bytes = b"POST") -> bytes:
    """The header block of a gRPC request."""
    fields = [(b":method", method), (b":scheme", b"http"), (b":path", path), (b":authority", b"localhost")]
    fields += [(b"content-type", b"application/grpc"), (b"te", b"trailers"), *more]
    return b"".join(field(name, value) for name, value in fields)


class Peer:
    """One connection."""

    def __init__(self, address: str, greet: bool = True, settings: bytes = b"") -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.closed = False
        if greet:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def send(self, data: bytes, patience: float = 10) -> bool:
        """Sends bytes; whether they were taken."""
        try:
            self._socket.settimeout(patience)
            self._socket.sendall(data)
            return True
        except OSError:
            self.closed = True
            return False

    def read(self, until: float, pongs: bool = True):
        """Frames as they come, until a time of the monotonic clock or the end of the connection."""
        while not self.closed:
            while len(self._buffer) >= 9 and len(self._buffer) >= 9 + int.from_bytes(self._buffer[:3], "big"):
                length = int.from_bytes(self._buffer[:3], "big")
                kind, flags = self._buffer[3], self._buffer[4]
                stream, payload = int.from_bytes(self._buffer[5:9], "big"), self._buffer[9 : 9 + length]
                self._buffer = self._buffer[9 + length :]
                if kind == PING and not flags & ACK and pongs:
                    self.send(frame(PING, ACK, 0, payload))
                yield kind, flags, stream, payload
            left = until - time.monotonic()
            if left <= 0:
                return
            self._socket.settimeout(left)
            try:
                got = self._socket.recv(65536)
            except TimeoutError:
                return
            except OSError:
                got = b""
            if not got:
                self.closed = True
            self._buffer += got

    def outcome(self, wanted: tuple[str, ...], patience: float = 40) -> str:
        """How the connection took it: `GOAWAY …`, `reset …`, `closed`, `answered`, or `open`.

        Waits for one of what is wanted; where staying open is among it, for a moment only.
        """
        said = "open"
        for kind, flags, _, payload in self.read(time.monotonic() + (1.5 if "open" in wanted else patience)):
            if kind == GOAWAY:
                code = int.from_bytes(payload[4:8], "big")
                return f"GOAWAY {CODES[code] if code < len(CODES) else code}"
            if kind == RST_STREAM:
                code = int.from_bytes(payload, "big")
                said = f"reset {CODES[code] if code < len(CODES) else code}"
            if kind == HEADERS and flags & END_STREAM and said == "open":
                said = "answered"
            if "open" not in wanted and said.startswith(wanted):
                return said
        return "closed" if self.closed and said == "open" else said

    def close(self) -> None:
        """Ends it without a word."""
        self._socket.close()
