"""Trigger phrases: words in a message's text that change how a peer answers it. README.md lists them."""

from __future__ import annotations

import re

_PHRASE = re.compile(r"TRIGGER-([A-Z0-9]+(?:-[A-Z0-9]+)*)")


def find(text: str) -> list[str]:
    """The phrases in a text without their `TRIGGER-`, each once, in order."""
    return list(dict.fromkeys(_PHRASE.findall(text)))
