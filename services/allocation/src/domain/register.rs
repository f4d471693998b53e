//! The register's organisations.

use ehub_identifiers::{OdsCode, OrganisationId};
use time::Date;

use crate::domain::words::OrganisationKind;

/// An organisation's attributes from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The internal id.
    pub org: OrganisationId,
    /// The ODS code.
    pub ods: OdsCode,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub display_name: String,
    /// The ICB it belongs to.
    pub icb_ods: Option<OdsCode>,
    /// The mailbox documents are sent to.
    pub mesh_mailbox: String,
    /// The first day.
    pub from: Date,
}
