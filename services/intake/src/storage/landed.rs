//! Raw messages: stored before MESH is told, settled once.

use std::fmt;

use ehub_postgres::{StorageError, Tx, exactly_one};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A message as it came.
#[derive(Clone)]
pub struct Arrival {
    /// MESH's id.
    pub mesh_id: String,
    /// Our mailbox.
    pub mailbox: String,
    /// The sender's mailbox; empty for a report of MESH itself.
    pub from_mailbox: String,
    /// Workflow.
    pub workflow: String,
    /// `DATA` or `REPORT`.
    pub kind: &'static str,
    /// Of a report: the message it is about.
    pub linked_id: String,
    /// The bytes, or why they are not here.
    pub content: Content,
}

/// What there is of a message.
#[derive(Clone)]
pub enum Content {
    /// Its bytes.
    Here(Vec<u8>),
    /// Nothing: it has more bytes than this, and was left at MESH.
    LeftAbove(i64),
}

/// What is known of a message of MESH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Not,
    /// It is here.
    Here,
    /// It was left at MESH when no more bytes than these were taken.
    LeftAbove(i64),
}

/// A message that waits to be read.
#[derive(Clone, FromRow)]
pub struct Landed {
    /// Our id.
    pub id: Uuid,
    /// Our mailbox.
    pub mailbox: String,
    /// The sender's mailbox.
    pub from_mailbox: String,
    /// `DATA` or `REPORT`.
    pub kind: String,
    /// Of a report: the message it is about.
    pub linked_id: String,
    /// The bytes.
    pub body: Vec<u8>,
    /// Set if it was left at MESH.
    pub left_above: Option<i64>,
    /// When it landed.
    pub receive_time: OffsetDateTime,
}

/// What became of a landed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// A consultation.
    Accepted(Uuid),
    /// Kept for a person.
    Quarantined,
    /// Refused with an acknowledgement.
    Rejected,
    /// A report of MESH about a message of ours.
    Reported,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("mesh_id", &self.mesh_id)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

// It holds what patients wrote.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(body) => write!(f, "{} bytes", body.len()),
            Self::LeftAbove(bytes) => write!(f, "more than {bytes} bytes, left at MESH"),
        }
    }
}

impl fmt::Debug for Landed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landed").field("id", &self.id).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The id a message has while it is left at MESH: none of MESH's, so that nothing takes it for one that is here.
fn left(mesh_id: &str) -> String {
    format!("left:{mesh_id}")
}

