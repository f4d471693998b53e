-- Roots are compared in stretches by id, by the key: the index by shard has no use any more.
drop index audit.root_by_shard;

-- Since when every root has been compared; null until the first walk through all of them has ended.
alter table audit.no_loss add column compared_since timestamptz;
