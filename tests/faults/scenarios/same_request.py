"""Many send the same request at once, at every step: one effect, one answer; other content under its id is refused."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import forms
from stage import Stage, require
from story import Story, short

LIVES = {"ci": 4, "acceptance": 100, "soak": 1000}
RACERS = 16
# Each answer holds a grant that is signed anew for what is left of the lease; an issue tells where it stands by now.
VARIES = {
    "AllocationService/ClaimItem": lambda reply: (reply.claim.epoch, reply.claim.item.consultation),
    "PrescribingService/IssuePrescription": lambda reply: "",
}


class Race:
    """Does each act sixteen times at once under one request id."""

    def __init__(self, stage: Stage, pool: ThreadPoolExecutor) -> None:
        self._stage, self._pool = stage, pool
        self.replayed = self.sent = 0

    def do(self, who: str, method: str, grant: str = "", **fields):
        """One act by many."""
        request = self._stage.client.request(method, request_id=str(uuid.uuid4()), **fields)
        answers = list(self._pool.map(lambda _: self._sent(who, method, request, grant), range(RACERS)))
        told = {VARIES.get(method, lambda _: "")(answer.reply) or answer.body for answer in answers}
        if method != "PrescribingService/IssuePrescription":
            require(len(told) == 1, f"{method}: {len(told)} different answers to one request")
        fresh = sum(1 for answer in answers if not answer.replayed)
        require(fresh <= 1, f"{method}: {fresh} answers say that they were the first")
        self.replayed += len(answers) - fresh
        self.sent += len(answers)
        return answers[0].reply

    def _sent(self, who: str, method: str, request, grant: str):
        def ask():
            answer = self._stage.client.once(who, method, request, grant)
            # Shedding, and waiting in vain for the winner, are no answer yet.
            return answer if answer.code not in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED") else None

        answer = self._stage.until(ask, f"an answer to {method}", 60, 0.05)
        require(answer.ok, f"{method}: done by one of {RACERS}, refused to another: {answer}")
        return answer


def play(stage: Stage) -> dict:
    """Whole lives, every step sixteen times at once."""
    with ThreadPoolExecutor(RACERS) as pool:
        race = Race(stage, pool)
        for _ in range(LIVES[stage.tier]):
            story = Story(stage, race.do).submit().known().claim()
            story.file()
            story.prescribe()
            story.complete()
            _once(stage, story)
            _other_content(stage)
    return {"lives": LIVES[stage.tier], "racers": RACERS, "calls": race.sent, "answers_replayed": race.replayed}


def _once(stage: Stage, story: Story) -> None:
    key = short(story.consultation)
    require(story.consultations() == 1, f"{story.word}: {story.consultations()} consultations")
    for service, query in {
        "allocation": f"select count(*) as n from allocation.leg where consultation = '{key}' and holder_kind = 'PERSON'",
        "writeback": "select count(*) as n from writeback.entry_version v join writeback.entry e on e.id = v.entry "
        f"where e.consultation = '{key}'",
        "prescribing": f"select count(*) as n from prescribing.prescription where consultation = '{key}'",
    }.items():
        require(stage.databases.value(service, query) == "1", f"{key}: not one in {service}")
    taken = stage.orders(story.prescription)
    require(taken == 1, f"{story.prescription}: taken {taken} times by EPS")


def _other_content(stage: Stage) -> None:
    method, fields = "IntakeService/SubmitConsultation", forms.submission(stage.patient(), "W" + uuid.uuid4().hex)
    request = stage.client.request(method, request_id=str(uuid.uuid4()), **fields)
    stage.until(lambda: stage.client.once("supplier", method, request).ok, "submitted", 30)
    request.content.free_text = "Something else."
    other = stage.until(lambda: _definite(stage.client.once("supplier", method, request)), "an answer", 30)
    require(other.reason == "REQUEST_ID_REUSED", f"other content under the same request id: {other}")


def _definite(answer):
    return answer if answer.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED") else None
