"""What the services tell, proved at a real receiver; writes target/reports/telemetry.json.

    .local/venv/bin/python tests/telemetry/run.py [--quick] [--document] [--binary PATH] [PART ...]

`--quick`: one suite, one consultation told from outside with marked names: names against the registry, one trace through
five processes, the lifecycle trace, log lines, the hunt for the marks, a collector that goes and comes back. Without it
also a played morning (then everything `required` has to be seen), every relation of events to their cause, and
collectors that are silent, slow or away from the start.
`--document` writes docs/telemetry.md from the registry and ends. Parts are `main`, `related` and `strained`.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "attack"), str(HERE.parent / "harness")]
import concerns  # noqa: E402
import document  # noqa: E402
import lines  # noqa: E402
import lives  # noqa: E402
import strain  # noqa: E402
import traces  # noqa: E402
from canary import Hunt  # noqa: E402
from receiver import Receiver  # noqa: E402
from registry import Registry  # noqa: E402
from story import Storyteller  # noqa: E402
from suite import ROOT, SERVICES, NotRunning, Suite  # noqa: E402
from wire import Contract  # noqa: E402

HOME = ROOT / ".local/telemetry"
REPORT = ROOT / "target/reports/telemetry.json"
MORNING = 40
# How many submissions may be needed until one's events were applied alone everywhere.
SUBMISSIONS = 5
PARTS = ("main", "related", "strained")


class Proof:
    """Checks, what each found wrong, and figures."""

    def __init__(self, binary: Path) -> None:
        self.binary, self.contract, self.registry = binary, Contract(ROOT), Registry()
        self.checks: dict[str, list[str]] = {}
        self.figures: dict[str, object] = {}

    def note(self, name: str, wrong: list[str]) -> None:
        """Keeps what a check found, and says so."""
        self.checks.setdefault(name, []).extend(wrong)
        print(f"  {'FAIL' if wrong else 'ok  '}  {name}", flush=True)
        for one in wrong[:12]:
            print(f"          {one}", flush=True)

    def suite(self, receiver: Receiver, relation: str, consultations: int = 0) -> Suite:
        """A suite that exports to a receiver, its events related to their cause as said: by links when nothing is set."""
        env = strain.endpoint(receiver.address) | {"OTEL_METRIC_EXPORT_INTERVAL": "1000"}
        if relation != "link":
            env |= {f"EHUB_{service.upper()}__TELEMETRY__RELATION": relation for service in SERVICES}
        return Suite(HOME, consultations=consultations, env=env, binary=self.binary)

    def main(self, consultations: int, relation: str) -> None:
        """The suite everything but faults is looked at in; without a morning its collector goes away at the end."""
        receiver = Receiver()
        suite = self.suite(receiver, relation, consultations)
        try:
            suite.up()
            teller = Storyteller(suite, self.contract, "Xq" + secrets.token_hex(5))
            hunt = Hunt(suite, receiver, teller)
            told = teller.tell()
            self.figures["planted"] = hunt.plant()
            self.told(receiver, teller, told, relation)
            self.note("log lines", lines.check(suite, teller, told["consultation"]))
            self.names(receiver, consultations > 0)
            self.hunted(hunt)
            if not consultations:
                wrong, self.figures["collector_gone"] = strain.gone(suite, teller, receiver)
                self.note("a collector that goes away and comes back", wrong)
        finally:
            suite.down()
            receiver.close()

    def told(self, receiver: Receiver, teller: Storyteller, told: dict, relation: str) -> None:
        """The caller's trace and the lifecycle traces."""
        own = lives.trace_id(told["consultation"], 1, 1)
        arrived = receiver.wait(lambda arrived: own in lives.lifecycles(arrived), 90)
        self.note(f"lifecycle trace by its derived id ({relation})", [] if arrived else [f"{own} did not arrive"])
        self.note(f"one trace through five processes ({relation})", self.followed(receiver, teller, told, relation))
        arrived = receiver.snapshot()
        self.note(f"events stand to their causes as configured ({relation})", traces.misshapen(arrived, relation))
        found = lives.lifecycles(arrived)
        self.note(f"the lifecycle trace shows what was told ({relation})", lives.untold(found.get(own, []), told))
        wrong = [one for spans in found.values() for one in lives.wrong_lifecycle(arrived, spans)]
        self.note(f"{len(found)} lifecycle traces are whole and linked ({relation})", wrong)
        self.figures[f"lifecycle_traces_{relation}"] = len(found)

    def followed(self, receiver: Receiver, teller: Storyteller, told: dict, relation: str) -> list[str]:
        """What is missing of the caller's trace, of that of the story or of one of a few submissions after it."""
        ways = [(told["trace"], told["span"])]
        while True:
            # The last spans of the last stage are exported a moment after what they caused.
            whole = lambda arrived: not traces.followed(arrived, *ways[-1], relation)  # noqa: E731
            if receiver.wait(whole, 15) or len(ways) == SUBMISSIONS:
                self.figures[f"submissions_traced_{relation}"] = len(ways)
                return traces.followed(receiver.snapshot(), *ways[-1], relation)
            ways.append(teller.submitted_traced())

    def names(self, receiver: Receiver, everything: bool) -> None:
        """What arrived against the registry."""
        self.note("the registry itself", self.registry.itself() + document.stale())
        if everything:
            receiver.wait(lambda arrived: not self.registry.unseen(arrived), 60)
        arrived = receiver.snapshot()
        self.note("names are registered", self.registry.against(arrived))
        self.note("what concerns one consultation names it", concerns.nameless(arrived, self.registry, self.contract))
        if everything:
            self.note("what is required was seen", self.registry.unseen(arrived))
        self.figures["arrived"] = {
            "spans": len(arrived.spans),
            "series": len(arrived.points),
            "log_records": len(arrived.logs),
            "metrics": len({point.name for point in arrived.points.values()}),
        }

    def hunted(self, hunt: Hunt) -> None:
        """Nothing marked is anywhere, and the search would have found it."""
        self.note("marks were planted deep", hunt.planted())
        self.note("no marked name, number or text anywhere", hunt.hits())
        self.figures["bytes_searched"] = hunt.sizes()
        self.note("a planted leak is found", hunt.bites())

    def related(self) -> None:
        """The same story where events are children of their cause, or both."""
        for relation in ("parent", "both"):
            receiver = Receiver()
            suite = self.suite(receiver, relation)
            try:
                suite.up()
                teller = Storyteller(suite, self.contract, "Related")
                self.told(receiver, teller, teller.tell(), relation)
            finally:
                suite.down()
                receiver.close()

    def strained(self) -> None:
        """Collectors that are silent, slow or away, against one that is well."""
        strained = strain.Strained(HOME, self.binary, self.contract)
        usual = self.figures["healthy_collector"] = strained.healthy()
        for name, act in (("silent", strained.silent), ("slow", strained.slow), ("away", strained.away)):
            wrong, self.figures[f"{name}_collector"] = act(usual)
            self.note(f"a collector that is {name}", wrong)

    def report(self, began: float) -> int:
        """Writes the report; the exit code."""
        failed = {name: wrong for name, wrong in self.checks.items() if wrong}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        whole = {
            "commit": commit.strip(),
            "passed": len(self.checks) - len(failed),
            "failed": failed,
            "figures": self.figures,
            "seconds": round(time.monotonic() - began, 1),
        }
        REPORT.write_text(json.dumps(whole, indent=2) + "\n")
        print(f"telemetry: {whole['passed']} checks passed, {len(failed)} failed, {whole['seconds']} s; {REPORT}", flush=True)
        return 1 if failed else 0


def main() -> int:
    """Runs; 0 when everything held, 1 when not, 2 when the suite does not start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--document", action="store_true")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/debug/ehub")
    options = parser.parse_args()
    if options.document:
        document.write()
        return 0
    began = time.monotonic()
    proof = Proof(options.binary)
    try:
        if options.quick:
            proof.main(0, "both")
        for part in () if options.quick else options.parts or PARTS:
            {"main": lambda: proof.main(MORNING, "link"), "related": proof.related, "strained": proof.strained}[part]()
    except NotRunning as error:
        print(error, file=sys.stderr)
        return 2
    return proof.report(began)


if __name__ == "__main__":
    sys.exit(main())