/// Stores a message; one that is there already (its acknowledgement to MESH was lost) stays as it is.
pub async fn store(tx: &mut Tx, arrival: &Arrival) -> Result<(), StorageError> {
    let (mesh_id, body, left_above) = match &arrival.content {
        Content::Here(body) if fill(tx, arrival, body).await? => return Ok(()),
        Content::Here(body) => (arrival.mesh_id.clone(), body.as_slice(), None),
        Content::LeftAbove(bytes) => (left(&arrival.mesh_id), &[][..], Some(*bytes)),
    };
    let (id, at) = (tx.clock().uuid_v7(), tx.at());
    sqlx::query(
        "/* landed.store */ insert into intake.landed_message (id, mesh_id, mailbox, from_mailbox, workflow, kind, linked_id, body, \
         receive_time, state, next_at, left_above) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'LANDED', $9, $10) \
         on conflict on constraint landed_mesh_id do update set left_above = excluded.left_above \
         where landed_message.left_above is not null",
    )
    .bind(id)
    .bind(&mesh_id)
    .bind(&arrival.mailbox)
    .bind(&arrival.from_mailbox)
    .bind(&arrival.workflow)
    .bind(arrival.kind)
    .bind(&arrival.linked_id)
    .bind(body)
    .bind(at)
    .bind(left_above)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a message that had been left at MESH its bytes; tells whether it was one.
async fn fill(tx: &mut Tx, arrival: &Arrival, body: &[u8]) -> Result<bool, StorageError> {
    let filled = sqlx::query(
        "/* landed.fill */ update intake.landed_message set mesh_id = $3, body = $4, left_above = null \
         where mailbox = $1 and mesh_id = $2",
    )
    .bind(&arrival.mailbox)
    .bind(left(&arrival.mesh_id))
    .bind(&arrival.mesh_id)
    .bind(body)
    .execute(tx.conn())
    .await?;
    Ok(filled.rows_affected() > 0)
}

/// What is known of a message of MESH.
pub async fn known(tx: &mut Tx, mailbox: &str, mesh_id: &str) -> Result<Known, StorageError> {
    let found: Option<Option<i64>> = sqlx::query_scalar(
        "/* landed.known */ select left_above from intake.landed_message where mailbox = $1 and mesh_id in ($2, $3) \
         order by left_above nulls first limit 1",
    )
    .bind(mailbox)
    .bind(mesh_id)
    .bind(left(mesh_id))
    .fetch_optional(tx.conn())
    .await?;
    Ok(match found {
        None => Known::Not,
        Some(None) => Known::Here,
        Some(Some(bytes)) => Known::LeftAbove(bytes),
    })
}

/// The bytes of a message; of the messages of its hub in quarantine, when a person asks.
pub async fn body(tx: &mut Tx, id: Uuid) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(sqlx::query_scalar("/* landed.body */ select body from intake.landed_message where id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?)
}

/// The next message that waits, locked; others skip it.
pub async fn next(tx: &mut Tx) -> Result<Option<Landed>, StorageError> {
    Ok(sqlx::query_as(
        "/* landed.next */ select id, mailbox, from_mailbox, kind, linked_id, body, left_above, receive_time from intake.landed_message \
         where state = 'LANDED' and next_at <= ehub.app_now() order by next_at, id limit 1 for update skip locked",
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Puts off one that could not be read for a reason of ours, so that it does not hold up the others.
pub async fn put_off(tx: &mut Tx, id: Uuid) -> Result<(), StorageError> {
    sqlx::query(
        "/* landed.put_off */ update intake.landed_message set attempts = attempts + 1, \
         next_at = ehub.app_now() + least(60, 2 ^ least(attempts, 6)) * interval '1 second' where id = $1 and state = 'LANDED'",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether a sender's bundle or header id was dealt with before.
pub async fn is_duplicate(
    tx: &mut Tx,
    from_mailbox: &str,
    bundle_id: &str,
    header_id: &str,
) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar(
        "/* landed.is_duplicate */ select exists (select from intake.landed_message where from_mailbox = $1 \
         and (bundle_id = $2 or header_id = $3) and state in ('ACCEPTED', 'QUARANTINED'))",
    )
    .bind(from_mailbox)
    .bind(bundle_id)
    .bind(header_id)
    .fetch_one(tx.conn())
    .await?)
}

/// Settles a message that waits. Identity is kept where the message had one.
pub async fn settle(
    tx: &mut Tx,
    id: Uuid,
    settled: Settled,
    identity: Option<(&str, &str)>,
) -> Result<(), StorageError> {
    let at = tx.at();
    let (state, consultation) = match settled {
        Settled::Accepted(consultation) => ("ACCEPTED", Some(consultation)),
        Settled::Quarantined => ("QUARANTINED", None),
        Settled::Rejected => ("REJECTED", None),
        Settled::Reported => ("REPORTED", None),
    };
    let (bundle, header) = identity.unzip();
    let done = sqlx::query(
        "/* landed.settle */ update intake.landed_message set state = $2, consultation = $3, bundle_id = $4, header_id = $5, \
         settle_time = $6 where id = $1 and state = 'LANDED'",
    )
    .bind(id)
    .bind(state)
    .bind(consultation)
    .bind(bundle)
    .bind(header)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("landed.settle", done.rows_affected())
}

/// Empties at most 500 messages that were dealt with long ago, and those of settled quarantine;
/// ids stay, so that a late duplicate is still known.
pub async fn forget_bodies(tx: &mut Tx, older_than: Duration) -> Result<u64, StorageError> {
    let before = tx.at() - older_than;
    let done = sqlx::query(
        "/* landed.forget_bodies */ update intake.landed_message set body = '' where id = any(array( \
         select l.id from intake.landed_message l left join intake.quarantined q on q.landed = l.id \
         where l.body <> '' and l.settle_time < $1 and (l.state <> 'QUARANTINED' or q.settle_time < $1) limit 500))",
    )
    .bind(before)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
