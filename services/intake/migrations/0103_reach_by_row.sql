-- Row security by a look-up for each row: see the foundation's migration of that name.
call ehub.reach_by('intake.consultation', ehub.reaching('intake.consultation') ||
    ' or (current_setting(''app.kind'', true) = ''client'' and client = current_setting(''app.client'', true))');
