"""The measurements, each against something that owes nothing to eHub."""

from __future__ import annotations

import secrets
import statistics
import subprocess
import time

import replica
from bench_home import SERVICES, Home, postgres_program, process_memory, sql
from counts import Counts
from floor import Floor


def lives(home: Home, seconds: float, warm: float, floor_rounds: int) -> dict:
    """B1: whole lives a second, and the floor under them."""
    home.load("lives", seconds=warm)
    still = idle(home, min(10.0, seconds))
    before, used = Counts(home), home.processor_seconds()
    began = time.monotonic()
    run = home.load("lives", seconds=seconds)
    elapsed = time.monotonic() - began
    after = Counts(home)
    number = run["completed"]
    # Leases, heartbeats and looks happen by the clock, not by the life: a slow suite would have more of them.
    work = without(after.since(before), still, elapsed)
    processors = {name: (now - used[name]) * 1000 / number for name, now in home.processor_seconds().items()}
    floor = Floor(home, work, number)
    floor.build()
    under = floor.measure(floor_rounds)
    ratio = run["lives_per_second"] / under["lives_per_second"]
    return {
        "run": run,
        "floor": under,
        "share_of_floor": ratio,
        "elapsed": elapsed,
        "per_life": {
            "processor_ms": processors,
            "wrote": floor.wrote._asdict(),
            "transactions": {service: count / number for service, count in work["commits"].items()},
            "rows": {f"{service} {table}": {what: count / number for what, count in done.items() if count >= number / 10} for (service, table), done in work["rows"].items() if max(done.values()) >= number / 10},
        },
    }


def idle(home: Home, seconds: float) -> dict:
    """What the suite writes a second when nobody asks anything of it."""
    before = Counts(home)
    time.sleep(seconds)
    done = Counts(home).since(before)
    return {
        "wal": done["wal"].over(seconds),
        "commits": {service: count / seconds for service, count in done["commits"].items()},
        "rows": {key: {what: count / seconds for what, count in some.items()} for key, some in done["rows"].items()},
    }


def without(work: dict, still: dict, seconds: float) -> dict:
    """Work less what the idle suite would have done in the same time."""
    less = lambda count, rate: max(0.0, count - rate * seconds)  # noqa: E731
    rows = {
        key: {what: less(count, still["rows"].get(key, {}).get(what, 0)) for what, count in done.items()}
        for key, done in work["rows"].items()
    }
    commits = {service: less(count, still["commits"][service]) for service, count in work["commits"].items()}
    return work | {"wal": work["wal"].less(still["wal"], seconds), "rows": rows, "commits": commits}


def submits(home: Home, seconds: float) -> dict:
    """B2: how long a submission takes at shares of what is sustained, beside one commit of pgbench at that rate."""
    home.load("submits", seconds=min(5, seconds))
    burst = home.load("submits", seconds=min(8, seconds))
    tried = sustained(home, burst["load"]["achieved_per_second"], min(12, seconds))
    most = tried[-1]["load"]["offered_per_second"]
    levels = []
    for share in (0.25, 0.5, 0.75, 0.9):
        rate = most * share
        run = home.load("submits", seconds=seconds, rate=rate)
        levels.append({"share_of_peak": share, "run": run, "one_commit": one_commit(home, rate, seconds)})
    return {"burst": burst, "tried": tried, "peak": most, "levels": levels}


def sustained(home: Home, burst: float, seconds: float) -> list[dict]:
    """Runs at falling rates, the last of which is kept up with: everything answered, and delivered soon after."""
    tried: list[dict] = []
    for share in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2):
        run = home.load("submits", seconds=seconds, rate=burst * share)
        tried.append(run)
        load = run["load"]
        kept_up = load["achieved_per_second"] >= 0.97 * load["due"] / seconds and not run["calls"]["failures"]
        if kept_up and run["settled_after_seconds"] <= 0.15 * seconds:
            break
    return tried


