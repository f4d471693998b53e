//! Keeps acts under a claim that is over out of a service.
//!
//! Each guard keeps, for a consultation, the lowest epoch still accepted and the epoch that was
//! sealed. A fenced act holds that row against change until it commits; a fence or seal changes it.

use ehub_auth::Grant;
use ehub_faults::{Code, Fault};
use ehub_postgres::{StorageError, Tx, exactly_one};
use uuid::Uuid;

/// Why an act is refused.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// A higher epoch is known.
    #[error("the claim is over")]
    Superseded,
    /// The epoch was sealed by completion.
    #[error("the consultation was completed under this claim")]
    Sealed,
    /// Storage failed.
    #[error("the fence could not be read")]
    Storage(#[from] StorageError),
}

impl From<FenceError> for Fault {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::Superseded => Self::new(
                Code::FailedPrecondition,
                "auth.ehub",
                "CLAIM_SUPERSEDED",
                "the claim is over: claim the consultation again",
            ),
            FenceError::Sealed => Self::new(
                Code::FailedPrecondition,
                "auth.ehub",
                "CLAIM_SEALED",
                "the consultation was completed under this claim",
            ),
            FenceError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

/// Admits an act under a grant, and keeps fence and seal waiting until this transaction ends.
pub async fn hold(tx: &mut Tx, grant: &Grant) -> Result<(), FenceError> {
    let conn = tx.conn();
    // First use of an epoch: learn it. Never lowers what a fence has pushed.
    sqlx::query(
        "/* fence.learn */ insert into ehub.claim_fence (consultation, epoch) values ($1, $2) \
         on conflict (consultation) do update set epoch = excluded.epoch where claim_fence.epoch < excluded.epoch",
    )
    .bind(grant.consultation)
    .bind(grant.epoch)
    .execute(&mut *conn)
    .await
    .map_err(StorageError::from)?;
    let (epoch, sealed): (i64, Option<i64>) =
        sqlx::query_as("/* fence.hold */ select epoch, sealed from ehub.claim_fence where consultation = $1 for share")
            .bind(grant.consultation)
            .fetch_one(conn)
            .await
            .map_err(StorageError::from)?;
    if sealed.is_some_and(|sealed| sealed >= grant.epoch) {
        return Err(FenceError::Sealed);
    }
    if epoch > grant.epoch { Err(FenceError::Superseded) } else { Ok(()) }
}

/// Admits a reading under a grant whose claim is not over. Keeps nobody waiting, and learns nothing: a grant whose end was
/// pushed here is refused from that moment, any other ends with its lease.
pub async fn admit_reading(tx: &mut Tx, grant: &Grant) -> Result<(), FenceError> {
    let known: Option<i64> =
        sqlx::query_scalar("/* fence.read */ select epoch from ehub.claim_fence where consultation = $1")
            .bind(grant.consultation)
            .fetch_optional(tx.conn())
            .await
            .map_err(StorageError::from)?;
    if known.is_some_and(|epoch| epoch > grant.epoch) { Err(FenceError::Superseded) } else { Ok(()) }
}

/// Raises the lowest epoch accepted for each consultation. Waits for acts in flight.
pub async fn raise(tx: &mut Tx, claims: &[(Uuid, i64)]) -> Result<(), StorageError> {
    let mut sorted = claims.to_vec();
    sorted.sort_unstable();
    let (consultations, epochs): (Vec<Uuid>, Vec<i64>) = sorted.into_iter().unzip();
    sqlx::query(
        "/* fence.raise */ insert into ehub.claim_fence (consultation, epoch) \
         select c, max(e) from unnest($1::uuid[], $2::bigint[]) as given(c, e) group by c order by c \
         on conflict (consultation) do update set epoch = greatest(claim_fence.epoch, excluded.epoch)",
    )
    .bind(consultations)
    .bind(epochs)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the row for sealing: nothing under the claim can commit until this transaction ends.
/// Gives whether the epoch may be sealed, that is, no higher one is known.
pub async fn lock_for_seal(tx: &mut Tx, consultation: Uuid, epoch: i64) -> Result<bool, StorageError> {
    raise(tx, &[(consultation, epoch)]).await?;
    let known: i64 =
        sqlx::query_scalar("/* fence.lock */ select epoch from ehub.claim_fence where consultation = $1 for update")
            .bind(consultation)
            .fetch_one(tx.conn())
            .await?;
    Ok(known == epoch)
}

/// Seals an epoch: no further act under it. Asking twice is the same as asking once.
pub async fn seal(tx: &mut Tx, consultation: Uuid, epoch: i64) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* fence.seal */ update ehub.claim_fence set sealed = greatest(sealed, $2) where consultation = $1",
    )
    .bind(consultation)
    .bind(epoch)
    .execute(tx.conn())
    .await?;
    // A seal without the row that `lock_for_seal` takes would keep nobody out.
    exactly_one("fence.seal", done.rows_affected())
}
