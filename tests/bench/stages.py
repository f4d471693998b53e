"""The measurements, each against something that owes nothing to eHub."""

from __future__ import annotations

import re
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
    before, used = Counts(home), home.processor_seconds()
    began = time.monotonic()
    run = home.load("lives", seconds=seconds)
    elapsed = time.monotonic() - began
    after = Counts(home)
    number = run["completed"]
    work = after.since(before)
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
            "wal_bytes": work["wal_bytes"] / number,
            "commits_that_wrote": floor.commits,
            "transactions": {service: count / number for service, count in work["commits"].items()},
            "rows": {f"{service} {table}": {what: count / number for what, count in done.items() if count >= number / 10} for (service, table), done in work["rows"].items() if max(done.values()) >= number / 10},
        },
    }


def submits(home: Home, seconds: float) -> dict:
    """B2: how long a submission takes at shares of the most there can be, beside one commit of pgbench at that rate."""
    home.load("submits", seconds=min(5, seconds))
    peak = home.load("submits", seconds=seconds)
    most = peak["load"]["achieved_per_second"]
    levels = []
    for share in (0.25, 0.5, 0.75, 0.9):
        rate = most * share
        run = home.load("submits", seconds=seconds, rate=rate)
        levels.append({"share_of_peak": share, "run": run, "one_commit": one_commit(home, rate, seconds)})
    return {"peak": peak, "levels": levels}


def one_commit(home: Home, rate: float, seconds: float) -> dict:
    """pgbench, one row and one commit at a rate: latencies run from when each was due, as ours do."""
    home.sql("create unlogged table if not exists bench_nothing (n int)")
    home.sql("create table if not exists bench_one (id bigint generated always as identity primary key, body bytea not null)")
    script = home.path / "one.sql"
    script.write_text("insert into bench_one (body) values (decode(repeat('00', 1200), 'hex'));\n")
    prefix = home.path / "one-log"
    for old in home.path.glob("one-log*"):
        old.unlink()
    command = [postgres_program("pgbench"), "-n", "-M", "prepared", "-c", "48", "-j", "1", "-T", str(max(1, round(seconds))), "-R", f"{rate:.3f}", "-l", "--log-prefix", str(prefix), "-f", str(script), home.admin]
    subprocess.run(command, check=True, capture_output=True)
    times = sorted(int(line.split()[2]) / 1000 for log in home.path.glob("one-log*") for line in log.read_text().splitlines())
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]  # noqa: E731
    return {"count": len(times), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "achieved_per_second": len(times) / seconds}


# Whoever claims an item, intake hears of it: what has not come through intake would wait there for ever.
KNOWN_TO_INTAKE = """
set session_replication_role = replica;
delete from intake.consultation where client = 'bench';
insert into intake.consultation (id, practice_ods, hub_ods, enrolment, enrolment_version, client, reference, channel, state, need, topic,
       patient, submitter, content, birth_date, test_patient, person_key, urgency, matched_rules, not_screened_reason, emergency_advice, rule_set,
       first_contact_time, accept_time, plan_by, respond_by)
select md5('{salt}' || i)::uuid, 'Z' || lpad((i % 500)::text, 5, '0'), 'H8H01', gen_random_uuid(), 1, 'bench', 'B' || i, 'ONLINE', 'ACCEPTED', 'CLINICAL', 'sore-throat',
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
select i, md5('{salt}' || i)::uuid as id, md5('practice' || (i % 500 + 1))::uuid as practice,
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
    salt = secrets.token_hex(8)
    home.sql(SEED.format(items=items, salt=salt), home.database("allocation"))
    # They are claimed in the order of their numbers.
    home.sql(KNOWN_TO_INTAKE.format(known=min(items, 100_000), salt=salt), home.database("intake"))
    home.sql("vacuum analyze allocation.work_item; vacuum analyze allocation.open_item; vacuum analyze allocation.leg; vacuum analyze ehub.access", home.database("allocation"))
    home.load("claims", seconds=min(3, seconds), rate=50)
    offered = home.load("claims", seconds=seconds, rate=200)
    saturated = home.load("claims", seconds=seconds)
    # The claims' events would still be on their way during what comes next.
    wait_for_delivery(home)
    return {"items": items, "practices": 500, "offered": offered, "saturated": saturated, "skip_locked": skip_locked(home, seconds, max(items, 100_000))}


def wait_for_delivery(home: Home) -> None:
    """Returns when allocation's cursors have passed everything."""
    waiting = "select count(*) from ehub.outbox_cursor c join ehub.outbox o on o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id)"
    for _ in range(600):
        if home.sql(waiting, home.database("allocation"))[0][0] == "0":
            return
        time.sleep(0.2)
    raise RuntimeError("allocation's events were not delivered in two minutes")


def skip_locked(home: Home, seconds: float, items: int) -> dict:
    """The same queue in pgbench alone: pick under SKIP LOCKED, delete, commit."""
    home.sql(f"""drop table if exists bench_queue;
create table bench_queue (consultation uuid primary key, pool int not null, skill text not null, band smallint not null, due timestamptz not null);
insert into bench_queue select md5(i::text)::uuid, 1, 'gp', 2, now() + i * interval '10 milliseconds' from generate_series(1, {items}) i;
create index on bench_queue (pool, skill, band, due, consultation)""")
    home.sql("vacuum analyze bench_queue")
    script = home.path / "pick.sql"
    script.write_text(PICK)
    base = [postgres_program("pgbench"), "-n", "-M", "extended", "-c", "64", "-j", "1", "-T", str(max(5, round(seconds))), "-f", str(script)]
    found = {}
    for name, more in (("saturated", []), ("at_200", ["-R", "200"])):
        done = subprocess.run([*base, *more, home.admin], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pgbench: {done.stderr[-500:]}")
        rate, mean = re.search(r"^tps = ([\d.]+)", done.stdout, re.M), re.search(r"latency average = ([\d.]+)", done.stdout)
        if not rate or not mean:
            raise RuntimeError(f"pgbench measured nothing:\n{done.stdout[-500:]}")
        found[name] = {"per_second": float(rate[1]), "mean_ms": float(mean[1])}
    home.sql("drop table bench_queue")
    return found


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
