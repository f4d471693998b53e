"""Which cases every RPC must have, read from the contract; which it got; and that nothing is missing unseen.

An RPC without one of its cases fails the run unless `exceptions.txt` names it, and that file may only become shorter.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

from book import Book
from catalogue import Rpc
from required import CONDITIONAL, places, sometimes
from wire import Contract

EXCEPTIONS = Path(__file__).resolve().parent / "exceptions.txt"
PERSON, CLIENT, SERVICE = 1, 2, 3
BOUND, OWN = 1, 2
GRANTS = {1: "none", 2: "required", 3: "optional"}
# Who holds the grant, by a token for another practice only.
ELSEWHERE = "other practice: the holder by another token"


def public(contract: Contract) -> dict[str, object]:
    """The RPCs of the public port by `package.Service/Method`: what the contract holds, whether or not we attack it."""
    found = {}
    for name in contract.services:
        if not name.startswith(("ehub.internal.", "ehub.auth.")):
            for method in contract.service(name).methods:
                found[f"{name}/{method.name}"] = method
    return found


def internal(contract: Contract) -> dict[str, object]:
    """The RPCs between our own services."""
    names = [name for name in contract.services if name.startswith("ehub.internal.")]
    return {f"{name}/{method.name}": method for name in names for method in contract.service(name).methods}


def rule(contract: Contract, method):
    """An RPC's access rule."""
    return method.GetOptions().Extensions[contract.pool.FindExtensionByName("ehub.auth.v1.rule")]


@functools.cache
def needed(contract: Contract) -> dict[str, set[str]]:
    """The kinds of case every RPC must have."""
    kinds: dict[str, set[str]] = {}
    for path, method in public(contract).items():
        access = rule(contract, method)
        wanted = {"unauthenticated", "unauthorised: scope", "unauthorised: caller"}
        if access.practice == BOUND:
            wanted.add("other practice")
        if access.practice == OWN:
            wanted.add("other organisation")
        if GRANTS[access.grant] != "none":
            wanted.add("bad grant")
            if access.practice == BOUND and PERSON in access.callers:
                wanted.add(ELSEWHERE)
        if "request_id" in method.input_type.fields_by_name:
            wanted |= {"replay: same", "replay: other"}
        wanted |= {f"required: {place.path}" for place in places(contract, method.input_type)}
        kinds[path] = wanted
    for path, method in internal(contract).items():
        access = rule(contract, method)
        kinds[path] = {"unauthenticated", "unauthorised: caller"}
        if access.services:
            kinds[path].add("unauthorised: service")
        if SERVICE in access.callers:
            continue
        # What operators ask of a service, at the port that is not for the world.
        kinds[path] |= {"unauthorised: scope"} | {f"required: {place.path}" for place in places(contract, method.input_type)}
        if "request_id" in method.input_type.fields_by_name:
            kinds[path] |= {"replay: same", "replay: other"}
    return kinds


def exceptions() -> tuple[int, dict[tuple[str, str], str]]:
    """How many lines the file may have at most, and the lines: RPC, kind, why."""
    lines = [line.strip() for line in EXCEPTIONS.read_text().splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    most = int(lines[0].removeprefix("at most "))
    named = {}
    for line in lines[1:]:
        rpc, kind, why = (part.strip() for part in line.split("|"))
        named[rpc, kind] = why
    return most, named


def check(book: Book, contract: Contract, rpcs: list[Rpc], report: Path, quick: bool, figures: dict) -> list[str]:
    """Writes the ledger; says what is missing."""
    had: dict[str, dict[str, int]] = {}
    for row in book.rows:
        if row.kind and not row.wrong:
            kinds = had.setdefault(row.method, {})
            kinds[row.kind] = kinds.get(row.kind, 0) + 1
    most, excused = exceptions()
    wanted = needed(contract)
    attacked = {rpc.method for rpc in rpcs}
    missing = [f"{path}: nothing attacks it" for path in sorted(set(public(contract)) - attacked)]
    missing += [
        f"{rpc.method}: the catalogue says grant {rpc.grant}, the contract {GRANTS[rule(contract, method).grant]}"
        for rpc in rpcs
        if (method := public(contract).get(rpc.method)) and GRANTS[rule(contract, method).grant] != rpc.grant
    ]
    lacking = {(path, kind) for path, kinds in wanted.items() for kind in kinds if not had.get(path, {}).get(kind)}
    missing += [f"{path}: no case '{kind}'" for path, kind in sorted(lacking - set(excused))]
    missing += [f"exceptions.txt: {path} has its case '{kind}' now" for path, kind in sorted(set(excused) - lacking)]
    if len(excused) != most:
        missing.append(f"exceptions.txt has {len(excused)} lines and says {most}: the number may only go down")
    missing += [f"{name}: required in some cases, and none is shown" for name in sorted(_unproved(contract))]
    ledger = {
        "quick": quick,
        "rpcs": {path: {"cases": _cases(book, path), "kinds": had.get(path, {})} for path in sorted(wanted)},
        "exceptions": [f"{path} | {kind}" for path, kind in sorted(excused)],
        "missing": missing,
        "passed": len(book.rows) - len(book.failed),
        "failed": [row.__dict__ for row in book.failed],
        "skipped": [list(pair) for pair in book.skipped],
    } | figures
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(ledger, indent=1, sort_keys=True) + "\n")
    return missing


@functools.cache
def _unproved(contract: Contract) -> set[str]:
    named = {one for method in public(contract).values() for one in sometimes(contract, method.input_type)}
    return named - set(CONDITIONAL)


def _cases(book: Book, path: str) -> int:
    return sum(1 for row in book.rows if row.method == path)
