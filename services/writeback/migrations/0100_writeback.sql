-- Write-back: agreements, entries, what is known of consultations, and documents on their way.

create schema writeback;
do $$
begin
    execute format('grant usage on schema writeback to %I, %I', ehub.role('run'), ehub.role('work'));
end
$$;

-- What intake made known of a consultation; an entry can be filed once it is here.
create table writeback.consultation (
    id uuid primary key,
    practice uuid not null,
    practice_ods text not null,
    hub_ods text not null,
    reference text not null,
    test_patient boolean not null,
    restricted boolean not null
);
comment on table writeback.consultation is 'Projection of ConsultationAccepted (source intake).';
call ehub.protect('writeback.consultation');

-- Who may write into whose records. Default deny: without a row nothing is sent.
create table writeback.agreement (
    id uuid primary key,
    from_org uuid not null,
    from_ods text not null,
    to_org uuid not null,
    to_ods text not null,
    mesh_mailbox text not null,
    third_party_entries boolean not null,
    from_date date not null,
    to_date date,
    version bigint not null,
    changed_at timestamptz not null,
    constraint agreement_dates check (to_date is null or to_date > from_date)
);
comment on column writeback.agreement.to_date is 'The day after the last; null while open.';
create index agreement_by_pair on writeback.agreement (from_org, to_org, from_date desc);
call ehub.protect('writeback.agreement', 'from_org = nullif(current_setting(''app.org'', true), '''')::uuid');

-- An entry: where it stands. Its content is in entry_version; the newest version counts.
create table writeback.entry (
    id uuid primary key,
    consultation uuid not null,
    practice uuid not null,
    practice_ods text not null,
    author_org uuid not null,
    state text not null,
    reason text not null default '',
    version bigint not null,
    claim_epoch bigint not null,
    completed_epoch bigint,
    filed_at timestamptz not null,
    open boolean not null,
    document uuid,
    sent_at timestamptz,
    delivered_at timestamptz,
    acknowledged_at timestamptz,
    settled_at timestamptz,
    settled_by text,
    settled_action text,
    settled_note text,
    look_at timestamptz not null,
    constraint entry_state check (state in ('HELD', 'READY', 'SENT', 'DELIVERED', 'ACKNOWLEDGED', 'REJECTED',
        'UNDELIVERED', 'NEEDS_ATTENTION', 'SETTLED')),
    constraint entry_settled check ((state = 'SETTLED') = (settled_at is not null))
);
comment on column writeback.entry.claim_epoch is 'The claim it was filed under.';
comment on column writeback.entry.completed_epoch is 'The sealed epoch of the completion that included it.';
comment on column writeback.entry.open is 'May still be replaced: nothing has gone out and nobody has settled it.';
comment on column writeback.entry.document is 'The outbound document that decides its state; null while none is made.';
comment on column writeback.entry.look_at is 'When the sender looks at it again: a lease and a back-off in one.';
-- At most one open entry for a consultation.
create unique index entry_one_open on writeback.entry (consultation) where open;
create index entry_newest on writeback.entry (practice, filed_at desc, id desc);
create index entry_by_consultation on writeback.entry (consultation);
create index entry_held on writeback.entry (filed_at) where state = 'HELD' and completed_epoch is not null;
create index entry_ready on writeback.entry (look_at) where state = 'READY';
call ehub.protect('writeback.entry');

-- Every version of an entry as it was filed. Nothing is deleted.
create table writeback.entry_version (
    entry uuid not null references writeback.entry,
    version bigint not null,
    practice uuid not null,
    content jsonb not null,
    author_subject text not null,
    author_name text not null,
    author_role text not null,
    author_ods text not null,
    on_behalf_of_ods text not null,
    filed_at timestamptz not null,
    primary key (entry, version)
);
call ehub.protect('writeback.entry_version');

-- The closing of a consultation, with the prescriptions its manifest names. No caller reads these
-- three tables: events write them (as a service), background work reads them.
create table writeback.completion (
    consultation uuid not null,
    epoch bigint not null,
    clinical boolean not null,
    completed_at timestamptz not null,
    primary key (consultation, epoch)
);
call ehub.protect('writeback.completion', 'false');
create table writeback.manifest_prescription (
    consultation uuid not null,
    epoch bigint not null,
    prescription uuid not null,
    primary key (consultation, epoch, prescription)
);
call ehub.protect('writeback.manifest_prescription', 'false');
-- Prescriptions as prescribing made them known; items once issued.
create table writeback.prescription (
    id uuid primary key,
    consultation uuid not null,
    state text not null,
    items jsonb not null default '[]'
);
call ehub.protect('writeback.prescription', 'false');

-- A document on its way: the bytes as they are sent, and what has come back. For background work
-- only; it holds patient data.
create table writeback.outbound (
    id uuid primary key,
    entry uuid not null references writeback.entry,
    number integer not null,
    interim boolean not null,
    bundle_id text not null,
    header_id text not null,
    sender_reference text not null,
    to_mailbox text not null,
    subject text not null,
    body bytea not null,
    prepared_at timestamptz not null,
    attempts integer not null default 0,
    attempted_at timestamptz,
    next_attempt_at timestamptz not null,
    mesh_id text,
    sent_at timestamptz,
    undelivered text,
    received_at timestamptz,
    refused_code integer,
    accepted_code integer,
    declined_code integer,
    outcome_unknown boolean not null default false,
    receipt_missing boolean not null default false,
    acceptance_missing boolean not null default false,
    constraint outbound_number unique (entry, number),
    constraint outbound_sender_reference unique (sender_reference)
);
comment on column writeback.outbound.number is 'Document version: 1, and one more for each replacement of what went out.';
comment on column writeback.outbound.attempts is 'Sends that MESH may have accepted, counted before each.';
comment on column writeback.outbound.undelivered is 'Code of a definite refusal or of a MESH report.';
comment on column writeback.outbound.received_at is 'Positive infrastructure acknowledgement.';
comment on column writeback.outbound.refused_code is 'Negative infrastructure acknowledgement; the lowest of several.';
comment on column writeback.outbound.accepted_code is 'Positive business acknowledgement; the highest of several.';
comment on column writeback.outbound.declined_code is 'Negative business acknowledgement; the lowest of several.';
create index outbound_unsent on writeback.outbound (next_attempt_at) where sent_at is null and undelivered is null;
create index outbound_by_mesh_id on writeback.outbound (mesh_id);
call ehub.protect('writeback.outbound', 'false');

-- What came into the write-back mailbox, as it came: stored before MESH is acknowledged, and kept
-- 35 days. For background work only.
create table writeback.inbound (
    mesh_id text primary key,
    received_at timestamptz not null,
    message_type text not null,
    workflow text not null,
    linked_id text,
    status_code text,
    status_success boolean not null,
    body bytea not null,
    processed_at timestamptz,
    outcome text,
    constraint inbound_message_type check (message_type in ('DATA', 'REPORT'))
);
comment on column writeback.inbound.outcome is 'APPLIED, REPEATED, UNMATCHED, UNREADABLE or IGNORED.';
create index inbound_waiting on writeback.inbound (received_at) where processed_at is null;
create index inbound_by_age on writeback.inbound (received_at);
call ehub.protect('writeback.inbound', 'false');
