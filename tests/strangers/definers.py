"""Functions that run as their owner: each looks past row security on purpose, and must give no more than it says."""

from __future__ import annotations

from fixture import ALDER, BIRCH
from row_rules import FUNCTIONS
from stage import Stage

# What each gives: ids, states and times, never a word of a patient.
DEFINERS = {
    "intake.related": "TABLE(consultation uuid, state text)",
    "intake.public_status": "TABLE(consultation uuid, practice_ods text, state text, accept_time timestamp with time zone, "
    "respond_by timestamp with time zone, close_time timestamp with time zone)",
    "prescribing.recently_issued": "uuid",
}


class Definers:
    """Known, with a fixed search path, and called by one practice about the other's patient."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.report, self.databases = stage, stage.report, stage.databases
        self._known: set[str] = set()

    def known(self, service: str) -> None:
        """Those that the role that serves calls may call."""
        for function in self.databases.seen(service, FUNCTIONS):
            name = function["name"]
            self._known.add(name)
            self.report.count("rows: functions that run as their owner")
            self.report.expect(function["gives"] == DEFINERS.get(name), f"{service}: {name} runs as its owner, and gives what is known", function["gives"])
            self.report.expect("search_path" in function["config"], f"{service}: {name} fixes its search path")

    def called(self, settings: dict[str, str]) -> None:
        """By a person of one practice about the other's patient: without what one must know, nothing; with it, no word."""
        unknown = set(DEFINERS) - self._known
        self.report.expect(not unknown, "every function that is excepted is there", unknown)
        side = self.stage.side(BIRCH)
        main = side.main.partition("/")[2]
        of_theirs = f"intake.consultation where id = '{main}'"
        reference = side.reference.replace("-", "")
        keys = self.databases.all("intake", f"select encode(person_key, 'hex') as person, birth_date::text as born from {of_theirs}")[0]
        person, born, always = f"'\\x{keys['person']}'::bytea", keys["born"], "'-infinity'::timestamptz"
        nhs = self.databases.value("intake", f"select encode(nhs_key, 'hex') from {of_theirs}")
        patient = self.databases.value("prescribing", f"select encode(patient, 'hex') from prescribing.prescription where consultation = '{main}'")
        medicines = "(select array['39732311000001104'])"
        nothing = {
            "intake": [
                f"select * from intake.related('{BIRCH}', null, null, {always})",
                f"select * from intake.related('{BIRCH}', '\\x'::bytea, '\\x'::bytea, {always})",
                f"select * from intake.related('{ALDER}', '\\x{nhs}'::bytea, {person}, {always})",
                f"select * from intake.related('%', '\\x{nhs}'::bytea, {person}, {always})",
                f"select * from intake.public_status('{reference}', null)",
                f"select * from intake.public_status('{reference}', '1900-01-01')",
                f"select * from intake.public_status('%', '{born}')",
            ],
            "prescribing": [
                f"select 1 as found where prescribing.recently_issued(null, {medicines}, {always}) is not null",
                f"select 1 as found where prescribing.recently_issued('\\x'::bytea, {medicines}, {always}) is not null",
                f"select 1 as found where prescribing.recently_issued('\\x{patient}'::bytea, null, {always}) is not null",
            ],
        }
        for service, queries in nothing.items():
            for query in queries:
                found = self.databases.seen(service, query, settings[service])
                self.report.count("rows: functions called across practices")
                self.report.expect(not found, f"{service}: nothing without what one must know: {query}", found)
        told = {
            f"select * from intake.related('{BIRCH}', '\\x{nhs}'::bytea, {person}, {always})": {"consultation", "state"},
            f"select * from intake.public_status('{reference}', '{born}')":
                {"consultation", "practice_ods", "state", "accept_time", "respond_by", "close_time"},
        }
        for query, columns in told.items():
            found = self.databases.seen("intake", query, settings["intake"])
            self.report.count("rows: functions called across practices")
            good = bool(found) and all(set(row) == columns for row in found)
            words = (side.word, side.fx.nhs_number)
            self.report.expect(good and not any(word in str(found) for word in words), f"intake: ids, states and times only: {query}", found[:2])
