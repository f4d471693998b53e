-- Roots are compared in stretches by id, by the key: the index by shard has no use any more.
drop index audit.root_by_shard;

-- How far each source has been compared; one walk for all replicas.
create table audit.walk (
    source text not null,
    -- How many looks were kept: one that began before another was kept does not move the walk.
    number bigint not null,
    -- The last root of the stretch before.
    after uuid not null,
    -- The source's position at the last look, and when it told it.
    changed_since text not null,
    asked_at timestamptz,
    -- When the walk left the first root, and when the last walk that ended had done so.
    began timestamptz,
    whole_since timestamptz,
    constraint walk_pkey primary key (source)
);
call ehub.protect('audit.walk', 'false');

-- When a difference was last seen: one that its source has not been asked for since is not known to last.
alter table audit.divergence add column seen_at timestamptz not null default '2000-01-01Z';
alter table audit.divergence alter column seen_at set default ehub.app_now();
-- Since when every root has been compared; null until the first walk through all of them has ended.
alter table audit.no_loss add column compared_since timestamptz;
