"""Rights that are taken away while streams are open and calls run: how long until the door is shut."""

from __future__ import annotations

import datetime
import os
import time

from acts import Acts, member
from fixture import ALDER, ALLOCATION, BIRCH, CEDAR, HUB
from keys import jws
from load import Load
from provider import PREFIX
from sides import Side
from stage import Stage
from streams import Watching

# Documented: seconds until a right that was taken away is refused everywhere, when all is healthy. A machine on which more
# waits to run than it has processors for is not: there it is measured, said, and bounded more widely.
BOUND, CROWDED = 10, 3
# Seconds a token of a stream lives here, and by how many the stream may outlive it.
EXPIRY, LATE = 4, 2
REFUSALS = ("NOT_FOUND", "PERMISSION_DENIED")
R = f"{ALLOCATION}.RegisterService/"


class Revocation:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick

    def run(self) -> None:
        """Roster, agreement, membership; then streams whose token runs out."""
        self.roster(self.stage.side(BIRCH))
        if not self.quick:
            self.agreement(self.stage.side(CEDAR))
        self.membership()
        self.expiry()

    def _doors(self, side: Side) -> dict[str, tuple]:
        """A question of each service about a thing of the practice, which shows it or does not."""
        questions = {
            "intake": ("ListConsultations", {"practice_ods": side.practice, "page_size": 500}),
            "allocation": ("GetWorkItem", {"consultation": side.main}),
            "writeback": ("ListEntries", {"consultation": side.main, "page_size": 500}),
            "prescribing": ("GetPrescription", {"name": side.prescription}),
            "audit": ("GetTimeline", {"consultation": side.main}),
        }
        return {service: (self.stage.rpc(name), self.stage.request(self.stage.rpc(name), **fields)) for service, (name, fields) in questions.items()}

    def _seen(self, side: Side, door: tuple, metadata) -> bool:
        rpc, body = door
        answer = self.stage.go(rpc, body, metadata)
        if not answer.ok and answer.code not in REFUSALS:
            # A fault or a lapse of time would look like a right that is gone.
            self.report.expect(False, f"{rpc.short} is answered, or refused as not there or not allowed", answer)
        things = (side.main, side.entry, side.prescription)
        return answer.ok and any(name.partition("/")[2].encode() in answer.body for name in things)

    def _shut(self, side: Side, who, take, what: str) -> None:
        """Sees and does everything, takes the right away, and measures until nothing of it is possible: questions, acts
        under a grant that is still in force, and an open stream."""
        doors = self._doors(side)
        for service, door in doors.items():
            self.stage.until(lambda d=door: self._seen(side, d, who()), f"{service} to show {side.practice} before {what} ends")
        watching = Watching(self.stage, who())
        self.stage.until(lambda: watching.shows(side.waiting), f"the stream to show {side.practice}")
        acts = Acts(self.stage, side, who)
        acts.work(f"before {what} ends")
        began = time.monotonic()
        take()
        answered = time.monotonic() - began
        seconds = {}
        for service, door in doors.items():
            self.stage.until(lambda d=door: not self._seen(side, d, who()), f"{service} to refuse after {what} has ended")
            seconds[service] = round(time.monotonic() - began - answered, 2)
        for name in acts.names:
            self.stage.until(lambda n=name: acts.refused(n), f"{name} to be refused after {what} has ended")
            seconds[name] = round(time.monotonic() - began - answered, 2)
        self.stage.until(lambda: side.waiting not in watching.shown or bool(watching.ended), f"the stream to forget after {what} has ended")
        seconds["stream"] = round(time.monotonic() - began - answered, 2)
        # A stream that breaks has forgotten nothing: it says what is gone, and goes on.
        self.report.expect(not watching.ended, f"the stream tells what is gone with {what}", f"{watching.ended} {watching.refusal}")
        watching.close()
        acts.judged(what)
        self.report.counts[f"revocation: seconds until {what} was gone"] = seconds
        limit = BOUND * (CROWDED if os.getloadavg()[0] > 2 * (os.cpu_count() or 1) else 1)
        self.report.expect(max(seconds.values()) <= limit, f"{what} is gone within {limit} s", seconds)
        # Once shut, it stays shut: no cache, no other connection.
        for _ in range(20):
            for service, door in doors.items():
                self.report.expect(not self._seen(side, door, who()), f"{service}: {what} stays gone")
        for name in acts.names:
            self.report.expect(acts.refused(name), f"{name}: {what} stays gone", acts.last[name])

    def roster(self, side: Side) -> None:
        """A person works for a practice no more; somebody else's calls go on without a failure."""
        stage = self.stage
        who = lambda grant=None: stage.provided("olga", grant)  # noqa: E731
        member(stage.fx, PREFIX + "olga")
        with Load(stage, lambda: stage.minted("gp-anna")) as load:
            self._shut(side, who, lambda: stage.roster("olga", [ALDER]), "a practice of a roster")
        load.judged("revocation")
        stage.roster("olga", [ALDER, BIRCH])
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        self._shut(side, who, lambda: stage.roster("olga", [ALDER, BIRCH], to=today), "a roster")
        stage.roster("olga", [ALDER, BIRCH])

    def agreement(self, side: Side) -> None:
        """The hub may not work for a practice any more."""
        fx = self.stage.fx
        method = R + "PutAccessAgreement"

        def agree(to: str) -> None:
            given = {"organisation_ods": HUB, "practice_ods": side.practice, "capabilities": ["work", "file", "prescribe", "audit"]}
            fx.must(method, fx.request(method, agreement=given | {"from_date": "2024-01-01", "to_date": to}), "hub-admin")

        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        self._shut(side, lambda grant=None: self.stage.minted("gp-anna", grant), lambda: agree(today), "an agreement")
        agree("")

    def membership(self) -> None:
        """A prescriber who leaves the cost centre raises nothing from that answer on."""
        fx, stage = self.stage.fx, self.stage
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        consultation, grant = fx.item("gp-bert", ALDER)
        fx.raised(consultation, grant, "gp-bert")
        member(fx, "gp-bert", to=today)
        rpc = stage.rpc("RaisePrescription")
        answer = stage.go(rpc, fx.raising(consultation), stage.minted("gp-bert", grant))
        refused = (answer.code, answer.reason) == ("FAILED_PRECONDITION", "NOT_A_MEMBER") or answer.reason == "NOT_A_MEMBER"
        self.report.expect(refused, "who has left the cost centre raises nothing", answer)
        member(fx, "gp-bert")
        fx.raised(consultation, grant, "gp-bert")

    def expiry(self) -> None:
        """Streams end when their token does, whoever issued it."""
        now = int(time.time())
        tokens = {
            "the suite's issuer": self.stage.minted("gp-anna", exp=now + EXPIRY),
            "the other issuer": [("authorization", "Bearer " + self._short(now + EXPIRY))],
        }
        streams = {name: Watching(self.stage, metadata) for name, metadata in tokens.items()}
        for name, stream in streams.items():
            stream.ends(self.report, f"the stream with a token of {name}", now + EXPIRY, LATE)

    def _short(self, exp: int) -> str:
        key = self.stage.provider.rsa
        return jws({"alg": "RS256", "typ": "at+jwt", "kid": key.kid}, self.stage.provider.claims("olga", exp=exp), key)
