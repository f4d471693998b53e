"""Reports of a run: target/reports/faults-<tier>.json and .md, with what is needed to judge and to repeat it."""

from __future__ import annotations

import collections
import datetime
import json
import os
import platform
import subprocess
from pathlib import Path

from sql import SERVICES, DatabaseError, Databases

SETTINGS = (
    "server_version", "fsync", "synchronous_commit", "full_page_writes", "data_checksums", "wal_sync_method",
    "shared_buffers", "max_connections", "max_wal_size",
)  # fmt: skip


def machine() -> dict:
    """Where it ran."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "processor": model,
        "system": f"{platform.system()} {platform.release()}",
        "load_average": [round(value, 1) for value in os.getloadavg()],
    }


def commit(root: Path) -> str:
    """The commit, with a mark when files differ from it."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True).stdout.strip()
    dirty = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=root, capture_output=True, text=True).stdout
    return (head or "unknown") + (" with changes" if dirty.strip() else "")


def binaries(command: Path) -> str:
    """What the binaries say they are, and when the five services beside the command were built: the commit is the clone's."""
    said = subprocess.run([str(command), "--version"], capture_output=True, text=True).stdout.strip()
    built = [path.stat().st_mtime for name in SERVICES if (path := command.parent / f"ehub-{name}").exists()]
    moments = sorted(datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="seconds") for at in built)
    return f"{said or 'no version'}, built {moments[0]} to {moments[-1]}" if moments else said


def settings(databases: Databases) -> dict[str, str]:
    """What the database was told."""
    found = {}
    for name in SETTINGS:
        try:
            found[name] = databases.value("intake", f"select current_setting('{name}') as v")
        except DatabaseError as error:
            found[name] = str(error)
    return found


def write(folder: Path, report: dict) -> Path:
    """Writes both files; the path of the readable one."""
    folder.mkdir(parents=True, exist_ok=True)
    # Some scenarios by name are no run of their tier, and do not take its report's place.
    name = f"faults-{report['tier']}" + ("-some" if report.get("only") else "")
    (folder / f"{name}.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    path = folder / f"{name}.md"
    path.write_text("\n".join(_readable(report)) + "\n")
    return path


HEAD = """# What was killed, cut and silenced, and what was lost

Written by `tests/faults/run.py --tier acceptance --document` from the last report of that tier (more than an hour on two
cores). Programs of their own call the five services as careful clients do, with one request id for an intent, repeated
until the outcome is known, and keep a journal; processes and the database are killed under them, answers are cut, peers
stop in mid-sentence. The checker is another program: it knows the journal and reads the databases with read-only SQL.
"""


def document(kept: Path, path: Path, said: str) -> Path:
    """The kept report as a document, with what somebody says of it."""
    if not kept.exists():
        raise SystemExit(f"faults: there is no {kept.name}; run that tier first")
    report = json.loads(kept.read_text())
    lines = [HEAD, *([said, ""] if said else []), *_readable(report, "##")]
    # What was played again since, by name, takes nothing back of what was found: it stands below.
    again = kept.with_stem(f"{kept.stem}-some")
    later = json.loads(again.read_text()) if again.exists() else {}
    if later.get("started", "") > report["started"]:
        lines += ["", *_readable(later, "##")]
    path.write_text("\n".join(lines) + "\n")
    return path


def _readable(report: dict, level: str = "#") -> list[str]:
    held = "every law holds" if report["holds"] else "A LAW IS BROKEN"
    only = f", {', '.join(report['only'])} alone" if report.get("only") else ""
    lines = [f"{level} Faults, tier `{report['tier']}`{only}: {held}", ""]
    for name in ("seed", "commit", "binaries", "started", "seconds", "profile"):
        lines.append(f"- {name}: {report.get(name, 'not noted')}")
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in report["machine"].items()]
    lines.append("- PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in report["postgresql"].items()))
    if report.get("kill_loop"):
        lines += ["", f"{level}# Kill loop", ""]
        both = report["kill_loop"]["played"] | report["kill_loop"]["figures"]
        lines += [f"- {name.replace('_', ' ')}: {_value(value)}" for name, value in both.items()]
        lines += ["", "| law | looked at | broken |", "|---|---:|---:|"]
        lines += [f"| {law['law']} | {law['checked']} | {law['broken']} |" for law in report["kill_loop"]["laws"]]
        for law in report["kill_loop"]["laws"]:
            lines += [f"- {law['law']}: {example}" for example in law["examples"]]
    if report["scenarios"]:
        lines += ["", f"{level}# Scenarios", "", "| scenario | law | result | seconds | what was seen |", "|---|---|---|---:|---|"]
    for one in report["scenarios"]:
        seen = "; ".join(f"{name} {_value(value)}" for name, value in one["seen"].items()) or one.get("broken", "")
        result = "holds" if one["holds"] else "BROKEN: " + one.get("broken", "")
        lines.append(f"| {one['name']} | {one['law']} | {_cell(result)} | {one['seconds']} | {_cell(seen)} |")
    return lines


def _value(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items()) or "none"
    if isinstance(value, list):
        counted = collections.Counter(map(str, value))
        return "; ".join(one if count == 1 else f"{count} times: {one}" for one, count in counted.items()) or "none"
    return str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
