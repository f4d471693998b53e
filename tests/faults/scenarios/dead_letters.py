"""An outage, a lost scope, an unknown method or kind dead-letter nothing; only a real refusal parks a stream, and only that."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
from scenarios import poisoned
from stage import Stage, require
from story import Story

# What a subscriber may answer that judges no event.
STATUSES = (
    "UNIMPLEMENTED", "PERMISSION_DENIED", "UNAUTHENTICATED", "INTERNAL", "INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE",
    "EMPTY",
)  # fmt: skip


class Impostor(grpc.GenericRpcHandler):
    """Plays allocation: answers every call with one status, or with no verdict at all."""

    def __init__(self) -> None:
        self.status, self.calls = "UNIMPLEMENTED", 0
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, _):
        def answer(request: bytes, context) -> bytes:
            self.calls += 1
            if self.status != "EMPTY":
                context.abort(getattr(grpc.StatusCode, self.status), "as asked")
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)

    def stop(self) -> None:
        """Ends it."""
        self._server.stop(0)


def play(stage: Stage) -> dict:
    """One after the other; a fresh consultation waits through each."""
    waited = _statuses(stage)
    waited |= {"a lost scope": _lost_scope(stage)}
    waited |= {"an unknown kind": _unknown_kind(stage)}
    return {"dead_letters_by_what_judges_no_event": 0, "tries_seen": waited} | poisoned.play(stage)


def _held(stage: Stage, where: str = "true") -> list[dict]:
    return stage.databases.rows("intake", f"select * from ehub.outbox_held where {where}")


def _nothing_dead(stage: Stage, after: str) -> None:
    dead = _held(stage, "dead or attempts > 0")
    require(not dead, f"{after} made dead letters: {dead}")


def _statuses(stage: Stage) -> dict[str, int]:
    """Allocation is played by somebody who cannot do it; then nobody is there; then it comes back."""
    impostor, right = Impostor(), stage.link.target
    tries, stories = {}, []
    try:
        for status in STATUSES if stage.tier != "ci" else STATUSES[:1] + STATUSES[-1:]:
            impostor.status, impostor.calls = status, 0
            stage.link.divert(impostor.address)
            stories.append(Story(stage).submit())
            stage.until(lambda: impostor.calls >= 2, f"{status} was answered twice", 60)
            tries[status] = impostor.calls
            _nothing_dead(stage, status)
        stage.link.divert("http://127.0.0.1:9")
        stories.append(Story(stage).submit())
        mark = time.time()
        stage.until(lambda: _failed_since(stage, mark), "the outage was noticed", 30)
        _nothing_dead(stage, "an outage")
    finally:
        stage.link.divert(right)
        impostor.stop()
    for story in stories:
        story.known()
    return tries


def _failed_since(stage: Stage, mark: float) -> bool:
    log = (stage.suite.run / "intake.log").read_text(errors="replace").splitlines()[-200:]
    since = '"timestamp":"' + time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(mark))
    failed = (line for line in log if "delivery failed" in line and '"allocation"' in line)
    return any(line[line.find('"timestamp"') :] > since for line in failed)


def _lost_scope(stage: Stage) -> int:
    """Intake's own token becomes that of a service nobody lets in."""
    path = stage.suite.run / "tokens/intake"
    good, now = path.read_text(), int(time.time())
    claims = stage.suite.fresh("hub-admin", sub="service:nobody", client_id="service:nobody", iat=now, exp=now + 300)
    before, bad = _failures(stage), stage.suite.minted(claims)

    def turned_away() -> bool:
        # The issuer renews the services' tokens every two minutes, and may do so now.
        if path.read_text() != bad:
            _replace(path, bad)
        return _failures(stage) >= before + 3

    _replace(path, bad)
    try:
        story = Story(stage).submit()
        stage.until(turned_away, "deliveries were turned away", 60)
        _nothing_dead(stage, "a lost scope")
    finally:
        _replace(path, good)
    story.known()
    return _failures(stage) - before


def _failures(stage: Stage) -> int:
    return (stage.suite.run / "intake.log").read_text(errors="replace").count("delivery failed; trying again")


def _replace(path, text: str) -> None:
    beside = path.with_suffix(".faults")
    beside.write_text(text)
    beside.replace(path)


def _insert(stage: Stage, stream: str, version: int, kind: str, body: str) -> None:
    """An event in intake's outbox that intake did not write."""
    stage.databases.change(
        "intake",
        "with s as (insert into ehub.outbox_stream (stream, version) values "
        f"('{stream}', {version}) on conflict (stream) do update set version = {version}) "
        "insert into ehub.outbox (shard_group, stream, version, kind, body, event, consultation, at) values "
        f"(get_byte(uuid_send('{stream}'::uuid), 15) >> 4, '{stream}', {version}, '{kind}', '\\x{body}', "
        f"gen_random_uuid(), '{stream}', clock_timestamp())",
    )


def _forget(stage: Stage, stream: str) -> None:
    """Takes the events away again, so that those who come after find the suite as it was."""
    for table in ("outbox_held", "outbox", "outbox_stream"):
        stage.databases.change("intake", f"delete from ehub.{table} where stream = '{stream}'")


def _unknown_kind(stage: Stage) -> int:
    """A kind that subscribers do not know yet: it waits, with an alarm, and nothing else waits with it."""
    stream = str(uuid.uuid4())
    _insert(stage, stream, 1, "ehub.intake.event.v1.NotInventedYet", "0a00")
    stage.until(lambda: _held(stage, f"stream = '{stream}'"), "the unknown kind waits", 30)
    Story(stage).submit().known()
    stage.until(lambda: stage.suite.in_logs("kind unknown here waits"), "the unknown kind raises an alarm", 30)
    _nothing_dead(stage, "an unknown kind")
    waiting = len(_held(stage, f"stream = '{stream}'"))
    _forget(stage, stream)
    return waiting
