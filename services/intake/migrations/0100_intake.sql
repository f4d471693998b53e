-- Intake: consultations as received, enrolments, what arrived by MESH, and the queues of its workers.

create schema intake;

-- Who sends what to which hub. Not behind row security: every submission by a supplier, whom the
-- access table does not know, reads it; it holds no patient. Operations filter by the caller's hub.
create table intake.enrolment (
    id uuid primary key,
    practice uuid, -- internal id; null until the register knows the code
    practice_ods text not null,
    practice_name text not null,
    practice_phone text not null,
    hub_ods text not null,
    hub_name text not null,
    needs text[] not null,
    from_date date not null,
    to_date date, -- the day after the last; null is open
    promises jsonb not null, -- rows of need, urgency, respond_minutes, working_time
    duty_contact text not null,
    if_worse text not null,
    version bigint not null,
    constraint enrolment_dates check (to_date is null or to_date > from_date),
    constraint enrolment_has_needs check (cardinality(needs) > 0)
);
create index enrolment_by_practice on intake.enrolment (practice_ods, from_date);
create index enrolment_by_hub on intake.enrolment (hub_ods, id);

-- Every consultation as it was received. State is moved by allocation and projected here.
create table intake.consultation (
    id uuid primary key, -- last byte: shard of the practice at acceptance
    practice uuid, -- internal id; null until the register knows the code
    practice_ods text not null,
    hub_ods text not null,
    enrolment uuid not null references intake.enrolment (id),
    enrolment_version bigint not null, -- whose promise table gave the deadlines
    client text not null, -- who submitted: an OAuth client, or mesh:<mailbox>
    reference text not null,
    supplier_reference text,
    channel text not null,
    state text not null,
    episode integer not null default 1,
    need text not null,
    topic text not null,
    patient jsonb not null,
    submitter jsonb not null,
    content jsonb not null,
    birth_date date not null,
    test_patient boolean not null,
    nhs_key bytea, -- HMAC-SHA256 of the NHS number
    person_key bytea not null, -- HMAC-SHA256 of family name and birth date
    urgency text not null,
    matched_rules text[] not null,
    not_screened_reason text not null,
    emergency_advice text not null,
    rule_set text not null,
    first_contact_time timestamptz not null,
    accept_time timestamptz not null,
    plan_by timestamptz not null,
    respond_by timestamptz not null,
    close_time timestamptz,
    trace_outcome text, -- null: not traced yet
    registered_practice_ods text,
    nominated_pharmacy_ods text,
    trace_time timestamptz,
    quarantined uuid, -- what it was made of, if it was
    constraint consultation_reference unique (reference),
    constraint consultation_channel check (channel in ('ONLINE', 'MESH', 'PHONE', 'DESK')),
    constraint consultation_state check (state in ('ACCEPTED', 'IN_PROGRESS', 'AWAITING_PATIENT', 'CLOSED', 'WITHDRAWN')),
    constraint consultation_need check (need in ('CLINICAL', 'ADMINISTRATIVE', 'CLINICAL_ADMINISTRATIVE')),
    constraint consultation_contact_first check (first_contact_time <= accept_time),
    constraint consultation_closed check ((state = 'CLOSED') = (close_time is not null))
);
create unique index consultation_supplier_reference on intake.consultation (client, supplier_reference)
    where supplier_reference is not null;
create index consultation_by_practice on intake.consultation (practice, accept_time desc, id desc);
create index consultation_by_client on intake.consultation (client, accept_time desc, id desc);
create index consultation_by_nhs_key on intake.consultation (practice_ods, nhs_key, accept_time desc);
create index consultation_by_person_key on intake.consultation (practice_ods, person_key, accept_time desc);
create index consultation_without_practice on intake.consultation (practice_ods) where practice is null;
call ehub.protect('intake.consultation',
    'practice in (select * from ehub.reachable()) or (current_setting(''app.kind'', true) = ''client'' and client = current_setting(''app.client'', true))');

-- References handed out. Outside row security so that a draw sees every other; the roles may only
-- add to it, and only intake.public_status reads it.
create table intake.reference_directory (
    reference text primary key,
    consultation uuid not null
);

-- Wrong answers to "what became of my consultation": they limit guessing.
create table intake.status_attempt (
    reference text not null,
    client text not null,
    at timestamptz not null
);
create index status_attempt_by_reference on intake.status_attempt (reference, at);
create index status_attempt_by_client on intake.status_attempt (client, at);

-- What arrived by MESH, whole, before MESH was told so. Kept 35 days. Seen by background work only.
create table intake.landed_message (
    id uuid primary key,
    mesh_id text not null,
    mailbox text not null,
    from_mailbox text not null,
    workflow text not null,
    kind text not null,
    linked_id text not null, -- of a report: the message it is about
    body bytea not null,
    receive_time timestamptz not null,
    state text not null,
    bundle_id text,
    header_id text,
    consultation uuid,
    settle_time timestamptz,
    attempts integer not null default 0,
    next_at timestamptz not null,
    constraint landed_mesh_id unique (mailbox, mesh_id),
    constraint landed_kind check (kind in ('DATA', 'REPORT')),
    constraint landed_state check (state in ('LANDED', 'ACCEPTED', 'QUARANTINED', 'REJECTED', 'REPORTED'))
);
create index landed_waiting on intake.landed_message (next_at) where state = 'LANDED';
create unique index landed_bundle on intake.landed_message (from_mailbox, bundle_id)
    where state in ('ACCEPTED', 'QUARANTINED') and bundle_id is not null;
