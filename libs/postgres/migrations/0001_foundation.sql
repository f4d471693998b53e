-- What every service's database has: time, roles, access, outbox, inbox, idempotency, fences.
--
-- Run by the role `ehub_<service>_migrate`. The roles `ehub_<service>_run` (serves calls, row
-- security forced) and `ehub_<service>_work` (background work, named tables) exist already.

create schema if not exists ehub;

-- The sister role with another ending: run or work.
create function ehub.role(ending text) returns text language sql stable as $$
    select regexp_replace(current_user, '_migrate$', '') || '_' || ending
$$;

-- PostgreSQL's clock for comparisons that exclude others; a test may fix it for a transaction.
create function ehub.app_now() returns timestamptz language sql stable as $$
    select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp())
$$;

-- The day it is for the people we serve: dated rights begin and end at midnight in London.
create function ehub.today() returns date language sql stable as $$
    select (ehub.app_now() at time zone 'Europe/London')::date
$$;

-- Whether this transaction is another service's, not a person's or a client's.
create function ehub.is_service() returns boolean language sql stable as $$
    select current_setting('app.kind', true) = 'service'
$$;

-- The life of this database; raised by a recovery, carried by events, claims and page tokens.
create table ehub.incarnation (
    number bigint not null,
    id uuid not null,
    since timestamptz not null,
    only_row boolean primary key default true check (only_row)
);
insert into ehub.incarnation (number, id, since) values (1, gen_random_uuid(), clock_timestamp());

-- Organisations by dated attributes. Owned by allocation, projected by the others.
create table ehub.organisation (
    org uuid not null,
    ods text not null,
    kind text not null,
    display_name text not null,
    icb_ods text,
    mesh_mailbox text,
    valid_from date not null,
    primary key (org, valid_from)
);
create index organisation_by_ods on ehub.organisation (ods, valid_from desc);

-- Who may reach whose patients. An empty person means every client of the organisation.
create table ehub.access (
    org uuid not null,
    practice uuid not null,
    person text not null,
    capability text not null,
    valid_from date not null,
    valid_to date,
    primary key (org, person, practice, capability, valid_from)
);
create table ehub.access_version (
    org uuid primary key,
    version bigint not null
);
-- When access was last known to be complete; never, when there is no row.
create table ehub.access_freshness (
    fresh_at timestamptz not null,
    only_row boolean primary key default true check (only_row)
);

-- The practices this transaction's caller may reach today. Unset settings reach nothing.
create function ehub.reachable() returns setof uuid language sql stable as $$
    select a.practice
      from ehub.access a
     where a.org = nullif(current_setting('app.org', true), '')::uuid
       and a.person = current_setting('app.person', true)
       and a.valid_from <= ehub.today()
       and (a.valid_to is null or a.valid_to > ehub.today())
$$;

-- Facts on their way to the other services. Rows never change.
create table ehub.outbox (
    id bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    shard_group smallint not null,
    stream uuid not null,
    version bigint not null,
    kind text not null,
    body bytea not null,
    event uuid not null,
    consultation uuid,
    traceparent text,
    at timestamptz not null,
    constraint outbox_stream_version unique (stream, version)
);
create index outbox_by_position on ehub.outbox (shard_group, xid, id);

-- The last version of each stream: locking its row makes versions gapless and in commit order.
create table ehub.outbox_stream (
    stream uuid primary key,
    version bigint not null
);

-- How far each subscriber has been served, per group of 16 shards; leased to one relay.
create table ehub.outbox_cursor (
    subscriber text not null,
    shard_group smallint not null,
    xid xid8 not null default '0',
    id bigint not null default 0,
    lease_token uuid,
    lease_until timestamptz,
    primary key (subscriber, shard_group)
);

-- Streams that wait for one subscriber: an earlier version is missing, or an event was refused.
-- The cursor has passed; deliveries start again at `version`. `dead` waits for a person.
create table ehub.outbox_held (
    subscriber text not null,
    stream uuid not null,
    version bigint not null,
    reason text not null,
    attempts integer not null,
    next_at timestamptz not null,
    since timestamptz not null,
    dead boolean not null default false,
    primary key (subscriber, stream)
);

-- The last version applied here of each stream of each source.
create table ehub.inbox (
    source text not null,
    stream uuid not null,
    incarnation bigint not null,
    version bigint not null,
    primary key (source, stream)
);

-- What was answered to which request id. Kept seven days.
create table ehub.idempotency (
    client text not null,
    subject text not null,
    method text not null,
    request_id uuid not null,
    digest bytea not null,
    answer bytea not null,
    at timestamptz not null,
    primary key (client, subject, method, request_id)
);
create index idempotency_by_age on ehub.idempotency (at);

-- The lowest claim epoch still accepted for a consultation, and the epoch that was sealed.
create table ehub.claim_fence (
    consultation uuid primary key,
    epoch bigint not null,
    sealed bigint
);

-- Puts a table behind row security for the run role and opens it to background work. `reach` is
-- the condition under which a row is the caller's.
create procedure ehub.protect(target regclass, reach text default 'practice in (select * from ehub.reachable())')
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy run on %s for all to %I using ((select ehub.is_service()) or (%s)) with check ((select ehub.is_service()) or (%s))',
        target, ehub.role('run'), reach, reach);
    execute format('create policy work on %s for all to %I using (true) with check (true)', target, ehub.role('work'));
    execute format('grant select, insert, update, delete on %s to %I, %I', target, ehub.role('run'), ehub.role('work'));
end
$$;

do $$
declare
    who text;
begin
    foreach who in array array[ehub.role('run'), ehub.role('work')] loop
        execute format('grant usage on schema ehub to %I', who);
        execute format('grant select, insert, update, delete on all tables in schema ehub to %I', who);
        execute format('revoke insert, update, delete on ehub.incarnation from %I', who);
        execute format('revoke update on ehub.outbox from %I', who);
        execute format('grant usage on all sequences in schema ehub to %I', who);
        -- Readiness asks whether the schema is complete.
        execute format('grant select on ehub_migration to %I', who);
    end loop;
end
$$;
