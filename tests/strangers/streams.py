"""An open Watch, read as a client reads it: what it shows now, and how it ended."""

from __future__ import annotations

import threading
import time

import grpc
from stage import Stage


class Watching:
    """A stream in a thread of its own."""

    def __init__(self, stage: Stage, metadata, timeout: float = 300) -> None:
        self.shown: dict[str, bytes] = {}
        self.raw: list[bytes] = []
        self.ended = ""
        self.ended_at = 0.0
        self.complete = threading.Event()
        rpc = stage.rpc("Watch")
        channel = grpc.insecure_channel(stage.suite.world["services"][rpc.service]["grpc"].removeprefix("http://"))
        reply = stage.contract.klass("ehub.allocation.v1.WatchResponse")
        body = stage.request(rpc).SerializeToString()
        self._call = channel.unary_stream(rpc.path)(body, metadata=list(metadata), timeout=timeout)
        self._thread = threading.Thread(target=self._read, args=(reply,), daemon=True)
        self._thread.start()

    def _read(self, reply) -> None:
        try:
            for message in self._call:
                self.raw.append(message)
                change = reply.FromString(message)
                what = change.WhichOneof("change")
                if what == "item":
                    self.shown[change.item.consultation] = message
                elif what == "gone":
                    self.shown.pop(change.gone, None)
                elif what == "reset":
                    self.shown.clear()
                else:
                    self.complete.set()
            self.ended = "OK"
        except grpc.RpcError as error:
            self.ended = error.code().name
        self.ended_at = time.time()
        self.complete.set()

    def shows(self, consultation: str) -> bool:
        """Whether an item is in the inbox as the stream has it; one that has ended shows nothing."""
        return not self.ended and consultation in self.shown

    def first(self, patience: float = 30) -> bytes:
        """Everything up to the first heartbeat: the snapshot."""
        self.complete.wait(patience)
        return b"".join(self.raw)

    def close(self) -> None:
        """Hangs up."""
        self._call.cancel()
        self._thread.join(10)
