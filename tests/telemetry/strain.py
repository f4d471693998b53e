"""A collector that is away, slow, or takes everything and never answers, costs the callers nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from pressure import costs, dropped, ends, latencies, resident, said
from receiver import Receiver
from story import Storyteller
from suite import SERVICES, Suite
from wire import Contract

# Small queues, so that they overflow soon.
SMALL = {"OTEL_BSP_MAX_QUEUE_SIZE": "256", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
# Seconds after which a slow collector answers: well within an exporter's patience.
SLOW = 3.0


def endpoint(address: str) -> dict[str, str]:
    """The environment that points every service to a collector."""
    return {f"EHUB_{service.upper()}__TELEMETRY__OTLP_ENDPOINT": address for service in SERVICES}


def nowhere() -> str:
    """An address on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


class Strained:
    """Suites whose collector misbehaves, each compared with one whose collector is well."""

    def __init__(self, home: Path, binary: Path, contract: Contract) -> None:
        self.home, self.binary, self.contract = home, binary, contract

    def within(self, env: dict[str, str], name: str, act: Callable[[Suite, Storyteller], tuple]):
        """What `act` gives in a suite with this environment."""
        suite = Suite(self.home, consultations=0, env=env | SMALL, binary=self.binary)
        try:
            suite.up()
            return act(suite, Storyteller(suite, self.contract, name))
        finally:
            suite.down()

    def healthy(self) -> dict:
        """What calls take while the collector is well."""
        receiver = Receiver()
        try:
            return self.within(endpoint(receiver.address), "Well", lambda _, teller: warm(teller, 400))
        finally:
            receiver.close()

    def silent(self, usual: dict) -> tuple[list[str], dict]:
        """Traces and logs are accepted and never answered; metrics still say what was lost, and why."""
        return self.held_up({"traces": None, "logs": None}, usual, ("queue_full", "export_failed"))

    def slow(self, usual: dict) -> tuple[list[str], dict]:
        """Each export of traces and logs is answered after seconds: what does not fit is lost, the rest arrives."""
        return self.held_up({"traces": SLOW, "logs": SLOW}, usual, ("queue_full",))

    def held_up(self, delay: dict[str, float | None], usual: dict, reasons: tuple[str, ...]) -> tuple[list[str], dict]:
        """Calls against a collector that takes its time, and why spans have to be counted as lost."""
        receiver = Receiver(delay)

        def act(suite: Suite, teller: Storyteller) -> tuple[list[str], dict]:
            before = resident(suite)
            taken = latencies(teller, 1500)
            wrong, figures = costs(suite, usual, taken, before)
            lost = receiver.wait(lambda arrived: set(reasons) <= dropped(arrived).keys(), 90)
            figures["dropped"] = dropped(receiver.snapshot())
            if not lost:
                wrong.append(f"of {reasons} only these were counted: {figures['dropped']}")
            heard = delay["traces"] is not None
            if heard and not receiver.wait(lambda arrived: any(one.service == "allocation" for one in arrived.spans), 30):
                wrong.append("nothing at all arrived")
            return wrong + said(suite) + ends(suite, figures), figures

        try:
            return self.within(endpoint(receiver.address), "Held", act)
        finally:
            receiver.close()

    def away(self, usual: dict) -> tuple[list[str], dict]:
        """Nothing listens."""

        def act(suite: Suite, teller: Storyteller) -> tuple[list[str], dict]:
            before = resident(suite)
            wrong, figures = costs(suite, usual, latencies(teller, 800), before)
            return wrong + said(suite) + ends(suite, figures), figures

        return self.within(endpoint(nowhere()), "Away", act)


def warm(teller: Storyteller, calls: int) -> dict:
    """Latencies, once everything has been called before."""
    latencies(teller, 40)
    return latencies(teller, calls)


def gone(suite: Suite, teller: Storyteller, receiver: Receiver) -> tuple[list[str], dict]:
    """A collector that goes away and comes back while services run; then away for good, and a service has to end."""
    usual, before = warm(teller, 200), resident(suite)
    receiver.close()
    wrong, figures = costs(suite, usual, latencies(teller, 300), before)
    wrong += said(suite)
    back = Receiver(port=receiver.port)
    try:
        called = lambda arrived: any(one.service == "allocation" and one.kind == "server" for one in arrived.spans)  # noqa: E731
        if not until_called(back, teller, called):
            wrong.append("once the collector was back, no call was traced")
        if not back.wait(lambda arrived: "export_failed" in dropped(arrived), 30):
            wrong.append("once the collector was back, nothing was counted as lost")
        figures["dropped"] = dropped(back.snapshot())
    finally:
        back.close()
    return wrong + ends(suite, figures), figures


def until_called(receiver: Receiver, teller: Storyteller, seen: Callable) -> bool:
    """Calls until one of them is seen, for half a minute."""
    return any(latencies(teller, 8) and receiver.wait(seen, 2) for _ in range(15))