def one_commit(home: Home, rate: float, seconds: float) -> dict:
    """pgbench, one row and one commit at a rate: latencies run from when each was due, as ours do."""
    home.sql("create unlogged table if not exists bench_nothing (n int)")
    home.sql("create table if not exists bench_one (id bigint generated always as identity primary key, body bytea not null)")
    script = home.path / "one.sql"
    script.write_text("insert into bench_one (body) values (decode(repeat('00', 1200), 'hex'));\n")
    seconds = max(1, round(seconds))
    return timed(home, ["-M", "prepared", "-c", "48", "-T", str(seconds), "-R", f"{rate:.3f}", "-f", str(script)], seconds)


# The id of item i: like the product's, of version 7 and in order of time. Random ones would make every claim write pages
# that no other claim writes.
AN_ID = "(lpad(to_hex({first} + i * 10), 12, '0') || '7' || substr(md5('{salt}' || i), 1, 3) || '8' || substr(md5('{salt}' || i), 4, 15))::uuid"
# Whoever claims an item, intake hears of it: what has not come through intake would wait there for ever.
KNOWN_TO_INTAKE = """
set session_replication_role = replica;
delete from intake.consultation where client = 'bench';
insert into intake.consultation (id, practice_ods, hub_ods, enrolment, enrolment_version, client, reference, channel, state, need, topic,
       patient, submitter, content, birth_date, test_patient, person_key, urgency, matched_rules, not_screened_reason, emergency_advice, rule_set,
       first_contact_time, accept_time, plan_by, respond_by)
select {id}, 'Z' || lpad((i % 500)::text, 5, '0'), 'H8H01', gen_random_uuid(), 1, 'bench', 'B' || i, 'ONLINE', 'ACCEPTED', 'CLINICAL', 'sore-throat',
       '{{}}', '{{}}', '{{}}', '1980-01-01', true, '', 'ROUTINE', '{{}}', '', '', '', now(), now(), now(), now() from generate_series(1, {known}) i;
analyze intake.consultation;
"""
SEED = """
set session_replication_role = replica;
truncate allocation.work_item, allocation.open_item, allocation.leg, allocation.manifest_item, allocation.alert, allocation.task;
insert into ehub.access (org, practice, person, capability, valid_from)
select h.org, md5('practice' || p)::uuid, who, 'work', '2024-01-01'
  from (select org from ehub.organisation where ods = 'H8H01' limit 1) h, generate_series(1, 500) p, unnest(array['gp-anna', 'gp-bert']) who
on conflict do nothing;
create temporary table seed as
select i, {id} as id, md5('practice' || (i % 500 + 1))::uuid as practice,
       now() + interval '1 day' + i * interval '10 milliseconds' as due from generate_series(1, {items}) i;
insert into allocation.work_item (consultation, reference, practice, practice_ods, hub, hub_ods, state, pool, pool_ods, pool_kind, skill,
       urgency, need, topic, first_contact_at, accepted_at, respond_by, work_by, fair_due, routed_by, episode, version, epoch, related)
select s.id, 'B' || s.i, s.practice, 'Z' || lpad((s.i % 500)::text, 5, '0'), h.org, 'H8H01', 'QUEUED', h.org, 'H8H01', 'HUB', 'gp',
       'ROUTINE', 'CLINICAL', 'sore-throat', now(), now(), s.due, s.due, s.due, 'clinical', 1, 1, 0, '{{}}'
  from seed s, (select org from ehub.organisation where ods = 'H8H01' limit 1) h;
insert into allocation.open_item (consultation, practice, pool, skill, band, due, promote_at, work_by, claimable_at)
select s.id, s.practice, h.org, 'gp', 2, s.due, s.due, s.due, now() from seed s, (select org from ehub.organisation where ods = 'H8H01' limit 1) h;
insert into allocation.leg (consultation, number, practice, episode, holder_kind, holder, since)
select id, 1, practice, 1, 'HUB', 'H8H01', now() from seed;
"""
PICK = """begin;
select consultation as id from bench_queue where pool = 1 and skill = 'gp' order by band, due, consultation limit 1 for update skip locked \\gset
delete from bench_queue where consultation = :id;
end;
"""


