"""A way to eHub that loses one reply: what was asked is done, and the caller does not hear of it."""

from __future__ import annotations

import contextlib
import socket
import threading

HEADERS, RST_STREAM = 1, 3


class LossyWay:
    """A TCP relay in front of one service; on its first connection the n-th HEADERS frame of the service gets lost.

    `cut` closes the connection at that moment, as a proxy that dies does. `hold` keeps it open and passes nothing on, as a
    lost route does, until the caller gives up and resets its stream; then it closes.
    """

    def __init__(self, address: str, nth: int, how: str) -> None:
        host, _, port = address.removeprefix("http://").rpartition(":")
        self._target, self._nth, self._how = (host, int(port)), nth, how
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.lost = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target, 10)
                threading.Thread(target=self._up, args=(near, far), daemon=True).start()
                threading.Thread(target=self._down, args=(near, far), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        buffer = b""
        with contextlib.suppress(OSError):
            buffer = _exactly(near, 24)
            far.sendall(buffer)
            while True:
                frame = _frame(near)
                far.sendall(frame)
                if self.lost.is_set() and frame[3] == RST_STREAM:
                    break
        _close(near, far)

    def _down(self, near: socket.socket, far: socket.socket) -> None:
        count = 0
        with contextlib.suppress(OSError):
            while True:
                frame = _frame(far)
                count += frame[3] == HEADERS
                if count == self._nth and frame[3] == HEADERS and not self.lost.is_set():
                    self.lost.set()
                    if self._how == "hold":
                        while far.recv(65_536):
                            pass
                    break
                near.sendall(frame)
        _close(near, far)


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = source.recv(size - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def _frame(source: socket.socket) -> bytes:
    """One HTTP/2 frame: nine bytes of head, the first three of them the length (RFC 9113, section 4.1)."""
    head = _exactly(source, 9)
    return head + _exactly(source, int.from_bytes(head[:3]))


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
