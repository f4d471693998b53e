"""A call that is refused changes nothing, where good calls and bad ones come in turn: looked at around the single call."""

from __future__ import annotations

import time
from collections.abc import Callable

from tables import Tables
from wire import Answer


def refused(tables: Tables, service: str, call: Callable[[], Answer]) -> tuple[Answer, str]:
    """The answer, and which of the service's tables changed although it is a refusal.

    What good calls before it began may still be going on in the background: when something changed, it is tried once
    more when all is at rest. Audit's own tables grow by every event and have no call that changes them.
    """
    if service == "audit":
        return call(), ""
    before = tables.rows(service, 0)
    answer = call()
    if answer.ok or tables.rows(service, 0) == before:
        return answer, ""
    before = _at_rest(tables, service)
    call()
    now = tables.rows(service, 0)
    changed = [name for name, said in now.items() if before[name] != said]
    return answer, f"refused, and yet it changed {', '.join(changed)}" if changed else ""


def _at_rest(tables: Tables, service: str) -> dict[str, str]:
    """The rows when three looks in a row are alike."""
    looks, end = [tables.rows(service, 0)], time.monotonic() + 30
    while time.monotonic() < end and not (len(looks) >= 3 and looks[-1] == looks[-2] == looks[-3]):
        time.sleep(0.4)
        looks.append(tables.rows(service, 0))
    return looks[-1]
