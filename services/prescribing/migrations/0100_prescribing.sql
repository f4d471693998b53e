-- Prescribing: cost centres, who may prescribe under them, and prescriptions with what was sent.

create schema prescribing;

-- Consultations as intake accepted them. `practice` is empty while the register does not know the
-- code; such a row is nobody's until it does.
create table prescribing.consultation (
    id uuid primary key,
    practice uuid,
    practice_ods text not null,
    hub_ods text not null,
    closed_at timestamptz
);
create index consultation_without_practice on prescribing.consultation (practice_ods) where practice is null;
call ehub.protect('prescribing.consultation');

-- The ODS code prescribing is charged to; tied to one ICB. Belongs to one organisation, which
-- alone sees and changes it.
create table prescribing.cost_centre (
    ods text primary key,
    display_name text not null,
    icb_ods text not null,
    organisation uuid not null,
    organisation_ods text not null,
    address text not null,
    phone text not null,
    valid_from date not null,
    valid_to date,
    constraint cost_centre_ods check (length(ods) between 3 and 6),
    constraint cost_centre_dates check (valid_to is null or valid_to > valid_from)
);
call ehub.protect('prescribing.cost_centre', $$organisation = nullif(current_setting('app.org', true), '')::uuid$$);

-- A prescriber's right to prescribe under a cost centre, with the identifiers EPS wants.
create table prescribing.membership (
    cost_centre text not null references prescribing.cost_centre (ods),
    subject text not null,
    organisation uuid not null,
    display_name text not null,
    sds_user_id text not null,
    sds_role_profile_id text not null,
    role_code text not null,
    professional_register text not null,
    professional_code text not null,
    din text,
    spurious_code text,
    prescription_type text not null,
    valid_from date not null,
    valid_to date,
    primary key (cost_centre, subject),
    constraint membership_register check (professional_register in ('gmc', 'nmc', 'gphc', 'hcpc')),
    constraint membership_dates check (valid_to is null or valid_to > valid_from)
);
call ehub.protect('prescribing.membership', $$organisation = nullif(current_setting('app.org', true), '')::uuid$$);

-- Numbers the short ids; 20 bits of it are used.
create sequence prescribing.short_id_number;

-- A prescription. Its id is the caller's and unique for ever; the short id is not unique.
create table prescribing.prescription (
    id uuid primary key,
    consultation uuid not null,
    practice uuid not null,
    practice_ods text not null,
    -- The organisation that prescribes: its people sign, issue and void.
    organisation uuid not null,
    cost_centre text not null,
    prescriber text not null,
    state text not null,
    -- Grows with every change; the etag.
    version bigint not null default 1,
    short_id text not null,
    -- HMAC-SHA256 of the NHS number under a key of this service: the patient is known here only so.
    patient bytea not null,
    pharmacy_ods text,
    override_recent_issue text,
    raised_at timestamptz not null,
    sign_by timestamptz not null,
    -- When it was called to attention because it was not signed in time.
    overdue_at timestamptz,
    -- What $prepare was sent and what it gave: the bytes, the SignedInfo in base64, its time.
    prepared_order bytea,
    digest text,
    digest_timestamp text,
    digest_algorithm text,
    signature text,
    signed_at timestamptz,
    record_seen_source text,
    record_seen_at timestamptz,
    -- What is sent to issue it, byte for byte and under one X-Request-ID, however often.
    order_message bytea,
    order_request uuid,
    role_profile text,
    send_attempts integer not null default 0,
    send_next_at timestamptz,
    issued_at timestamptz,
    refusal_code text,
    void_reason text,
    voided_at timestamptz,
    constraint prescription_state check
        (state in ('RAISED', 'PREPARED', 'SIGNED', 'SENDING', 'ISSUED', 'REFUSED', 'CANCELLED')),
    constraint prescription_prepared check (state <> 'PREPARED' or (digest is not null and prepared_order is not null)),
    constraint prescription_signed check (state not in ('SIGNED', 'SENDING', 'ISSUED') or signature is not null),
    constraint prescription_sent check
        (state not in ('SENDING', 'ISSUED') or (order_message is not null and order_request is not null))
);
create index prescription_by_consultation on prescribing.prescription (consultation, raised_at, id);
create index prescription_by_patient on prescribing.prescription (patient);
create index prescription_unsigned on prescribing.prescription (prescriber, raised_at, id)
    where state in ('RAISED', 'PREPARED');
create index prescription_to_send on prescribing.prescription (send_next_at) where state = 'SENDING';
create index prescription_to_sign on prescribing.prescription (sign_by)
    where state in ('RAISED', 'PREPARED') and overdue_at is null;
call ehub.protect('prescribing.prescription');

-- One medicine of a prescription. Its UUID on the wire is made of the prescription's and its position.
create table prescribing.item (
    prescription uuid not null references prescribing.prescription (id),
    position smallint not null,
    practice uuid not null,
    medicine_code text not null,
    medicine_name text not null,
    quantity text not null,
    unit_code text not null,
    unit_name text not null,
    dosage text not null,
    days smallint not null,
    controlled_schedule text,
    quantity_words text,
    primary key (prescription, position),
    constraint item_position check (position between 1 and 4),
    constraint item_schedule check (controlled_schedule in ('2', '3', '4-1', '4-2', '5'))
);
call ehub.protect('prescribing.item');

-- Whether one of these medicines was issued, or is being sent, for this patient since a time,
-- whoever's patient it was: the one question that goes past row security. It takes a keyed hash
-- and gives a prescription's id, nothing of the patient.
create policy definer on prescribing.prescription for select to current_user using (true);
create policy definer on prescribing.item for select to current_user using (true);
create function prescribing.recently_issued(of_patient bytea, medicines text[], since timestamptz) returns uuid
language sql stable security definer set search_path = '' as $$
    select p.id
      from prescribing.prescription p
      join prescribing.item i on i.prescription = p.id
     where p.patient = of_patient
       and i.medicine_code = any(medicines)
       and (p.state = 'SENDING' or (p.state = 'ISSUED' and p.issued_at >= since))
     order by p.issued_at desc nulls first
     limit 1
$$;
revoke all on function prescribing.recently_issued(bytea, text[], timestamptz) from public;

do $$
declare
    who text;
begin
    foreach who in array array[ehub.role('run'), ehub.role('work')] loop
        execute format('grant usage on schema prescribing to %I', who);
        execute format('grant usage on sequence prescribing.short_id_number to %I', who);
    end loop;
    execute format(
        'grant execute on function prescribing.recently_issued(bytea, text[], timestamptz) to %I', ehub.role('run'));
end
$$;
