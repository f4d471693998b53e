"""Attacks a suite of its own with bad input and writes docs/bad-input.md and target/reports/attack.json.

    .local/venv/bin/python tests/attack/run.py [--quick] [GROUP ...]

`--quick` tries what every RPC must have (see `coverage.py`) and leaves the rest to the whole run. Works on development
suites only: it adds a key of its own to the development key set, so that every sort of token can be tried.
"""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness")]
import coverage  # noqa: E402
import sources  # noqa: E402
from bites import bites  # noqa: E402
from book import Book  # noqa: E402
from catalogue import catalogue  # noqa: E402
from checks import Checks, trusted  # noqa: E402
from counted import Counted  # noqa: E402
from document import document_of  # noqa: E402
from fixture import Fixture  # noqa: E402
from groups_big import Big  # noqa: E402
from groups_bytes import Bytes  # noqa: E402
from groups_fields import Fields  # noqa: E402
from groups_grants import Grants  # noqa: E402
from groups_http import Http  # noqa: E402
from groups_http2 import Http2  # noqa: E402
from groups_internal import Internal, public_port_is_closed  # noqa: E402
from groups_mesh import MeshCases  # noqa: E402
from groups_required import Required  # noqa: E402
from groups_rpc import Attack  # noqa: E402
from groups_state import States  # noqa: E402
from groups_strangers import Strangers  # noqa: E402
from otlp import Receiver  # noqa: E402
from suite import ROOT, SERVICES, NotRunning, Suite  # noqa: E402
from tables import Tables  # noqa: E402
from wire import Contract, Wire  # noqa: E402
from world import World  # noqa: E402

HOME = ROOT / ".local/attack"
REPORT = ROOT / "target/reports/attack.json"
# What every RPC must have: see `coverage.needed`.
QUICK = ("required", "tokens", "scopes", "grants", "internal", "strangers", "replays")
# After these, every table is as before; the others make good calls too, and look at their bad ones apart.
STORES_NOTHING = {"empty", "required", "fields", "pages", "tokens", "scopes", "internal", "grants", "bytes", "http", "http2"}


def main(arguments: list[str]) -> int:
    """Runs the groups; the exit code is 1 when an answer was not as it should be, or a case is missing."""
    quick = "--quick" in arguments
    wanted = [name for name in arguments if name != "--quick"] or list(QUICK if quick else ())
    contract = Contract(ROOT)
    if blind := bites(contract, catalogue()):
        print("the check of coverage does not see everything:", *blind[:9], sep="\n  ", file=sys.stderr)
        return 1
    receiver = Receiver(contract)
    env = {f"EHUB_{service.upper()}__TELEMETRY__OTLP_ENDPOINT": receiver.address for service in SERVICES}
    suite = Suite(HOME, consultations=0, env=env | {"OTEL_METRIC_EXPORT_INTERVAL": "1000"})
    try:
        began = time.monotonic()
        print(f"attacking {suite.up()}, up in {time.monotonic() - began:.1f} s", flush=True)
        return attack(suite, contract, receiver, wanted, quick)
    except NotRunning as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        suite.down()
        receiver.stop()


def attack(suite: Suite, contract: Contract, receiver: Receiver, wanted: list[str], quick: bool) -> int:
    """Every group, each followed by a look at the suite."""
    began = time.monotonic()
    tables = Tables(suite)
    world = World(tables)
    wire = Wire(contract, {name: suite.world["services"][name]["grpc"] for name in SERVICES})
    canary = "Zqcanary" + uuid.uuid4().hex[:8]
    suite.mark_logs()
    fx = Fixture(suite, contract, wire, canary)
    book = Book([canary, fx.nhs_number])
    counted = Counted(book, suite, receiver)
    fx.make()
    rpcs = catalogue()
    attacker = Attack(fx, book, rpcs, tables, counted, quick)
    trusted(attacker)
    checks = Checks(attacker, world, [canary, fx.nhs_number])
    groups = every_group(attacker)
    unknown = sorted(set(wanted) - set(groups))
    if unknown:
        print(f"no such group: {', '.join(unknown)}", file=sys.stderr)
        return 2
    for name in wanted or groups:
        # New leases are stored too: not between two looks.
        fx.renewed()
        start, rows = time.monotonic(), len(book.rows)
        before = tables.settled() if name in STORES_NOTHING else None
        groups[name]()
        tried, mid = len(book.rows) - rows, time.monotonic()
        checks.after(name, before)
        checks.good(name)
        took, looked = mid - start, time.monotonic() - mid
        print(f"{name}: {tried} cases in {took:.1f} s, looked at in {looked:.1f} s", flush=True)
    checks.whole()
    if not wanted:
        book.in_vain()
    counted.check(wire.seen, world.late)
    if not wanted or "http2" in wanted:
        counted.connections()
    reasons = checks.reasons(contract, wire.seen, quick or bool(wanted))
    whole = not wanted or wanted == list(QUICK)
    figures = {"seconds": round(time.monotonic() - began, 1), "calls": len(wire.seen), "bytes": wire.bytes_sent}
    missing = coverage.check(book, contract, rpcs, REPORT, quick, figures | {"reasons": reasons}) if whole else []
    return told(book, figures, missing, not wanted)


def every_group(attacker: Attack) -> dict:
    """The groups by name, in their order."""
    return {
        "empty": attacker.empty,
        "required": Required(attacker).run,
        "fields": Fields(attacker).run,
        "pages": attacker.pages,
        "tokens": attacker.tokens,
        "scopes": attacker.scopes,
        "internal": lambda: (Internal(attacker).run(), public_port_is_closed(attacker)),
        "strangers": Strangers(attacker).run,
        "grants": Grants(attacker).run,
        "bytes": Bytes(attacker).run,
        "big": Big(attacker).run,
        "http": Http(attacker).run,
        "http2": Http2(attacker).run,
        "mesh": MeshCases(attacker).run,
        "replays": attacker.replays,
        "states": States(attacker).run,
    }


def told(book: Book, figures: dict, missing: list[str], document: bool) -> int:
    """Prints the result; the exit code."""
    print(book.table())
    for line in missing:
        print("MISSING", line)
    passed, failed = len(book.rows) - len(book.failed), len(book.failed)
    print(f"{passed} passed, {failed} failed, {len(missing)} missing; {figures}")
    if document:
        (ROOT / sources.DOCUMENT).write_text(document_of(book, sources.line(ROOT)))
    elif warning := sources.older(ROOT):
        print("warning:", warning)
    return 1 if book.failed or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
