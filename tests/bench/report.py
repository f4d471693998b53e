"""The report: every number with what it is measured against, and the absolute beside the ratio."""

from __future__ import annotations

import json
from pathlib import Path

import svg

# Fewer calls say nothing of one in a thousand.
FOR_P999 = 2_000
UNDER = {"tracing_0.1": 0.05, "row_security": 0.05, "token_check": 0.03, "tracing_always": None}
NAMES = {
    "tracing_0.1": "tracing, ratio 0.1",
    "tracing_always": "tracing, always",
    "row_security": "row security",
    "token_check": "verifying a new token for every call",
}


def write(folder: Path, name: str, found: dict) -> None:
    """JSON, Markdown and plots, side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1, default=str) + "\n")
    (folder / f"{name}.md").write_text(text(found, folder, name))


def text(found: dict, folder: Path, name: str) -> str:
    """The report in words; plots go to the folder."""
    said = [_head(found)]
    for part, tell in (("lives", _lives), ("submits", _submits), ("claims", _claims), ("costs", _costs), ("sizes_of_services", _sizes), ("against", _against), ("statements", _statements)):
        if part in found:
            said.append(tell(found[part], folder, name))
    return "\n".join(said)


def _head(found: dict) -> str:
    machine = dict(found["machine"])
    settings = machine.pop("postgresql", {})
    lines = ["# Benchmark", ""]
    if found["smoke"]:
        lines += ["**A smoke run: it shows that everything runs, not how fast it is.**", ""]
    lines += [f"- {key.replace('_', ' ')}: {value}" for key, value in machine.items()]
    if settings:
        lines.append("- PostgreSQL: " + ", ".join(f"{key} {value}" for key, value in settings.items()))
    if found.get("wrong"):
        lines += ["", "**What should not be:** " + "; ".join(found["wrong"]) + ".", ""]
    lines.append(f"- took {found.get('seconds')} s; load generator and stand-ins (EPS, demographics, MESH) on the same machine, in Rust; all by gRPC, none by MESH")
    return "\n".join(lines) + "\n"


def _table(head: list[str], rows: list[list[object]]) -> str:
    def cell(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:,.0f}" if isinstance(value, float) else str(value)

    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]) + "\n"


def _lives(found: dict, folder: Path, name: str) -> str:
    run, floor, per = found["run"], found["floor"], found["per_life"]
    svg.bars(folder / f"{name}-lives.svg", "Whole lives a second", "/s", {"pgbench, same writes": floor["lives_per_second"], "eHub, five processes": run["lives_per_second"]})
    svg.bars(folder / f"{name}-processor.svg", "Processor time of one life", "ms", per["processor_ms"])
    steps = run["calls"]["steps"]
    rows = [[step, times["count"], times["p50"], times["p99"], times["p999"]] for step, times in steps.items() if times["count"]]
    floor_rows = floor["rows_per_life"]
    return "\n".join(
        [
            "## Whole lives\n",
            "As many at once as said, the next when one has ended (a closed loop); every request traced (ratio 1.0).\n",
            "Submit, claim, file, raise, prepare, sign, issue, complete, every event delivered to every subscriber, the document sent and acknowledged twice, every audit leaf appended. The rate counts from the first submission to the moment nothing is on its way any more.\n",
            _table(
                ["", "lives/s", "commits that wrote, a life", "WAL a life: records, bytes", "row locks, bytes", "whole pages, bytes"],
                [
                    ["eHub", run["lives_per_second"], *per["wrote"].values()],
                    ["pgbench, the same writes", floor["lives_per_second"], *floor["wrote_per_life"].values()],
                    ["**share of the floor**", f"**{found['share_of_floor']:.1%}**", "", "", "", ""],
                ],
            ),
            f"{run['completed']} lives in {run['seconds']['arrived']:.1f} s ({run['seconds']['submitting']:.0f} s of submitting), {run['at_once']} at once; events not delivered when the last was closed: {run['backlog_when_closed']['events']}. Refused and asked again, or failed: {run['calls']['failures'] or 'none'}.\n",
            f"Rows a life: {floor_rows['inserted']:.0f} inserted, {floor_rows['updated']:.0f} updated, {floor_rows['deleted']:.0f} deleted, less what the idle suite writes by the clock. The replay ({floor['clients']} clients) has columns, keys and indexes, no foreign keys, no row security, no triggers, no row locks; it looks rows up by their keys, and an update that gave the indexes an entry does so again. Rows that did not outlive the run are replaced by rows of 150 bytes. It wrote {floor['off']['wal records']:+.0%} WAL in records and {floor['off']['commits']:+.0%} commits against what it replays; row locks (foreign keys, looking before changing) and whole pages (the first change after a checkpoint) are left out of that.\n",
            "Processor time of a life, in ms: " + ", ".join(f"{part} {value:.1f}" for part, value in per["processor_ms"].items()) + f"; together {sum(per['processor_ms'].values()):.1f}.\n",
            "Transactions a life: " + ", ".join(f"{service} {value:.1f}" for service, value in per["transactions"].items()) + ".\n",
            _table(["call, under this load", "calls", "p50 ms", "p99 ms", "p99.9 ms"], rows),
        ]
    )


def _submits(found: dict, folder: Path, name: str) -> str:
    rows, ours, theirs = [], {}, {}
    for level in found["levels"]:
        load, times, one = level["run"]["load"], level["run"]["calls"]["steps"].get("from-due", {"count": 0}), level["one_commit"]
        failures = level["run"]["calls"]["failures"]
        share, failed = level["share_of_peak"], sum(failures.values())
        if not times["count"]:
            rows.append([f"{share:.0%}", load["offered_per_second"], 0.0, *["none"] * 7, str(failures)])
            continue
        # Whoever got no answer waited longest of all.
        at = {key: times[key] if failed <= (1 - quantile) * (times["count"] + failed) else "failed" for key, quantile in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))}
        many = times["count"] >= FOR_P999
        rows.append([f"{share:.0%}", load["offered_per_second"], load["achieved_per_second"], at["p50"], at["p99"], at["p999"] if many else f"max {times['max']:.0f}", one["p50"], one["p99"], one["p999"] if many else "", f"{times['p50'] / one['p50']:.1f}×", str(failures or "none")])
        for key in ("p50", "p99"):
            ours.setdefault(f"submit {key}", []).append((share, times[key]))
            theirs.setdefault(f"one commit {key}", []).append((share, one[key]))
    svg.lines(folder / f"{name}-submits.svg", "Submit: from when it was due to the answer", "share of the most that is sustained", "ms", ours | theirs, [(0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (0.9, "90 %")])
    head = ["of peak", "offered/s", "achieved/s", "p50 ms", "p99", "p99.9", "pgbench p50", "p99", "p99.9", "p50 ratio", "failures"]
    behind = ", ".join(f"{run['load']['offered_per_second']:.0f}/s" for run in found["tried"][:-1])
    return "\n".join(
        [
            f"## Submissions\n\nThe peak is the highest rate that was kept up with: every call answered, and its events routed, traced, delivered and logged soon after: {found['peak']:.0f} a second{f' (not: {behind})' if behind else ''}. In a burst {found['burst']['load']['achieved_per_second']:.0f} a second were accepted, and delivered later. Open loop, arrivals at random gaps on both sides: a latency runs from when the call was due. p99.9 of fewer than {FOR_P999:,} calls is not told.\n",
            _table(head, rows),
        ]
    )


def _claims(found: dict, folder: Path, name: str) -> str:
    offered, saturated, alone = found["offered"], found["saturated"], found["skip_locked"]
    times = offered["calls"]["steps"].get("from-due", {"count": 0})
    if not times["count"]:
        return "## Claims\n\nNothing could be claimed.\n"
    points = {"ClaimNext at 200/s": [(share, value) for share, value in times["points"] if share >= 0.5]}
    svg.lines(folder / f"{name}-claims.svg", "ClaimNext: 200 a second, 64 claimers", "quantile", "ms", points, [(0.5, "p50"), (0.75, ""), (0.9, "p90"), (0.9999, "p99.99")])
    rate = saturated["load"]["achieved_per_second"]
    return "\n".join(
        [
            f"## Claiming the next\n\n{found['items']:,} open items of {found['practices']} practices in one pool, 64 claimers.\n",
            _table(
                ["", "offered/s", "achieved/s", "p50 ms", "p99 ms", "p99.9 ms"],
                [
                    ["ClaimNext", 200, offered["load"]["achieved_per_second"], times["p50"], times["p99"], times["p999"]],
                    ["pgbench, SKIP LOCKED alone", 200, alone["at_200"]["per_second"], alone["at_200"]["p50"], alone["at_200"]["p99"], alone["at_200"]["p999"]],
                    ["ClaimNext, saturated", "", rate, saturated["calls"]["steps"]["claim"]["p50"], saturated["calls"]["steps"]["claim"]["p99"], saturated["calls"]["steps"]["claim"]["p999"]],
                    ["pgbench, saturated", "", alone["saturated"]["per_second"], alone["saturated"]["p50"], alone["saturated"]["p99"], alone["saturated"]["p999"]],
                ],
            ),
            f"p99 at 200 a second {times['p99']:.1f} ms (wanted: under 20). Claimed twice, in all runs together: **{found['twice']}** of {found['claimed']}. Saturated: {rate / alone['saturated']['per_second']:.1%} of SKIP LOCKED alone. Failures: {(offered['calls']['failures'] | saturated['calls']['failures']) or 'none'}.\n",
        ]
    )


def _costs(found: dict, folder: Path, name: str) -> str:
    rows = []
    for key, pair in found.items():
        most, processor, rate = UNDER.get(key), pair["processor_ms"], pair["rate"]
        noise = processor["spread"]
        verdict = "reported" if most is None else "kept" if processor["change"] + noise <= most else "not kept" if processor["change"] - noise > most else f"not decided: rounds differ by {noise:.0%}"
        rows.append([NAMES.get(key, key), processor["without"], processor["with"], f"{processor['change']:+.1%}", f"≤ {most:.0%}" if most else "", verdict, f"{rate['without']:.1f} → {rate['with']:.1f}", f"{rate['spread']:.0%}"])
    said = [
        "## What safeguards cost\n",
        "Processor time of a whole life (services and PostgreSQL) without and with, loaded in turns; medians of the rounds. Wanted is a share of a life. A service never serves without a token check: the pair is every call with a token never seen before, against tokens found in the cache.\n",
        _table(["", "without, ms a life", "with, ms a life", "cost", "wanted", "", "lives/s", "spread of the rate"], rows),
    ]
    alone = found.get("token_check", {}).get("alone")
    if alone:
        said.append(f"The check alone, in one thread: {alone['known_us']:.2f} µs for a token seen before, {alone['new_us']:.0f} µs for one never seen. Were each of a life's {alone['most_checks']:.0f} transactions a call of its own, checking known tokens would be {alone['most_share']:.2%} of its processor time.\n")
    return "\n".join(said)


def _sizes(found: dict, folder: Path, name: str) -> str:
    rows = [[service, one["start_to_ready_s"], one["idle_mb"].get("VmRSS", ""), one["idle_mb"].get("RssAnon", ""), one["loaded_mb"]["VmRSS"], one["loaded_mb"]["RssAnon"], one["binary_mb"]] for service, one in found.items()]
    return "## Start, memory, size\n\nStart and idle memory (10 s after ready, telemetry on) of a second replica; loaded memory of the first, after the lives above. MB of a million bytes.\n\n" + _table(["", "start to ready s", "idle VmRSS MB", "idle RssAnon MB", "loaded VmRSS MB", "loaded RssAnon MB", "binary MB"], rows)


def _against(found: dict, folder: Path, name: str) -> str:
    before, after, change = found["medians"]["other"], found["medians"]["these"], found["change"]
    rows = [[title, before[key], after[key], f"{change[key]:+.1%}"] for key, title in (("lives_per_second", "whole lives a second"), ("processor_ms", "processor of services and PostgreSQL a life, ms"))]
    rounds = ", ".join(f"{one:+.1%}" for one in found["change_by_round"])
    return f"## Against another build\n\nThe other build: `{found['other']}`. Medians of {len(found['change_by_round'])} rounds in turns; lives a second changed, round by round: {rounds}.\n\n" + _table(["", "other build", "this build", "change"], rows)


def _statements(found: list[dict], folder: Path, name: str) -> str:
    rows = [[one["database"], one["calls"], one["milliseconds"], one["rows"], "`" + one["statement"].replace("|", "\\|") + "`"] for one in found[:40]]
    return "## Statements\n\n" + _table(["database", "calls", "ms in all", "rows", "statement"], rows)
