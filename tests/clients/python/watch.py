"""Keeps a clinician's inbox on the screen for ever, whatever happens to connections and services.

.local/venv/bin/python tests/clients/python/watch.py
"""

from __future__ import annotations

import contract as compiled
from calls import Caller
from inbox import Inbox
from world import World


def main() -> None:
    """A line for each change."""
    inbox = Inbox(compiled.load(), Caller(World(), "gp-anna"))
    for name in inbox.changes():
        if not name:
            print(f"current: {len(inbox.items)} items", flush=True)
        elif name in inbox.items:
            print(f"item {name} {inbox.items[name].topic}", flush=True)
        else:
            print(f"gone {name}", flush=True)


if __name__ == "__main__":
    main()
