-- Work items: where each consultation is, whose it is, by when. Exactly one holder at any instant.

-- One row for each consultation. Nothing in it identifies the patient.
create table allocation.work_item (
    consultation uuid not null,
    reference text not null,
    practice uuid not null,
    practice_ods text not null,
    hub uuid not null,
    hub_ods text not null,
    state text not null,
    pool uuid not null,
    pool_ods text not null,
    pool_kind text not null,
    skill text not null,
    urgency text not null,
    need text not null,
    topic text not null,
    first_contact_at timestamptz not null,
    accepted_at timestamptz not null,
    respond_by timestamptz not null,
    work_by timestamptz not null,
    fair_due timestamptz not null,
    routed_by text not null,
    episode integer not null,
    version bigint not null,
    epoch bigint not null,
    claimed_by text,
    claimed_for uuid,
    claim_until timestamptz,
    transfer_reason text,
    acknowledge_by timestamptz,
    safe_kind text,
    safe_at timestamptz,
    related uuid[] not null,
    outcome text,
    outcome_note text,
    told_at timestamptz,
    told_channel text,
    record_source text,
    record_seen_at timestamptz,
    record_not_seen text,
    completed_at timestamptz,
    completed_by text,
    in_time boolean,
    constraint work_item_key primary key (consultation),
    -- What the queue's foreign key points at: an item is in a queue only while it is QUEUED.
    constraint work_item_state_key unique (consultation, state),
    constraint work_item_state check (state in ('QUEUED', 'CLAIMED', 'COMPLETED', 'WITHDRAWN')),
    constraint work_item_pool_kind check (pool_kind in ('HUB', 'PRACTICE')),
    constraint work_item_urgency check (urgency in ('ROUTINE', 'URGENT', 'EMERGENCY')),
    constraint work_item_need check (need in ('CLINICAL', 'ADMINISTRATIVE', 'CLINICAL_ADMINISTRATIVE')),
    -- H2: one person holds it exactly while it is claimed.
    constraint work_item_one_holder check (
        (state = 'CLAIMED') = (claimed_by is not null)
        and (claimed_by is null) = (claimed_for is null)
        and (claimed_by is null) = (claim_until is null)),
    -- H3: routing may ask for work earlier than promised, never later.
    constraint work_item_clock check (work_by <= respond_by),
    constraint work_item_safe check ((safe_kind is null) = (safe_at is null)),
    constraint work_item_completed check (
        (state = 'COMPLETED') = (completed_at is not null and completed_by is not null and outcome is not null
            and told_at is not null and in_time is not null))
);
comment on column allocation.work_item.hub is 'The hub a transferred item returns to.';
comment on column allocation.work_item.pool is 'The organisation whose pool holds it, or held it before it was claimed.';
comment on column allocation.work_item.fair_due is 'respond_by plus the fair-share share of the practice at arrival; orders the last band only.';
comment on column allocation.work_item.epoch is 'The last claim epoch: incarnation << 32 | n; only grows.';
comment on column allocation.work_item.acknowledge_by is 'Until when the receiver of a transfer must acknowledge; null when nothing waits.';
call ehub.protect('allocation.work_item');
create index work_item_claimed on allocation.work_item (claim_until) where state = 'CLAIMED';
create index work_item_claimed_by on allocation.work_item (claimed_by, work_by, consultation) where state = 'CLAIMED';
create index work_item_unacknowledged on allocation.work_item (acknowledge_by)
    where state = 'QUEUED' and acknowledge_by is not null;

-- The queue: one narrow row for each item in a pool, in the order it is given out.
create table allocation.open_item (
    consultation uuid not null,
    state text not null default 'QUEUED',
    practice uuid not null,
    pool uuid not null,
    skill text not null,
    band smallint not null,
    due timestamptz not null,
    promote_at timestamptz,
    work_by timestamptz not null,
    claimable_at timestamptz not null,
    constraint open_item_key primary key (consultation),
    constraint open_item_queued check (state = 'QUEUED'),
    constraint open_item_band check (band between 0 and 2),
    constraint open_item_promotion check ((band = 2) = (promote_at is not null)),
    -- H2: what a person holds, or what is closed, cannot stand in a queue as well.
    constraint open_item_of_queued_item foreign key (consultation, state)
        references allocation.work_item (consultation, state) deferrable initially deferred
);
comment on column allocation.open_item.band is '0 emergencies, 1 due within the warn window, 2 the rest.';
comment on column allocation.open_item.due is 'work_by in bands 0 and 1, fair_due in band 2.';
comment on column allocation.open_item.promote_at is 'When an item of band 2 enters its warn window.';
comment on column allocation.open_item.claimable_at is 'Not given out before: an old grant may still be in force.';
call ehub.protect('allocation.open_item');
create index open_item_order on allocation.open_item (pool, skill, band, due, consultation);
create index open_item_in_pool on allocation.open_item (pool, band, due, consultation);
create index open_item_promotion on allocation.open_item (promote_at) where band = 2;
create index open_item_by_practice on allocation.open_item (pool, practice);

