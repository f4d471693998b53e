//! `allocation.task`: what a person must settle.

use std::collections::HashMap;

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

/// A delivery failed.
pub const DELIVERY_FAILED: &str = "DELIVERY_FAILED";

/// Raises a task unless one like it is open; tells whether it did.
pub async fn raise(
    tx: &mut Tx,
    consultation: ConsultationId,
    practice: Uuid,
    subject: &str,
    kind: &'static str,
) -> Result<bool, StorageError> {
    let (task, at) = (tx.clock().uuid_v7(), tx.at());
    let done = sqlx::query(
        "/* tasks.raise */ insert into allocation.task (task, consultation, practice, subject, kind, raised_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(task)
    .bind(consultation.uuid())
    .bind(practice)
    .bind(subject)
    .bind(kind)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Settles the open tasks about a resource; gives how many.
pub async fn settle(tx: &mut Tx, consultation: ConsultationId, subject: &str) -> Result<u64, StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* tasks.settle */ update allocation.task set settled_at = $3 where consultation = $1 and subject = $2 and settled_at is null",
    )
    .bind(consultation.uuid())
    .bind(subject)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// The open tasks of some consultations, as `KIND subject`.
pub async fn open(tx: &mut Tx, consultations: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>, StorageError> {
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
        "/* tasks.open */ select consultation, kind, subject from allocation.task \
          where consultation = any ($1) and settled_at is null order by raised_at, task",
    )
    .bind(consultations)
    .fetch_all(tx.conn())
    .await?;
    let mut open: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (consultation, kind, subject) in rows {
        open.entry(consultation).or_default().push(format!("{kind} {subject}"));
    }
    Ok(open)
}
