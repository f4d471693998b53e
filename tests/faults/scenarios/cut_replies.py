"""The reply is lost between the commit and the client, at every step: the repeated call gives what was recorded then.

Where a step shows a grant, one that has expired is shown with the repeated call: Raise, Prepare, File and Complete. Submit
and Claim show none yet, Sign and Issue none any more (the signature and the etag are their authority), so that nothing is
said of grants there. `lost_commits` does the same with a lease that really ended.
"""

from __future__ import annotations

import time
import uuid

from client import AMBIGUOUS, Lines
from proxy import Proxy
from stage import SERVICES, Stage, require
from story import Story, short

ROUNDS = {"ci": 5, "acceptance": 150, "soak": 1500}
# Signed anew each time, and where a prescription stands by now.
VARIES = ("ClaimItem", "IssuePrescription")


class Cutter:
    """Does each act once with its reply lost, and once more, directly; the second has to be the first."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._proxies = {name: Proxy(stage.addresses()[name]) for name in SERVICES}
        self._lines = Lines(stage.contract, {name: proxy.address for name, proxy in self._proxies.items()}, each=1)
        self._far = stage.new_client(stage.seed, lines=self._lines)
        self.cuts: dict[str, int] = {}
        self.with_an_expired_grant = 0
        self.grant_of_replay = None

    def do(self, who: str, method: str, grant: str = "", **fields):
        """One act with the reply lost."""
        client = self._stage.client
        request = client.request(method, request_id=str(uuid.uuid4()), **fields)
        proxy = self._proxies[method.partition("/")[0].removesuffix("Service").lower()]
        before = proxy.cut
        proxy.cut_replies(1)

        def cut() -> bool:
            lost = self._far.once(who, method, request, grant)
            require(lost.code in AMBIGUOUS, f"{method}: answered through a cut: {lost}")
            return proxy.cut > before

        self._stage.until(cut, f"the reply to {method} is cut", 60)
        proxy.cut_replies(0)
        # What was done is looked up before the grant is, where there is one.
        later = self.grant_of_replay(grant) if grant and self.grant_of_replay else grant
        again = self._stage.until(lambda: self._definite(who, method, request, later), f"an answer to {method}", 60)
        require(again.ok, f"{method}: done, and the repeated call is refused: {again}")
        require(again.replayed, f"{method}: done, and done again")
        self.cuts[method] = self.cuts.get(method, 0) + 1
        self.with_an_expired_grant += later != grant
        if not method.endswith(VARIES):
            third = self._stage.until(lambda: self._definite(who, method, request, later), f"an answer to {method}", 60)
            require(third.body == again.body, f"{method}: the recorded answer changes")
        return again.reply

    def _definite(self, who: str, method: str, request, grant: str):
        answer = self._stage.client.once(who, method, request, grant)
        return answer if answer.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED") else None

    def close(self) -> None:
        """Hangs up."""
        self._lines.close()
        for proxy in self._proxies.values():
            proxy.close()


def play(stage: Stage) -> dict:
    """Whole lives, every reply of which is lost; then the counts at the source and at EPS."""
    cutter = Cutter(stage)
    stories = []
    cutter.grant_of_replay = lambda grant: stage.suite.forged_grant(grant, exp=int(time.time()) - 60)
    for _ in range(ROUNDS[stage.tier]):
        story = Story(stage, cutter.do)
        story.submit().known().claim()
        story.file()
        story.prescribe()
        story.complete()
        stories.append(story)
    cutter.close()
    for story in stories:
        _once(stage, story)
    grants = {"repeated_with_an_expired_grant": cutter.with_an_expired_grant}
    return {"replies_cut": sum(cutter.cuts.values()), "by_method": cutter.cuts, "lives": len(stories)} | grants


def _once(stage: Stage, story: Story) -> None:
    require(story.consultations() == 1, f"{story.word}: {story.consultations()} consultations")
    key = short(story.consultation)
    for service, query in {
        "allocation": f"select count(*) as n from allocation.leg where consultation = '{key}' and holder_kind = 'PERSON'",
        "writeback": "select count(*) as n from writeback.entry_version v join writeback.entry e on e.id = v.entry "
        f"where e.consultation = '{key}'",
        "prescribing": f"select count(*) as n from prescribing.prescription where consultation = '{key}' and state = 'ISSUED'",
    }.items():
        count = stage.databases.value(service, query)
        require(count == "1", f"{key}: {count} in {service}, one was meant")
    taken = stage.orders(story.prescription)
    require(taken == 1, f"{story.prescription}: taken {taken} times by EPS")
