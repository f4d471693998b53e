"""A TCP proxy that can lose the reply after the request was taken: of a gRPC port, or of MESH's sends over HTTP/1.1."""

from __future__ import annotations

import socket
import threading

HEADERS = 1


class Proxy:
    """Passes everything on until told otherwise."""

    def __init__(self, target: str = "", sends_only: bool = False) -> None:
        self.target, self._sends_only = target, sends_only
        self._sending: dict[socket.socket, bool] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._to_cut = 0
        self._open: set[socket.socket] = set()
        self.cut = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def cut_replies(self, count: int) -> None:
        """The next replies are lost: the connection breaks when the service begins to answer."""
        with self._lock:
            self._to_cut = count

    def divert(self, target: str) -> None:
        """New connections go to another address; those that are open are broken."""
        self.target = target
        with self._lock:
            for side in self._open:
                shut(side)

    def close(self) -> None:
        """Listens no more."""
        self._listener.close()
        self.divert("")

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            host, _, port = self.target.removeprefix("http://").partition(":")
            server = socket.create_connection((host, int(port)), 5)
            server.settimeout(None)
        except (OSError, ValueError):
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        try:
            self._replies(server, client)
        except OSError:
            pass
        shut(client)
        shut(server)
        with self._lock:
            self._open -= {client, server}
            self._sending.pop(server, None)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if data.startswith((b"POST ", b"GET ", b"PUT ")):
                    self._sending[sink] = data.startswith(b"POST ") and b"/outbox" in data.partition(b"\r")[0]
                sink.sendall(data)
        except OSError:
            pass
        shut(sink)

    def _replies(self, server: socket.socket, client: socket.socket) -> None:
        """Frame by frame: nine bytes of which three are the length and one is the type; HTTP/1.1 as it comes."""
        if self._sends_only:
            while data := server.recv(65536):
                if self._sending.get(server) and self._takes_a_cut():
                    return
                client.sendall(data)
            return
        with server.makefile("rb") as stream:
            while head := stream.read(9):
                frame = head + stream.read(int.from_bytes(head[:3]))
                if head[3] == HEADERS and self._takes_a_cut():
                    return
                client.sendall(frame)

    def _takes_a_cut(self) -> bool:
        with self._lock:
            if not self._to_cut:
                return False
            self._to_cut -= 1
            self.cut += 1
            return True


def shut(side: socket.socket) -> None:
    """Ends a connection in both directions."""
    try:
        side.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    side.close()
