-- Row security by a look-up for each row: see the foundation's migration of that name.
call ehub.reach_by('audit.consultation', ehub.reaching('audit.consultation', 'audit'));
call ehub.reach_by('audit.mention',
    '(select true from audit.consultation c where c.consultation = mention.consultation limit 1)');
call ehub.reach_by('audit.event', '(select true from audit.mention m where m.event_id = event.id limit 1)');
drop function audit.readable();
