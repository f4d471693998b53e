//! Acknowledgements on their way out.

use std::fmt;

use ehub_postgres::{StorageError, Tx, exactly_one};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// An acknowledgement, ready for the first send and for every other.
#[derive(Clone, FromRow)]
pub struct Outbound {
    /// Its id, also MESH's local id.
    pub id: Uuid,
    /// To whom.
    pub to_mailbox: String,
    /// Workflow.
    pub workflow: String,
    /// The bytes.
    pub body: Vec<u8>,
    /// Sends that were begun, this one included.
    pub attempts: i32,
    /// The consultation the acknowledged message became, if it did.
    pub consultation: Option<Uuid>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("id", &self.id).field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

/// Stores an acknowledgement for sending.
pub async fn store(tx: &mut Tx, landed: Uuid, new: &Outbound, response_code: u32) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query(
        "/* outbound.store */ insert into intake.outbound_message (id, landed, to_mailbox, workflow, response_code, body, state, next_at) \
         values ($1, $2, $3, $4, $5, $6, 'READY', $7)",
    )
    .bind(new.id)
    .bind(landed)
    .bind(&new.to_mailbox)
    .bind(&new.workflow)
    .bind(i32::try_from(response_code).unwrap_or(i32::MAX))
    .bind(&new.body)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the next one for sending. Until `resend_after` has passed its outcome counts as unknown;
/// then it is taken again.
pub async fn take(tx: &mut Tx, resend_after: Duration) -> Result<Option<Outbound>, StorageError> {
    let again = tx.at() + resend_after;
    Ok(sqlx::query_as(
        "/* outbound.take */ update intake.outbound_message set state = 'SENDING', attempts = attempts + 1, next_at = $1 \
         where id = (select id from intake.outbound_message where state in ('READY', 'SENDING') and next_at <= ehub.app_now() \
                     order by next_at, id limit 1 for update skip locked) \
         returning id, to_mailbox, workflow, body, attempts, \
         (select l.consultation from intake.landed_message l where l.id = outbound_message.landed) as consultation",
    )
    .bind(again)
    .fetch_optional(tx.conn())
    .await?)
}

/// What a send came to.
#[derive(Debug, Clone)]
pub enum Sent {
    /// MESH took it under this id.
    Taken(String),
    /// MESH refused it for good.
    Refused,
    /// It was not sent; try again from then on.
    Again(OffsetDateTime),
}

/// Records what a send came to.
pub async fn record(tx: &mut Tx, id: Uuid, sent: &Sent) -> Result<(), StorageError> {
    let (state, mesh_id, next_at) = match sent {
        Sent::Taken(mesh_id) => ("SENT", Some(mesh_id.as_str()), None),
        Sent::Refused => ("FAILED", None, None),
        Sent::Again(at) => ("READY", None, Some(*at)),
    };
    let done = sqlx::query(
        "/* outbound.record */ update intake.outbound_message set state = $2, mesh_id = $3, next_at = coalesce($4, next_at) \
         where id = $1 and state = 'SENDING'",
    )
    .bind(id)
    .bind(state)
    .bind(mesh_id)
    .bind(next_at)
    .execute(tx.conn())
    .await?;
    exactly_one("outbound.record", done.rows_affected())
}

/// Notes that MESH could not deliver a message of ours; tells whether it was one.
pub async fn undelivered(tx: &mut Tx, mesh_id: &str) -> Result<bool, StorageError> {
    let done = sqlx::query(
        "/* outbound.undelivered */ update intake.outbound_message set state = 'FAILED' where mesh_id = $1 and state = 'SENT'",
    )
    .bind(mesh_id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}
