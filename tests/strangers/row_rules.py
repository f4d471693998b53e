"""What row security leaves open on purpose, each with its reason; and the questions put to PostgreSQL's own catalogue.

Every line must be needed: one that fits nothing any more fails, or it would hide the next mistake.
"""

from __future__ import annotations

from fixture import ALDER, BIRCH

# Tables that every caller's transaction may read, and why that shows nobody's patient.
OPEN = {
    "ehub.organisation": "the register: organisations, no patients",
    "ehub.access": "who may reach which practice; row security itself reads it",
    "ehub.access_version": "counters",
    "ehub.access_freshness": "a time",
    "ehub.incarnation": "the life of the database",
    "ehub.claim_fence": "consultation ids and epochs; every guard locks its row",
    "ehub.inbox": "stream ids and versions",
    "ehub.outbox_stream": "stream ids and versions",
    "ehub.outbox_cursor": "positions",
    "ehub.outbox_ahead": "of which streams services have heard more than this database has said",
    "ehub.outbox_skip": "what operators left out: stream ids, and their reasons",
    "ehub.outbox_held": "stream ids and reasons",
    "ehub.idempotency": "looked up by client, subject, method and request id; answers hold names and versions",
    "allocation.roster": "who works for which practices; the register's own",
    "allocation.access_agreement": "which hub works for which practice; the register's own",
    "intake.enrolment": "the hub's promises to practices, no patients",
    "intake.status_attempt": "references that were guessed, and when",
    "intake.trace_queue": "consultation ids",
    "intake.page": "consultation ids and duty contacts",
    "audit.leaf": "the log's leaves: no name, number or text in them; whom they concern is a keyed hash",
    "audit.node": "hashes",
    "audit.checkpoint": "signed hashes",
    "audit.no_loss": "counts",
    "public.ehub_migration": "the schema's own record",
}
# Tables that are open but for what may speak of patients: these columns are shut, and nothing is ever removed.
SHUT = {"ehub.outbox": ("body", "traceparent")}
# Tables without row security to which who serves calls may add, and nothing else.
ADDED_ONLY = {"intake.reference_directory": "a draw must collide with every other; one function reads it"}
# Behind a policy that lets no caller through: what background work and other services need.
NOBODYS = {
    "writeback.completion", "writeback.manifest_prescription", "writeback.prescription", "writeback.inbound",
    "audit.deliverable", "audit.manifest_item", "audit.task", "audit.quarantine", "audit.rejected", "audit.root", "audit.divergence",
    "audit.walk",
}
# An organisation's own, whichever practices its people work for.
ORGANISATIONS = {
    "writeback.agreement": "who may be written to, and how",
    "prescribing.cost_centre": "whose budget it is",
    "prescribing.membership": "who prescribes on it",
    "intake.quarantined": "what the mailbox of the organisation could not read",
    "intake.landed_message": "the same, as it came",
}
# Protected tables that have no rows here, and why that is so.
EMPTY = {
    "allocation.task": "follows a delivery that failed, and none fails here",
    "audit.task": "the same, as audit hears of it",
    "audit.rejected": "a message that could not even be quarantined",
    "audit.divergence": "a loss, and nothing is lost here",
    "writeback.manifest_prescription": "a prescription that was issued before its consultation was closed",
}
# Rows that are of two practices at once: one page of a list that named patients of both.
OF_BOTH = {
    "audit.event": """select e.ctid::text as id from audit.event e where 2 = (select count(distinct o.ods)
        from audit.mention m join audit.consultation c using (consultation) join ehub.organisation o on o.org = c.practice
        where m.event_id = e.id and o.ods in ('%s', '%s'))""" % (ALDER, BIRCH),
}
TABLES = """
select n.nspname || '.' || c.relname as name, c.relkind as kind, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
       pg_get_userbyid(c.relowner) = current_user as own,
       has_table_privilege(current_user, c.oid, 'select') as reads, has_any_column_privilege(current_user, c.oid, 'select') as reads_some,
       has_any_column_privilege(current_user, c.oid, 'insert') as adds, has_any_column_privilege(current_user, c.oid, 'update') as changes,
       has_table_privilege(current_user, c.oid, 'delete') as removes, has_table_privilege(current_user, c.oid, 'truncate') as truncates,
       (select array_to_json(array_agg(a.attname order by a.attnum)) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = '') as columns,
       (select array_to_json(array_agg(a.attname order by a.attnum)) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and has_column_privilege(current_user, c.oid, a.attnum, 'select')) as readable,
       coalesce(c.reloptions @> array['security_invoker=true'], false) as invoker
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
   and has_schema_privilege(current_user, n.oid, 'usage')
 order by 1
"""
ROLE = """
select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
       has_database_privilege(current_user, current_database(), 'create') as creates,
       has_database_privilege(current_user, current_database(), 'temp') as temporary,
       (select array_to_json(array_agg(n.nspname)) from pg_namespace n where has_schema_privilege(current_user, n.oid, 'create')) as schemas,
       (select count(*) from pg_auth_members m where m.member = r.oid) as memberships
  from pg_roles r where rolname = current_user
"""
FUNCTIONS = """
select n.nspname || '.' || p.proname as name, coalesce(array_to_string(p.proconfig, ','), '') as config,
       pg_get_function_result(p.oid) as gives
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') and has_function_privilege(current_user, p.oid, 'execute')
"""
