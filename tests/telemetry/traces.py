"""One trace through calls and stored events across five processes."""

from __future__ import annotations

from collections import defaultdict

from receiver import Arrived, Span
from suite import SERVICES

# How a span that applies events of one cause stands to it, by relation: linked to it, child of it.
SHAPES = {"link": (True, False), "parent": (False, True), "both": (True, True)}
LIFECYCLE = "ehub.lifecycle"


def entry(arrived: Arrived, trace: str, span: str) -> Span | None:
    """The one server span of intake below the caller's span; none when there is none, or more."""
    found = [one for one in arrived.spans if (one.trace, one.parent) == (trace, span)]
    return found[0] if len(found) == 1 and (found[0].service, found[0].kind) == ("intake", "server") else None


def followed(arrived: Arrived, trace: str, span: str, relation: str) -> list[str]:
    """What is missing of a caller's way through the five services; empty when it is whole.

    Where events are children of their cause all five have to be in the caller's own trace; with links alone each has to
    be reached from it. At least one event of intake must have been applied alone, or nothing was judged. Events of
    several causes that were applied together begin a trace of their own, so a busy moment may tear a way; another
    submission then has to show one that is whole.
    """
    first = entry(arrived, trace, span)
    if first is None:
        return ["the caller's span has no one server span of intake below it"]
    reached = reach(arrived, first)
    wrong = missing(reached, "can be reached from the caller's trace")
    if relation != "link":
        wrong += missing([one for one in reached if one.trace == trace], "is in the caller's trace")
    alone = [one for one in consumers(reached) if causes(one) == {(first.trace, first.id)}]
    if not alone:
        wrong.append("no event of the caller's call was applied alone")
    return wrong


def missing(spans: list[Span], what: str) -> list[str]:
    """Which services have none of these spans."""
    return [f"{service}: nothing of it {what}" for service in sorted(set(SERVICES) - {one.service for one in spans})]


def misshapen(arrived: Arrived, relation: str) -> list[str]:
    """Spans that apply events and do not stand to their causes as configured: every one is judged."""
    wrong = []
    for one in consumers(arrived.spans):
        parent = (one.trace, one.parent) if one.parent else None
        if len(causes(one)) > 1:
            if parent:
                wrong.append(f"{one.service}: {one.name} has a parent although its causes are several")
            continue
        shape = (bool(one.links), parent is not None)
        if causes(one) and shape != SHAPES[relation]:
            wrong.append(f"{one.service}: {one.name} is linked={shape[0]}, child={shape[1]} under relation {relation}")
    return sorted(set(wrong))


def causes(span: Span) -> set[tuple[str, str]]:
    """What a span refers to."""
    return set(span.links) | ({(span.trace, span.parent)} if span.parent else set())


def reach(arrived: Arrived, start: Span) -> list[Span]:
    """Every span that can be reached from one, down by parents and forward by links."""
    after: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in arrived.spans:
        if span.scope != LIFECYCLE:
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


def consumers(spans: list[Span]) -> list[Span]:
    """Those that apply events."""
    return [one for one in spans if one.kind == "consumer"]
