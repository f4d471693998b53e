//! What background work looks at.

use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

/// Marks prescriptions that were not signed in time, each once; gives which, and of which
/// consultation.
pub async fn mark_overdue(tx: &mut Tx, limit: i64) -> Result<Vec<(Uuid, Uuid)>, StorageError> {
    let at = tx.at();
    Ok(sqlx::query_as(
        "/* housekeeping.mark_overdue */ update prescribing.prescription p set overdue_at = $1 \
          where p.id in (select id from prescribing.prescription \
                          where state in ('RAISED', 'PREPARED') and overdue_at is null and sign_by <= $1 \
                          order by sign_by limit $2 for update skip locked) \
         returning p.id, p.consultation",
    )
    .bind(at)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?)
}

/// How many prescriptions wait for a signature past their time, and how many for an answer of EPS.
pub async fn waiting(tx: &mut Tx) -> Result<(i64, i64), StorageError> {
    Ok(sqlx::query_as(
        "/* housekeeping.waiting */ select \
           (select count(*) from prescribing.prescription where state in ('RAISED', 'PREPARED') and overdue_at is not null), \
           (select count(*) from prescribing.prescription where state = 'SENDING')",
    )
    .fetch_one(tx.conn())
    .await?)
}
