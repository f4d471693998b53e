"""SQL by PostgreSQL's own client: as the superuser to know what there is, as a service's own role to know what it may."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

DONE = "that is all"


class Refused(Exception):
    """The database said no."""


class Session:
    """One connection, kept: a script at a time, and what it prints."""

    def __init__(self, url: str) -> None:
        found = shutil.which("psql") or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/psql")))), "psql")
        # By lines, or an answer would wait in the client's buffer for the next.
        command = ["stdbuf", "-oL", found, url, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        pipe = subprocess.PIPE
        self._psql = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    def say(self, script: str) -> list[str]:
        """The lines it prints; refused when one is an error, and then nothing of it stays."""
        self._psql.stdin.write(f"{script}\n\\echo {DONE}\n")
        self._psql.stdin.flush()
        lines = []
        for line in self._psql.stdout:
            if line.rstrip("\n") == DONE:
                break
            lines.append(line.rstrip("\n"))
        else:
            raise Refused("the database has gone: " + " ".join(lines)[:800])
        if any(line.startswith(("ERROR:", "FATAL:")) for line in lines):
            raise Refused(" ".join(lines)[:800])
        return lines

    def close(self) -> None:
        """Hangs up."""
        self._psql.stdin.close()
        self._psql.wait(20)


class Databases:
    """The five databases of a suite."""

    def __init__(self, admin: str, roles: dict[str, str]) -> None:
        self._admin, self._roles = admin.rpartition("/")[0], roles
        self._sessions: dict[str, Session] = {}

    def _say(self, url: str, script: str) -> list[str]:
        if url not in self._sessions:
            self._sessions[url] = Session(url)
        return self._sessions[url].say(script)

    def all(self, service: str, query: str) -> list[dict]:
        """The rows of a query by the superuser, whom row security does not blind."""
        return _rows(self._say(f"{self._admin}/ehub_{service}", _as_json(query)))

    def change(self, service: str, script: str) -> None:
        """Does something as the superuser."""
        self._say(f"{self._admin}/ehub_{service}", script + ";")

    def value(self, service: str, query: str) -> str:
        """The one value of a query by the superuser, as text; empty when there is no row."""
        rows = self.all(service, query)
        return str(next(iter(rows[0].values()))) if rows else ""

    def seen(self, service: str, query: str, settings: str = "") -> list[dict]:
        """The rows of a query by the role that serves calls, in a transaction with settings that is rolled back."""
        return _rows(self._say(self._roles[service], f"begin;\n{settings}\n{_as_json(query)}\nrollback;\n"))

    def touched(self, service: str, statement: str, settings: str = "") -> int:
        """How many rows a statement with `returning` touches for that role; nothing of it stays."""
        counted = f"with done as ({statement}) select count(*) as rows from done;"
        said = self._say(self._roles[service], f"begin;\n{settings}\n{counted}\nrollback;\n")
        return int([line for line in said if line.strip().isdigit()][-1])

    @staticmethod
    def quoted(row: dict) -> str:
        """A row as a JSON literal of SQL."""
        text = json.dumps(row).replace("'", "''")
        return f"'{text}'::json"

    def close(self) -> None:
        """Hangs up."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()


def _as_json(query: str) -> str:
    return f"select row_to_json(q) from ({query}) as q;"


def _rows(said: list[str]) -> list[dict]:
    return [json.loads(line) for line in said if line.startswith("{")]
