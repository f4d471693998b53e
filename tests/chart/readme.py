"""The table of values in the chart's README, from the comments of values.yaml."""

from __future__ import annotations

import json

from values_file import Entry

BEGIN, END = "<!-- values: made from values.yaml -->\n", "<!-- end of values -->\n"


def _shown(default: object) -> str:
    text = json.dumps(default, ensure_ascii=False) if not isinstance(default, str) or not default else default
    return "" if text in ("null", '""', "[]", "{}") else f"`{text}`"


def _type(kind: str) -> str:
    return "`" + kind.replace("|", " or ").replace("k8s(", "Kubernetes (") + "`"


def table(root: Entry) -> str:
    """One table for each top-level key that holds many, one for the rest."""
    rest = [entry for entry in root.children.values() if entry.type is not None]
    parts = [_section("Release", rest)]
    for entry in root.children.values():
        if entry.path == ("services",):
            parts += [
                _section(f"`{service.name}`", list(service.leaves()), service.comment)
                for service in entry.children.values()
            ]
        elif entry.type is None:
            parts.append(_section(f"`{entry.name}`", list(entry.leaves()), entry.comment))
    return "\n".join(parts)


def _section(title: str, entries: list[Entry], comment: str = "") -> str:
    lines = [f"### {title}\n"]
    if comment:
        lines.append(comment + "\n")
    lines += ["| key | type | default | |", "|---|---|---|---|"]
    for entry in entries:
        words = entry.comment.replace("|", "\\|")
        lines.append(f"| `{entry.name}` | {_type(entry.type)} | {_shown(entry.default)} | {words} |")
    return "\n".join(lines) + "\n"


def updated(text: str, root: Entry) -> str:
    """The README with a fresh table between its marks."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table(root)}\n{END}{after}"
