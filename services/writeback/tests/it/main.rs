//! Write-back on a real PostgreSQL: over its RPCs, and through its operations as the workers run them.

mod agreements;
mod claims;
mod delivery;
mod document;
mod document_reads;
mod entries;
mod receipts;
mod sources;
mod world;
