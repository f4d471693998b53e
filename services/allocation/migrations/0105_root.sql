-- What allocation holds, for the proof that nothing is lost: work items, with their states.
-- `version` is that of its stream of events, 0 when it has none. It is looked up root by root: joined in the order of ids, a
-- stretch of roots would begin with reading every stream before it. Whoever reads sees what row security lets them see below.
create view ehub.root with (security_invoker = true) as
    select w.consultation as id, coalesce((select s.version from ehub.outbox_stream s where s.stream = w.consultation), 0) as version, w.state
      from allocation.work_item w;

do $$
begin
    execute format('grant select on ehub.root to %I', ehub.role('run'));
end
$$;
