"""Faults of what is attacked that are known and not mended: each stands in the document, and fails the run once it is gone."""

from __future__ import annotations

HELD = (
    "while its peer opens no window an answer is held until the connection goes: no deadline ends it; its place among the "
    "calls in flight is free again after twice the longest deadline"
)
# What the RPC's name ends with, and the case: what is wrong.
KNOWN: dict[tuple[str, str], str] = {
    ("HTTP/2", "the answer is never read"): HELD,
    ("HTTP/2", "a stream is never read"): HELD,
}


def known(rpc: str, case: str) -> tuple[str, str] | None:
    """The line of `KNOWN` that a wrong answer is, if any."""
    return next((key for key in KNOWN if rpc.endswith(key[0]) and case == key[1]), None)
