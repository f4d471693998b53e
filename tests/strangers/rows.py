"""Row security alone: what the role that serves calls can do by SQL, as if every check of the services were off.

The tables come from the catalogue. One without policy fails, unless it stands in `OPEN` with the reason why anybody may
read it.
"""

from __future__ import annotations

import uuid

from fixture import ALDER, BIRCH
from databases import Refused
from stage import Stage
from suite import SERVICES

# Tables that every caller's transaction may read, and why that shows nobody's patient.
OPEN = {
    "ehub.organisation": "the register: organisations, no patients",
    "ehub.access": "who may reach which practice; row security itself reads it",
    "ehub.access_version": "counters",
    "ehub.access_freshness": "a time",
    "ehub.incarnation": "the life of the database",
    "ehub.claim_fence": "consultation ids and epochs; every guard locks its row",
    "ehub.inbox": "stream ids and versions",
    "ehub.outbox_stream": "stream ids and versions",
    "ehub.outbox_cursor": "positions",
    "ehub.outbox_skip": "what operators left out: stream ids, and their reasons",
    "ehub.outbox_held": "stream ids and reasons",
    "ehub.idempotency": "looked up by client, subject, method and request id; answers hold names and versions",
    "allocation.roster": "who works for which practices; the register's own",
    "allocation.access_agreement": "which hub works for which practice; the register's own",
    "intake.enrolment": "the hub's promises to practices, no patients",
    "intake.status_attempt": "references that were guessed, and when",
    "intake.trace_queue": "consultation ids",
    "intake.page": "consultation ids and duty contacts",
    "audit.leaf": "the log's leaves: no name, number or text in them; whom they concern is a keyed hash",
    "audit.node": "hashes",
    "audit.checkpoint": "signed hashes",
    "audit.no_loss": "counts",
    "public.ehub_migration": "the schema's own record",
    "ehub_migration": "the schema's own record",
}
# Tables that are open but for what may speak of patients: these columns are shut, and nothing is ever removed.
SHUT = {"ehub.outbox": ("body", "traceparent")}
# Rows that are of two practices at once: one page of a list that named patients of both.
OF_BOTH = {
    "audit.event": """select e.ctid::text as ctid from audit.event e where 2 = (select count(distinct o.ods)
        from audit.mention m join audit.consultation c using (consultation) join ehub.organisation o on o.org = c.practice
        where m.event_id = e.id and o.ods in ('%s', '%s'))""",
}
TABLES = """
select n.nspname || '.' || c.relname as name, c.relkind as kind, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
       pg_get_userbyid(c.relowner) = current_user as own,
       has_table_privilege(current_user, c.oid, 'select') as reads, has_table_privilege(current_user, c.oid, 'insert') as adds,
       has_table_privilege(current_user, c.oid, 'update') as changes, has_table_privilege(current_user, c.oid, 'delete') as removes,
       has_table_privilege(current_user, c.oid, 'truncate') as truncates,
       (select array_to_json(array_agg(a.attname order by a.attnum)) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = '') as columns,
       coalesce(c.reloptions @> array['security_invoker=true'], false) as invoker
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
   and has_schema_privilege(current_user, n.oid, 'usage')
 order by 1
"""
ROLE = """
select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
       has_database_privilege(current_user, current_database(), 'create') as creates,
       has_database_privilege(current_user, current_database(), 'temp') as temporary,
       (select array_to_json(array_agg(n.nspname)) from pg_namespace n where has_schema_privilege(current_user, n.oid, 'create')) as schemas,
       (select count(*) from pg_auth_members m where m.member = r.oid) as memberships
  from pg_roles r where rolname = current_user
"""
# Functions that run as their owner: each looks past row security on purpose.
DEFINERS = {"intake.related", "intake.public_status", "prescribing.recently_issued"}
FUNCTIONS = """
select n.nspname || '.' || p.proname as name, coalesce(array_to_string(p.proconfig, ','), '') as config
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') and has_function_privilege(current_user, p.oid, 'execute')
"""


