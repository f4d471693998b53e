//! Write-back on a real PostgreSQL: over its RPCs, and through its operations as the workers run them.

mod agreements;
mod claims;
mod delivery;
mod document;
mod entries;
mod receipts;
mod world;
