-- The register's own tables: who works for whom, and what one organisation may do for another's
-- patients. What follows from them is `ehub.access`, which the other services project.

create schema if not exists allocation;

-- What one person does for one organisation. No patients' rows: a directory, written with a scope.
create table allocation.roster (
    subject text not null,
    organisation uuid not null,
    practices uuid[] not null,
    role text not null,
    valid_from date not null,
    valid_to date,
    constraint roster_key primary key (organisation, subject),
    constraint roster_dates check (valid_to is null or valid_to > valid_from)
);
comment on column allocation.roster.practices is
    'The practices worked for; empty means every practice the organisation has an agreement with, and its own patients when it is a practice.';

-- What one organisation may do for the patients of a practice. No patients' rows.
create table allocation.access_agreement (
    organisation uuid not null,
    practice uuid not null,
    capabilities text[] not null,
    valid_from date not null,
    valid_to date,
    constraint access_agreement_key primary key (organisation, practice),
    constraint access_agreement_capabilities check (cardinality(capabilities) > 0),
    constraint access_agreement_dates check (valid_to is null or valid_to > valid_from)
);

do $$
declare
    who text;
begin
    foreach who in array array[ehub.role('run'), ehub.role('work')] loop
        execute format('grant usage on schema allocation to %I', who);
        -- Directories without a practice's rows: the scope `register.write` guards them.
        execute format('grant select, insert, update, delete on allocation.roster, allocation.access_agreement to %I', who);
    end loop;
end
$$;
