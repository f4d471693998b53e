"""SQL by PostgreSQL's own client, reading only unless said otherwise."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from pathlib import Path

csv.field_size_limit(1 << 30)
SERVICES = ("intake", "allocation", "writeback", "prescribing", "audit")


def _psql() -> str:
    found = shutil.which("psql") or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/psql")))), None)
    if not found:
        raise FileNotFoundError("psql, PostgreSQL's client, is not installed")
    return found


class Databases:
    """The five databases of a suite, by the cluster's superuser, whom row security does not blind."""

    def __init__(self, admin: str) -> None:
        self._admin = admin.rpartition("/")[0]

    def rows(self, service: str, query: str) -> list[dict[str, str]]:
        """The rows of a query in a read-only transaction."""
        out = self._run(service, f"copy ({query}) to stdout with (format csv, header)", "on")
        return list(csv.DictReader(io.StringIO(out, newline="")))

    def value(self, service: str, query: str) -> str:
        """The one value of a query."""
        return next(iter(self.rows(service, query)[0].values()))

    def change(self, service: str, statement: str) -> str:
        """Does something; for scenarios that spoil a database on purpose."""
        return self._run(service, statement, "off")

    def url(self, service: str) -> str:
        """A service's database, as the superuser."""
        return f"{self._admin}/ehub_{service}" if service in SERVICES else f"{self._admin}/{service}"

    def _run(self, service: str, statement: str, read_only: str) -> str:
        options = f"-c default_transaction_read_only={read_only} -c client_min_messages=warning"
        command = [_psql(), self.url(service), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PGOPTIONS": options})
        if done.returncode:
            raise DatabaseError(f"{service}: {done.stderr.strip()[:500]}")
        return done.stdout


class DatabaseError(Exception):
    """The database said no, or nothing."""
