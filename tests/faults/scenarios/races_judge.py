"""What has to be true after a race, whoever won, and how somebody goes on when nothing was closed."""

from __future__ import annotations

from dataclasses import dataclass

from client import Answer, Refused
from stage import Stage, require
from story import Story, short


@dataclass
class Ended:
    """How an act ended: done, or refused for a reason."""

    reason: str = ""
    answer: Answer | None = None

    @property
    def ok(self) -> bool:
        return not self.answer

    def said(self, done: str) -> str:
        """In one word."""
        return done if self.ok else self.reason

    def __str__(self) -> str:
        return self.said("done")


def judge(stage: Stage, story: Story, name: str, closed: Ended, done: Ended, late) -> bool:
    """Whether it was closed; what was answered has to be so, and what is closed has to be whole."""
    key = short(story.consultation)
    state = _state(stage, key)
    told = closed.ok or (name == "complete" and done.ok)
    require((state == "COMPLETED") == told, f"{key}: {state}, and Complete was told {closed}, {name} {done}")
    if name == "complete":
        require(closed.ok + done.ok == 1, f"{key}: two completions, or none: {closed}, {done}")
    if name in ("release", "override"):
        require(closed.ok + done.ok == 1, f"{key}: Complete was told {closed}, and the end of its claim {done}")
    if name == "raise" and not closed.ok:
        require(done.ok and closed.reason == "OPEN_ACTIONS", f"{key}: Complete was told {closed}, and raise {done}")
    if name == "file":
        require(closed.ok, f"{key}: filing kept it from being closed: {closed}, file {done}")
    if name == "withdraw":
        require(closed.ok, f"{key}: held, and a wish to withdraw kept it from being closed: {closed}")
        require(done.ok or done.reason == "CONSULTATION_CLOSED", f"{key}: the wish to withdraw was answered {done}")
    if state == "COMPLETED":
        whole(stage, story)
        after = late(story)
        require(not any(one.ok for one in after), f"{key}: closed, and still: file {after[0]}, raise {after[1]}")
    return state == "COMPLETED"


def _state(stage: Stage, key: str) -> str:
    return stage.databases.value("allocation", f"select state from allocation.work_item where consultation = '{key}'")


def whole(stage: Stage, story: Story) -> None:
    """The manifest names what is there, and nothing is open."""
    key = short(story.consultation)
    query = f"select name, version from allocation.manifest_item where consultation = '{key}'"
    manifest = {row["name"]: int(row["version"]) for row in stage.databases.rows("allocation", query)}
    versions = "select max(v.version) as n from writeback.entry_version v join writeback.entry e on e.id = v.entry "
    newest = int(stage.databases.value("writeback", versions + f"where e.consultation = '{key}'"))
    require(manifest.get(story.entry) == newest, f"{key}: closed over {manifest}, the entry has version {newest}")
    open_ones = f"select count(*) as n from prescribing.prescription where consultation = '{key}' "
    open_ones += "and state not in ('ISSUED', 'CANCELLED')"
    left = stage.databases.value("prescribing", open_ones)
    require(left == "0", f"{key}: closed, and {left} prescriptions are open")


def followed_up(stage: Stage, story: Story, closed: Ended) -> None:
    """Whoever holds it now, or claims it next, files once more, settles what is open, and closes it."""
    key = short(story.consultation)
    if closed.reason == "OPEN_ACTIONS":
        # The refusal gave the holder the grant that counts from here on.
        story.grant = closed.answer.metadata["grant"]
        method = "PrescribingService/GetPrescription"
        found = stage.client.read(story.who, method, story.grant, name=story.prescription).prescription
        why = "Raised while it was being closed."
        story.do(story.who, "PrescribingService/VoidPrescription", name=story.prescription, etag=found.etag, reason=why)
    else:
        stage.until(lambda: _claimed(story), f"{key} can be claimed again", 60)
    found = stage.client.read(story.who, "WritebackService/GetEntry", story.held(), name=story.entry).entry
    story.file(etag=found.etag)
    story.complete()
    require(_state(stage, key) == "COMPLETED", f"{key}: closed by the next holder, and it is {_state(stage, key)}")
    whole(stage, story)


def _claimed(story: Story) -> bool:
    try:
        story.claim("gp-bert")
    except Refused:
        return False
    return True
