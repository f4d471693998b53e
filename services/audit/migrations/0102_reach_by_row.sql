-- Row security by a look-up for each row: see the foundation's migration of that name.
-- Tables in the order in which serving transactions lock them: an ALTER POLICY keeps its lock until the end.
call ehub.reach_by('audit.event', '(select true from audit.mention m where m.event_id = event.id limit 1)');
call ehub.reach_by('audit.mention',
    '(select true from audit.consultation c where c.consultation = mention.consultation limit 1)');
-- Rights begin and end at midnight in London, as everywhere; it was midnight UTC here.
call ehub.reach_by('audit.consultation', ehub.reaching('audit.consultation', 'audit'));
drop function audit.readable();
