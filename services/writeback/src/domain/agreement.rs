//! Who may write into whose records.

use ehub_identifiers::OdsCode;
use time::Date;
use uuid::Uuid;

/// What an agreement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementTerms {
    /// The organisation that writes.
    pub from: OdsCode,
    /// The practice it writes to.
    pub to: OdsCode,
    /// The MESH mailbox documents go to.
    pub mesh_mailbox: String,
    /// Whether entries written by third parties are included.
    pub third_party_entries: bool,
    /// The first day.
    pub from_date: Date,
    /// The day after the last.
    pub to_date: Option<Date>,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub terms: AgreementTerms,
    /// 1, and one more at each replacement.
    pub version: i64,
}
