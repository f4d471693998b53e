"""Complete races File, Raise, Release, Override, Withdraw and another Complete, and Withdraw the first claim.

What is closed is whole, and nothing is done after; what is not closed can be closed by whoever holds it next.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import forms
from client import Refused
from scenarios.races_judge import Ended, followed_up, judge
from stage import Stage, require
from story import Story, short

ROUNDS = {"ci": 4, "acceptance": 100, "soak": 1000}
# How far a start is moved by chance, and by which steps, large ones first, it follows what was seen: whoever won starts
# later the next time.
STAGGER, STEPS = 0.020, (0.040, 0.005)


class Leads:
    """Who starts first, and by how much: by chance around where, so far, either side won as often as the other."""

    def __init__(self, seed: int) -> None:
        self._random, self._middle = random.Random(seed ^ 0x72616365), defaultdict(float)
        self._step, self._last = defaultdict(lambda: STEPS[0]), {}
        self.ends: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def draw(self, name: str) -> float:
        """How many seconds later than the completion the rival starts; earlier, when negative."""
        return self._middle[name] + self._random.uniform(-STAGGER, STAGGER)

    def learn(self, name: str, ended: str, rival_first: bool) -> None:
        """How it ended moves the next start towards the other ending."""
        self.ends[name][ended] += 1
        if self._last.setdefault(name, rival_first) != rival_first:
            self._step[name] = max(STEPS[1], self._step[name] / 2)
        self._last[name] = rival_first
        self._middle[name] += self._step[name] if rival_first else -self._step[name]


# The two ways in which each pairing can end. By design others cannot be, and break a law: File and Withdraw keep nothing
# from being closed (a wish is told to the holder, who decides), a wish is heard while anything is open, Raise and Complete
# are never both done (what is raised is open), and a claim has one end.
BOTH = {
    "file": ("closed, rival done", "closed, rival CLAIM_SEALED|CLAIM_SUPERSEDED|CLAIM_EXPIRED"),
    "raise": ("OPEN_ACTIONS, rival done", "closed, rival CLAIM_SEALED|CLAIM_SUPERSEDED|CLAIM_EXPIRED"),
    "release": ("CLAIM_SUPERSEDED, rival done", "closed, rival CLAIM_SUPERSEDED|NOT_CLAIMED|ITEM_NOT_FOUND"),
    "override": ("CLAIM_SUPERSEDED, rival done", "closed, rival NOT_CLAIMED|ITEM_NOT_FOUND|ITEM_NOT_CLAIMABLE"),
    "withdraw": ("closed, rival done", "closed, rival CONSULTATION_CLOSED"),
    "complete": ("closed, rival CLAIM_SUPERSEDED", "CLAIM_SUPERSEDED, rival done"),
    "claim against withdraw": ("claimed, CLAIMED", "ITEM_NOT_FOUND|ITEM_NOT_CLAIMABLE|CONSULTATION_CLOSED, WITHDRAWN"),
}


def play(stage: Stage) -> dict:
    """Each rival in turn against the completion."""
    leads = Leads(stage.seed)
    rivals = {
        "file": _file, "raise": _raise, "release": _release, "override": _override,
        "withdraw": _withdraw, "complete": lambda story: story.complete(),
    }  # fmt: skip
    followed = 0
    with ThreadPoolExecutor(len(rivals)) as pool:
        for _ in range(ROUNDS[stage.tier]):
            ready = list(pool.map(lambda _: Story(stage).submit().known().claim(), rivals))
            for story, (name, rival) in zip(ready, rivals.items(), strict=True):
                story.file()
                lead, start = leads.draw(name), threading.Barrier(2)
                closing = pool.submit(tried, story.complete, start, -lead)
                other = pool.submit(tried, lambda r=rival, s=story: r(s), start, lead)
                closed, done = closing.result(), other.result()
                if not judge(stage, story, name, closed, done, _late):
                    # Nobody is blocked for ever by guards that a completion sealed in vain.
                    followed_up(stage, story, closed)
                    followed += 1
                leads.learn(name, f"{closed.said('closed')}, rival {done.said('done')}", _rival_first(name, closed, done))
            _withdrawn_or_claimed(stage, pool, leads)
    missing = one_sided(leads.ends)
    require(stage.tier == "ci" or not missing, f"never seen: {missing}")
    return {"rounds": ROUNDS[stage.tier], "outcomes": leads.ends, "followed_up": followed, "not_seen": missing}


def one_sided(ends: dict[str, dict[str, int]]) -> list[str]:
    """The endings that can happen and have not."""

    seen = lambda name, wanted: any(one in ends.get(name, {}) for one in examples(wanted))  # noqa: E731
    return [f"{name}: {wanted}" for name, both in BOTH.items() for wanted in both if not seen(name, wanted)]


def examples(wanted: str) -> list[str]:
    """The endings that an entry of the table stands for: of the reasons of a refusal any one will do."""
    for part in wanted.replace(",", " ").split():
        if "|" in part:
            return [wanted.replace(part, one) for one in part.split("|")]
    return [wanted]


def _rival_first(name: str, closed: Ended, done: Ended) -> bool:
    """Whether the rival got there first."""
    return done.ok if name in ("file", "raise", "withdraw") else not closed.ok


def _withdrawn_or_claimed(stage: Stage, pool: ThreadPoolExecutor, leads: Leads) -> None:
    """A wish to withdraw races the first claim: one of the two decides, and both services say the same in the end."""
    name, story = "claim against withdraw", Story(stage).submit().known()
    lead, start = leads.draw(name), threading.Barrier(2)
    wish = pool.submit(tried, lambda: _withdraw(story), start, -lead)
    claimed = pool.submit(tried, story.claim, start, lead).result()
    require(wish.result().ok, "a wish to withdraw what is open was refused")
    key = short(story.consultation)
    query = f"select state from allocation.work_item where consultation = '{key}' and withdraw_requested_at is not null"
    heard = stage.until(lambda: stage.databases.rows("allocation", query), f"allocation heard the wish of {key}")
    state = heard[0]["state"]
    require((state == "WITHDRAWN") != claimed.ok, f"{key}: {state}, and the claim was answered {claimed}")
    wanted = "IN_PROGRESS" if claimed.ok else "WITHDRAWN"
    query = f"select count(*) as n from intake.consultation where id = '{key}' and state = '{wanted}'"
    stage.until(lambda: stage.databases.value("intake", query) == "1", f"intake says {wanted} of {key}")
    leads.learn(name, f"{claimed.said('claimed')}, {state}", claimed.ok)
    if claimed.ok:
        story.file()
        story.complete()


def tried(act, start: threading.Barrier | None = None, after: float = 0.0) -> Ended:
    """How an act ended; it begins so many seconds after the others do."""
    if start:
        start.wait()
        # Spun rather than slept: a few milliseconds are what this is about.
        began = time.monotonic()
        while time.monotonic() - began < after:
            time.sleep(0.0005)
    try:
        act()
    except Refused as refused:
        return Ended(refused.answer.reason, refused.answer)
    return Ended()


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


def _late(story: Story) -> list[Ended]:
    """What is done after the closing."""
    fresh = Story.__new__(Story)
    fresh.__dict__ |= story.__dict__ | {"prescription": f"prescriptions/{uuid.uuid4()}"}
    return [tried(lambda: _file(story)), tried(lambda: _raise(fresh))]
