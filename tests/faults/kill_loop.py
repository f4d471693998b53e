"""The kill loop: whole lives are led while services and the database are killed; then everything has to settle."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from killer import Killer
from lives import Crew, Desk, Supply, reader
from settle import settled
from stage import Stage
from supplier_mailbox import Mailbox


@dataclass(frozen=True)
class Tier:
    """How large a run is, and what is offered: `rate` submissions a second by so many `submitters`, dealt with by so many
    `clinicians`, who each look for work again 0.8 s after having found none."""

    kills: int
    crashes: int
    seconds: float
    rate: float
    submitters: int
    clinicians: int
    patients: int
    settle: float
    mesh_share: float = 0.02


TIERS = {
    # With this, and the kills that are aimed (`killer.py`), at least 30 % of the kills find acts under way, although nobody
    # acts on audit, which is a fifth of the victims.
    "ci": Tier(20, 2, 60, 4, 8, 12, 240, 120),
    "acceptance": Tier(1000, 30, 3300, 6, 14, 20, 5000, 300),
    "soak": Tier(10_000, 300, 33_000, 6, 14, 20, 50_000, 600),
}


def play(stage: Stage, tier: Tier, minutes: float | None) -> dict:
    """Plays it; what was done, and what could not be done."""
    seconds = min(tier.seconds, minutes * 60 * 0.9) if minutes else tier.seconds
    mailbox = Mailbox(stage.suite)
    supply = Supply(stage.client, mailbox, stage.patients(tier.patients), stage.seed, tier.mesh_share)
    desks = [_desk(stage, number, tier.clinicians) for number in range(tier.clinicians)]
    crew, killer = Crew(stage.client), Killer(stage, tier.kills, tier.crashes, seconds)
    began = time.monotonic()
    crew.start(supply, desks, tier.submitters, tier.rate)
    auditors = [threading.Thread(target=reader, args=(stage.client, supply, crew, n), daemon=True) for n in range(2)]
    for auditor in auditors:
        auditor.start()
    killer.run(began + (minutes * 60 if minutes else seconds * 4))
    played = time.monotonic() - began
    crew.stop_submitting()
    took, left = settled(stage.databases, tier.settle, looking=True)
    crew.send_home()
    for auditor in auditors:
        auditor.join(30)
    again, left_then = settled(stage.databases, tier.settle)
    return {
        "offered": f"{tier.rate} submissions a second by {tier.submitters}, {tier.clinicians} clinicians",
        "seconds_under_kills": round(played, 1),
        "seconds_to_settle": round(took + again, 1),
        "kills_left_out_for_time": killer.left_out,
        "submitted": len(supply.submitted) + supply.by_mesh,
        "submitted_by_mesh": supply.by_mesh,
        "completed": sum(desk.completed for desk in desks),
        "claims_lost_to_a_lease": sum(desk.lost for desk in desks),
        "not_settled": left | left_then,
        "unexpected": crew.unexpected + killer.failed,
    }


def _desk(stage: Stage, number: int, of: int) -> Desk:
    if number == of - 1:
        return Desk(stage.client, stage.signer, "admin-cora", ["administrator"], stage.seed + number)
    return Desk(stage.client, stage.signer, ("gp-anna", "gp-bert")[number % 2], ["gp"], stage.seed + number)
