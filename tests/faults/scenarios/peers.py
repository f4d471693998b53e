"""MESH, practices, EPS and audit fall silent or misbehave: work goes on, and in the end everything is there once."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import documents
import forms
from settle import delivered
from stage import Stage, require
from story import Story

SILENCE = {"ci": 4, "acceptance": 30, "soak": 120}
EPS = ("504-BEFORE", "504-AFTER", "HALF", "CUT", "SLOW-1500")
PRACTICE = ("DUPLICATE", "REORDERED", "LATE-1500", "LATE-BUSINESS-1500")
REFUSED = ("INFRASTRUCTURE-20009", "BUSINESS-30003")
# Sends that lose their answers; and longer than the pause before they are repeated (25 s).
CUT, LATE = 2, "LATE-35000"
MESH = ({"list": "503", "times": 2}, {"download": "half", "times": 1}, {"acknowledge": "503-after", "times": 1})


class Waiting(Story):
    """A clinician whose screen goes on renewing the claim while a peer is silent for longer than a lease."""

    def __init__(self, stage: Stage) -> None:
        def do(who: str, method: str, grant: str = "", **fields):
            return stage.client.act(who, method, self.held if grant else "", **fields)

        super().__init__(stage, do)


def play(stage: Stage) -> dict:
    """Everything at once: each life has its own trouble."""
    stage.signal("audit", signal.SIGSTOP)
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(4) as pool:
            prescribed = list(pool.map(lambda phrase: _prescribed(stage, phrase), EPS))
            filed = list(pool.map(lambda phrase: _filed(stage, phrase), PRACTICE))
            refused = list(pool.map(lambda phrase: _filed(stage, phrase), REFUSED))
            for story in filed + refused:
                gone = lambda s=story: s.entry_state() not in ("", "HELD", "READY")  # noqa: E731
                stage.until(gone, f"{story.entry} is sent", 60)
            # Sends of ours lose their answers: MESH has taken them. The practices answer only after they were sent again.
            cut = stage.mesh.cut + CUT
            stage.mesh.cut_replies(CUT)
            for behaviour in MESH:
                forms.control(stage.world["mesh"], "/control/behaviour", behaviour)
            again = list(pool.map(lambda _: _filed(stage, LATE), range(6)))
            stage.until(lambda: stage.mesh.cut >= cut, f"{CUT} sends lost their answers", 60)
            twice = lambda: documents.repeated(documents.of(stage, again))  # noqa: E731
            stage.until(twice, "what MESH had taken already is sent again, and recognised by the practice", 90, 0.5)
        prescribed += _silence(stage)
        stage.until(lambda: time.monotonic() - began > SILENCE[stage.tier], "audit was silent", 200)
    finally:
        stage.signal("audit", signal.SIGCONT)
    for story in prescribed:
        stage.until(lambda s=story: s.prescription_state() == "ISSUED", f"{story.prescription} issued", 120, 0.3)
        require(stage.orders(story.prescription) == 1, f"{story.prescription}: not taken once by EPS")
    for story in filed + again:
        stage.until(lambda s=story: s.entry_state() == "ACKNOWLEDGED", f"{story.entry} acknowledged", 150, 0.3)
    for story in refused:
        wanted = ("NEEDS_ATTENTION", "REJECTED")
        stage.until(lambda s=story: s.entry_state() in wanted, f"{story.entry} calls a person", 150, 0.3)
    return _afterwards(stage, prescribed, filed + again, again, refused)


def _prescribed(stage: Stage, phrase: str) -> Story:
    """A life whose prescription EPS answers badly."""
    story = Story(stage).submit().known().claim()
    story.prescribe(f"TRIGGER-EPS-{phrase}" if phrase else "")
    return story


def _filed(stage: Stage, phrase: str) -> Story:
    """A life whose document the practice answers badly."""
    story = Story(stage).submit().known().claim()
    content = forms.entry(story.word)
    content["headings"]["plan"] = f"Keep moving. TRIGGER-{phrase}" if phrase else "Keep moving."
    story.file(content=content)
    story.complete()
    return story


def _silence(stage: Stage) -> list[Story]:
    """MESH, then every other peer, stop in mid-sentence while prescriptions are on their way."""
    stories = [Waiting(stage).submit().known() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for peer in ("mesh", "peers"):
            pid = stage.signal(peer, signal.SIGSTOP)
            require(pid > 0, f"{peer} runs")
            going = [pool.submit(_claimed, story) for story in stories] if peer == "peers" else []
            until = time.monotonic() + SILENCE[stage.tier]
            stage.until(lambda t=until: time.monotonic() > t, "silence", 200)
            stage.signal(peer, signal.SIGCONT)
            for one in going:
                one.result()
    return stories


def _claimed(story: Story) -> None:
    """Claimed only now, and prescribed for."""
    story.claim().prescribe()


def _afterwards(stage: Stage, prescribed: list[Story], filed: list[Story], again: list[Story], refused: list[Story]) -> dict:
    arrived = documents.of(stage, filed)
    require(not documents.wrong(arrived), f"not taken once by the practice: {documents.wrong(arrived)}")
    recognised = documents.repeated(documents.of(stage, again))
    require(recognised >= 1, "no document reached a practice twice: what MESH had taken already was not sent again")
    for story in refused:
        query = f"select count(*) as n from allocation.task where subject = '{story.entry}'"
        stage.until(lambda q=query: stage.databases.value("allocation", q) == "1", f"{story.entry} has a task", 60)
    began = time.monotonic()
    stage.until(lambda: not delivered(stage.databases), "audit has caught up", 120, 0.5)
    keys = ",".join(f"'{story.entry.rpartition('/')[2]}'" for story in again)
    query = f"select count(*) as n from writeback.outbound where attempts > 1 and entry in ({keys})"
    return {
        "prescriptions_issued_once": len(prescribed),
        "documents_taken_once": len(filed),
        "refusals_with_a_task": len(refused),
        "documents_sent_again": int(stage.databases.value("writeback", query)),
        "documents_recognised_as_repeated": recognised,
        "seconds_until_the_log_had_caught_up": round(time.monotonic() - began, 1),
    }
