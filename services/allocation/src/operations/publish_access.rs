//! Computes again what an organisation may reach, and publishes it.

use ehub_access::{caught_up, replace_access};
use ehub_identifiers::{OdsCode, OrganisationId};
use ehub_postgres::{StorageError, Tx};

use crate::{
    domain::{access::rights, register::Organisation},
    events,
    storage::register,
};

/// Why the register is not changed.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Another organisation bears the code on one of the days.
    #[error("another organisation bears the code")]
    CodeTaken,
    /// No such organisation.
    #[error("there is no such organisation")]
    NotFound {
        /// The code that was asked for; public.
        ods: String,
    },
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

/// The organisation that bears a code.
pub(crate) async fn organisation(tx: &mut Tx, ods: &OdsCode) -> Result<Organisation, RegisterError> {
    register::by_code(tx, ods).await?.ok_or_else(|| RegisterError::NotFound { ods: ods.to_string() })
}

/// Writes and publishes an organisation's access in the transaction that changed what it follows
/// from; gives the version. The writer has taken its turn.
pub(crate) async fn publish(tx: &mut Tx, org: OrganisationId) -> Result<i64, StorageError> {
    let own = register::is_practice(tx, org).await?.then_some(org.uuid());
    let (agreements, roster) = (register::agreements(tx, org).await?, register::roster(tx, org).await?);
    let rows = events::register::rows(&rights(own, &agreements, &roster));
    let version = register::access_version(tx, org).await? + 1;
    replace_access(tx, org.uuid(), version, &rows).await?;
    let at = tx.at();
    caught_up(tx, at).await?;
    tx.raise(events::register::access_published(org, version, rows));
    Ok(version)
}