class Rows:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick

    def run(self) -> None:
        """Every database in turn."""
        stage = self.stage
        for practice in (ALDER, BIRCH):
            stage.side(practice)
        stage.quiet()
        for service in SERVICES:
            self._database(service)
        self._bites()

    def _bites(self) -> None:
        """A table that somebody forgets to protect is found: made here, looked for, and dropped."""
        change = self.stage.databases.change
        change("intake", "create table intake.forgotten (practice uuid); grant select on intake.forgotten to ehub_intake_run")
        try:
            table = next(one for one in self.stage.databases.seen("intake", TABLES) if one["name"] == "intake.forgotten")
            self.report.expect(not _behind(table), "a table without policy is found")
        finally:
            change("intake", "drop table intake.forgotten")

    def _settings(self, service: str, practice: str) -> str:
        """What a transaction says of a person of a practice, as the services set it."""
        org = self.stage.databases.value(service, f"select org from ehub.organisation where ods = '{practice}' limit 1")
        person = {ALDER: "practice-alder", BIRCH: "practice-birch"}[practice]
        values = {"app.org": org, "app.kind": "person", "app.person": person, "app.client": "front-end", "app.now": ""}
        pairs = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())
        return f"do $$ begin perform {pairs}; end $$;"

    def _database(self, service: str) -> None:
        self._role(service)
        tables = self.stage.databases.seen(service, TABLES)
        self.report.expect(bool(tables), f"{service}: the catalogue shows tables")
        protected = []
        for table in tables:
            name = table["name"]
            self.report.count("rows: tables")
            self.report.expect(not table["own"], f"{service}: the run role does not own {name}")
            self.report.expect(not table["truncates"], f"{service}: the run role may not truncate {name}")
            if not any(table[right] for right in ("reads", "adds", "changes", "removes")):
                continue
            if table["kind"] in "vmf":
                self.report.expect(table["invoker"], f"{service}: the view {name} looks with its caller's eyes")
                continue
            if name in SHUT:
                self._shut(service, table)
                continue
            if name in OPEN or not table["reads"]:
                continue
            self.report.expect(_behind(table), f"{service}: {name} is behind forced row security, or says why not", table)
            protected.append(table)
        self.report.count("rows: tables behind row security", len(protected))
        settings = {practice: self._settings(service, practice) for practice in (ALDER, BIRCH)}
        for table in protected:
            self._table(service, table, settings)

    def _shut(self, service: str, table: dict) -> None:
        """What is in the columns that are shut, nobody reads; and nobody changes or removes a row."""
        name = table["name"]
        rights = [right for right in ("reads", "changes", "removes") if table[right]]
        self.report.expect(not rights, f"{service}: {name} is open in some columns only, for reading and adding", rights)
        for column in SHUT[name]:
            try:
                seen = self.stage.databases.seen(service, f"select {column}::text from {name} limit 1")
            except Refused as error:
                seen = [] if "permission denied" in str(error) else [str(error)]
            self.report.expect(not seen, f"{service}: {name}.{column} is not read by who serves calls", "it is")
            self.report.count("rows: columns that are shut")

    def _role(self, service: str) -> None:
        role = self.stage.databases.seen(service, ROLE)[0]
        rights = [name for name, value in role.items() if value and name not in ("temporary",)]
        self.report.expect(not rights, f"{service}: the run role has no right beyond its tables", rights)
        for function in self.stage.databases.seen(service, FUNCTIONS):
            name = function["name"]
            self.report.count("rows: functions that run as their owner")
            self.report.expect(name in DEFINERS, f"{service}: {name} runs as its owner, which is known")
            self.report.expect("search_path" in function["config"], f"{service}: {name} fixes its search path")

    def _table(self, service: str, table: dict, settings: dict[str, str]) -> None:
        """Nobody's rows without settings; each practice's own with; nothing of the other's by any statement."""
        name = table["name"]
        where = f"{service}: {name}"
        # No settings at all: nothing, or an error.
        try:
            seen = self.stage.databases.seen(service, f"select 1 as one from {name}")
        except Refused:
            seen = []
        self.report.expect(not seen, f"{where}: without settings nothing is seen", f"{len(seen)} rows")
        rows = {practice: self._rows_of(service, name, said) for practice, said in settings.items()}
        if name in OF_BOTH:
            both = {row["ctid"] for row in self.stage.databases.all(service, OF_BOTH[name] % (ALDER, BIRCH))}
            rows = {practice: mine - both for practice, mine in rows.items()}
        shared = rows[ALDER] & rows[BIRCH]
        self.report.expect(not shared, f"{where}: no row is seen from both practices", f"{len(shared)} rows")
        if "practice" in table["columns"]:
            self._owned(service, table, rows, settings)
        self.report.count("rows: rows of one practice kept from the other", len(rows[ALDER]) + len(rows[BIRCH]))
        for mine, theirs in ((ALDER, BIRCH), (BIRCH, ALDER)):
            if rows[theirs]:
                self._statements(service, table, settings[mine], rows[theirs], where)

    def _rows_of(self, service: str, name: str, settings: str) -> set[str]:
        return {row["ctid"] for row in self.stage.databases.seen(service, f"select ctid::text as ctid from {name}", settings)}

    def _owned(self, service: str, table: dict, rows: dict, settings: dict) -> None:
        """A table that names a practice: what is seen is that practice's, and all of it."""
        name = table["name"]
        databases = self.stage.databases
        for practice, said in settings.items():
            owner = f"(select org from ehub.organisation where ods = '{practice}' limit 1)"
            query = f"select count(*) as all, count(*) filter (where practice = {owner}) as own from {name}"
            there = f"select count(*) from {name} where practice = {owner}"
            seen: dict = {}

            def settled(query=query, said=said, there=there, seen=seen) -> bool:
                """Background work goes on: what is there and what is seen are compared until they stand still."""
                seen |= databases.seen(service, query, said)[0] | {"there": int(databases.value(service, there))}
                return seen["own"] == seen["there"]

            try:
                self.stage.until(settled, f"{name} to show {practice} all its own", 10)
            except RuntimeError as error:
                # Behind a policy that lets nobody through, nothing is seen of one's own either.
                self.report.expect(seen["own"] == 0 and not rows[practice], f"{service}: {error}", seen)
            self.report.expect(seen["all"] == seen["own"], f"{service}: {name} shows {practice} its own only", seen)
            if seen["own"]:
                self.report.count("rows: tables of practices with rows to hide")

    def _statements(self, service: str, table: dict, settings: str, theirs: set[str], where: str) -> None:
        """Every kind of statement aimed at the other practice's rows."""
        name, column = table["name"], table["columns"][0]
        places = ", ".join(f"'{place}'" for place in sorted(theirs)[:200])
        aimed = f"ctid = any (array[{places}]::tid[])"
        tried = {"select": f"select 1 from {name} where {aimed}"}
        if table["changes"]:
            tried["update"] = f"update {name} set {column} = {column} where {aimed} returning 1"
        if table["removes"]:
            tried["delete"] = f"delete from {name} where {aimed} returning 1"
        for what, statement in tried.items():
            got = self.stage.databases.touched(service, statement, settings)
            self.report.count("rows: statements")
            self.report.expect(got == 0, f"{where}: {what} of the other practice's rows", f"{got} rows")
        if table["changes"] and "practice" in table["columns"]:
            self._plant(service, table, settings, where)

    def _plant(self, service: str, table: dict, settings: str, where: str) -> None:
        """A row of one's own made into the other practice's: the check of what is written must refuse it."""
        name = table["name"]
        nobody = f"'{uuid.uuid4()}'::uuid"
        try:
            moved = self.stage.databases.touched(service, f"update {name} set practice = {nobody} returning 1", settings)
        except Refused as error:
            moved = 0 if "row-level security" in str(error) else str(error)
        self.report.count("rows: statements")
        self.report.expect(moved == 0, f"{where}: a row given away to another practice", moved)


def _behind(table: dict) -> bool:
    """Whether row security is on for a table, and for its owner too."""
    return table["secured"] and table["forced"]
