-- Subscribers that have heard more of some streams than this database has said: it came back from an older copy. Until it
-- is put right nothing that rests on it is to be given out. The relay notes it, and when it is over.
create table ehub.outbox_ahead (
    subscriber text not null,
    streams bigint not null,
    since timestamptz not null,
    constraint outbox_ahead_key primary key (subscriber),
    constraint outbox_ahead_some check (streams > 0)
);
comment on column ehub.outbox_ahead.streams is 'In how many streams of the last batch.';

do $$
begin
    execute format('grant select on ehub.outbox_ahead to %I', ehub.role('run'));
    execute format('grant select, insert, update, delete on ehub.outbox_ahead to %I', ehub.role('work'));
end
$$;
