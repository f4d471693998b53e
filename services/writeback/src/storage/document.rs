//! From an entry to its document.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

/// An entry whose document is to be made.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Unsent {
    /// The entry.
    pub id: Uuid,
    /// Its consultation.
    pub consultation: Uuid,
    /// Its version.
    pub version: i64,
    /// The practice, by internal id.
    pub practice: Uuid,
    /// The practice, by ODS code.
    pub practice_ods: String,
    /// The author's organisation, by internal id.
    pub author_org: Uuid,
    /// The sealed epoch of its completion.
    pub completed_epoch: Option<i64>,
    /// Documents made before this one.
    pub documents: i64,
    /// The document this one replaces.
    pub replaces: Option<Uuid>,
    /// The reference people read out.
    pub reference: String,
    /// A test patient's.
    pub test_patient: bool,
    /// Restricted content.
    pub restricted: bool,
    /// When the consultation was completed.
    pub completed_at: Option<OffsetDateTime>,
}

/// Takes one entry that is ready and has no document; nobody else looks at it until the lease ends.
pub async fn take_unsent(tx: &mut Tx, lease: Duration) -> Result<Option<Unsent>, StorageError> {
    let at = tx.at();
    let row: Option<Unsent> = sqlx::query_as(
        "/* document.take_unsent */ with due as (select id from writeback.entry \
            where state = 'READY' and document is null and look_at <= $1 order by look_at limit 1 for update skip locked), \
         taken as (update writeback.entry e set look_at = $2 from due where e.id = due.id returning e.*) \
         select t.id, t.consultation, t.version, t.practice, t.practice_ods, t.author_org, t.completed_epoch, \
           (select count(*) from writeback.outbound o where o.entry = t.id) as documents, \
           (select o.id from writeback.outbound o where o.entry = t.id order by o.number desc limit 1) as replaces, \
           c.reference, c.test_patient, c.restricted, d.completed_at \
           from taken t join writeback.consultation c on c.id = t.consultation \
           left join writeback.completion d on d.consultation = t.consultation and d.epoch = t.completed_epoch",
    )
    .bind(at)
    .bind(at + lease)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row)
}

/// A document as it will be sent, for ever the same bytes.
#[derive(Clone)]
pub struct NewDocument {
    /// Its id: the identifier of the inner document.
    pub id: Uuid,
    /// 1, and one more for each replacement.
    pub number: i32,
    /// Whether prescriptions are still open.
    pub interim: bool,
    /// `Bundle.identifier`.
    pub bundle_id: Uuid,
    /// `MessageHeader.id`.
    pub header_id: Uuid,
    /// What acknowledgements echo.
    pub sender_reference: Uuid,
    /// The practice's mailbox.
    pub to_mailbox: String,
    /// MESH subject.
    pub subject: String,
    /// The message.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewDocument").field("id", &self.id).field("number", &self.number).finish_non_exhaustive()
    }
}

/// Stores a document before its first send. Gives whether the entry still was what the
/// document was made from; otherwise nothing is stored.
pub async fn store(tx: &mut Tx, entry: Uuid, version: i64, new: &NewDocument) -> Result<bool, StorageError> {
    let at = tx.at();
    let tied = sqlx::query(
        "/* document.tie */ update writeback.entry set document = $3, open = false \
          where id = $1 and version = $2 and state = 'READY' and document is null",
    )
    .bind(entry)
    .bind(version)
    .bind(new.id)
    .execute(tx.conn())
    .await?;
    if tied.rows_affected() == 0 {
        return Ok(false);
    }
    let done = sqlx::query(
        "/* document.store */ insert into writeback.outbound (id, entry, number, interim, bundle_id, header_id, sender_reference, \
           to_mailbox, subject, body, prepared_at, next_attempt_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
    )
    .bind(new.id)
    .bind(entry)
    .bind(new.number)
    .bind(new.interim)
    .bind(new.bundle_id.to_string())
    .bind(new.header_id.to_string())
    .bind(new.sender_reference.to_string())
    .bind(&new.to_mailbox)
    .bind(&new.subject)
    .bind(&new.body)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("document.store", done.rows_affected())?;
    Ok(true)
}
