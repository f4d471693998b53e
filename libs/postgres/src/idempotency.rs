//! What was answered to which request id, recorded in the transaction it protects.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Scope, StorageError, Tx,
    closing::With,
    opening::{Question, Told},
};

/// Whose request, on which method, under which id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The client that carried the call.
    pub client: String,
    /// The caller.
    pub subject: String,
    /// `package.Service/Method`.
    pub method: &'static str,
    /// The caller's id for the intent.
    pub request_id: Uuid,
}

/// What was recorded under a key.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// SHA-256 of the request's content.
    pub digest: Vec<u8>,
    /// The answer given then.
    pub answer: Vec<u8>,
}

impl IdempotencyKey {
    /// A scope in which two calls with this key take turns, and begin with looking for its record.
    pub fn in_turn(&self, scope: Scope) -> Scope {
        let mut scope = scope.taking_turns(&[
            b"request",
            self.client.as_bytes(),
            self.subject.as_bytes(),
            self.method.as_bytes(),
            self.request_id.as_bytes(),
        ]);
        scope.question = Some(Question::Answered(self.clone()));
        scope
    }
}

/// What was answered before, if the same intent succeeded. Run in a scope made by
/// [`IdempotencyKey::in_turn`], or two at once may both find nothing.
pub async fn find(tx: &mut Tx, key: &IdempotencyKey) -> Result<Option<Recorded>, StorageError> {
    if let Some(Told::Answered(asked, recorded)) = tx.told()
        && asked == key
    {
        return Ok(recorded.clone());
    }
    let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "/* idempotency.find */ select digest, answer from ehub.idempotency \
         where client = $1 and subject = $2 and method = $3 and request_id = $4",
    )
    .bind(&key.client)
    .bind(&key.subject)
    .bind(key.method)
    .bind(key.request_id)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(digest, answer)| Recorded { digest, answer }))
}

/// Records what is about to be answered: written with the commit.
pub fn record(tx: &mut Tx, key: &IdempotencyKey, digest: &[u8], answer: &[u8]) {
    *tx.closes_with() = Some(With::Answer { key: key.clone(), digest: digest.to_vec(), answer: answer.to_vec() });
}

/// Forgets at most 5,000 records made before a time; gives how many.
pub async fn forget_older_than(tx: &mut Tx, before: OffsetDateTime) -> Result<u64, StorageError> {
    let done = sqlx::query(
        "/* idempotency.forget */ delete from ehub.idempotency where ctid = any(array(\
         select ctid from ehub.idempotency where at < $1 limit 5000))",
    )
    .bind(before)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
