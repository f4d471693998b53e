"""What work PostgreSQL did between two moments: commits, rows, WAL, statements."""

from __future__ import annotations

from bench_home import SERVICES, Home

TABLES = """
select schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd from pg_stat_user_tables
"""


class Counts:
    """The counters at one moment."""

    def __init__(self, home: Home) -> None:
        # Backends report what they did with a delay of up to a second, and at once when asked nothing for a while.
        home.sql("select pg_stat_force_next_flush()")
        self.wal = int(home.sql("select pg_current_wal_lsn() - '0/0'")[0][0])
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
            "wal_bytes": self.wal - before.wal,
            "commits": {service: self.commits[service] - before.commits[service] for service in SERVICES},
            "rows": rows,
            "from": before.lsn,
            "to": self.lsn,
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
