"""Everybody who asks: personas, roles, clients, services, and people who are nobody."""

from __future__ import annotations

from dataclasses import dataclass

from fixture import ALDER, BIRCH, HUB
from stage import Stage


@dataclass
class Caller:
    """Somebody who asks, and whose things are theirs to see: of the two practices, and of the hub itself."""

    name: str
    persona: str
    reach: frozenset[str]
    changes: dict

    @property
    def service(self) -> bool:
        """Whether it is one of eHub's own services."""
        return self.persona.startswith("service ")

    def metadata(self, stage: Stage, practices: list[str] | None) -> list[tuple[str, str]]:
        """A token with every scope and a list of practices; a service has the one token it is given."""
        if self.service:
            return [("authorization", "Bearer " + stage.suite.service_token(self.persona.removeprefix("service ")))]
        return stage.minted(self.persona, **self.changes | ({} if practices is None else {"ehub_practices": practices}))


def callers() -> list[Caller]:
    """Everybody. What the hub's mailbox could not read is the hub's people's to see, whatever their roster says."""
    alder, birch, hub, nothing = frozenset((ALDER,)), frozenset((BIRCH,)), frozenset((HUB,)), frozenset()
    both = alder | birch
    people = [
        Caller("a clinician of the hub", "gp-anna", both | hub, {}),
        Caller("a clinician of the hub for one practice", "gp-anna", alder | hub, {"sub": "rolf-here"}),
        Caller("a clinician of the hub for the other", "gp-anna", birch | hub, {"sub": "rita-here"}),
        Caller("a person of the hub without roster", "gp-anna", hub, {"sub": "nobody-here", "ehub_name": "Nobody"}),
        Caller("an administrator of the hub", "admin-cora", both | hub, {}),
        Caller("the duty clinician", "duty-dan", both | hub, {}),
        Caller("an auditor", "auditor", both | hub, {}),
        Caller("an operator", "ops-olga", hub, {}),
        Caller("another operator", "ops-omar", hub, {}),
        Caller("a person of the practice", "practice-alder", alder, {}),
        Caller("a person of the other practice", "practice-birch", birch, {}),
        Caller("a person of a third practice", "practice-cedar", nothing, {}),
        Caller("a person of the practice who says they are of the other", "practice-alder", nothing, {"ehub_org": BIRCH}),
        Caller("somebody of an organisation nobody knows", "gp-anna", nothing, {"ehub_org": "Z9Z99", "sub": "from-afar"}),
    ]
    # What is quarantined is shown to people only.
    clients = [
        Caller("the supplier who submitted", "supplier", both, {}),
        Caller("another client of the supplier", "supplier", nothing, {"sub": "supplier-two", "client_id": "supplier-two"}),
        Caller("the hub's own system", "hub-admin", both, {}),
        Caller("a client of the practice", "hub-admin", alder, {"sub": "alder-desk", "client_id": "alder-desk", "ehub_org": ALDER}),
        Caller("a client of the other practice", "hub-admin", birch, {"sub": "birch-desk", "client_id": "birch-desk", "ehub_org": BIRCH}),
    ]
    services = [Caller(f"the service {name}", f"service {name}", nothing, {}) for name in ("intake", "allocation", "audit")]
    return people + clients + services
