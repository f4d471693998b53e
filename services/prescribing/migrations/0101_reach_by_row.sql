-- Row security by a look-up for each row: see the foundation's migration of that name.
call ehub.reach_by('prescribing.consultation', ehub.reaching('prescribing.consultation'));
call ehub.reach_by('prescribing.prescription', ehub.reaching('prescribing.prescription'));
call ehub.reach_by('prescribing.item', ehub.reaching('prescribing.item'));
