"""Read-only SQL from outside, by PostgreSQL's own psql."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

from suite import Suite


def psql() -> str:
    """Where psql is: on the path, or beside the server's programs."""
    found = shutil.which("psql") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"), reverse=True)), None)
    if not found:
        raise RuntimeError("psql is not installed")
    return found


class Sql:
    """The databases of a suite, as the superuser of its private cluster, who sees every row."""

    def __init__(self, suite: Suite) -> None:
        self._psql, self._url = psql(), suite.postgres("url")
        self._names = {name: url.rsplit("/", 1)[1].split("?")[0] for name, url in suite.world["databases"].items()}

    def rows(self, service: str, query: str) -> list[list[str]]:
        """The rows of a query in a service's database."""
        base = self._url.rsplit("/", 1)[0]
        command = [self._psql, "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", query]
        environment = os.environ | {"PGOPTIONS": "-c default_transaction_read_only=on"}
        done = subprocess.run(
            [*command, f"{base}/{self._names[service]}"], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{service}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]
