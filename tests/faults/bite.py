"""Proof that the laws bite: what the checker reads is spoilt in one place at a time, and the law must say so.

    bite.py JOURNAL --cluster postgres://… --documents FILE --eps FILE

Run after a run that held. Spoils only what it has read: the databases are opened read-only.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import spoils  # noqa: E402
import spoils_seen  # noqa: E402
from check import parts  # noqa: E402
from history import load  # noqa: E402
from sql import Databases  # noqa: E402


class Spoilt(Databases):
    """Reads each query once; spoils the answer to the one that holds a word."""

    kept: dict[tuple[str, str], list[dict]] = {}

    def __init__(self, admin: str, service: str = "", word: str = "", spoil=None) -> None:
        super().__init__(admin)
        self._service, self._word, self._spoil = service, word, spoil
        self.spoilt = 0

    def rows(self, service: str, query: str) -> list[dict[str, str]]:
        key = (service, query)
        if key not in self.kept:
            self.kept[key] = super().rows(service, query)
        rows = self.kept[key]
        if self._spoil and service == self._service and self._word in query and rows:
            self.spoilt += 1
            return self._spoil([dict(row) for row in rows])
        return rows


class Biter:
    """Has one group of laws looked at with one thing spoilt, and notes what was not noticed."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._cluster, self._history = given.cluster, load(given.journal)
        self._documents = json.loads(given.documents.read_text())["documents"]
        self._eps = json.loads(given.eps.read_text())["prescriptions"]
        self.tried, self.blunt = 0, []

    def rows(self, part: str, service: str, word: str, spoil, law: str) -> None:
        """Rows of a query."""
        databases = Spoilt(self._cluster, service, word, spoil)
        laws = parts(self._history, databases, self._documents, self._eps)[part]()
        self._must_break(laws, law, f"{service}: {word}: {spoil.__name__}", databases.spoilt)

    def lines(self, part: str, spoil, law: str) -> None:
        """The client's log."""
        history = copy.copy(self._history)
        for name in ("intents", "kills", "internal") if part in ("recovery", "answers") else ():
            setattr(history, name, copy.deepcopy(getattr(history, name)))
        spoil(history)
        laws = parts(history, Spoilt(self._cluster), self._documents, self._eps)[part]()
        self._must_break(laws, law, spoil.__name__, 1)

    def peers(self, part: str, spoil, law: str) -> None:
        """What the peers took."""
        documents, eps = copy.deepcopy((self._documents, self._eps))
        spoil(documents, eps)
        self._must_break(parts(self._history, Spoilt(self._cluster), documents, eps)[part](), law, spoil.__name__, 1)

    def seen(self, noticed) -> None:
        """What a scenario judges by."""
        self.tried += 1
        if not noticed():
            self.blunt.append(noticed.__name__)
            print(f"NOT NOTICED by a scenario: {noticed.__name__}")

    def _must_break(self, laws, wanted: str, what: str, spoilt: int) -> None:
        self.tried += 1
        if not spoilt or not any(wanted in law.name and law.broken for law in laws):
            self.blunt.append(what)
            print(f"NOT NOTICED: {what} did not break '{wanted}'" + ("" if spoilt else ": nothing was spoilt"))


def main() -> int:
    """Spoils one thing after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--eps", type=Path, required=True)
    biter = Biter(parser.parse_args())
    for noticed in spoils_seen.ALL:
        biter.seen(noticed)
    for one in spoils.ROWS:
        biter.rows(*one)
    for one in spoils.LINES:
        biter.lines(*one)
    for one in spoils.PEERS:
        biter.peers(*one)
    print(f"{biter.tried - len(biter.blunt)} of {biter.tried} things spoilt were noticed")
    return 1 if biter.blunt else 0


if __name__ == "__main__":
    sys.exit(main())
