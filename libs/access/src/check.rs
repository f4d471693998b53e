//! Questions a service asks before it looks anything up.

use std::time::Duration;

use ehub_faults::{Code, Fault};
use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

/// People's acts are refused when access was last known to be complete longer ago than this.
const STALE_AFTER: Duration = Duration::from_secs(15 * 60);

/// An organisation of the register, as a practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practice {
    /// The internal id.
    pub org: Uuid,
    /// The ODS code it bears today.
    pub ods: String,
    /// Its name.
    pub display_name: String,
    /// The ICB it belongs to.
    pub icb_ods: Option<String>,
}

/// Why a caller may not.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The caller's organisation is not in the register.
    #[error("the caller's organisation is not in the register")]
    OrganisationUnknown,
    /// The caller may not act for this practice, or it does not exist: the same answer.
    #[error("the caller may not act for the practice")]
    PracticeNotAllowed,
    /// Access has not been refreshed for too long.
    #[error("access is stale")]
    Stale,
    /// Storage failed.
    #[error("access could not be read")]
    Storage(#[from] StorageError),
}

impl From<AccessError> for Fault {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::OrganisationUnknown => {
                Self::permission_denied("ORGANISATION_UNKNOWN", "the caller's organisation is not in the register")
            }
            AccessError::PracticeNotAllowed => {
                Self::permission_denied("PRACTICE_NOT_ALLOWED", "the caller may not act for this practice")
            }
            AccessError::Stale => Self::new(
                Code::Unavailable,
                "auth.ehub",
                "ACCESS_STALE",
                "access has not been refreshed for too long; try again",
            )
            .retry_after(Duration::from_secs(5)),
            AccessError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

/// The practice that bears an ODS code, whoever asks.
pub async fn known_practice(tx: &mut Tx, ods: &str) -> Result<Option<Practice>, StorageError> {
    let row: Option<(Uuid, String, String, Option<String>)> = sqlx::query_as(
        "/* access.known_practice */ select org, ods, display_name, icb_ods from ehub.organisation \
          where ods = $1 and valid_from <= ehub.today() order by valid_from desc limit 1",
    )
    .bind(ods)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(org, ods, display_name, icb_ods)| Practice { org, ods, display_name, icb_ods }))
}

/// The practice, when the caller may use this capability on its patients today.
pub async fn require_practice(tx: &mut Tx, ods: &str, capability: &str) -> Result<Practice, AccessError> {
    require_one_of(tx, ods, &[capability]).await
}

/// The practice, when the caller may use one of these capabilities on its patients today.
pub async fn require_one_of(tx: &mut Tx, ods: &str, capabilities: &[&str]) -> Result<Practice, AccessError> {
    require_fresh(tx).await?;
    let practice = known_practice(tx, ods).await?.ok_or(AccessError::PracticeNotAllowed)?;
    if reaches(tx, practice.org, capabilities).await? { Ok(practice) } else { Err(AccessError::PracticeNotAllowed) }
}

/// Whether the caller may use one of these capabilities on a practice's patients today.
pub async fn reaches(tx: &mut Tx, practice: Uuid, capabilities: &[&str]) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar(
        "/* access.require_practice */ select exists (select from ehub.access a \
          where a.org = nullif(current_setting('app.org', true), '')::uuid \
            and a.person = current_setting('app.person', true) and a.practice = $1 and a.capability = any ($2) \
            and a.valid_from <= ehub.today() and (a.valid_to is null or a.valid_to > ehub.today()))",
    )
    .bind(practice)
    .bind(capabilities)
    .fetch_one(tx.conn())
    .await?)
}

/// Refuses when access may be out of date, or the caller's organisation is unknown.
pub async fn require_fresh(tx: &mut Tx) -> Result<(), AccessError> {
    if tx.organisation().is_none() {
        return Err(AccessError::OrganisationUnknown);
    }
    match tx.access_age() {
        Some(seconds) if seconds <= STALE_AFTER.as_secs_f64() => Ok(()),
        _ => Err(AccessError::Stale),
    }
}
