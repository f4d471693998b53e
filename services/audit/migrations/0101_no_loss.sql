-- What the proof of no loss is computed from. None of it is for callers: only services and
-- background work pass the row security of these tables.

-- Entries and prescriptions as they stand, by resource name.
create table audit.deliverable (
    name text not null,
    consultation uuid not null,
    state text not null,
    stated_at timestamptz not null,
    first_at timestamptz not null,
    constraint deliverable_pkey primary key (name)
);
create index deliverable_by_consultation on audit.deliverable (consultation);
call ehub.protect('audit.deliverable', 'false');

-- What had an outcome to wait for when an episode was closed.
create table audit.manifest_item (
    consultation uuid not null,
    episode integer not null,
    name text not null,
    version bigint not null,
    constraint manifest_item_pkey primary key (consultation, episode, name)
);
create index manifest_item_by_name on audit.manifest_item (name);
call ehub.protect('audit.manifest_item', 'false');

-- Tasks that give a failed delivery an owner.
create table audit.task (
    consultation uuid not null,
    subject text not null,
    kind text not null,
    raised_at timestamptz not null,
    constraint task_pkey primary key (consultation, subject, kind)
);
create index task_by_subject on audit.task (subject);
call ehub.protect('audit.task', 'false');

-- Messages kept in quarantine, and those refused with the acknowledgement that says so.
create table audit.quarantine (
    message uuid not null,
    quarantined_at timestamptz not null,
    constraint quarantine_pkey primary key (message)
);
call ehub.protect('audit.quarantine', 'false');
create table audit.rejected (
    message uuid not null,
    rejected_at timestamptz not null,
    constraint rejected_pkey primary key (message)
);
call ehub.protect('audit.rejected', 'false');

-- The sources' roots as their events tell them; no state until an event has told one.
create table audit.root (
    source text not null,
    id uuid not null,
    version bigint not null,
    state text not null,
    constraint root_pkey primary key (source, id)
);
create index root_by_shard on audit.root (source, (get_byte(uuid_send(id), 15)));
call ehub.protect('audit.root', 'false');

-- Where a source and audit differ, and since when. `version` is the source's when first seen.
create table audit.divergence (
    source text not null,
    id uuid not null,
    kind text not null,
    version bigint not null,
    since timestamptz not null,
    constraint divergence_pkey primary key (source, id)
);
call ehub.protect('audit.divergence', 'false');

-- The newest proof. It holds counts and names of consultations, no practice's data.
create table audit.no_loss (
    received bigint not null,
    in_transit bigint not null,
    held bigint not null,
    closed bigint not null,
    quarantined bigint not null,
    rejected bigint not null,
    manifest_open bigint not null,
    -- [{kind, subject, since}]; none means that it holds.
    breaches jsonb not null,
    computed_at timestamptz not null,
    only_row boolean primary key default true check (only_row)
);

do $$
declare
    who text;
begin
    foreach who in array array[ehub.role('run'), ehub.role('work')] loop
        execute format('grant select, insert, update on audit.no_loss to %I', who);
    end loop;
end
$$;
