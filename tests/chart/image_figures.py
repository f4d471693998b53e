"""The image's figures: what they were measured on, and their place in k8s/image/README.md."""

from __future__ import annotations

import datetime
import platform
import subprocess
from pathlib import Path

from helm import ROOT

PAGE = ROOT / "k8s/image/README.md"
BEGIN, END = "<!-- figures: written by tests/chart/image.py --document -->\n", "<!-- end of figures -->\n"


def measured_on() -> dict[str, str]:
    """Machine, date and commit: a number without them is none."""
    processors = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    (memory,) = [line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    changed = " with changes not committed" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return {
        "machine": f"{len(processors)} × {(processors or [platform.machine()])[0]}, {int(memory) / 2**20:.0f} GiB",
        "date": datetime.date.today().isoformat(),
        "commit": _git("rev-parse", "--short", "HEAD") + changed,
    }


def document(report: dict) -> list[str]:
    """Writes the figures of a release build into the page; what stands in the way otherwise."""
    if not report["binary"].startswith("release/"):
        return [f"figures of {report['binary']} are not written down: they are those of a release build"]
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(before + BEGIN + table(report) + END + rest.split(END)[1])
    return []


def table(report: dict) -> str:
    """The figures as the page shows them."""
    lines = [
        f"A release build on {report['machine']}, {report['date']}, commit {report['commit']}. The image is "
        f"**{report['image_mib']} MiB**. From `podman run` of one container to `/readyz` 200 with the database migrated; resident "
        "memory ten seconds after the last service was ready, with no calls; the end, from SIGTERM, after two consultations "
        "and their proofs.",
        "",
        "| service | ready after | resident memory | ended after |",
        "|---|---|---|---|",
    ]
    for service, figures in report["services"].items():
        lines.append(
            f"| {service} | {figures['ready_after_seconds']} s | {figures['resident_mib']} MiB | {figures['ended_after_seconds']} s |"
        )
    return "\n".join(lines) + "\n"


def _lines(file: str) -> list[str]:
    return Path(file).read_text().splitlines()


def _git(*words: str) -> str:
    return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()