def claims(home: Home, seconds: float, items: int) -> dict:
    """B3: claiming the next of many, by many at once."""
    made = AN_ID.format(first=int(time.time() * 1000) - items * 10, salt=secrets.token_hex(8))
    home.sql(SEED.format(items=items, id=made), home.database("allocation"))
    # They are claimed in the order of their numbers.
    home.sql(KNOWN_TO_INTAKE.format(known=min(items, 100_000), id=made), home.database("intake"))
    home.sql("vacuum analyze allocation.work_item; vacuum analyze allocation.open_item; vacuum analyze allocation.leg; vacuum analyze ehub.access", home.database("allocation"))
    runs = []
    for rate, some in ((50, min(3, seconds)), (200, seconds), (None, seconds)):
        # What was seeded is written out, and the claims before are delivered: neither is part of what is measured.
        home.sql("checkpoint")
        runs.append(home.load("claims", seconds=some, rate=rate))
        wait_for_delivery(home)
    names = [name for run in runs for name in run.pop("names")]
    twice = sum(run["claimed_twice"] for run in runs) + len(names) - len(set(names))
    _, offered, saturated = runs
    return {"items": items, "practices": 500, "claimed": len(names), "twice": twice, "offered": offered, "saturated": saturated, "skip_locked": skip_locked(home, seconds, max(items, 100_000), made)}


def wait_for_delivery(home: Home) -> None:
    """Returns when allocation's cursors have passed everything."""
    waiting = "select count(*) from ehub.outbox_cursor c join ehub.outbox o on o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id) where c.subscriber = 'audit' or o.kind <> 'ehub.audit.event.v1.AccessRecorded'"
    for _ in range(600):
        if home.sql(waiting, home.database("allocation"))[0][0] == "0":
            return
        time.sleep(0.2)
    raise RuntimeError("allocation's events were not delivered in two minutes")


def skip_locked(home: Home, seconds: float, items: int, made: str) -> dict:
    """The same queue in pgbench alone: pick under SKIP LOCKED, delete, commit."""
    home.sql(f"""drop table if exists bench_queue;
create table bench_queue (consultation uuid primary key, pool int not null, skill text not null, band smallint not null, due timestamptz not null);
insert into bench_queue select {made}, 1, 'gp', 2, now() + i * interval '10 milliseconds' from generate_series(1, {items}) i;
create index on bench_queue (pool, skill, band, due, consultation)""")
    home.sql("vacuum analyze bench_queue")
    script = home.path / "pick.sql"
    script.write_text(PICK)
    base = ["-M", "extended", "-c", "64", "-T", str(max(5, round(seconds))), "-f", str(script)]
    found = {}
    for name, more in (("at_200", ["-R", "200"]), ("saturated", [])):
        home.sql("checkpoint")
        found[name] = timed(home, [*base, *more], max(5, round(seconds)))
    home.sql("drop table bench_queue")
    return found


def timed(home: Home, options: list[str], seconds: float) -> dict:
    """pgbench's rate and latencies; at a rate they run from when each was due, as ours do."""
    prefix = home.path / "pgbench-log"
    for old in home.path.glob("pgbench-log*"):
        old.unlink()
    command = [postgres_program("pgbench"), "-n", "-j", "1", "-l", "--log-prefix", str(prefix), *options, home.admin]
    done = subprocess.run(command, capture_output=True, text=True)
    times = sorted(int(line.split()[2]) / 1000 for log in home.path.glob("pgbench-log*") for line in log.read_text().splitlines())
    if done.returncode != 0 or not times:
        raise RuntimeError(f"pgbench measured nothing: {done.stderr[-500:]}")
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]  # noqa: E731
    return {"count": len(times), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "per_second": len(times) / seconds}


def size_and_start(home: Home, starts: int) -> dict:
    """B7: start to ready and idle memory of a second replica of each service; memory of those that were loaded; sizes."""
    found = {}
    for service in SERVICES:
        times, idle = [], {}
        for number in range(starts):
            with replica.Replica(home, service) as one:
                times.append(one.seconds_to_ready)
                if number == starts - 1:
                    # Memory is looked at when the first reports and polls are over.
                    time.sleep(10)
                    idle = process_memory(one.pid)
        binary = home.binaries / f"ehub-{service}"
        found[service] = {"start_to_ready_s": statistics.median(times), "starts": times, "idle_mb": idle, "loaded_mb": home.memory()[service], "binary_mb": round(binary.stat().st_size / 1e6, 1)}
    return found


__all__ = ["claims", "lives", "size_and_start", "sql", "submits"]
