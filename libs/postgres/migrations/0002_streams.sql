-- Events that operators decided to leave out for one subscriber: proposed by one person, confirmed by
-- another. The event itself stays in the outbox; the subscriber gets an empty one in its place.
create table ehub.outbox_skip (
    subscriber text not null,
    stream uuid not null,
    version bigint not null,
    reason text not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    confirmed_reason text,
    constraint outbox_skip_key primary key (subscriber, stream, version),
    constraint outbox_skip_two_people check (confirmed_by <> proposed_by),
    constraint outbox_skip_confirmed check (num_nonnulls(confirmed_by, confirmed_at, confirmed_reason) in (0, 3))
);
comment on column ehub.outbox_skip.reason is 'In the words of the one who proposed it.';

do $$
declare
    who text;
begin
    foreach who in array array[ehub.role('run'), ehub.role('work')] loop
        execute format('grant select, insert, update on ehub.outbox_skip to %I', who);
    end loop;
end
$$;
