-- Who may read an entry may read the document that was made of it.

do $$
begin
    -- The look-up is itself under the row security of writeback.entry.
    execute format('create policy of_entry on writeback.outbound for select to %I '
        'using (exists (select from writeback.entry e where e.id = writeback.outbound.entry))', ehub.role('run'));
end
$$;
