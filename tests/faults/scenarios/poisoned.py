"""An event nobody can read is refused three times and parks its stream; mended and replayed, everything behind it is applied."""

from __future__ import annotations

import subprocess
import uuid

from settle import delivered
from stage import ROOT, Stage, require
from story import Story, short

ACCEPTED = "ehub.intake.event.v1.ConsultationAccepted"
SUBSCRIBERS = ("allocation", "audit", "prescribing", "writeback")
# The next event of this kind is written with a body that is no message; the body it should have had is kept beside it.
SPOIL = f"""
    create table public.faults_spoilt (event uuid, body bytea);
    create function public.faults_spoil() returns trigger language plpgsql security definer as $$
    begin
        insert into public.faults_spoilt values (new.event, new.body);
        new.body := '\\xffffff';
        return new;
    end $$;
    create trigger faults_spoil before insert on ehub.outbox for each row when (new.kind = '{ACCEPTED}')
        execute function public.faults_spoil()"""
SPOIL_NO_MORE = "drop trigger if exists faults_spoil on ehub.outbox; drop function if exists public.faults_spoil()"
MEND = """
    update ehub.outbox o set body = s.body from public.faults_spoilt s where o.event = s.event;
    drop table public.faults_spoilt"""


def play(stage: Stage) -> dict:
    """One consultation whose first event cannot be read, and its withdrawal behind it."""
    stage.databases.change("intake", "drop table if exists public.faults_spoilt; " + SPOIL_NO_MORE)
    stage.databases.change("intake", SPOIL)
    try:
        story = Story(stage).submit()
    finally:
        stage.databases.change("intake", SPOIL_NO_MORE)
    key = short(story.consultation)
    story.do("supplier", "IntakeService/WithdrawConsultation", name=story.consultation, reason="BETTER")
    parked = lambda: _held(stage, f"stream = '{key}' and dead")  # noqa: E731
    everywhere = lambda: sorted(row["subscriber"] for row in parked()) == sorted(SUBSCRIBERS)  # noqa: E731
    stage.until(everywhere, "the refused event is a dead letter for every subscriber", 60)
    Story(stage).submit().known()
    for row in parked():
        require(row["version"] == "1" and int(row["attempts"]) >= 3, f"not parked by three refusals: {row}")
    heard = {subscriber: _heard(stage, subscriber, key) for subscriber in SUBSCRIBERS}
    require(not any(heard.values()), f"an event behind a dead letter was applied: {heard}")
    others = [row for row in _held(stage, "dead") if row["stream"] != key]
    require(not others, f"other streams were parked as well: {others}")
    return {"parked_by_a_refusal_at": list(SUBSCRIBERS)} | _replayed(stage, key)


def _replayed(stage: Stage, key: str) -> dict:
    """The cause is mended, and an operator has the stream delivered again."""
    listed = _streams(stage, "list", "intake")
    require(listed.returncode == 0 and key in listed.stdout, f"a parked stream is not listed: {listed.stdout} {listed.stderr}")
    stage.databases.change("intake", MEND)
    said = int(stage.databases.value("intake", f"select version as n from ehub.outbox_stream where stream = '{key}'"))
    require(said >= 2, "nothing waited behind the dead letter")
    for subscriber in SUBSCRIBERS:
        done = _streams(stage, "replay", "intake", subscriber, key)
        require(done.returncode == 0, f"replay for {subscriber}: {done.stdout} {done.stderr}")
        stage.until(lambda s=subscriber: _heard(stage, s, key) == said, f"{subscriber} has applied all {said} versions", 60)
    query = f"select count(*) as n from allocation.work_item where consultation = '{key}' and state = 'WITHDRAWN'"
    stage.until(lambda: stage.databases.value("allocation", query) == "1", "the withdrawal behind it took effect", 60)
    again = _streams(stage, "replay", "intake", "allocation", key)
    refused = again.returncode != 0 and "STREAM_NOT_PARKED" in again.stdout + again.stderr
    require(refused, f"what is not parked is replayed: {again.stdout} {again.stderr}")
    require(not _held(stage, f"stream = '{key}'"), "the stream is still held")
    stage.until(lambda: not delivered(stage.databases), "everything else is delivered", 90, 0.5)
    return {"replayed_for": len(SUBSCRIBERS), "versions_applied": said}


def _streams(stage: Stage, *words: str) -> subprocess.CompletedProcess:
    """`ehub streams`, as the operator on duty."""
    command = [str(stage.binary), "streams", *words, "--world", str(stage.home / "ehub.json")]
    return subprocess.run(command, cwd=ROOT, env=stage.environment, capture_output=True, text=True, timeout=60)


def _held(stage: Stage, where: str) -> list[dict]:
    return stage.databases.rows("intake", f"select * from ehub.outbox_held where {where}")


def _heard(stage: Stage, subscriber: str, key: str) -> int:
    query = f"select coalesce(max(version), 0) as n from ehub.inbox where source = 'intake' and stream = '{uuid.UUID(key)}'"
    return int(stage.databases.value(subscriber, query))
