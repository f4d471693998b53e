-- What events say is for background work, which delivers them. The role that serves calls adds events, and sees of
-- them what an operator's list of held streams shows: no body, which may speak of any practice's patients, and it
-- deletes none.
do $$
begin
    execute format('revoke select, delete on ehub.outbox from %I', ehub.role('run'));
    execute format(
        'grant select (id, xid, shard_group, stream, version, kind, event, consultation, at) on ehub.outbox to %I',
        ehub.role('run'));
end
$$;
