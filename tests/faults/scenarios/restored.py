"""A database comes back from an older copy: a subscriber behind its source catches up; one ahead stops it, loudly."""

from __future__ import annotations

import uuid

from client import Refused
from stage import STREAMS, Stage, require
from story import Story, short

SUBSCRIBERS = ("intake", "writeback", "prescribing", "audit")


def play(stage: Stage) -> dict:
    """First a subscriber that lost what it had heard, then a source that lost what it had said."""
    return {"caught_up_by": _behind(stage)} | _ahead(stage)


def _heard(stage: Stage, subscriber: str, key: str) -> int:
    query = f"select coalesce(max(version), 0) as n from ehub.inbox where source = 'allocation' and stream = '{key}'"
    return int(stage.databases.value(subscriber, query))


def _said(stage: Stage, key: str) -> int:
    query = f"select coalesce(max(version), 0) as n from ehub.outbox_stream where stream = '{key}'"
    return int(stage.databases.value("allocation", query))


def _behind(stage: Stage) -> list[str]:
    """The inbox of two subscribers is as it was before; the next event brings all that is missing."""
    story = Story(stage).submit().known().claim()
    key = short(story.consultation)
    for subscriber in SUBSCRIBERS:
        stage.until(lambda s=subscriber: _heard(stage, s, key) == _said(stage, key), f"{subscriber} is up to date", 60)
    for subscriber in ("writeback", "prescribing"):
        where = f"source = 'allocation' and stream = '{key}'"
        stage.databases.change(subscriber, f"delete from ehub.inbox where {where}")
    story.do(story.who, "AllocationService/ReleaseClaim", story.grant, consultation=story.consultation)
    for subscriber in SUBSCRIBERS:
        stage.until(lambda s=subscriber: _heard(stage, s, key) == _said(stage, key), f"{subscriber} catches up", 60)
    dead = stage.databases.value("allocation", "select count(*) as n from ehub.outbox_held where dead")
    require(dead == "0", "catching up made a dead letter")
    return ["writeback", "prescribing"]


def _ahead(stage: Stage) -> dict:
    """Allocation forgets three versions that others have had, and says something else under the first of them."""
    story = Story(stage).submit().known().claim()
    key = short(story.consultation)
    story.do(story.who, "AllocationService/ReleaseClaim", story.grant, consultation=story.consultation)
    stage.until(lambda: _reclaimed(story), "it can be claimed again", 60)
    for subscriber in SUBSCRIBERS:
        stage.until(lambda s=subscriber: _heard(stage, s, key) == _said(stage, key) >= 4, f"{subscriber} is up to date", 60)
    last = _said(stage, key)
    _swap(stage, key, f"version > {last - 3}", last - 3)
    mark = len(stage.suite.in_logs("ahead of its source"))
    story.do(story.who, "AllocationService/ReleaseClaim", story.grant, consultation=story.consultation)
    stage.until(lambda: len(stage.suite.in_logs("ahead of its source")) > mark, "the relay stops, and says why", 60)
    stage.until(lambda: max(_ahead_of(stage), default=0) > 0, "a gauge shows that the relay has stopped", 30)
    shown = sum(value > 0 for value in _ahead_of(stage))
    # What was said anew does not count as delivered, although every subscriber calls it a duplicate.
    witness = Story(stage).submit()
    witness.stage.until(lambda: _said(stage, short(witness.consultation)) > 0, "the witness is routed", 60)
    method, asked = "AllocationService/ClaimItem", {"request_id": str(uuid.uuid4()), "consultation": witness.consultation}
    refused = stage.client.once("gp-bert", method, stage.client.request(method, **asked))
    require(refused.reason == "CLAIMS_STOPPED", f"nothing is given out meanwhile, but: {refused}")
    stage.until(lambda: len(stage.suite.in_logs("ahead of its source")) > mark + 1, "it goes on saying so", 60)
    passed = (
        "select count(*) as n from ehub.outbox o join ehub.outbox_cursor c on c.shard_group = o.shard_group "
        f"where o.stream = '{key}' and o.version > {last - 3} and (c.xid, c.id) >= (o.xid, o.id)"
    )
    require(stage.databases.value("allocation", passed) == "0", "a cursor passed what nobody has applied")
    for subscriber in SUBSCRIBERS:
        require(_heard(stage, subscriber, key) == last, f"{subscriber} changed what it had heard")
    _swap_back(stage, key, last)
    for subscriber in SUBSCRIBERS:
        heard = lambda s=subscriber: _heard(stage, s, short(witness.consultation)) > 0  # noqa: E731
        stage.until(heard, f"{subscriber} hears again once the source is put right", 90)
    stage.until(lambda: not any(_ahead_of(stage)), "the gauge shows that it goes on", 30)
    witness.claim("gp-bert")
    return {"stopped_at": "a subscriber ahead by 2", "subscribers": len(SUBSCRIBERS), "shown_by_the_gauge_for": shown}


def _ahead_of(stage: Stage) -> list[float]:
    """What allocation exports as `ehub.outbox.streams{ehub.state=ahead}`, by destination."""
    return stage.gauges.values(STREAMS, ehub_state="ahead")


def _reclaimed(story: Story) -> bool:
    try:
        story.claim("gp-bert")
    except Refused:
        return False
    return True


def _swap(stage: Stage, key: str, where: str, version: int) -> None:
    """What an older copy of the database would not hold is taken out of the outbox, and kept beside it."""
    stage.databases.change(
        "allocation",
        "create table if not exists public.faults_kept as select * from ehub.outbox where false; "
        f"with gone as (delete from ehub.outbox where stream = '{key}' and {where} returning *) "
        "insert into public.faults_kept select * from gone; "
        f"update ehub.outbox_stream set version = {version} where stream = '{key}'",
    )


def _swap_back(stage: Stage, key: str, last: int) -> None:
    """The newer copy again: what was kept comes back, what was said since is dropped."""
    stage.databases.change(
        "allocation",
        f"delete from ehub.outbox where stream = '{key}' and version > {last - 3}; "
        "insert into ehub.outbox overriding system value select * from public.faults_kept; drop table public.faults_kept; "
        f"update ehub.outbox_stream set version = {last} where stream = '{key}'",
    )
