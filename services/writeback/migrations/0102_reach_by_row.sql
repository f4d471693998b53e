-- Row security by a look-up for each row: see the foundation's migration of that name.
-- Tables in the order in which serving transactions lock them: an ALTER POLICY keeps its lock until the end.
alter policy of_entry on writeback.outbound using (
    (select true from writeback.entry e where e.id = writeback.outbound.entry limit 1));
call ehub.reach_by('writeback.consultation', ehub.reaching('writeback.consultation'));
call ehub.reach_by('writeback.entry', ehub.reaching('writeback.entry'));
call ehub.reach_by('writeback.entry_version', ehub.reaching('writeback.entry_version'));
