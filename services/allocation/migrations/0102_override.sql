-- Why somebody else than its holder ended a claim: whoever held the item, and whoever claims it next, reads it.
alter table allocation.work_item add column override_reason text;
