-- A hub's people may read what their hub has in quarantine as it arrived, and no other raw message.

create index quarantined_by_landed on intake.quarantined (landed);

do $$
begin
    -- The look-up is itself under the row security of intake.quarantined: the owner sees the owner's.
    execute format('create policy quarantined on intake.landed_message for select to %I '
        'using (exists (select from intake.quarantined q where q.landed = intake.landed_message.id))', ehub.role('run'));
    execute format('grant select (id, body) on intake.landed_message to %I', ehub.role('run'));
end
$$;
