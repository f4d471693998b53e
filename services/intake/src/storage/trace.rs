//! Who has still to be traced, and what came of it.

use ehub_postgres::{StorageError, Tx, exactly_one};
use uuid::Uuid;

use crate::domain::{codes::TraceOutcome, trace::Traced};

/// Puts a consultation's patient on the list.
pub async fn enqueue(tx: &mut Tx, consultation: Uuid) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query("/* trace.enqueue */ insert into intake.trace_queue (consultation, next_at) values ($1, $2)")
        .bind(consultation)
        .bind(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes the next one; it comes up again when nothing is recorded, later each time.
pub async fn take(tx: &mut Tx) -> Result<Option<Uuid>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* trace.take */ update intake.trace_queue set attempts = attempts + 1, \
         next_at = ehub.app_now() + least(300, 5 * 2 ^ least(attempts, 6)) * interval '1 second' \
         where consultation = (select consultation from intake.trace_queue where next_at <= ehub.app_now() \
                               order by next_at limit 1 for update skip locked) \
         returning consultation",
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Records a trace; gives whether outcome or registered practice are news.
pub async fn record(tx: &mut Tx, consultation: Uuid, traced: &Traced) -> Result<bool, StorageError> {
    let at = tx.at();
    let (before, practice): (Option<String>, Option<String>) = sqlx::query_as(
        "/* trace.lock */ select trace_outcome, registered_practice_ods from intake.consultation where id = $1 for update",
    )
    .bind(consultation)
    .fetch_one(tx.conn())
    .await?;
    let done = sqlx::query(
        "/* trace.record */ update intake.consultation set trace_outcome = $2, registered_practice_ods = $3, \
         nominated_pharmacy_ods = $4, trace_time = $5 where id = $1",
    )
    .bind(consultation)
    .bind(traced.outcome.code())
    .bind(&traced.practice_ods)
    .bind(&traced.pharmacy_ods)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("trace.record", done.rows_affected())?;
    sqlx::query("/* trace.done */ delete from intake.trace_queue where consultation = $1")
        .bind(consultation)
        .execute(tx.conn())
        .await?;
    let same =
        before.as_deref().and_then(TraceOutcome::from_code) == Some(traced.outcome) && practice == traced.practice_ods;
    Ok(!same)
}
