"""`docs/bench.md`: the last whole run and the last comparison with another build, as they were kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import report

HEAD = """# How fast it is, and what it costs

Written by `tests/bench/run.py --document` from the reports of `make bench` (about half an hour on a quiet machine) and of
`tests/bench/run.py --against DIR`. Each part says its machine, date and commit. A ratio holds elsewhere better than an
absolute; what eHub is measured against ran in the same run, on the same machine. The reports themselves lie in `bench/`.
"""
PLOTS = {"lives": "Whole lives a second", "processor": "Processor time of one life", "submits": "Submissions: latency by load", "claims": "Claiming: latency by quantile"}


def write(reports: Path, docs: Path) -> Path:
    """Writes it and copies the plots beside it."""
    whole = reports / "bench.json"
    others = [path for path in sorted(reports.glob("bench-against-*.json")) if not path.stem.endswith("-smoke")]
    if not whole.exists() or not others:
        raise SystemExit("bench: a whole run and a run against another build have to be there; measure first")
    kept = json.loads(whole.read_text())
    lacking = [part for part in ("lives", "submits", "claims", "costs", "sizes_of_services") if part not in kept]
    if lacking or kept["smoke"] or kept["wrong"]:
        raise SystemExit(f"bench: the run is not whole, or shows what should not be: {lacking} {kept['wrong']}")
    plots = docs / "bench"
    plots.mkdir(exist_ok=True)
    for report_kept in (whole, *others):
        shutil.copy(report_kept, plots / report_kept.name)
    said = [HEAD, _said(whole, "## The whole run")]
    for name, title in PLOTS.items():
        shutil.copy(reports / f"bench-{name}.svg", plots / f"{name}.svg")
        said.append(f"![{title}](bench/{name}.svg)\n")
    said += [_said(path, f"## Against `{path.stem.removeprefix('bench-against-')}`") for path in others]
    path = docs / "bench.md"
    path.write_text("\n".join(said))
    return path


def _said(kept: Path, title: str) -> str:
    """A kept report under another title, its parts one level below."""
    said = report.text(json.loads(kept.read_text()), kept.parent, kept.stem)
    return said.replace("\n## ", "\n### ").replace("# Benchmark\n", f"{title}\n", 1)
