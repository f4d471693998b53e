"""What is done under a claim, by who loses the right to it meanwhile: the grant is in force, its holder's right is not."""

from __future__ import annotations

from fixture import COST_CENTRE, PRESCRIBING, new
from sides import Side
from stage import Stage
from wire import Answer

NAMES = ("RenewClaim", "FileEntry", "RaisePrescription")
# How it is refused: the practice is not the caller's, or nothing of it is there for them.
REFUSALS = {("PERMISSION_DENIED", "PRACTICE_NOT_ALLOWED"), ("NOT_FOUND", "ITEM_NOT_FOUND"), ("NOT_FOUND", "CONSULTATION_NOT_FOUND")}


def member(fx, subject: str, to: str = "") -> None:
    """Makes somebody a prescriber of the hub's cost centre, until a day; "gp-bert" is one from the beginning."""
    last = "1" if subject == "gp-bert" else "8"
    method = f"{PRESCRIBING}.PrescribingService/PutMembership"
    given = {
        "cost_centre_ods": COST_CENTRE, "subject": subject, "display_name": "Dr Bert Brook", "sds_user_id": f"55508668910{last}",
        "sds_role_profile_id": f"20010273210{last}", "role_code": "S8000:G8000:R8000", "professional_register": "gmc",
        "professional_code": f"612345{last}", "spurious_code": f"61234{last}", "prescription_type": "0101", "from_date": "2024-01-01", "to_date": to,
    }
    fx.must(method, fx.request(method, membership=given), "hub-admin")


class Acts:
    """A claim on a consultation of a practice, and what its holder does under it."""

    names = NAMES

    def __init__(self, stage: Stage, side: Side, who) -> None:
        self.stage, self.report, self._who = stage, stage.report, who
        self.consultation = side.fx.submitted(side.practice)
        rpc = stage.rpc("ClaimItem")
        claiming = lambda: stage.go(rpc, stage.request(rpc, request_id=new(), consultation=self.consultation), who())  # noqa: E731
        answers: list[Answer] = []

        def claimed() -> bool:
            """Allocation hears of a consultation a moment after intake."""
            answers.append(claiming())
            return answers[-1].ok

        stage.until(claimed, "a claim")
        self.grant = side.fx.read(rpc.method, answers[-1]).claim.grant
        self.entry, self.etag = f"entries/{new()}", ""
        self.last: dict[str, Answer] = {}

    def _try(self, name: str) -> Answer:
        rpc, fx = self.stage.rpc(name), self.stage.fx
        if name == "FileEntry":
            body = fx.filing(self.consultation, name=self.entry, etag=self.etag)
        elif name == "RaisePrescription":
            body = fx.raising(self.consultation)
        else:
            body = self.stage.request(rpc, request_id=new(), consultation=self.consultation)
        self.last[name] = answer = self.stage.go(rpc, body, self._who(self.grant))
        if name == "FileEntry" and answer.ok:
            self.etag = fx.read(rpc.method, answer).etag
        return answer

    def work(self, when: str) -> None:
        """Each is done, once the service has heard of the claim."""
        for name in NAMES:
            self.stage.until(lambda n=name: self._try(n).ok, f"{name} {when}: {self.last.get(name)}")

    def refused(self, name: str) -> bool:
        """Whether it is not done."""
        return not self._try(name).ok

    def judged(self, what: str) -> None:
        """For what they were refused."""
        for name, answer in self.last.items():
            self.report.expect((answer.code, answer.reason) in REFUSALS, f"{name} under a grant in force is refused because {what} has ended", answer)
