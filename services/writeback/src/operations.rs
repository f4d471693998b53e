//! What write-back does, one use-case a file.

pub mod apply_event;
pub mod apply_inbound;
pub mod fence_claims;
pub mod file_entry;
pub mod forget_old;
pub mod get_document;
pub mod get_entry;
pub mod list_agreements;
pub mod list_entries;
pub mod mark_overdue;
pub mod prepare_document;
pub mod put_agreement;
pub mod release_entries;
pub mod seal_claim;
pub mod send_document;
pub mod settle_entry;

mod learn;
mod moving;
