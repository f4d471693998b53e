-- Row security by a look-up for each row: see the foundation's migration of that name.
-- Tables in the order in which serving transactions lock them: an ALTER POLICY keeps its lock until the end.
call ehub.reach_by('allocation.open_item', ehub.reaching('allocation.open_item'));
call ehub.reach_by('allocation.work_item', ehub.reaching('allocation.work_item'));
call ehub.reach_by('allocation.leg', ehub.reaching('allocation.leg'));
call ehub.reach_by('allocation.manifest_item', ehub.reaching('allocation.manifest_item'));
call ehub.reach_by('allocation.task', ehub.reaching('allocation.task'));
call ehub.reach_by('allocation.alert', ehub.reaching('allocation.alert') || $$
    or (practice is null and exists (select from ehub.reachable())
        and owner_ods in (select o.ods from ehub.organisation o
                           where o.org = nullif(current_setting('app.org', true), '')::uuid))
$$);
