"""A TCP proxy before PostgreSQL that passes COMMIT on and then breaks the connection: whether it was committed, nobody is told."""

from __future__ import annotations

import socket
import struct
import threading

from proxy import Proxy, shut

# What may come before the start of a session: requests for encryption, each answered by one byte.
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


# How the answer to a statement that has written begins.
WROTE = (b"INSERT", b"UPDATE", b"DELETE", b"MERGE")


class PgProxy(Proxy):
    """Cuts as many commits as it was told: in turn once PostgreSQL has said that it is done, and at once.

    Only commits of transactions that wrote: what a call has looked up before it acts is done again, and should be.
    """

    def __init__(self, url: str) -> None:
        place = url.rpartition("@")[2].partition("/")[0]
        super().__init__(place)
        self.url = url.replace(place, self.address.removeprefix("http://"))
        # Those that had been made for certain, and those that ended a message which held more.
        self.done = self.behind_others = 0

    @property
    def last_was_done(self) -> bool:
        """Whether the last commit that was cut had been made for certain."""
        return self.cut % 2 == 1

    def _serve(self, client: socket.socket) -> None:
        try:
            host, _, port = self.target.partition(":")
            server = socket.create_connection((host, int(port)), 5)
            server.settimeout(None)
        except (OSError, ValueError):
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        try:
            self._begin(client, server)
            waits, wrote = threading.Event(), threading.Event()
            threading.Thread(target=self._asks, args=(client, server, waits, wrote), daemon=True).start()
            self._answers(client, server, waits, wrote)
        except (OSError, struct.error):
            pass
        shut(client)
        shut(server)
        with self._lock:
            self._open -= {client, server}

    @staticmethod
    def _begin(client: socket.socket, server: socket.socket) -> None:
        """The first messages have no type."""
        while True:
            head = client.recv(8, socket.MSG_WAITALL)
            length, code = struct.unpack("!II", head)
            server.sendall(head + client.recv(length - 8, socket.MSG_WAITALL))
            if code not in (SSL_REQUEST, GSS_REQUEST):
                return
            client.sendall(server.recv(1))

    def _asks(self, client: socket.socket, server: socket.socket, waits: threading.Event, wrote: threading.Event) -> None:
        """Message by message: a byte for the type, four for the length."""
        try:
            with client.makefile("rb") as stream:
                while len(head := stream.read(5)) == 5:
                    body = stream.read(int.from_bytes(head[1:]) - 4)
                    behind = b";" in body.rstrip(b"\0; ")
                    cut = head[:1] == b"Q" and commits(body) and (behind or wrote.is_set()) and self._takes_a_cut()
                    if cut:
                        self.behind_others += behind
                    if cut and self.last_was_done:
                        waits.set()
                    server.sendall(head + body)
                    if cut and not waits.is_set():
                        shut(client)
                        break
        except OSError:
            pass
        if not waits.is_set():
            shut(server)

    def _answers(self, client: socket.socket, server: socket.socket, waits: threading.Event, wrote: threading.Event) -> None:
        with server.makefile("rb") as stream:
            while len(head := stream.read(5)) == 5:
                body = stream.read(int.from_bytes(head[1:]) - 4)
                if head[:1] == b"C":
                    if waits.is_set() and body.startswith(b"COMMIT"):
                        self.done += 1
                        return
                    if body.startswith(WROTE):
                        wrote.set()
                    elif body.startswith((b"BEGIN", b"COMMIT", b"ROLLBACK")):
                        wrote.clear()
                client.sendall(head + body)


def commits(query: bytes) -> bool:
    """Whether a simple query ends with a commit, alone or behind other statements."""
    return query.rstrip(b"\0").strip().rstrip(b";").lower().endswith(b"commit")
