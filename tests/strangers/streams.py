"""An open Watch, read as a client reads it: what it shows now, and how it ended."""

from __future__ import annotations

import threading
import time

import grpc
from stage import Stage
from wire import Answer


class Watching:
    """A stream in a thread of its own."""

    def __init__(self, stage: Stage, metadata, body=None, timeout: float = 300) -> None:
        self.shown: dict[str, bytes] = {}
        self.raw: list[bytes] = []
        self.ended = ""
        self.ended_at = 0.0
        self.refusal: Answer | None = None
        self.complete = threading.Event()
        self._refused, self._hung_up = stage.wire._refusal, False
        rpc = stage.rpc("Watch")
        self._channel = grpc.insecure_channel(stage.suite.world["services"][rpc.service]["grpc"].removeprefix("http://"))
        reply = stage.contract.klass("ehub.allocation.v1.WatchResponse")
        asked = (stage.request(rpc) if body is None else body).SerializeToString()
        self._call = self._channel.unary_stream(rpc.path)(asked, metadata=list(metadata), timeout=timeout)
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
            if not self._hung_up:
                self.refusal = self._refused(error)
            self.ended = error.code().name
        self.ended_at = time.time()
        self.complete.set()

    def shows(self, consultation: str) -> bool:
        """Whether an item is in the inbox as the stream has it; one that has ended shows nothing."""
        return not self.ended and consultation in self.shown

    def ends(self, report, what: str, exp: int, late: float, patience: float = 60) -> None:
        """Checks that it ends with its token: for that reason, not before, not much later, and after it showed something."""
        self._thread.join(patience)
        reason = self.refusal.reason if self.refusal else ""
        report.expect((self.ended, reason) == ("UNAUTHENTICATED", "TOKEN_INVALID"), f"{what} ends because its token does", f"{self.ended} {reason}")
        after = round(self.ended_at - exp, 2)
        report.expect(-1 <= after <= late, f"{what} ends when its token does", f"{after} s after")
        report.expect(bool(self.raw), f"{what} showed something before")
        report.counts[f"streams: seconds by which {what} outlived its token"] = after

    def snapshot(self, patience: float = 30) -> Answer:
        """Everything up to the first heartbeat, or up to its end, as the answer to a question."""
        whole = self.complete.wait(patience)
        body = b"".join(self.raw)
        if self.refusal:
            self.refusal.body = body
            return self.refusal
        return Answer("OK" if whole else "UNFINISHED", body=body)

    def close(self) -> None:
        """Hangs up."""
        self._hung_up = True
        self._call.cancel()
        self._thread.join(10)
        self._channel.close()
