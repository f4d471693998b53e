"""What work PostgreSQL did between two moments: commits, rows, WAL, statements."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from bench_home import SERVICES, Home, postgres_program

TABLES = """
select schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd from pg_stat_user_tables
"""


class Wal(NamedTuple):
    """What was written ahead between two places: commits, bytes of records (those of row locks apart), bytes of whole pages
    after checkpoints."""

    commits: float
    record_bytes: float
    lock_bytes: float
    page_bytes: float

    @classmethod
    def between(cls, home: Home, start: str, end: str) -> Wal:
        """Counted from the log itself, all databases together."""
        command = [postgres_program("pg_waldump"), "--stats=record", "-p", str(Path(home.suite.postgres("data"), "pg_wal")), "-s", start, "-e", end]
        said = subprocess.run(command, capture_output=True, text=True).stdout
        commits = re.search(r"^Transaction/COMMIT\s+(\d+)", said, re.M)
        total = re.search(r"^Total\s+\d+\s+(\d+)\s+\[[\d.]+%\]\s+(\d+)", said, re.M)
        if not commits or not total:
            raise RuntimeError("pg_waldump shows no commits")
        locks = re.search(r"^Heap/LOCK\s+\d+\s+\([^)]*\)\s+(\d+)", said, re.M)
        locked = int(locks[1]) if locks else 0
        return cls(int(commits[1]), int(total[1]) - locked, locked, int(total[2]))

    def over(self, number: float) -> Wal:
        """For each of so many."""
        return Wal(*(one / number for one in self))

    def less(self, still: Wal, times: float) -> Wal:
        """Without what would have been written anyway."""
        return Wal(*(max(0.0, one - other * times) for one, other in zip(self, still)))


class Counts:
    """The counters at one moment."""

    def __init__(self, home: Home) -> None:
        # Backends report what they did with a delay of up to a second, and at once when asked nothing for a while.
        home.sql("select pg_stat_force_next_flush()")
        self.home = home
        self.lsn = home.sql("select pg_current_wal_lsn()")[0][0]
        self.tables: dict[tuple[str, str], list[int]] = {}
        self.commits: dict[str, int] = {}
        for service in SERVICES:
            url = home.database(service)
            for table, *numbers in home.sql(TABLES, url):
                self.tables[(service, table)] = [int(number) for number in numbers]
            self.commits[service] = int(
                home.sql("select xact_commit from pg_stat_database where datname = current_database()", url)[0][0]
            )

    def since(self, before: Counts) -> dict:
        """What was done since an earlier moment."""
        rows = {}
        for key, now in self.tables.items():
            then = before.tables.get(key, [0, 0, 0, 0])
            done = [a - b for a, b in zip(now, then)]
            if any(done):
                rows[key] = dict(zip(("inserted", "updated", "deleted", "hot"), done))
        return {
            "wal": Wal.between(self.home, before.lsn, self.lsn),
            "commits": {service: self.commits[service] - before.commits[service] for service in SERVICES},
            "rows": rows,
        }


def has_statements(home: Home) -> bool:
    """Whether statements can be counted: the module must be loaded when the server starts."""
    return bool(home.sql("select 1 from pg_settings where name = 'shared_preload_libraries' and setting like '%pg_stat_statements%'"))


def statements(home: Home) -> list[dict]:
    """Every statement since the last reset, the most costly first."""
    rows = home.sql(
        "select d.datname, s.calls, round(s.total_exec_time::numeric, 1), s.rows, s.wal_bytes, "
        "replace(left(regexp_replace(s.query, '\\s+', ' ', 'g'), 90), chr(31), ' ') "
        "from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname like 'ehub%' "
        "order by s.total_exec_time desc"
    )
    names = ("database", "calls", "milliseconds", "rows", "wal_bytes", "statement")
    return [dict(zip(names, (row[0], int(row[1]), float(row[2]), int(row[3]), int(row[4]), row[5]))) for row in rows]
