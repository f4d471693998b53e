"""Processes are stopped past their leases and go on as if nothing had happened: what they still want to do is refused."""

from __future__ import annotations

import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import documents
import forms
from client import Lines, Refused
from replica import Replica
from settle import delivered
from stage import SERVICES, Stage, require
from story import Story, short

CYCLES = {"ci": 1, "acceptance": 12, "soak": 120}
RELAYED, SENT = 12, 6
# Seconds within which an act is answered: longer than any stop.
ANSWERED = 120
# As it was designed: the grant is over, or its claim is somebody else's by now.
FENCED = ("CLAIM_EXPIRED", "CLAIM_SUPERSEDED")


def play(stage: Stage) -> dict:
    """Each cycle takes as long as a lease lasts."""
    seen: dict[str, int] = {}
    replicas = {name: Replica(stage, name) for name in ("intake", "writeback")}
    try:
        for _ in range(CYCLES[stage.tier]):
            for name, count in _cycle(stage, replicas).items():
                seen[name] = seen.get(name, 0) + count
    finally:
        for name in ("intake", "writeback", "prescribing"):
            stage.signal(name, signal.SIGCONT)
        for replica in replicas.values():
            replica.stop()
    return seen


def _cycle(stage: Stage, replicas: dict[str, Replica]) -> dict[str, int]:
    filed = [Story(stage).submit() for _ in range(SENT)]
    stale, given_back = Story(stage).submit(), Story(stage).submit()
    for story in [*filed, stale, given_back]:
        story.known().claim()
    for story in filed:
        story.file()
        story.complete()
    # Within the edit window, with documents about to be sent, entries and prescriptions under way, a relay at work.
    for name in ("writeback", "prescribing", "intake"):
        stage.signal(name, signal.SIGSTOP)
    relayed = _submitted_elsewhere(stage, replicas["intake"])
    with ThreadPoolExecutor(2) as pool:
        late = [pool.submit(_code, act) for act in (_file(stage, stale), _raise(stage, stale))]
        _give_back(stage, given_back)
        other = Story.__new__(Story)
        other.__dict__ |= stale.__dict__
        stage.until(lambda: _claims(other), "the item is claimed by somebody else once the lease is over", 90, 0.5)
        _delivered(stage, relayed)
        for name in ("writeback", "prescribing", "intake"):
            stage.signal(name, signal.SIGCONT)
        codes = [one.result() for one in late]
    seen = _afterwards(stage, stale, other, filed, relayed)
    codes.append(_code(_raise(stage, given_back)))
    strange = unfenced(codes)
    require(not strange, f"acts under a lease that was over were answered {strange}")
    return seen | {f"refused_{code}": codes.count(code) for code in FENCED}


def unfenced(codes: list[str]) -> list[str]:
    """Answers that are not the refusals meant for this; an outage, or an error of any other sort, is none of them."""
    return [code for code in codes if code not in FENCED]


def _submitted_elsewhere(stage: Stage, replica: Replica) -> list[Story]:
    """Submissions to the replica; who relays them is for the leases to say."""
    lines = Lines(stage.contract, {name: replica.address for name in SERVICES}, each=1)
    client = stage.new_client(stage.seed, lines=lines)
    made = []
    for _ in range(RELAYED):
        story = Story(stage, lambda who, method, grant="", **fields: client.act(who, method, grant, **fields))
        made.append(story.submit())
    lines.close()
    return made


def _code(act) -> str:
    """What a service answers an act. A client makes each of its connections when it first needs it, and a stopped process takes
    none: then the answer is an UNAVAILABLE of the client's own making, without a reason, and it sends the same request again."""
    end = time.monotonic() + ANSWERED
    while True:
        answer = act()
        if answer.code != "UNAVAILABLE" or answer.reason or time.monotonic() > end:
            return answer.reason or answer.code
        time.sleep(0.1)


def _file(stage: Stage, story: Story):
    """One request to file, to be sent as often as it takes."""
    fields = {"name": story.entry, "consultation": story.consultation, "content": forms.entry(story.word)}
    request = stage.client.request("WritebackService/FileEntry", request_id=_id(), **fields)
    return lambda: stage.client.once(story.who, "WritebackService/FileEntry", request, story.grant, timeout=ANSWERED)


def _raise(stage: Stage, story: Story):
    method = "PrescribingService/RaisePrescription"
    request = stage.client.request(
        method, request_id=_id(), name=story.prescription, consultation=story.consultation,
        cost_centre_ods=forms.COST_CENTRE, items=[forms.medicine()], override_recent_issue="A test of faults.",
    )  # fmt: skip
    return lambda: stage.client.once(story.who, method, request, story.grant, timeout=ANSWERED)


def _id() -> str:
    return str(uuid.uuid4())


def _give_back(stage: Stage, story: Story) -> None:
    """Given back while guards cannot be told: nobody gets it before the old grant is over."""
    method = "AllocationService/ReleaseClaim"
    answer = stage.client.act(story.who, method, story.grant, consultation=story.consultation)
    require(not answer.fenced, "the release says that everybody was told; two were stopped")
    request = stage.client.request("AllocationService/ClaimItem", request_id=_id(), consultation=story.consultation)
    again = stage.client.once("gp-bert", "AllocationService/ClaimItem", request)
    require(again.reason == "ITEM_NOT_CLAIMABLE", f"claimed while the old grant was in force: {again}")


def _claims(story: Story) -> bool:
    try:
        story.claim("gp-bert")
    except Refused:
        return False
    return True


def _delivered(stage: Stage, stories: list[Story]) -> None:
    """The replica took over what the stopped relay held."""
    for story in stories:
        key = short(story.consultation)
        query = f"select count(*) as n from allocation.work_item where consultation = '{key}'"
        stage.until(lambda q=query: stage.databases.value("allocation", q) == "1", f"{key} was relayed", 60)


def _afterwards(stage: Stage, stale: Story, other: Story, filed: list[Story], relayed: list[Story]) -> dict:
    """Nothing of the stale acts is there; the new holder can act; documents arrived once."""
    key = short(stale.consultation)
    for service, table in (("writeback", "writeback.entry"), ("prescribing", "prescribing.prescription")):
        count = stage.databases.value(service, f"select count(*) as n from {table} where consultation = '{key}'")
        require(count == "0", f"{key}: a stale act left {count} rows in {table}")
    other.file()
    other.complete()
    for story in filed:
        stage.until(lambda s=story: s.entry_state() == "ACKNOWLEDGED", f"{story.entry} acknowledged", 120, 0.3)
    arrived = documents.of(stage, filed)
    require(not documents.wrong(arrived), f"not taken once by the practice: {documents.wrong(arrived)}")
    for story in relayed:
        key = short(story.consultation)
        query = f"select count(*) as n from ehub.outbox where consultation = '{key}' and kind like '%.ItemRouted'"
        require(stage.databases.value("allocation", query) == "1", f"{key}: routed more than once")
    stage.until(lambda: not delivered(stage.databases), "everything is delivered", 90, 0.5)
    return {
        "relayed_by_the_replica": len(relayed),
        "documents_once": len(filed),
        "documents_recognised_as_repeated": documents.repeated(arrived),
    }
