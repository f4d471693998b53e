"""The lifecycle trace: ids derived from the consultation alone, and the stages that were lived, where they belong."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections import defaultdict

from receiver import Arrived, Span
from traces import LIFECYCLE

ROOT_NAME = "consultation lifecycle"
# Every stage, and the service whose work it links to.
STAGES = {
    "intake": "intake",
    "demographics": "intake",
    "queue": "allocation",
    "claim": "allocation",
    "filing": "writeback",
    "write-back": "writeback",
    "prescribing": "prescribing",
}
# How the stages of the told consultation end.
ENDS = {
    "intake": {"ACCEPTED"},
    "queue": {"ItemClaimed"},
    "claim": {"ConsultationCompleted"},
    "prescribing": {"ISSUED"},
    "write-back": {"ACKNOWLEDGED", "NEEDS_ATTENTION", "SETTLED"},
    ROOT_NAME: {"COMPLETE"},
}


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
        if span.scope == LIFECYCLE:
            found[span.trace].append(span)
    return found


def wrong_lifecycle(arrived: Arrived, spans: list[Span]) -> list[str]:
    """What is wrong with one lifecycle trace, whatever was lived."""
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
    stages = [span for span in by_id.values() if span is not root]
    for name in {"intake", "queue"} - {span.name for span in stages}:
        wrong.append(f"{root.trace}: whoever was accepted lived through {name}, and it is not there")
    known = {(span.trace, span.id): span.service for span in arrived.spans if span.scope != LIFECYCLE}
    for span in stages:
        wrong += _stage(span, root, known)
    return wrong


def _stage(span: Span, root: Span, known: dict[tuple[str, str], str]) -> list[str]:
    """What is wrong with one stage: its place, its time, what it is linked to."""
    wrong = []
    if span.parent != root.id or span.name not in STAGES:
        wrong.append(f"{span.trace}: {span.name} hangs in the air")
    if not root.start <= span.start <= span.end <= root.end:
        wrong.append(f"{span.trace}: {span.name} is drawn outside the whole")
    if span.attributes.get("ehub.consultation.id") != root.attributes["ehub.consultation.id"]:
        wrong.append(f"{span.trace}: {span.name} is of another consultation")
    if not span.links:
        wrong.append(f"{span.trace}: {span.name} has no link")
    for link in span.links:
        if known.get(link) != STAGES.get(span.name):
            wrong.append(f"{span.trace}: {span.name} links to a span of {known.get(link, 'nobody')}")
    return wrong


def untold(spans: list[Span], told: dict) -> list[str]:
    """What a lifecycle trace does not show of the told consultation: each stage once, in its place, under its id."""
    once = {span.id: span for span in spans}
    named: dict[str, list[Span]] = defaultdict(list)
    for span in once.values():
        named[span.name].append(span)
    if wrong := [f"{len(named[name])} stages {name}, not one" for name in (ROOT_NAME, *STAGES) if len(named[name]) != 1]:
        return wrong
    stages = {name: found[0] for name, found in named.items()}
    for name, outcomes in ENDS.items():
        if (ended := stages[name].attributes.get("ehub.stage.outcome")) not in outcomes:
            wrong.append(f"{name} ended as {ended}")
    keys = {"intake": "intake", "demographics": "demographics", "queue": "leg-1", "claim": "leg-2"}
    keys |= {name: f"{name} {told['entry']}" for name in ("filing", "write-back")}
    keys["prescribing"] = f"prescribing {told['prescription']}"
    for name, key in keys.items():
        if stages[name].id != digest(8, bytes.fromhex(stages[name].trace), key.encode()):
            wrong.append(f"{name}: its id is not derived from the key {key}")
    if told["trace"] not in {trace for trace, _ in stages["intake"].links}:
        wrong.append("intake does not link to the caller's trace")
    return wrong + _order(stages)


def _order(stages: dict[str, Span]) -> list[str]:
    """Whether one thing came after the other as it was told."""
    root, intake, queue, claim = (stages[name] for name in (ROOT_NAME, "intake", "queue", "claim"))
    filing, sending, prescribing = (stages[name] for name in ("filing", "write-back", "prescribing"))
    rules = {
        "the whole begins with intake": root.start == intake.start,
        "demographics is asked once it is accepted": stages["demographics"].start == intake.end,
        "it waits once it is accepted": intake.end <= queue.start,
        "the claim ends the wait": queue.end == claim.start,
        "filing is part of the claim": claim.start == filing.start and filing.end <= claim.end,
        "prescribing is part of the claim": claim.start <= prescribing.start and prescribing.end <= claim.end,
        "it is sent once it is closed": claim.end <= sending.start,
        "the whole ends with the last of it": root.end == max(one.end for one in stages.values()),
    }
    return [f"not so: {rule}" for rule, holds in rules.items() if not holds]
