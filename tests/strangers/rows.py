"""Row security alone: what the role that serves calls can do by SQL, as if every check of the services were off.

The tables come from the catalogue. One without policy fails, unless `row_rules` says why anybody may read it.
"""

from __future__ import annotations

import row_rules
from databases import Refused
from definers import Definers
from fixture import ALDER, BIRCH, HUB
from report import Tried
from row_checks import Table, Two
from row_rules import ADDED_ONLY, EMPTY, NOBODYS, OF_BOTH, OPEN, ORGANISATIONS, SHUT, TABLES
from stage import Stage
from suite import SERVICES

SUPPLIER = "SUP01"
COLLEAGUES = {ALDER: "rolf-rows", BIRCH: "rita-rows"}
CLIENTS = {ALDER: "alder-rows", BIRCH: "birch-rows"}


class Rows:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick
        self.met: set[str] = set()

    def run(self) -> None:
        """Every database in turn; then whether the lists of exceptions are still needed, and whether the checks bite."""
        stage = self.stage
        self.databases, self.definers = stage.databases, Definers(stage)
        self.sides = [stage.side(practice) for practice in (ALDER, BIRCH)]
        self._rostered()
        stage.quiet()
        self.pairs = {service: self._pairs(service) for service in SERVICES}
        for service in SERVICES:
            self._database(service)
        self.definers.called({service: pairs[0].settings[ALDER] for service, pairs in self.pairs.items()})
        self._needed()
        self._bites()

    # Who

    def _rostered(self) -> None:
        """Two people of the hub, for one practice each, of whom every service has heard; two clients with a submission each."""
        for practice, who in COLLEAGUES.items():
            self.stage.fx.roster(who, [practice], "gp")
            for service in SERVICES:
                query = f"select count(*) from ehub.access where person = '{who}'"
                self.stage.until(lambda s=service, q=query: self.databases.value(s, q) != "0", f"{who} at {service}")
        rpc = self.stage.rpc("SubmitConsultation")
        for practice, client in CLIENTS.items():
            submitted = self.stage.go(rpc, self.stage.fx.submission(practice), self.stage.minted("supplier", sub=client, client_id=client))
            self.report.expect(submitted.ok, f"{client} submits", submitted)

    def _org(self, service: str, ods: str) -> str:
        return self.databases.value(service, f"select org from ehub.organisation where ods = '{ods}' limit 1")

    def _settings(self, service: str, organisation: str, kind: str, person: str, client: str) -> str:
        """What a transaction says of its caller, as the services set it: a client's has no person."""
        org = self._org(service, organisation)
        values = {"app.org": org, "app.kind": kind, "app.person": person, "app.client": client, "app.now": ""}
        pairs = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())
        return f"do $$ begin perform {pairs}; end $$;"

    def _pairs(self, service: str) -> list[Two]:
        """Callers of every sort, each for one of the two practices."""
        of = lambda *who: self._settings(service, *who)  # noqa: E731
        people = {ALDER: of(ALDER, "person", "practice-alder", "front-end"), BIRCH: of(BIRCH, "person", "practice-birch", "front-end")}
        hub = {practice: of(HUB, "person", who, "front-end") for practice, who in COLLEAGUES.items()}
        clients = {practice: of(SUPPLIER, "client", "", client) for practice, client in CLIENTS.items()}
        return [Two("a person", people), Two("a colleague of the hub", hub, colleagues=True), Two("a client", clients, partly=True)]

    def _nobodies(self, service: str) -> dict[str, str]:
        return {
            "a colleague without roster": self._settings(service, HUB, "person", "nobody-rows", "front-end"),
            "a client that submitted nothing": self._settings(service, SUPPLIER, "client", "", "supplier-rows"),
        }

    # What

    def _database(self, service: str) -> None:
        role = self.databases.seen(service, row_rules.ROLE)[0]
        rights = [name for name, value in role.items() if value and name not in ("temporary",)]
        self.report.expect(not rights, f"{service}: the run role has no right beyond its tables", rights)
        self.definers.known(service)
        tables = self.databases.seen(service, TABLES)
        self.report.expect(bool(tables), f"{service}: the catalogue shows tables")
        orgs, nobodies = {ods: self._org(service, ods) for ods in (ALDER, BIRCH)}, self._nobodies(service)
        for table in filter(lambda one: self._examined(service, one), tables):
            self.report.count("rows: tables behind row security")
            kept = Table(self.databases, self.report, service, table).tried(self.pairs[service], nobodies, orgs)
            self.report.count("rows: rows of one practice kept from the other", kept)
            empty = f"{service}: {table['name']} has rows of both practices, or says why not"
            self.report.expect((kept > 0) != (table["name"] in EMPTY), empty, kept)

    def _examined(self, service: str, table: dict) -> bool:
        """What every table must be; whether it is one that row security has to keep."""
        name, expect = table["name"], self.report.expect
        self.report.count("rows: tables")
        expect(not table["own"], f"{service}: the run role does not own {name}")
        expect(not table["truncates"], f"{service}: the run role may not truncate {name}")
        rights = [right for right in ("reads_some", "adds", "changes", "removes") if table[right]]
        if not rights:
            return False
        self.met.add(name)
        if table["kind"] in "vmf":
            expect(table["invoker"], f"{service}: the view {name} looks with its caller's eyes")
            return False
        if name in SHUT:
            self._shut(service, table)
            return False
        if name in ADDED_ONLY:
            expect(rights == ["adds"], f"{service}: to {name} is only added", rights)
            return False
        if name in OPEN:
            expect(not table["secured"], f"{service}: {name} is open, as its exception says")
            self._wordless(service, name)
            return False
        return True

    def _wordless(self, service: str, name: str) -> None:
        """In what everybody may read stands no name, number or text of a patient: as it is, or as the bytes of an answer."""
        words = [word for side in self.sides for word in (side.word, side.fx.nhs_number)]
        sought = ", ".join(f"'%{form}%'" for word in words for form in (word, word.encode().hex()))
        found = self.databases.value(service, f"select count(*) from {name} t where t::text ilike any (array[{sought}])")
        self.report.expect(found == "0", f"{service}: {name} is open and holds no word of a patient", found)

    def _shut(self, service: str, table: dict) -> None:
        """What is in the columns that are shut, nobody reads; and nobody changes or removes a row."""
        name = table["name"]
        rights = [right for right in ("reads", "changes", "removes") if table[right]]
        self.report.expect(not rights, f"{service}: {name} is open in some columns only, for reading and adding", rights)
        for column in SHUT[name]:
            try:
                seen = self.databases.seen(service, f"select {column}::text from {name} limit 1")
            except Refused as error:
                seen = [] if "permission denied" in str(error) else [str(error)]
            self.report.expect(not seen, f"{service}: {name}.{column} is not read by who serves calls", "it is")
            self.report.count("rows: columns that are shut")

    # Whether that says anything

    def _needed(self) -> None:
        for names in (OPEN, SHUT, ADDED_ONLY, NOBODYS, ORGANISATIONS, EMPTY, OF_BOTH):
            stale = set(names) - self.met
            self.report.expect(not stale, "every exception names a table that is there", sorted(stale))
        for name, query in OF_BOTH.items():
            self.report.expect(bool(self.databases.all(name.partition(".")[0], query)), f"{name} has rows of both practices at once, as its exception says")

    def _bites(self) -> None:
        """Tables that somebody forgets to protect are found: made here, looked at, and dropped."""
        forgotten = {
            "no policy": ("", "behind forced row security"),
            "a policy that lets everybody through": (_policy("using (true) with check (true)"), "no row is seen from both"),
            "a policy that lets everything be written": (_policy(f"using ({_REACH}) with check (true)"), "refused by row security"),
        }
        for what, (policies, said) in forgotten.items():
            tried = Tried(self.report.root, self.report.mode)
            try:
                self.databases.change("intake", _FORGOTTEN + policies + "".join(
                    f"; insert into intake.forgotten values ('{self._org('intake', ods)}', '{ods}')" for ods in (ALDER, BIRCH)))
                table = next(one for one in self.databases.seen("intake", TABLES) if one["name"] == "intake.forgotten")
                orgs = {ods: self._org("intake", ods) for ods in (ALDER, BIRCH)}
                Table(self.databases, tried, "intake", table).tried(self.pairs["intake"], self._nobodies("intake"), orgs)
            finally:
                self.databases.change("intake", "drop table if exists intake.forgotten")
            self.report.expect(any(said in one for one in tried.failures), f"a table with {what} is found", tried.failures)


_FORGOTTEN = "create table intake.forgotten (practice uuid, word text); grant select, insert, update, delete on intake.forgotten to ehub_intake_run"
_REACH = "practice in (select * from ehub.reachable())"


def _policy(text: str) -> str:
    secured = "; alter table intake.forgotten enable row level security; alter table intake.forgotten force row level security"
    return f"{secured}; create policy run on intake.forgotten for all to ehub_intake_run {text}"
