"""Whether docs/bad-input.md is of the contract and the attack as they are now: a hash over both stands in its head."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

DOCUMENT = "docs/bad-input.md"
MARK = re.compile(r"<!-- of the sources ([0-9a-f]{64}) -->")


def of(root: Path) -> str:
    """The hash over proto/ and tests/attack/."""
    whole = hashlib.sha256()
    for path in sorted([*root.glob("proto/ehub/**/*.proto"), *root.glob("tests/attack/*.py"), *root.glob("tests/attack/*.txt")]):
        whole.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()


def line(root: Path) -> str:
    """The line for the document's head."""
    return f"<!-- of the sources {of(root)} -->"


def older(root: Path) -> str:
    """A warning when the document was written of other sources; empty when not."""
    path = root / DOCUMENT
    found = MARK.search(path.read_text()) if path.exists() else None
    if found and found[1] == of(root):
        return ""
    return f"{DOCUMENT} is older than proto/ or tests/attack/: `make attack` writes it again"
