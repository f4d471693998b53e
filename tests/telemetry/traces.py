"""One trace through calls and stored events across five processes, and the lifecycle trace made of derived ids."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections import defaultdict

from receiver import Arrived, Span
from suite import SERVICES

ROOT_NAME = "consultation lifecycle"
STAGES = {"intake", "demographics", "queue", "claim", "filing", "write-back", "prescribing"}


def followed(arrived: Arrived, trace: str, span: str, relation: str) -> list[str]:
    """Whether a caller's trace leads into every service, as configured; empty when it does."""
    wrong = []
    own = [one for one in arrived.spans if one.trace == trace]
    entry = [one for one in own if one.parent == span]
    if len(entry) != 1 or entry[0].service != "intake" or entry[0].kind != "server":
        return [f"the caller's span has no one server span of intake below it, but {[one.name for one in entry]}"]
    reached = reach(arrived, entry[0])
    for service in sorted(set(SERVICES) - {one.service for one in reached}):
        wrong.append(f"{service}: nothing of it can be reached from the caller's trace")
    for one in processing(reached, "intake"):
        linked, child = (trace, entry[0].id) in one.links, (one.trace, one.parent) == (trace, entry[0].id)
        if (entry[0].trace, entry[0].id) not in causes(one):
            continue
        alone = "messaging.batch.message_count" not in one.attributes
        expected = {"link": (True, False), "parent": (False, True), "both": (True, True)}[relation]
        if alone and (linked, child) != expected:
            wrong.append(f"{one.service}: {one.name} is linked={linked}, child={child} under relation {relation}")
    return wrong


def causes(span: Span) -> set[tuple[str, str]]:
    """What a span refers to."""
    return set(span.links) | ({(span.trace, span.parent)} if span.parent else set())


def reach(arrived: Arrived, start: Span) -> list[Span]:
    """Every span that can be reached from one, down by parents and forward by links."""
    after: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in arrived.spans:
        if span.scope != "ehub.lifecycle":
            for cause in causes(span):
                after[cause].append(span)
    found, new = {(start.trace, start.id): start}, [start]
    while new:
        span = new.pop()
        for one in after[span.trace, span.id]:
            if (one.trace, one.id) not in found:
                found[one.trace, one.id] = one
                new.append(one)
    return list(found.values())


def processing(spans: list[Span], source: str) -> list[Span]:
    """Spans that apply events of a service."""
    return [one for one in spans if one.kind == "consumer" and one.attributes.get("ehub.event.source") == source]


def digest(length: int, *parts: bytes) -> str:
    """The first bytes of a SHA-256, as ids are derived."""
    return hashlib.sha256(b"".join(parts)).digest()[:length].hex()


def trace_id(consultation: str, episode: int, revision: int) -> str:
    """The id of a lifecycle trace, computed from the words of the documentation alone."""
    return digest(16, b"ehub.lifecycle", uuid.UUID(consultation).bytes, struct.pack(">II", episode, revision))


def lifecycles(arrived: Arrived) -> dict[str, list[Span]]:
    """The spans of each lifecycle trace, repeats left in."""
    found: dict[str, list[Span]] = defaultdict(list)
    for span in arrived.spans:
        if span.scope == "ehub.lifecycle":
            found[span.trace].append(span)
    return found


def wrong_lifecycle(arrived: Arrived, spans: list[Span]) -> list[str]:
    """What is wrong with one lifecycle trace."""
    by_id: dict[str, Span] = {}
    for span in spans:
        if by_id.setdefault(span.id, span) != span:
            return [f"{span.trace}: a repeat of {span.name} says something else"]
    roots = [span for span in by_id.values() if not span.parent]
    if len(roots) != 1 or roots[0].name != ROOT_NAME:
        return [f"{spans[0].trace}: roots are {[span.name for span in roots]}"]
    root, wrong = roots[0], []
    consultation = root.attributes["ehub.consultation.id"]
    episode, revision = (int(root.attributes[f"ehub.{key}"]) for key in ("consultation.episode", "lifecycle.revision"))
    if root.trace != trace_id(consultation, episode, revision):
        wrong.append(f"{root.trace}: not the id derived from {consultation}, {episode}, {revision}")
    if root.id != digest(8, bytes.fromhex(root.trace), b"consultation"):
        wrong.append(f"{root.trace}: the root's id is not derived from its key")
    if revision > 1 and trace_id(consultation, episode, revision - 1) not in {trace for trace, _ in root.links}:
        wrong.append(f"{root.trace}: revision {revision} does not link to the one before")
    for span in by_id.values():
        wrong += _stage(span, root, by_id)
    real = {(span.trace, span.id) for span in arrived.spans if span.scope != "ehub.lifecycle"}
    dangling = [(span.name, link) for span in by_id.values() if span is not root for link in span.links if link not in real]
    if dangling:
        wrong.append(f"{root.trace}: links to spans that never arrived: {dangling[:3]}")
    if unlinked := sorted({span.name for span in by_id.values() if span is not root and not span.links}):
        wrong.append(f"{root.trace}: stages without a link: {unlinked}")
    return wrong


def _stage(span: Span, root: Span, by_id: dict[str, Span]) -> list[str]:
    wrong = []
    if span is not root and (span.parent not in by_id or span.name not in STAGES):
        wrong.append(f"{span.trace}: {span.name} hangs in the air")
    if not root.start <= span.start <= span.end <= root.end:
        wrong.append(f"{span.trace}: {span.name} is drawn outside the whole")
    if span.attributes.get("ehub.consultation.id") != root.attributes["ehub.consultation.id"]:
        wrong.append(f"{span.trace}: {span.name} is of another consultation")
    return wrong
