"""What was measured on: machine, code, settings. A number without them is none."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import time
from pathlib import Path

from bench_home import ROOT, Home

# More than this waiting for a processor, and something else is at work.
QUIET = 0.7
SETTINGS = (
    "server_version fsync synchronous_commit full_page_writes wal_level shared_buffers max_wal_size max_connections "
    "commit_delay autovacuum data_checksums wal_compression"
).split()


def describe() -> dict:
    """Machine, date and commit."""
    processors = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next(line for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    commit = _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = bool(_said("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"))
    return {
        "processors": f"{len(processors)} × {processors[0] if processors else platform.machine()}",
        "memory_gib": round(int(memory.split()[1]) / 1024**2, 1),
        "kernel": platform.release(),
        "rustc": _said("rustc", "--version"),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit + (" with changes not committed" if changed else ""),
    }


def postgres_settings(home: Home) -> dict[str, str]:
    """The settings that decide what a commit costs."""
    names = ", ".join(f"'{name}'" for name in SETTINGS)
    rows = home.sql(f"select name, setting || coalesce(' ' || unit, '') from pg_settings where name in ({names})")
    return {name: value for name, value in sorted(rows)}


def quiet(patience: float) -> str:
    """Waits until hardly anything else runs; what the load average is then, and whether that is quiet."""
    end = time.monotonic() + patience
    while os.getloadavg()[0] > QUIET and time.monotonic() < end:
        time.sleep(1)
    load = os.getloadavg()[0]
    return f"{load:.1f}" + ("" if load <= QUIET else " (NOT QUIET: absolutes and ratios may be off)")


def disk() -> str:
    """What one 8 kB write made durable costs here."""
    from bench_home import postgres_program

    where = ROOT / ".local/bench/fsync-test"
    where.parent.mkdir(parents=True, exist_ok=True)
    said = _said(postgres_program("pg_test_fsync"), "-s", "1", "-f", str(where))
    where.unlink(missing_ok=True)
    for line in said.splitlines():
        if line.strip().startswith("fdatasync") and "ops/sec" in line:
            return " ".join(line.split())
    return "not known"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""
