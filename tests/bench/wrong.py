"""What a run may not show, whatever the machine: a benchmark that cannot fail shows nothing."""

from __future__ import annotations

from floor import OFF


def of(found: dict) -> list[str]:
    """What is wrong in what was found."""
    said: list[str] = []
    lives = found.get("lives")
    if lives:
        if not lives["run"]["completed"]:
            said.append("no life was completed")
        # A service that has not heard of the consultation yet is asked again, and each time is counted.
        failed = {why: count for why, count in lives["run"]["calls"]["failures"].items() if not why.endswith(" CONSULTATION_UNKNOWN")}
        said += [f"whole lives: {why} ({count} times)" for why, count in failed.items()]
        if not found["smoke"]:
            said += [f"the floor writes {off:+.0%} {what}" for what, off in lives["floor"]["off"].items() if abs(off) > OFF]
    submits = found.get("submits")
    if submits:
        said += [f"submissions at {one['share_of_peak']:.0%}: none succeeded" for one in submits["levels"] if not one["run"]["load"]["done"]]
    claims = found.get("claims")
    if claims:
        if claims["twice"]:
            said.append(f"{claims['twice']} items were claimed twice")
        said += [f"claims, {name}: nothing was claimed" for name in ("offered", "saturated") if not claims[name]["claimed"]]
        said += [f"claims: {why} ({count} times)" for why, count in claims["offered"]["calls"]["failures"].items()]
    return said
