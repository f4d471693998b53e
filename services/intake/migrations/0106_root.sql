-- What intake holds, for the proof that nothing is lost: consultations. What intake answers for never changes by itself, so its state is one word.
-- `version` is that of its stream of events, 0 when it has none. It is looked up root by root: joined in the order of ids, a
-- stretch of roots would begin with reading every stream before it. Whoever reads sees what row security lets them see below.
create view ehub.root with (security_invoker = true) as
    select c.id, coalesce((select s.version from ehub.outbox_stream s where s.stream = c.id), 0) as version, 'ACCEPTED' as state
      from intake.consultation c;

do $$
begin
    execute format('grant select on ehub.root to %I', ehub.role('run'));
end
$$;