-- The other half of H2: what is QUEUED stands in a queue. Checked when the transaction commits.
create function allocation.check_holder() returns trigger language plpgsql as $$
begin
    if exists (select from allocation.work_item w where w.consultation = new.consultation and w.state = 'QUEUED')
       and not exists (select from allocation.open_item o where o.consultation = new.consultation) then
        raise exception 'work item without a holder' using errcode = '23514', constraint = 'work_item_in_a_queue';
    end if;
    return null;
end
$$;
create constraint trigger work_item_in_a_queue after insert or update of state on allocation.work_item
    deferrable initially deferred for each row execute function allocation.check_holder();

-- One uninterrupted stay with one holder.
create table allocation.leg (
    consultation uuid not null references allocation.work_item (consultation),
    number integer not null,
    practice uuid not null,
    episode integer not null,
    holder_kind text not null,
    holder text not null,
    since timestamptz not null,
    until timestamptz,
    ended_by text,
    constraint leg_key primary key (consultation, number),
    constraint leg_holder_kind check (holder_kind in ('HUB', 'PRACTICE', 'PERSON')),
    constraint leg_end check ((until is null) = (ended_by is null))
);
comment on column allocation.leg.holder is 'An ODS code for a pool, a subject for a person.';
call ehub.protect('allocation.leg');
-- One holder at a time.
create unique index leg_open on allocation.leg (consultation) where until is null;

-- What was waiting for an outcome when a consultation was closed.
create table allocation.manifest_item (
    consultation uuid not null references allocation.work_item (consultation),
    practice uuid not null,
    name text not null,
    version bigint not null,
    constraint manifest_item_key primary key (consultation, name)
);
call ehub.protect('allocation.manifest_item');

-- Clinical alerts: red flags a duty person acknowledges. About a consultation or a quarantined
-- message, never both; the latter has no practice yet and is seen by its owner's people.
create table allocation.alert (
    alert uuid not null,
    consultation uuid,
    quarantined uuid,
    reference text not null,
    practice uuid,
    owner_ods text not null,
    raised_at timestamptz not null,
    calls integer not null,
    next_call_at timestamptz not null,
    acknowledged_by text,
    acknowledged_at timestamptz,
    constraint alert_key primary key (alert),
    constraint alert_subject check (num_nonnulls(consultation, quarantined) = 1),
    constraint alert_practice check ((consultation is null) = (practice is null)),
    constraint alert_acknowledged check ((acknowledged_by is null) = (acknowledged_at is null))
);
comment on column allocation.alert.owner_ods is 'The organisation whose duty person is called.';
call ehub.protect('allocation.alert', $$
    practice in (select * from ehub.reachable())
    or (practice is null and exists (select from ehub.reachable())
        and owner_ods in (select o.ods from ehub.organisation o
                           where o.org = nullif(current_setting('app.org', true), '')::uuid))
$$);
create unique index alert_of_consultation on allocation.alert (consultation) where consultation is not null;
create unique index alert_of_quarantined on allocation.alert (quarantined) where quarantined is not null;
create index alert_to_call on allocation.alert (next_call_at) where acknowledged_at is null;
create index alert_by_owner on allocation.alert (owner_ods, (acknowledged_at is not null), raised_at, alert);

-- What a person must settle, such as a failed delivery.
create table allocation.task (
    task uuid not null,
    consultation uuid not null references allocation.work_item (consultation),
    practice uuid not null,
    subject text not null,
    kind text not null,
    raised_at timestamptz not null,
    settled_at timestamptz,
    constraint task_key primary key (task),
    constraint task_kind check (kind in ('DELIVERY_FAILED'))
);
comment on column allocation.task.subject is 'The resource it is about, by name.';
call ehub.protect('allocation.task');
create unique index task_open on allocation.task (consultation, subject, kind) where settled_at is null;
