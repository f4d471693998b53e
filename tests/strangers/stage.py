"""What the strangers are tried on: a suite apart that trusts a real issuer, and things of two practices in it."""

from __future__ import annotations

import base64
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from catalogue import Rpc, catalogue
from databases import Databases
from fixture import ALDER, ALLOCATION, BIRCH, HUB, Fixture
from provider import PREFIX, Provider
from receiver import Receiver
from report import Report
from sides import Side, known_to_demographics
from suite import ROOT, SERVICES, Suite
from wire import Answer, Contract, Wire

# Callers at a time.
AT_ONCE = 6
# Of the contract's enum `GrantRequirement`.
GRANT_REQUIRED = 2


class Stage:
    """Everything a group needs."""

    def __init__(self, home: Path, report: Report) -> None:
        self.report, self.home = report, home
        self.contract = Contract(ROOT)
        self.rpcs = catalogue()
        self.rules = {rpc.method: self._rule(rpc) for rpc in self.rpcs}
        self.scopes = sorted({scope for rule in self.rules.values() for scope in rule["scopes"]})
        self.provider = Provider(home / "issuer", self.scopes)
        self.receiver = Receiver()
        self.suite: Suite | None = None
        self.databases: Databases | None = None
        self._sides: dict[str, Side] = {}

    def up(self) -> None:
        """Starts the issuer and the suite that trusts it."""
        self.provider.start()
        issuer = self.provider.trusted_by(self.home / "issuer.toml")
        env = {
            "EHUB_DEV_ISSUER": str(issuer),
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        }
        self.suite = Suite(self.home, consultations=0, env=env)
        self.suite.up()
        self.suite.mark_logs()
        self.wire = Wire(self.contract, {name: self.suite.world["services"][name]["grpc"] for name in SERVICES})
        self.fx = Fixture(self.suite, self.contract, self.wire, "Zqnobody" + uuid.uuid4().hex[:8])
        known_to_demographics(self.fx, ALDER)
        self.databases = Databases(self.suite.postgres("url"), self.suite.world["databases"])
        for who, practices in {"olga": [ALDER, BIRCH], "rolf": [ALDER]}.items():
            self.roster(who, practices)
        for who, organisation in {"ada": ALDER, "beth": BIRCH}.items():
            self.roster(who, [], "administrator", organisation=organisation)
        self._until_known()

    def down(self) -> None:
        """Ends what was started."""
        if self.databases:
            self.databases.close()
        if self.suite:
            self.suite.down()
        self.provider.stop()
        self.receiver.close()

    def _until_known(self) -> None:
        """Waits until every service takes the issuer's tokens and the key of our own, and knows who they are."""
        for service in SERVICES:
            rpc = next(rpc for rpc in self.rpcs if rpc.service == service and self.reads(rpc))
            for who in (self.provided("olga"), self.minted("gp-anna")):
                if "person" not in self.rules[rpc.method]["callers"]:
                    continue
                # The set-up of the world goes on while we look: who may what is known a moment later.
                self.until(lambda r=rpc, w=who: self.go(r, self.request(r), w).code != "UNAUTHENTICATED", f"tokens at {service}")
        practices = {ALDER, BIRCH}
        listed = self.rpc("ListEntries")
        for who in ("olga", "rolf", "ada", "beth"):
            self.until(lambda w=who: self.go(listed, self.request(listed), self.provided(w)).ok, f"{who} of {practices}")

    # Calls

    def _rule(self, rpc: Rpc) -> dict:
        rule = self._rule_of(self.contract.service(rpc.method.rpartition("/")[0]).methods_by_name[rpc.method.rpartition("/")[2]])
        kinds = {1: "person", 2: "client", 3: "service"}
        return {"callers": {kinds[kind] for kind in rule.callers}, "scopes": list(rule.scopes), "practices": rule.practice == 1}

    def _rule_of(self, method):
        """What the contract says of who may call a method."""
        return method.GetOptions().Extensions[self.contract.pool.FindExtensionByName("ehub.auth.v1.rule")]

    def needing_grant(self) -> list[str]:
        """The RPCs whose access rule requires a grant, by their short names, read from the contract itself."""
        methods = [method for name in self.contract.services for method in self.contract.service(name).methods]
        return [method.name for method in methods if self._rule_of(method).grant == GRANT_REQUIRED]

    def rpc(self, name: str) -> Rpc:
        """An RPC by its short name."""
        return next(rpc for rpc in self.rpcs if rpc.method.endswith("/" + name))

    @staticmethod
    def reads(rpc: Rpc) -> bool:
        """Whether a call of it is a question without a name, to which everybody may have an answer."""
        return not rpc.mutates and not rpc.stream and rpc.method.rpartition("/")[2].startswith(("List", "GetCheckpoint"))

    def request(self, rpc: Rpc, **fields):
        """A request of an RPC."""
        return self.fx.request(rpc.method, **fields)

    def go(self, rpc: Rpc, body, metadata, timeout: float = 20) -> Answer:
        """One call; it counts. A stream that has an end is read to it."""
        self.report.count("calls")
        seek = None if rpc.method.endswith("/Watch") else []
        return self.wire.call(rpc.service, rpc.path, body, metadata, timeout, rpc.stream, seek)

    def until(self, good, what: str, patience: float = 60) -> float:
        """Waits for a condition; how long it took. Fails the run when it never comes."""
        began = time.monotonic()
        while not good():
            if time.monotonic() - began > patience:
                raise RuntimeError(f"waited {patience:.0f} s in vain for {what}")
            time.sleep(0.05)
        return time.monotonic() - began

    # Callers

    def provided(self, who: str, grant: str | None = None) -> list[tuple[str, str]]:
        """Metadata with a token of the real issuer."""
        return _metadata(self.provider.token(who), grant)

    def minted(self, persona: str, grant: str | None = None, /, **changes) -> list[tuple[str, str]]:
        """Metadata with a token of a persona with every scope, changed, signed with a key of ours."""
        claims = self.suite.fresh(persona, **({"scope": " ".join(self.scopes)} | changes))
        return _metadata(self.suite.minted(claims), grant)

    def roster(self, who: str, practices: list[str], role: str = "gp", to: str = "", organisation: str = HUB) -> None:
        """Says for which practices a person of the real issuer works."""
        method = f"{ALLOCATION}.RegisterService/PutRoster"
        roster = {"subject": PREFIX + who, "organisation_ods": organisation, "practices_ods": practices, "role": role}
        roster |= {"from_date": "2024-01-01", "to_date": to}
        self.fx.must(method, self.fx.request(method, roster=roster), "hub-admin")

    def side(self, practice: str) -> Side:
        """A practice with its things, made once."""
        if practice not in self._sides:
            side = Side(self, practice)
            side.make()
            self._sides[practice] = side
        return self._sides[practice]

    def each(self, work, items) -> None:
        """Does something for each item, several at a time: what is waited for is mostly the other side."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(work, item) for item in items]:
                done.result()

    def quiet(self) -> dict[str, int]:
        """How many accesses each service has recorded, once that stands still."""
        query = "select count(*) from ehub.outbox where kind like '%AccessRecorded'"
        last = {service: int(self.databases.value(service, query)) for service in SERVICES}
        while True:
            time.sleep(0.3)
            now = {service: int(self.databases.value(service, query)) for service in SERVICES}
            if now == last:
                return now
            last = now


def _metadata(token: str, grant: str | None) -> list[tuple[str, str]]:
    return [("authorization", "Bearer " + token)] + ([("ehub-grant", grant)] if grant else [])


def claims_of(token: str) -> dict:
    """What a token says."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
