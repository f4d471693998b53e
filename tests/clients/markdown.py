"""Commands in a Markdown document, and what the document says they print."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>\w+)?(?P<rest>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUTS = ("json", "text")
MORE = "…"


@dataclass
class Block:
    """One fenced block: where it stands, its language, what stands behind it, and its text."""

    start: int
    end: int
    language: str
    rest: str
    body: str


@dataclass
class Command:
    """A block of shell commands and the output block that follows it, if one does."""

    sh: Block
    output: Block | None

    @property
    def fails(self) -> bool:
        """Whether the document says that it is refused."""
        return "fails" in self.sh.rest.split()


def blocks(text: str) -> list[Block]:
    """Every fenced block of a document."""
    found = []
    for match in FENCE.finditer(text):
        body = match.span("body")
        found.append(Block(*body, match["language"] or "", match["rest"], match["body"]))
    return found


def commands(path: Path) -> list[Command]:
    """The shell blocks of a document, in order, each with its output."""
    found, all_blocks = [], blocks(path.read_text())
    for position, block in enumerate(all_blocks):
        if block.language == "sh":
            after = all_blocks[position + 1] if position + 1 < len(all_blocks) else None
            found.append(Command(block, after if after and after.language in OUTPUTS else None))
    return found


def values(text: str) -> list:
    """A stream of JSON values."""
    decoder, found, text = json.JSONDecoder(), [], text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


# What differs from run to run; everything else in a document's output must come out as it stands there.
CHANGING = [
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z"), "<time>"),
    (re.compile(r"\b(?=[0-9A-Z-]*\d)[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}\b|\b[A-Z]{3}-[A-Z]{3}-[A-Z]{3}\b"), "<reference>"),
    (re.compile(r"\b[0-9A-F]{6}-Y01234-[0-9A-Z+]{6}"), "<short id>"),
    (re.compile(r"\b127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"\b999\d{7}\b"), "<nhs number>"),
    (re.compile(r"\b\d+(\.\d+)?s\b"), "<seconds>"),
    (re.compile(r"(?<![\w/+])[A-Za-z0-9+/_-]{40,}={0,2}"), "<opaque>"),
]
# Members whose value is a count or a seal of its moment.
SEALED = ("etag", "nextPageToken", "version", "epoch", "leafIndex", "size", "received", "inTransit", "held", "closed")


def settled(text: str) -> str:
    """A text with everything that differs from run to run put aside."""
    for pattern, stands_for in CHANGING:
        text = pattern.sub(stands_for, text)
    return text


def same_shape(said: object, got: object, path: str = "$") -> list[str]:
    """Where a value that was printed is not of the shape the document shows."""
    if isinstance(said, dict) and isinstance(got, dict):
        wrong = [f"{path}: {key} is not printed" for key in said.keys() - got.keys()]
        wrong += [f"{path}: {key} is not in the document" for key in got.keys() - said.keys()]
        for key in said.keys() & got.keys():
            if key not in SEALED:
                wrong += same_shape(said[key], got[key], f"{path}.{key}")
            elif type(said[key]) is not type(got[key]):
                wrong.append(f"{path}.{key}: another type")
        return wrong
    if isinstance(said, list) and isinstance(got, list):
        if said and said[-1] == MORE:
            said, got = said[:-1], got[: len(said) - 1]
        if len(said) != len(got):
            return [f"{path}: {len(got)} members instead of {len(said)}"]
        pairs = enumerate(zip(said, got, strict=True))
        return [line for position, (one, other) in pairs for line in same_shape(one, other, f"{path}[{position}]")]
    if isinstance(said, str) and isinstance(got, str):
        return [] if settled(said) == settled(got) else [f"{path}: {got!r} instead of {said!r}"]
    return [] if type(said) is type(got) and said == got else [f"{path}: {got!r} instead of {said!r}"]


def differs(output: Block, got: str) -> list[str]:
    """How what was printed differs from what the document shows; a line of `…` stands for any lines."""
    if output.language == "json":
        try:
            return same_shape(values(output.body), values(got))
        except ValueError:
            return [f"what was printed is not JSON: {got[:400]}"]
    pattern = ""
    for line in output.body.splitlines():
        pattern += r"(?:.*\n)*?" if line.strip() == MORE else re.escape(settled(line.rstrip())) + r"\n"
    text = "".join(settled(line.rstrip()) + "\n" for line in got.splitlines())
    return [] if re.fullmatch(pattern, text) else ["the lines are others:\n" + text]
