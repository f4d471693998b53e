-- What prescribing holds, for the proof that nothing is lost: consultations with prescriptions, with each prescription and its state.
-- `version` is that of its stream of events, 0 when it has none. It is looked up root by root: joined in the order of ids, a
-- stretch of roots would begin with reading every stream before it. Whoever reads sees what row security lets them see below.
create view ehub.root with (security_invoker = true) as
    select p.consultation as id,
           coalesce((select s.version from ehub.outbox_stream s where s.stream = p.consultation), 0) as version,
           p.state
      from (select consultation, string_agg(id::text || '=' || state, ',' order by id) as state
              from prescribing.prescription group by consultation) p;

do $$
begin
    execute format('grant select on ehub.root to %I', ehub.role('run'));
end
$$;
