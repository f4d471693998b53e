-- The patient's wish to withdraw, for whoever works on the item. What nobody worked on is WITHDRAWN at once.
alter table allocation.work_item
    add column withdraw_requested_at timestamptz,
    add column withdraw_reason text,
    add constraint work_item_withdraw check ((withdraw_requested_at is null) = (withdraw_reason is null)),
    add constraint work_item_withdrawn check (state <> 'WITHDRAWN' or withdraw_requested_at is not null);
