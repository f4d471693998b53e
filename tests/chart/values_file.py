"""Reads values.yaml as its readers do: each key with its comment, its type and its default."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[2] / "k8s/charts/ehub"
KEY = re.compile(r"^( *)([A-Za-z_][A-Za-z0-9_]*):(.*)$")


@dataclass
class Entry:
    """One key: a leaf when it has a type, else a table of further entries."""

    path: tuple[str, ...]
    comment: str
    type: str | None
    default: object
    children: dict[str, Entry] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)

    def leaves(self):
        """Every typed key below, and this one if it is typed."""
        if self.type is not None:
            yield self
        for child in self.children.values():
            yield from child.leaves()


def default_of(values: object, path: tuple[str, ...]) -> object:
    """What values.yaml holds at a path."""
    for step in path:
        values = values[step]
    return values


def read(text: str | None = None) -> Entry:
    """The tree of entries of values.yaml, or of a text like it."""
    text = (CHART / "values.yaml").read_text() if text is None else text
    values = yaml.safe_load(text)
    root = Entry((), "", None, values)
    open_entries = [(-1, root)]
    comment: list[str] = []
    inside = None  # the indent of a typed key whose value spans the lines below
    for line in text.splitlines():
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if not stripped:
            comment = []
            continue
        if inside is not None and indent > inside:
            continue
        inside = None
        if stripped.startswith("#"):
            comment.append(stripped[1:].strip())
            continue
        found = KEY.match(line)
        if not found:
            raise ValueError(f"values.yaml: this line is no key, comment or value of a typed key: {line}")
        while open_entries[-1][0] >= indent:
            open_entries.pop()
        parent = open_entries[-1][1]
        path = (*parent.path, found[2])
        words = [part for part in comment if not part.startswith("@ ")]
        kinds = [part[2:] for part in comment if part.startswith("@ ")]
        entry = Entry(path, " ".join(words), kinds[0] if kinds else None, default_of(values, path))
        parent.children[found[2]] = entry
        open_entries.append((indent, entry))
        comment = []
        if entry.type is not None:
            inside = indent
    return root


def faults(root: Entry) -> list[str]:
    """What a reader would miss: a key without a type and without children, a leaf without a word of explanation."""
    wrong = []
    for entry in _all(root):
        if entry.type is None and not entry.children and entry.path:
            wrong.append(f"{entry.name}: has no type (# @ …)")
        if entry.type is not None and not entry.comment and not _speaks_for_itself(entry):
            wrong.append(f"{entry.name}: has no comment")
        if entry.children and set(entry.children) != set(entry.default):
            wrong.append(f"{entry.name}: keys on one line have no comments: {set(entry.default) ^ set(entry.children)}")
    return wrong


def _speaks_for_itself(entry: Entry) -> bool:
    # Kubernetes's own fields, named and typed as Kubernetes does, are explained there.
    return entry.path[0] == "workload" or entry.path[-1] in ("existingConfigMap", "key")


def _all(entry: Entry):
    yield entry
    for child in entry.children.values():
        yield from _all(child)
