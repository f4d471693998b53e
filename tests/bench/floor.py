"""The floor under whole lives: the same durable writes, replayed by pgbench with nothing around them.

What a run of lives really did is counted: commits that wrote (from the WAL itself), rows inserted, updated and deleted
by table, less what the idle suite writes in the same time. The rows themselves are copied; pgbench then writes them again,
life by life, into tables of the same columns, keys and indexes, in as many transactions as the services took, each sent in
one pipeline. It looks rows up by their keys to copy and update them, and does nothing else: no checks, no foreign keys, no
triggers, no row security, no row locks, no calls. What the same writes cost when PostgreSQL is given them bare. An update that
gave every index an entry does so again: it counts up a column that the key's index includes.
"""

from __future__ import annotations

import re
import statistics
import subprocess

from bench_home import SERVICES, Home, postgres_program, sql
from counts import Wal

# As many whatever is replayed, so that shares of two runs can be compared.
CLIENTS = 10
# The replay may write so much more or less than what it replays.
OFF = 0.15
FILLER = "floor_filler"
# Counted up where an update is to reach the indexes.
MOVED = "floor_moved"


class Table:
    """A table of one service as the replay writes it."""

    def __init__(self, service: str, name: str, done: dict, lives: int) -> None:
        self.service, self.name = service, name
        schema, bare = name.split(".")
        self.target = f"{service}_ehub.{bare}" if schema == "ehub" else name
        self.source = f"src.{service}_{bare}"
        self.inserted = done["inserted"] / lives
        self.updated = done["updated"] / lives
        self.moved = (done["updated"] - done["hot"]) / lives
        self.deleted = done["deleted"] / lives
        self.columns: list[str] = []
        self.key: list[str] = []
        self.rows = 0


