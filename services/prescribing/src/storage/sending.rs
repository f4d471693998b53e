//! What is sent to EPS: stored before the first send, the same bytes and request id ever after.

use std::time::Duration;

use ehub_identifiers::PrescriptionId;
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::Prescription;

/// What a message is made of: what was prepared and what was signed.
#[derive(sqlx::FromRow)]
pub struct SignedParts {
    /// The bytes that `$prepare` was sent.
    pub prepared_order: Vec<u8>,
    /// The time of the digest, as EPS gave it.
    pub digest_timestamp: String,
    /// Base64 of the XML Signature.
    pub signature: String,
}

/// A message on its way.
#[derive(Clone, sqlx::FromRow)]
pub struct Outgoing {
    /// The prescription.
    pub id: Uuid,
    /// Its consultation.
    pub consultation: Uuid,
    /// The bytes.
    pub order_message: Vec<u8>,
    /// The X-Request-ID.
    pub order_request: Uuid,
    /// The prescriber's role profile, for NHSD-Session-URID.
    pub role_profile: Option<String>,
    /// Which send this is, from 1.
    pub send_attempts: i32,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("id", &self.id).field("attempt", &self.send_attempts).finish_non_exhaustive()
    }
}

/// What was prepared and signed.
pub async fn signed_parts(tx: &mut Tx, id: PrescriptionId) -> Result<SignedParts, StorageError> {
    Ok(sqlx::query_as(
        "/* sending.signed_parts */ select prepared_order, digest_timestamp, signature from prescribing.prescription \
          where id = $1",
    )
    .bind(id.uuid())
    .fetch_one(tx.conn())
    .await?)
}

/// SIGNED → SENDING: stores the message; the caller sends it first, background work after a time.
pub async fn store(
    tx: &mut Tx,
    of: &Prescription,
    message: &[u8],
    request: Uuid,
    role_profile: &str,
    again_at: OffsetDateTime,
) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* sending.store */ update prescribing.prescription \
            set state = 'SENDING', version = version + 1, order_message = $3, order_request = $4, role_profile = $5, \
                send_attempts = 1, send_next_at = $6 \
          where id = $1 and version = $2 and state = 'SIGNED'",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(message)
    .bind(request)
    .bind(role_profile)
    .bind(again_at)
    .execute(tx.conn())
    .await?;
    exactly_one("sending.store", done.rows_affected())
}

/// The message of a prescription.
pub async fn message(tx: &mut Tx, id: PrescriptionId) -> Result<Option<Outgoing>, StorageError> {
    Ok(sqlx::query_as(
        "/* sending.message */ select id, consultation, order_message, order_request, role_profile, send_attempts \
          from prescribing.prescription where id = $1 and state = 'SENDING'",
    )
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?)
}

/// Takes messages that are due, so that nobody else sends them for a while.
pub async fn claim_due(tx: &mut Tx, hold: Duration, limit: i64) -> Result<Vec<Outgoing>, StorageError> {
    Ok(sqlx::query_as(
        "/* sending.claim_due */ update prescribing.prescription p \
            set send_attempts = p.send_attempts + 1, send_next_at = ehub.app_now() + $1 * interval '1 second' \
          where p.id in (select id from prescribing.prescription \
                          where state = 'SENDING' and send_next_at <= ehub.app_now() \
                          order by send_next_at limit $2 for update skip locked) \
         returning p.id, p.consultation, p.order_message, p.order_request, p.role_profile, p.send_attempts",
    )
    .bind(hold.as_secs_f64())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?)
}

/// SENDING → ISSUED.
pub async fn accepted(tx: &mut Tx, of: &Prescription) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* sending.accepted */ update prescribing.prescription \
            set state = 'ISSUED', version = version + 1, issued_at = $3, send_next_at = null \
          where id = $1 and version = $2 and state = 'SENDING'",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("sending.accepted", done.rows_affected())
}

/// SENDING → REFUSED.
pub async fn refused(tx: &mut Tx, of: &Prescription, code: &str) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* sending.refused */ update prescribing.prescription \
            set state = 'REFUSED', version = version + 1, refusal_code = $3, send_next_at = null \
          where id = $1 and version = $2 and state = 'SENDING'",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(code)
    .execute(tx.conn())
    .await?;
    exactly_one("sending.refused", done.rows_affected())
}

/// Sends again later. The version stays: nothing has become true.
pub async fn again(tx: &mut Tx, of: &Prescription, wait: Duration) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* sending.again */ update prescribing.prescription \
            set send_next_at = ehub.app_now() + $3 * interval '1 second' where id = $1 and version = $2 and state = 'SENDING'",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(wait.as_secs_f64())
    .execute(tx.conn())
    .await?;
    exactly_one("sending.again", done.rows_affected())
}
