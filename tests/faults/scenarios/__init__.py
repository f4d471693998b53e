"""The scenarios, in the order they are played; each is a small module with `play(stage)`, which raises when a law is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scenarios import cancellation, cut_replies, dead_letters, fencing, lost_commits, peers, races, restored, same_request

CI, LARGE = ("ci", "acceptance", "soak"), ("acceptance", "soak")


@dataclass(frozen=True)
class Scenario:
    """One fault, played on purpose."""

    name: str
    law: str
    tiers: tuple[str, ...]
    play: Callable


ALL: list[Scenario] = [
    Scenario("cut-replies", "a lost reply is found again by its request id", CI, cut_replies.play),
    Scenario("lost-commits", "a commit whose answer was lost is found again, and is one effect", CI, lost_commits.play),
    Scenario("same-request", "one request id is one effect, however many send it at once", CI, same_request.play),
    Scenario("races", "what is closed is whole, and nothing is done after", CI, races.play),
    Scenario("fencing", "who was stopped past a lease writes nothing", LARGE, fencing.play),
    Scenario("dead-letters", "only a real refusal parks a stream, and only that stream", CI, dead_letters.play),
    Scenario("peers", "peers that fall silent or misbehave lose and double nothing", LARGE, peers.play),
    Scenario("restored", "a subscriber behind its source catches up, one ahead stops it", CI, restored.play),
    Scenario("cancellation", "a cancelled call harms nobody", CI, cancellation.play),
]


def of(tier: str, only: list[str]) -> list[Scenario]:
    """Those of a tier, or those asked for by name."""
    unknown = set(only) - {one.name for one in ALL} - {"kill-loop"}
    if unknown:
        raise SystemExit(f"no scenario {', '.join(sorted(unknown))}; --list lists them")
    return [one for one in ALL if (one.name in only if only else tier in one.tiers)]