create unique index landed_header on intake.landed_message (from_mailbox, header_id)
    where state in ('ACCEPTED', 'QUARANTINED') and header_id is not null;

-- What could not become a consultation, with its owner and deadline. Behind row security by owner.
create table intake.quarantined (
    id uuid primary key,
    landed uuid not null,
    mailbox text not null,
    from_mailbox text not null,
    owner_ods text not null,
    cause text not null,
    wrong_fields text[] not null,
    receive_time timestamptz not null,
    deadline timestamptz not null,
    screened text not null,
    size_bytes bigint not null,
    consultation uuid,
    settle_time timestamptz,
    constraint quarantined_cause check (cause in ('UNREADABLE', 'NOT_ENROLLED', 'INVALID_FIELDS', 'UNEXPECTED_MESSAGE')),
    constraint quarantined_settled check ((consultation is null) = (settle_time is null))
);
create index quarantined_by_owner on intake.quarantined (owner_ods, deadline, id);
call ehub.protect('intake.quarantined',
    'exists (select from ehub.organisation o where o.org = nullif(current_setting(''app.org'', true), '''')::uuid and o.ods = owner_ods)');

-- Acknowledgements on their way: bytes stored before the first send, sent identically every time.
create table intake.outbound_message (
    id uuid primary key,
    landed uuid not null,
    to_mailbox text not null,
    workflow text not null,
    response_code integer not null,
    body bytea not null,
    state text not null,
    attempts integer not null default 0,
    next_at timestamptz not null,
    mesh_id text,
    constraint outbound_state check (state in ('READY', 'SENDING', 'SENT', 'FAILED'))
);
create index outbound_waiting on intake.outbound_message (next_at) where state in ('READY', 'SENDING');

-- Consultations whose patient demographics has still to be asked about. Ids only.
create table intake.trace_queue (
    consultation uuid primary key,
    attempts integer not null default 0,
    next_at timestamptz not null
);
create index trace_queue_by_time on intake.trace_queue (next_at);

-- Emergencies intake itself pages about unless allocation takes them over in time. No patient data.
create table intake.page (
    subject uuid primary key, -- a consultation or a quarantined message
    kind text not null,
    duty_contact text not null,
    body jsonb not null,
    state text not null,
    attempts integer not null default 0,
    next_at timestamptz not null,
    constraint page_kind check (kind in ('CONSULTATION', 'QUARANTINED')),
    constraint page_state check (state in ('WAITING', 'SENT', 'STOOD_DOWN'))
);
create index page_waiting on intake.page (next_at) where state = 'WAITING';

-- Earlier consultations of the same patient with the same practice, whoever submitted them: a
-- supplier's own rows would not show them. Gives ids and states only.
create function intake.related(in_practice text, in_nhs_key bytea, in_person_key bytea, since timestamptz)
    returns table (consultation uuid, state text)
    language sql stable security definer set search_path = pg_catalog as $$
    select c.id, c.state
      from intake.consultation c
     where c.practice_ods = in_practice and c.accept_time >= since
       and (c.nhs_key = in_nhs_key
            or ((c.nhs_key is null or in_nhs_key is null) and c.person_key = in_person_key))
     order by c.accept_time desc, c.id desc
     limit 50
$$;

-- The public state of a consultation for who knows its reference and the patient's birth date.
create function intake.public_status(in_reference text, in_birth_date date)
    returns table (consultation uuid, practice_ods text, state text, accept_time timestamptz, respond_by timestamptz, close_time timestamptz)
    language sql stable security definer set search_path = pg_catalog as $$
    select c.id, c.practice_ods, c.state, c.accept_time, c.respond_by, c.close_time
      from intake.reference_directory d join intake.consultation c on c.id = d.consultation
     where d.reference = in_reference and c.birth_date = in_birth_date
$$;

do $$
declare
    who text;
begin
    -- The two functions above run as the owner, whom forced row security would blind.
    execute format('create policy definer on intake.consultation for select to %I using (true)', current_user);
    revoke execute on function intake.related(text, bytea, bytea, timestamptz) from public;
    revoke execute on function intake.public_status(text, date) from public;
    -- Raw messages hold patients' words: the role that serves calls never sees them.
    execute 'alter table intake.landed_message enable row level security';
    execute 'alter table intake.landed_message force row level security';
    execute format('create policy work on intake.landed_message for all to %I using (true) with check (true)', ehub.role('work'));
    execute format('grant select, insert, update, delete on intake.landed_message to %I', ehub.role('work'));
    -- Acknowledgements are made and sent by background work only.
    execute format('grant select, insert, update, delete on intake.outbound_message to %I', ehub.role('work'));
    foreach who in array array[ehub.role('run'), ehub.role('work')] loop
        execute format('grant usage on schema intake to %I', who);
        execute format('grant execute on function intake.related(text, bytea, bytea, timestamptz) to %I', who);
        execute format('grant execute on function intake.public_status(text, date) to %I', who);
        execute format('grant insert on intake.reference_directory to %I', who);
        -- No patient data in these: ids, times, counters, and the hub's own settings.
        execute format('grant select, insert, update, delete on intake.enrolment, intake.status_attempt, intake.trace_queue, intake.page to %I', who);
    end loop;
end
$$;
