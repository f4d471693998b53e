-- The log: what happened, its leaves, the tree over them, and what was signed.

create schema audit;

-- The practices whose story this transaction's caller may read today.
create function audit.readable() returns setof uuid language sql stable as $$
    select a.practice
      from ehub.access a
     where a.org = nullif(current_setting('app.org', true), '')::uuid
       and a.person = current_setting('app.person', true)
       and a.capability = 'audit'
       and a.valid_from <= ehub.app_now()::date
       and (a.valid_to is null or a.valid_to > ehub.app_now()::date)
$$;

-- One life of a consultation, folded from the events of all services in any order.
create table audit.consultation (
    consultation uuid not null,
    episode integer not null,
    -- The internal organisation id; null until the acceptance, or the register, has come.
    practice uuid,
    practice_ods text,
    -- The quarantined message it was made of.
    quarantined uuid,
    first_contact_at timestamptz,
    accepted_at timestamptz,
    routed_at timestamptz,
    claimed_at timestamptz,
    filed_at timestamptz,
    answered_at timestamptz,
    completed_at timestamptz,
    in_time boolean,
    -- When a fact about it was last heard, by this database's clock.
    heard_at timestamptz not null,
    -- The lifecycle trace: the last revision exported, SHA-256 of its content, and up to which
    -- `heard_at` it was looked at.
    exported_revision integer not null default 0,
    exported_digest bytea,
    examined_at timestamptz,
    constraint consultation_pkey primary key (consultation, episode)
);
create index consultation_in_transit on audit.consultation (accepted_at) where routed_at is null;
create index consultation_unplaced on audit.consultation (practice_ods) where practice is null;
create index consultation_closed on audit.consultation (heard_at) where completed_at is not null;
call ehub.protect('audit.consultation', 'practice in (select * from audit.readable())');

-- Every act, read, refusal and fact. Rows never change, but for the place they get in the log.
create table audit.event (
    id uuid not null,
    source text not null,
    stream uuid not null,
    version bigint not null,
    kind text not null,
    at timestamptz not null,
    heard_at timestamptz not null,
    episode integer,
    request_id text not null,
    actor text not null,
    actor_name text not null,
    actor_role text not null,
    organisation_ods text not null,
    client text not null,
    on_behalf_of_ods text not null,
    action text not null,
    outcome text not null,
    subject text not null,
    detail text not null,
    traceparent text,
    seq bigint,
    constraint event_pkey primary key (id),
    constraint event_seq unique (seq)
);
create index event_unappended on audit.event (at, id) where seq is null;
create index event_by_kind on audit.event (kind);

-- Which consultations an event concerns.
create table audit.mention (
    event_id uuid not null,
    consultation uuid not null,
    constraint mention_pkey primary key (event_id, consultation)
);
create index mention_by_consultation on audit.mention (consultation, event_id);
call ehub.protect('audit.mention', 'exists (select from audit.consultation c where c.consultation = mention.consultation)');
-- An event without a consultation is nobody's to read but the services'.
call ehub.protect('audit.event', 'exists (select from audit.mention m where m.event_id = event.id)');

-- Leaves as hashed, never encoded again; no names, NHS numbers or text, so no practice's data.
create table audit.leaf (
    seq bigint not null,
    event uuid not null,
    bytes bytea not null,
    constraint leaf_pkey primary key (seq),
    constraint leaf_event unique (event),
    constraint leaf_seq check (seq >= 0)
);

-- Hashes of complete subtrees: level 0 is leaves; node (level, place) covers the leaves from
-- place * 2^level up to the next one.
create table audit.node (
    level smallint not null,
    place bigint not null,
    hash bytea not null,
    constraint node_pkey primary key (level, place),
    constraint node_hash check (octet_length(hash) = 32)
);

-- What was signed. A size is signed once.
create table audit.checkpoint (
    size bigint not null,
    root bytea not null,
    note text not null,
    at timestamptz not null,
    constraint checkpoint_pkey primary key (size)
);

-- The one appender at a time, by lease.
create table audit.appender (
    token uuid,
    until timestamptz,
    only_row boolean primary key default true check (only_row)
);
insert into audit.appender (token, until) values (null, null);

-- The key under which leaves commit to a consultation. Destroying it makes its leaves say nothing
-- of it any more, and leaves the tree as it is.
create table audit.subject_key (
    consultation uuid not null,
    key bytea not null,
    constraint subject_key_pkey primary key (consultation),
    constraint subject_key_length check (octet_length(key) = 32)
);

do $$
declare
    run text := ehub.role('run');
    work text := ehub.role('work');
begin
    execute format('grant usage on schema audit to %I, %I', run, work);
    -- What was logged, hashed and signed is only ever added to.
    execute format('revoke update, delete on audit.event from %I, %I', run, work);
    execute format('grant update (seq) on audit.event to %I', work);
    execute format('revoke update, delete on audit.mention from %I, %I', run, work);
    execute format('grant select on audit.leaf, audit.node, audit.checkpoint to %I', run);
    execute format('grant select, insert on audit.leaf, audit.node, audit.checkpoint to %I', work);
    execute format('grant select, update on audit.appender to %I', work);
    -- Only background work needs the keys; a call that leaks reads commitments it cannot open.
    execute format('grant select, insert, delete on audit.subject_key to %I', work);
end
$$;
