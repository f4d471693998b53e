-- Interim documents are few among all that ever went out: what replaces them is looked for from their side.
create index outbound_interim on writeback.outbound (entry) where interim;
