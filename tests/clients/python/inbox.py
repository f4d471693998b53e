"""A clinician's inbox, kept true by Watch through lost connections and restarts."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import grpc
from calls import Caller
from refusal import Refusal

# A stream is opened anew at least this often.
DEADLINE = 3_600.0
# A heartbeat comes at least every 10 seconds; three missed ones mean that nobody is there.
SILENCE = 30.0


class Inbox:
    """The open items of a person's pools, by consultation."""

    def __init__(self, contract, caller: Caller) -> None:
        self._contract, self._caller = contract, caller
        self._stub = caller.stub("allocation", contract.allocation_grpc.AllocationServiceStub)
        self.items: dict[str, object] = {}

    def changes(self) -> Iterator[str]:
        """The name of each consultation that came, changed or went; an empty name when all of it is current."""
        attempt = 0
        while True:
            try:
                for name in self._stream():
                    attempt = 0
                    yield name
            except grpc.RpcError as error:
                refusal = Refusal.of(error)
                # CANCELLED is our own watchdog; UNAUTHENTICATED the token's end, for a stream lives no longer than it.
                ours = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAUTHENTICATED)
                if not refusal.worth_repeating and refusal.code not in ours or attempt > 8:
                    raise refusal from error
                attempt += 1
                pause = self._caller.pause(refusal, attempt)
                print(f"watching again in {pause:.1f} s: {refusal.code.name} {refusal.reason}", file=sys.stderr, flush=True)
                time.sleep(pause)

    def _stream(self) -> Iterator[str]:
        # What one stream says begins from nothing: there is no position to resume from, and none is needed.
        seen: dict[str, object] | None = {}
        stream = self._stub.Watch(
            self._contract.allocation.WatchRequest(), metadata=self._caller.metadata(), timeout=DEADLINE
        )
        try:
            while True:
                watchdog = threading.Timer(SILENCE, stream.cancel)
                watchdog.start()
                try:
                    change = next(stream)
                except StopIteration:
                    return
                finally:
                    watchdog.cancel()
                kind = change.WhichOneof("change")
                if kind == "reset":
                    seen = {}
                elif kind == "item":
                    self.items[change.item.consultation] = change.item
                    if seen is not None:
                        seen[change.item.consultation] = change.item
                    yield change.item.consultation
                elif kind == "gone":
                    self.items.pop(change.gone, None)
                    yield change.gone
                elif kind == "heartbeat":
                    if seen is not None:
                        # The snapshot is whole: what it did not name is no longer there.
                        self.items, seen = seen, None
                    yield ""
        finally:
            stream.cancel()
