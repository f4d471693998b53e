"""Fields that no good request of the catalogue reaches, so that nothing attacks them: each with its reason, and none unseen."""

from __future__ import annotations

from collections.abc import Iterator

from fields import every, leaves

# `RPC path`: why.
UNREACHED: dict[str, str] = {}


def not_reached(contract, good) -> Iterator[str]:
    """The paths that a request can have and this one has not."""
    reached = {leaf.path for leaf in leaves(good)}
    for path in every(contract, good.DESCRIPTOR):
        there = any(one.startswith(path[:-1]) for one in reached) if path.endswith(".*") else path in reached
        if not there:
            yield path
