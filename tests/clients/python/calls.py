"""One way to call: a token, a deadline, and the same request again while that is worth it."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from typing import Any

import grpc
from refusal import Refusal
from world import Tokens, World

DEADLINE = 10.0
# How long one intent may take with all its repetitions.
PATIENCE = 60.0


@dataclass
class Answer:
    """A response, and whether it was given before."""

    body: Any
    replayed: bool


class Caller:
    """Calls services as one client or person."""

    def __init__(self, world: World, client_id: str) -> None:
        self.name, self._world, self._tokens = client_id, world, Tokens(world, client_id)

    def stub(self, service: str, stub_class):
        """A stub on the service's channel."""
        return stub_class(self._world.channel(service))

    def metadata(self, grant: str | None = None) -> list[tuple[str, str]]:
        """What goes with every call; the grant where a claim is acted under."""
        return [("authorization", self._tokens.bearer())] + ([("ehub-grant", grant)] if grant else [])

    def call(self, method, request, grant: str | None = None, deadline: float = DEADLINE) -> Answer:
        """Calls until it succeeds, is refused for good, or patience ends.

        The request goes out unchanged each time, `request_id` included: what was done already is answered, not done twice.
        """
        end, attempt, renewed = time.monotonic() + PATIENCE, 0, False
        while True:
            try:
                body, call = method.with_call(request, timeout=deadline, metadata=self.metadata(grant))
                return Answer(body, ("ehub-replayed", "true") in tuple(map(tuple, call.initial_metadata())))
            except grpc.RpcError as error:
                refusal = Refusal.of(error)
            if refusal.code is grpc.StatusCode.UNAUTHENTICATED and not renewed:
                renewed = True
                self._tokens.forget()
                continue
            attempt += 1
            pause = self.pause(refusal, attempt)
            if not refusal.worth_repeating or time.monotonic() + pause > end:
                raise refusal
            print(f"again in {pause:.1f} s: {refusal.code.name} {refusal.reason}".rstrip(), file=sys.stderr, flush=True)
            time.sleep(pause)

    @staticmethod
    def pause(refusal: Refusal, attempt: int) -> float:
        """What eHub asks for; without that, longer each time, and never in step with other clients."""
        if refusal.retry_after is not None:
            return refusal.retry_after + random.uniform(0, 0.2)
        return random.uniform(0.1, min(0.2 * 2**attempt, 5.0))
