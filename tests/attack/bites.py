"""Proves before every run that the check of coverage bites: each thing that can be missing is left out once and must be said."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import coverage
from book import Book, Row
from catalogue import Rpc
from wire import Contract


def bites(contract: Contract, rpcs: list[Rpc]) -> list[str]:
    """What the check of coverage did not see; empty when all is well."""
    _, excused = coverage.exceptions()
    rows = [
        Row("bites", path.removeprefix("ehub."), "case", "", "", "", kind)
        for path, kinds in sorted(coverage.needed(contract).items())
        for kind in sorted(kinds)
        if (path, kind) not in excused
    ]
    wrong = []
    # What is really missing is said with every case there, and is for the run itself to say.
    always = set(_said(contract, rpcs, rows))
    for row in rows[::11]:
        said = set(_said(contract, rpcs, [one for one in rows if one is not row])) - always
        if said != {f"{row.method}: no case '{row.kind}'"}:
            wrong.append(f"without {row.method} '{row.kind}' it says: {sorted(said)[:3]}")
    failed = [Row("bites", rows[0].rpc, "case", "", "", "not as it should be", rows[0].kind), *rows[1:]]
    if not set(_said(contract, rpcs, failed)) - always:
        wrong.append("a case that failed counts as one that is there")
    if f"{rpcs[0].method}: nothing attacks it" not in _said(contract, rpcs[1:], rows):
        wrong.append("an RPC that nothing attacks is not said")
    other = [dataclasses.replace(rpcs[0], grant="required" if rpcs[0].grant == "none" else "none"), *rpcs[1:]]
    if not any(f"{rpcs[0].method}: the catalogue says grant" in said for said in _said(contract, other, rows)):
        wrong.append("a grant that is not as the contract has it is not said")
    return wrong


def _said(contract: Contract, rpcs: list[Rpc], rows: list[Row]) -> list[str]:
    book = Book([])
    book.rows = rows
    with tempfile.TemporaryDirectory() as folder:
        return coverage.check(book, contract, rpcs, Path(folder) / "ledger.json", True, {})