class Floor:
    """The replay of one run of lives."""

    def __init__(self, home: Home, work: dict, lives: int) -> None:
        self.home, self.lives = home, lives
        self.clients = max(1, min(CLIENTS, lives))
        self.wrote: Wal = work["wal"].over(lives)
        self.commits = max(1.0 / lives, self.wrote.commits)
        self.url = home.admin.rsplit("/", 1)[0] + "/bench_floor"
        wanted = {key: done for key, done in work["rows"].items() if key[1].split(".")[0] != "public"}
        self.tables = [Table(*key, done, lives) for key, done in sorted(wanted.items())]

    def build(self) -> None:
        """Makes the database of the replay: the services' tables, and a copy of the rows they hold."""
        self.home.sql("drop database if exists bench_floor")
        self.home.sql("create database bench_floor")
        for service in SERVICES:
            dump = [postgres_program("pg_dump"), "--schema-only", "--no-owner", "--no-privileges", "-N", "public", "-d", self.home.database(service)]
            schema = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
            sql(self.url, schema + f"\nalter schema ehub rename to {service}_ehub;")
        sql(self.url, "create schema src; create table floor_filler (id bigint generated always as identity primary key, body bytea not null)")
        for table in self.tables:
            self._copy(table)
        sql(self.url, "vacuum analyze")

    def _copy(self, table: Table) -> None:
        target = f"'{table.target}'::regclass"
        columns = sql(self.url, f"select quote_ident(attname) from pg_attribute where attrelid = {target} and attnum > 0 and not attisdropped and attgenerated = '' order by attnum")
        table.columns = [name for name, in columns]
        key = sql(self.url, f"select quote_ident(a.attname) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indrelid = {target} and i.indisprimary")
        table.key = [name for name, in key]
        sql(self.url, f"alter table {table.target} disable trigger all; create unlogged table {table.source} as select 0::bigint as n, * from {table.target} limit 0")
        names = ", ".join(table.columns)
        sql(self.url, f"alter table {table.source} add primary key (n)")
        if table.moved > 0 and table.key:
            self._include_moved(table)
        # Any rows do: a table is of one kind of rows, the oldest as large as the newest.
        rows = f"select row_number() over (order by ctid) as n, {names} from {table.name}"
        take = subprocess.Popen([postgres_program("psql"), "-X", "-q", "-d", self.home.database(table.service), "-c", f"copy ({rows}) to stdout"], stdout=subprocess.PIPE)
        subprocess.run([postgres_program("psql"), "-X", "-q", "-d", self.url, "-c", f"copy {table.source} (n, {names}) from stdin"], stdin=take.stdout, check=True)
        take.wait()
        table.rows = int(sql(self.url, f"select count(*) from {table.source}")[0][0])

    def _include_moved(self, table: Table) -> None:
        """The key's index made again, with the column that is counted up."""
        [(name,)] = sql(self.url, f"select conname from pg_constraint where conrelid = '{table.target}'::regclass and contype = 'p'")
        sql(self.url, f"alter table {table.target} drop constraint {name} cascade, add column {MOVED} int not null default 0, add primary key ({', '.join(table.key)}) include ({MOVED})")

    def script(self) -> str:
        """One life: its units of writing, spread evenly over its commits."""
        units: list[str] = []
        for table in self.tables:
            units += self._inserts(table) + self._updates(table) + self._deletes(table)
        commits = max(1, round(self.commits))
        lines = ["\\set k :k + 1", f"\\set life (:k - 1) * {self.clients} + :client_id"]
        for number in range(commits):
            some = units[number * len(units) // commits : (number + 1) * len(units) // commits]
            lines += ["\\startpipeline", "begin;", *some, "end;", "\\endpipeline"]
        return "\n".join(lines) + "\n"

    def _kept(self, table: Table) -> bool:
        """Whether the rows the run inserted are there to be copied."""
        return table.inserted > 0.02 and table.rows >= table.inserted * self.lives * 0.9

    def _inserts(self, table: Table) -> list[str]:
        if not self._kept(table):
            filler = [f"insert into {FILLER} (body) values (decode(repeat('00', 150), 'hex'));"]
            return filler * round(table.inserted)
        names, each = ", ".join(table.columns), table.inserted
        units = max(1, round(each))
        step = each / units
        # As whole numbers: compared with anything else, the keys' index is of no use.
        first = f"floor(:life::bigint * {each:.6f}"
        return [
            f"insert into {table.target} ({names}) overriding system value select {names} from {table.source} "
            f"where n > {first} + {unit * step:.6f})::bigint and n <= {first} + {(unit + 1) * step:.6f})::bigint on conflict do nothing;"
            for unit in range(units)
        ]

    def _updates(self, table: Table) -> list[str]:
        if not table.key or not table.rows:
            return [f"update {FILLER} set body = body where id = :life::bigint % 100 + 1;"] * round(table.updated)
        match = " and ".join(f"t.{name} = s.{name}" for name in table.key)
        free = next((name for name in table.columns if name not in table.key), table.key[0])
        units, moved = [], round(table.moved)
        for unit in range(round(table.updated)):
            change = f"{MOVED} = t.{MOVED} + 1" if unit < moved else f"{free} = t.{free}"
            if self._kept(table):
                place = f"floor(:life::bigint * {table.inserted:.6f})::bigint + {unit % max(1, round(table.inserted)) + 1}"
            else:
                place = f"(:life::bigint * {round(table.updated)} + {unit}) % {table.rows} + 1"
            units.append(f"update {table.target} t set {change} from {table.source} s where s.n = {place} and {match};")
        return units

    def _deletes(self, table: Table) -> list[str]:
        return [f"delete from {FILLER} where id = (select min(id) from {FILLER});"] * round(table.deleted) if table.deleted >= 0.5 else []

    def _reset(self) -> None:
        for table in self.tables:
            sql(self.url, f"truncate {table.target} cascade")
        for table in self.tables:
            if not self._kept(table):
                names = ", ".join(table.columns)
                sql(self.url, f"insert into {table.target} ({names}) overriding system value select {names} from {table.source} on conflict do nothing")
        sql(self.url, f"truncate {FILLER} restart identity; insert into {FILLER} (body) select decode(repeat('00', 150), 'hex') from generate_series(1, 2000)")
        sql(self.url, "vacuum analyze; checkpoint")

    def measure(self, rounds: int = 3) -> dict:
        """Replays all lives, some times; gives lives a second and what was written."""
        path = self.home.path / "floor.sql"
        path.write_text(self.script())
        each = self.lives // self.clients
        rates, wrote = [], []
        for _ in range(rounds):
            self._reset()
            start = self.home.sql("select pg_current_wal_lsn()")[0][0]
            command = [postgres_program("pgbench"), "-n", "-M", "prepared", "-c", str(self.clients), "-j", "1", "-t", str(each), "-D", "k=0", "-f", str(path), self.url]
            done = subprocess.run(command, capture_output=True, text=True)
            found = re.search(r"^tps = ([\d.]+)", done.stdout, re.M)
            if done.returncode != 0 or not found:
                raise RuntimeError("pgbench failed:\n" + done.stdout[-500:] + done.stderr[-2000:])
            end = self.home.sql("select pg_current_wal_lsn()")[0][0]
            rates.append(float(found[1]))
            wrote.append(Wal.between(self.home, start, end).over(each * self.clients))
        middle = Wal(*(statistics.median(one) for one in zip(*wrote)))
        return {
            # Page images say when checkpoints came, not what was written; row locks are of what the replay does without.
            "off": {"wal records": middle.record_bytes / self.wrote.record_bytes - 1, "commits": middle.commits / self.commits - 1},
            "lives_per_second": statistics.median(rates),
            "rounds": rates,
            "clients": self.clients,
            "wrote_per_life": middle._asdict(),
            "rows_per_life": {"inserted": sum(t.inserted for t in self.tables), "updated": sum(t.updated for t in self.tables), "deleted": sum(t.deleted for t in self.tables)},
        }
