-- Row security asks of each row whether its practice is the caller's: one look into the key of ehub.access, however
-- many practices the caller reaches. (Asking for the set of all of them cost a person of 500 practices a third of a
-- millisecond for every statement.) A subquery of one value is never turned into such a set by the planner.

-- That condition for a table with a column `practice`, with any capability or with one.
create function ehub.reaching(target regclass, capability text default null) returns text language sql stable as $$
    select format(
        '(select true from ehub.access a '
        'where a.org = nullif(current_setting(''app.org'', true), '''')::uuid '
        'and a.person = current_setting(''app.person'', true) and a.practice = %I.practice%s '
        'and a.valid_from <= ehub.today() and (a.valid_to is null or a.valid_to > ehub.today()) limit 1)',
        (select relname from pg_class where oid = target),
        case when capability is null then '' else format(' and a.capability = %L', capability) end)
$$;

-- Puts another condition in the place of the one `ehub.protect` gave a table; grants stay as they are.
create procedure ehub.reach_by(target regclass, reach text) language plpgsql as $$
begin
    execute format(
        'alter policy run on %s using ((select ehub.is_service()) or (%s)) with check ((select ehub.is_service()) or (%s))',
        target, reach, reach);
end
$$;

-- As before, but for the condition of a table that needs no other.
create or replace procedure ehub.protect(target regclass, reach text default null) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy run on %s for all to %I using (false)', target, ehub.role('run'));
    call ehub.reach_by(target, coalesce(reach, ehub.reaching(target)));
    execute format('create policy work on %s for all to %I using (true) with check (true)', target, ehub.role('work'));
    execute format('grant select, insert, update, delete on %s to %I, %I', target, ehub.role('run'), ehub.role('work'));
end
$$;
