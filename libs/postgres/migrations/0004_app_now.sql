-- The clock of a statement, so that PostgreSQL puts the function's body into the statements that use it: one that says
-- `clock_timestamp()`, which is volatile, within a stable function stays a call, made anew for every row.
--
-- Whoever waits for a row's lock decides by the time its statement began; PostgreSQL looks at the row again after the
-- wait, and what another did meanwhile (a new epoch, a longer lease) is seen then.
create or replace function ehub.app_now() returns timestamptz language sql stable as $$
    select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, statement_timestamp())
$$;
