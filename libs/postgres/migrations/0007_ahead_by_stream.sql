-- Which streams a subscriber has heard more of than this database has said, each until it is put right: what the last batch
-- showed said nothing of the streams it did not hold. Whoever was noted so far is noted again by its relay.
drop table ehub.outbox_ahead;
create table ehub.outbox_ahead (
    subscriber text not null,
    stream uuid not null,
    heard bigint not null,
    since timestamptz not null,
    constraint outbox_ahead_key primary key (subscriber, stream)
);
comment on column ehub.outbox_ahead.heard is 'The version heard of; the subscriber is ahead while it is above the last one written here.';

do $$
begin
    execute format('grant select on ehub.outbox_ahead to %I', ehub.role('run'));
    execute format('grant select, insert, update, delete on ehub.outbox_ahead to %I', ehub.role('work'));
end
$$;
