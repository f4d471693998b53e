"""PostgreSQL's answer to COMMIT is lost: the repeated call, or delivery, finds what was done; and so it is after the lease."""

from __future__ import annotations

import re
import uuid

import forms
from client import Lines, Refused
from pgproxy import PgProxy
from replica import Replica
from settle import delivered
from stage import SERVICES, Stage, require
from story import Story, short

ROUNDS = {"ci": 3, "acceptance": 25, "soak": 400}
# A delivery that was not answered is tried again after a pause that grows: a few are enough.
DELIVERIES = {"ci": 4, "acceptance": 12, "soak": 50}
# Whose commits are cut; each runs as a second process behind a proxy of its own.
CUT = ("intake", "allocation", "writeback")
DONE = "select count(*) as n from audit.event where request_id = '{}' and outcome = 'OK'"


class Committer:
    """Does each act of these services once with its commit cut, and then until it is answered, elsewhere."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.proxies = {name: PgProxy(_run_url(stage, name)) for name in CUT}
        env = {name: {f"EHUB_{name.upper()}__DATABASE__RUN_URL": proxy.url} for name, proxy in self.proxies.items()}
        self.replicas = {name: Replica(stage, name, env[name]) for name in CUT}
        addresses = stage.addresses() | {name: replica.address for name, replica in self.replicas.items()}
        self._lines = Lines(stage.contract, addresses, each=1)
        self._far = stage.new_client(stage.seed, lines=self._lines)
        self.cuts: dict[str, int] = {}
        self.acts: list[tuple[str, str]] = []

    def do(self, who: str, method: str, grant: str = "", **fields):
        """One act; what it found depends on whether PostgreSQL had committed."""
        client, proxy = self._stage.client, self.proxies.get(method.partition("/")[0].removesuffix("Service").lower())
        if not proxy:
            return client.act(who, method, grant, **fields)
        request = client.request(method, request_id=str(uuid.uuid4()), **fields)
        before, done = proxy.cut, proxy.done
        proxy.cut_replies(1)
        first = self._far.once(who, method, request, grant, timeout=20)
        proxy.cut_replies(0)
        require(first.code in ("OK", "UNAVAILABLE", "DEADLINE_EXCEEDED"), f"{method}: a lost commit was answered {first}")
        again = self._stage.until(lambda: definite(self._stage, who, method, request, grant), f"an answer to {method}", 60)
        require(again.ok, f"{method}: in doubt, and the repeated call is refused: {again}")
        require(again.replayed or proxy.done == done, f"{method}: committed, and done again")
        if proxy.cut > before:
            self.cuts[method] = self.cuts.get(method, 0) + 1
        self.acts.append((method, request.request_id))
        return again.reply

    def close(self) -> None:
        """Ends the second processes."""
        self._lines.close()
        for replica in self.replicas.values():
            replica.stop()
        for proxy in self.proxies.values():
            proxy.close()


def _run_url(stage: Stage, name: str) -> str:
    return re.search(r'^run_url = "([^"]+)"', (stage.suite.run / f"{name}.toml").read_text(), re.M)[1]


def definite(stage: Stage, who: str, method: str, request, grant: str):
    """An answer that says what was done; nothing while there is none."""
    answer = stage.client.once(who, method, request, grant)
    return answer if answer.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED") else None


def play(stage: Stage) -> dict:
    """Acts under a claim that ends meanwhile; submissions, entries and closures whose commits are cut; deliveries as well."""
    held = _held(stage)
    committer, right = Committer(stage), stage.link.target
    try:
        stories = [Story(stage, committer.do).submit() for _ in range(ROUNDS[stage.tier])]
        cut = committer.proxies["allocation"]
        before = cut.cut
        cut.cut_replies(DELIVERIES[stage.tier])
        stage.link.divert(committer.replicas["allocation"].internal)
        stories += [Story(stage, committer.do).submit() for _ in range(ROUNDS[stage.tier])]
        for story in stories:
            story.known()
        delivering = cut.cut - before
        cut.cut_replies(0)
        require(delivering >= 2, f"{delivering} commits of deliveries were cut: one that was made and one in doubt were meant")
        stage.link.divert(right)
        for story in stories:
            story.claim()
            story.file()
            story.complete()
    finally:
        stage.link.divert(right)
        committer.close()
    stage.until(lambda: not delivered(stage.databases), "everything is delivered", 90, 0.5)
    for story in stories:
        once(stage, story)
    for method, request_id in committer.acts:
        times = stage.databases.value("audit", DONE.format(request_id))
        require(times == "1", f"{method} {request_id}: {times} audit events of one act")
    seen = {"commits_cut": sum(committer.cuts.values()), "by_method": committer.cuts, "commits_of_deliveries_cut": delivering}
    seen["commits_cut_that_were_made"] = sum(proxy.done for proxy in committer.proxies.values())
    seen["commits_cut_behind_other_statements"] = sum(proxy.behind_others for proxy in committer.proxies.values())
    return seen | _after_the_lease(stage, *held)


def once(stage: Stage, story: Story) -> None:
    """One effect of each: consultation, routing, entry, claim and closure."""
    require(story.consultations() == 1, f"{story.word}: {story.consultations()} consultations")
    key = short(story.consultation)
    for service, query in (
        ("intake", f"ehub.outbox where consultation = '{key}' and kind like '%.ConsultationAccepted'"),
        ("allocation", f"ehub.outbox where consultation = '{key}' and kind like '%.ItemRouted'"),
        ("allocation", f"ehub.outbox where consultation = '{key}' and kind like '%.ConsultationCompleted'"),
        ("allocation", f"allocation.leg where consultation = '{key}' and holder_kind = 'PERSON'"),
        ("writeback", f"writeback.entry_version v join writeback.entry e on e.id = v.entry where e.consultation = '{key}'"),
    ):
        count = stage.databases.value(service, f"select count(*) as n from {query}")
        require(count == "1", f"{key}: {count} in {service}, one was meant: {query}")


def _held(stage: Stage) -> tuple[Story, list]:
    """Entry and prescription under a claim that will end, and a closure; with what was sent and answered."""
    sent: list = []

    def do(who: str, method: str, grant: str = "", **fields):
        request = stage.client.request(method, request_id=str(uuid.uuid4()), **fields)
        answer = stage.until(lambda: definite(stage, who, method, request, grant), f"an answer to {method}", 60)
        if not answer.ok:
            raise Refused(method, answer)
        if method.endswith(("/FileEntry", "/RaisePrescription", "/Complete")):
            sent.append((who, method, request, grant, answer.body))
        return answer.reply

    closed, left = (Story(stage, do).submit().known().claim() for _ in range(2))
    left.file()
    left.raised()
    closed.file()
    closed.complete()
    return left, sent


def _after_the_lease(stage: Stage, left: Story, sent: list) -> dict:
    """The lease is over and somebody else has the item: what was done then is still answered as it was, and nothing more."""
    left.do = lambda who, method, grant="", **fields: stage.client.act(who, method, grant, **fields)
    stale = left.grant

    def claimed() -> bool:
        try:
            left.claim("gp-bert")
        except Refused:
            return False
        return True

    stage.until(claimed, "somebody else claims the item once the lease is over", 90, 0.5)
    for who, method, request, grant, body in sent:
        again = stage.until(lambda m=method, r=request, g=grant, w=who: definite(stage, w, m, r, g), f"a replay of {method}", 60)
        require(again.ok and again.replayed, f"{method}: done before the lease ended, and answered after it {again}")
        require(again.body == body, f"{method}: the recorded answer has changed")
    fresh = {"name": f"entries/{uuid.uuid4()}", "consultation": left.consultation, "content": forms.entry(left.word)}
    request = stage.client.request("WritebackService/FileEntry", request_id=str(uuid.uuid4()), **fresh)
    new = stage.until(lambda: definite(stage, "gp-anna", "WritebackService/FileEntry", request, stale), "an answer", 60)
    require(new.reason in ("CLAIM_EXPIRED", "CLAIM_SUPERSEDED"), f"a new act under the old grant was answered {new}")
    found = stage.client.read("gp-bert", "PrescribingService/GetPrescription", left.held(), name=left.prescription).prescription
    method, why = "PrescribingService/VoidPrescription", "Left by somebody who had to go."
    left.do("gp-bert", method, name=left.prescription, etag=found.etag, reason=why)
    left.complete()
    return {"replayed_after_the_lease": [method.partition("/")[2] for _, method, *_ in sent]}
