"""Complete races File, Raise, Release, Override, Withdraw and another Complete, and Withdraw the first claim: what is closed is whole, and nothing is done after."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import forms
from client import Refused
from stage import Stage, require
from story import Story, short

ROUNDS = {"ci": 4, "acceptance": 100, "soak": 1000}


def play(stage: Stage) -> dict:
    """Each rival in turn against the completion, both let go at once."""
    wins: dict[str, int] = {}
    rivals = {
        "file": _file, "raise": _raise, "release": _release, "override": _override,
        "withdraw": _withdraw, "complete": lambda story: story.complete(),
    }  # fmt: skip
    with ThreadPoolExecutor(len(rivals)) as pool:
        for _ in range(ROUNDS[stage.tier]):
            ready = list(pool.map(lambda _: Story(stage).submit().known().claim(), rivals))
            for story, (name, rival) in zip(ready, rivals.items(), strict=True):
                story.file()
                start = threading.Barrier(2)
                closing = pool.submit(_tried, start, story.complete)
                other = pool.submit(_tried, start, lambda r=rival, s=story: r(s))
                closed, done = closing.result(), other.result()
                _judge(stage, story, name, closed, done)
                key = f"{name}: {'closed' if closed is True else closed}, rival {'done' if done is True else done}"
                wins[key] = wins.get(key, 0) + 1
            first = _withdrawn_or_claimed(stage, pool)
            wins[first] = wins.get(first, 0) + 1
    return {"rounds": ROUNDS[stage.tier], "outcomes": wins}


def _withdrawn_or_claimed(stage: Stage, pool: ThreadPoolExecutor) -> str:
    """A wish to withdraw races the first claim: one of the two decides, and both services say the same in the end."""
    story = Story(stage).submit().known()
    start = threading.Barrier(2)
    wish = pool.submit(_tried, start, lambda: _withdraw(story))
    claimed = pool.submit(_tried, start, story.claim).result()
    require(wish.result() is True, "a wish to withdraw what is open was refused")
    key = short(story.consultation)
    query = f"select state from allocation.work_item where consultation = '{key}' and withdraw_requested_at is not null"
    heard = stage.until(lambda: stage.databases.rows("allocation", query), f"allocation heard the wish of {key}")
    state = heard[0]["state"]
    require((state == "WITHDRAWN") == (claimed is not True), f"{key}: {state}, and the claim was answered {claimed}")
    wanted = "IN_PROGRESS" if claimed is True else "WITHDRAWN"
    query = f"select count(*) as n from intake.consultation where id = '{key}' and state = '{wanted}'"
    stage.until(lambda: stage.databases.value("intake", query) == "1", f"intake says {wanted} of {key}")
    if claimed is True:
        story.file()
        story.complete()
    return f"withdraw: {'claimed' if claimed is True else claimed}, {state}"


def _tried(start: threading.Barrier, act) -> bool | str:
    start.wait()
    try:
        act()
    except Refused as refused:
        return refused.answer.reason
    return True


def _file(story: Story):
    """Files a second version of the entry, as read."""
    found = story.stage.client.read(story.who, "WritebackService/GetEntry", story.held(), name=story.entry).entry
    return story.file(etag=found.etag, content=forms.entry("changed " + uuid.uuid4().hex))


def _raise(story: Story):
    return story.raised()


def _release(story: Story):
    return story.do(story.who, "AllocationService/ReleaseClaim", story.held(), consultation=story.consultation)


def _override(story: Story):
    """A colleague ends the claim."""
    reason = "A colleague ends the claim."
    return story.do("gp-bert", "AllocationService/OverrideClaim", consultation=story.consultation, reason=reason)


def _withdraw(story: Story):
    """The patient no longer wants it."""
    return story.do("supplier", "IntakeService/WithdrawConsultation", name=story.consultation, reason="BETTER")


def _judge(stage: Stage, story: Story, name: str, closed: bool | str, done: bool | str) -> None:
    key = short(story.consultation)
    query = f"select state, epoch from allocation.work_item where consultation = '{key}'"
    state = stage.databases.rows("allocation", query)[0]["state"]
    told = closed is True or (name == "complete" and done is True)
    require((state == "COMPLETED") == told, f"{key}: {state}, and Complete was told {closed}, {name} {done}")
    if name == "complete":
        require((closed is True) + (done is True) == 1, f"{key}: two completions: {closed}, {done}")
    if name in ("release", "override"):
        require(not (closed is True and done is True), f"{key}: closed, and its claim ended otherwise")
    if name == "withdraw":
        require(closed is True, f"{key}: held, and a wish to withdraw kept it from being closed: {closed}")
        require(done is True or done == "CONSULTATION_CLOSED", f"{key}: the wish to withdraw was answered {done}")
    if state != "COMPLETED":
        return
    query = f"select name, version from allocation.manifest_item where consultation = '{key}'"
    manifest = {row["name"]: int(row["version"]) for row in stage.databases.rows("allocation", query)}
    versions = "select max(v.version) as n from writeback.entry_version v join writeback.entry e on e.id = v.entry "
    newest = int(stage.databases.value("writeback", versions + f"where e.consultation = '{key}'"))
    require(manifest.get(story.entry) == newest, f"{key}: closed over {manifest}, the entry has version {newest}")
    open_ones = f"select count(*) as n from prescribing.prescription where consultation = '{key}' "
    open_ones += "and state not in ('ISSUED', 'CANCELLED')"
    left = stage.databases.value("prescribing", open_ones)
    require(left == "0", f"{key}: closed, and {left} prescriptions are open")
    late = [_tried(threading.Barrier(1), act) for act in (lambda: _file(story), lambda: _raise(_fresh(story)))]
    require(True not in late, f"{key}: closed, and still: file {late[0]}, raise {late[1]}")


def _fresh(story: Story) -> Story:
    story.prescription = f"prescriptions/{uuid.uuid4()}"
    return story
