"""One table, by people who may see one practice's rows and not the other's: every kind of statement at the other's rows."""

from __future__ import annotations

from dataclasses import dataclass

from databases import Databases, Refused
from report import Report
from row_rules import NOBODYS, OF_BOTH, ORGANISATIONS

# Of many rows of the other practice, so many are aimed at.
AIMED = 200


@dataclass
class Two:
    """Two callers of one sort, each of whom may see one practice: the settings of their transactions, by practice."""

    name: str
    settings: dict[str, str]
    # Of one organisation, they share what is the organisation's.
    colleagues: bool = False
    # They see some of their practice's rows, not all.
    partly: bool = False


class Table:
    """One protected table of one service."""

    def __init__(self, databases: Databases, report: Report, service: str, table: dict) -> None:
        self.databases, self.report, self.service, self.table = databases, report, service, table
        self.name, self.where = table["name"], f"{service}: {table['name']}"
        # A row is known by its place, or where only some columns may be read, by the first of them.
        self.id = "ctid" if table["reads"] else table["readable"][0]

    def tried(self, pairs: list[Two], nobodies: dict[str, str], orgs: dict[str, str]) -> int:
        """All checks; how many rows were kept from somebody: none when one of the two practices has none."""
        self.report.expect(self.table["secured"] and self.table["forced"], f"{self.where} is behind forced row security, or says why not")
        for who, settings in {"a transaction without settings": "", **nobodies}.items():
            seen = self._seen(settings)
            if self.name in ORGANISATIONS and who.startswith("a colleague"):
                continue
            self.report.expect(not seen, f"{self.where}: {who} sees nothing", f"{len(seen)} rows")
        if self.name in NOBODYS:
            return sum(self._nobodys(one) for one in pairs)
        if self.name in ORGANISATIONS:
            return sum(self._colleagues(one) if one.colleagues else self._nobodys(one) for one in pairs)
        kept = [self._pair(one, orgs) for one in pairs]
        return sum(kept) if kept[0] else 0

    def _seen(self, settings: str) -> set[str]:
        try:
            return {row["id"] for row in self.databases.seen(self.service, f"select {self.id}::text as id from {self.name}", settings)}
        except Refused:
            return set()

    def _all(self) -> set[str]:
        return {row["id"] for row in self.databases.all(self.service, f"select {self.id}::text as id from {self.name}")}

    def _nobodys(self, pair: Two) -> int:
        """There are rows, and neither of the two sees, changes or adds any."""
        there = self._all()
        for practice, settings in pair.settings.items():
            seen = self._seen(settings)
            self.report.expect(not seen, f"{self.where}: {pair.name} of {practice} sees nothing", f"{len(seen)} rows")
            if there:
                self._statements(pair, settings, there)
        return len(there)

    def _colleagues(self, pair: Two) -> int:
        one, two = (self._seen(settings) for settings in pair.settings.values())
        self.report.expect(one == two and bool(one), f"{self.where}: colleagues see the same of their organisation's", (len(one), len(two)))
        return 0

    def _pair(self, pair: Two, orgs: dict[str, str]) -> int:
        rows = {practice: self._seen(settings) for practice, settings in pair.settings.items()}
        both = {row["id"] for row in self.databases.all(self.service, OF_BOTH[self.name])} if self.name in OF_BOTH else set()
        rows = {practice: seen - both for practice, seen in rows.items()}
        one, two = rows.values()
        shared = one & two
        self.report.expect(not shared, f"{self.where}: {pair.name}: no row is seen from both practices", f"{len(shared)} rows")
        if "practice" in self.table["columns"]:
            for practice, settings in pair.settings.items():
                self._owned(pair, practice, settings, orgs[practice])
        for mine, theirs in (list(rows), list(rows)[::-1]):
            if rows[theirs] - rows[mine]:
                self._statements(pair, pair.settings[mine], rows[theirs] - rows[mine])
            # Whoever sees a row because they submitted it may submit for any practice: that is no gift.
            if self.table["changes"] and "practice" in self.table["columns"] and rows[mine] and not pair.partly:
                self._given_away(pair, pair.settings[mine], orgs[theirs])
        return len(one) + len(two) if one and two else 0

    def _owned(self, pair: Two, practice: str, settings: str, owner: str) -> None:
        """A table that names a practice: what is seen is that practice's, and all of it."""
        query = f"select count(*) as all, count(*) filter (where practice = '{owner}') as own from {self.name}"
        there = f"select count(*) from {self.name} where practice = '{owner}'"
        # Background work goes on between the two looks: they are repeated until they agree.
        for _ in range(50):
            seen = self.databases.seen(self.service, query, settings)[0] | {"there": int(self.databases.value(self.service, there))}
            if seen["own"] == seen["there"]:
                break
        self.report.expect(seen["all"] == seen["own"], f"{self.where} shows {pair.name} of {practice} its own only", seen)
        self.report.expect(pair.partly or seen["own"] == seen["there"], f"{self.where} shows {pair.name} of {practice} all its own", seen)
        self.report.count("rows: tables of practices with rows to hide", 1 if seen["own"] else 0)

    def _statements(self, pair: Two, settings: str, theirs: set[str]) -> None:
        """Every kind of statement aimed at the other practice's rows, and one that makes another of them."""
        column, of = self.table["columns"][0], sorted(theirs)[:AIMED]
        places = ", ".join(f"'{place}'" for place in of)
        aimed = f"{self.id}::text = any (array[{places}])"
        tried = {"select": f"select 1 from {self.name} where {aimed}"}
        if self.table["changes"] and self.table["reads"]:
            tried["update"] = f"update {self.name} set {column} = {column} where {aimed} returning 1"
        if self.table["removes"]:
            tried["delete"] = f"delete from {self.name} where {aimed} returning 1"
        for what, statement in tried.items():
            got = self.databases.touched(self.service, statement, settings)
            self.report.count("rows: statements")
            self.report.expect(got == 0, f"{self.where}: {pair.name}: {what} of the other practice's rows", f"{got} rows")
        if self.table["adds"]:
            self._added(pair, settings, of[0])

    def _added(self, pair: Two, settings: str, place: str) -> None:
        """A copy of the other's row: what is written is looked at before any key is, so it must be row security that refuses."""
        copied = self.databases.all(self.service, f"select * from {self.name} where {self.id}::text = '{place}'")
        if not copied:
            # Background work has moved it meanwhile; any other row of theirs is as good.
            self.report.count("rows: copies that came too late")
            return
        columns = ", ".join(self.table["columns"])
        row = self.databases.quoted(copied[0])
        statement = f"insert into {self.name} ({columns}) select {columns} from json_populate_record(null::{self.name}, {row})"
        self._refused(pair, settings, statement + " returning 1", "a row added for the other practice")

    def _given_away(self, pair: Two, settings: str, owner: str) -> None:
        self._refused(pair, settings, f"update {self.name} set practice = '{owner}' returning 1", "a row given to the other practice")

    def _refused(self, pair: Two, settings: str, statement: str, what: str) -> None:
        try:
            done: object = self.databases.touched(self.service, statement, settings)
        except Refused as error:
            done = "" if "row-level security" in str(error) else str(error)
        self.report.count("rows: statements")
        self.report.expect(done == "", f"{self.where}: {pair.name}: {what} is refused by row security", done)
