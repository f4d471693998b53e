//! Which held entries may go.

use std::time::Duration;

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::State;

/// An entry that may go, locked.
#[derive(Debug, Clone)]
pub struct Releasable {
    /// The entry.
    pub id: Uuid,
    /// Its consultation.
    pub consultation: Uuid,
    /// The state it is in.
    pub state: State,
}

/// Held entries of completed consultations whose edit window has passed, when every prescription
/// of the manifest has its outcome or the time for an interim document has come. Locks them.
pub async fn due(tx: &mut Tx, edit_window: Duration, interim_after: Duration) -> Result<Vec<Releasable>, StorageError> {
    let at = tx.at();
    let rows: Vec<(Uuid, Uuid, String)> = sqlx::query_as(
        "/* release.due */ select e.id, e.consultation, e.state from writeback.entry e \
          where e.state = 'HELD' and e.completed_epoch is not null and e.filed_at <= $1 \
            and (e.filed_at <= $2 or not exists (select from writeback.manifest_prescription m \
                  left join writeback.prescription p on p.id = m.prescription \
                 where m.consultation = e.consultation and m.epoch = e.completed_epoch \
                   and coalesce(p.state, '') not in ('ISSUED', 'REFUSED', 'CANCELLED'))) \
          order by e.filed_at limit 50 for update of e skip locked",
    )
    .bind(at - edit_window)
    .bind(at - interim_after)
    .fetch_all(tx.conn())
    .await?;
    read(rows)
}

/// Entries whose interim document has arrived and whose prescriptions now all have their outcome:
/// the final document replaces it. Locks them.
pub async fn due_finals(tx: &mut Tx) -> Result<Vec<Releasable>, StorageError> {
    let rows: Vec<(Uuid, Uuid, String)> = sqlx::query_as(
        "/* release.due_finals */ select e.id, e.consultation, e.state from writeback.entry e \
           join writeback.outbound o on o.entry = e.id and o.id = e.document and o.interim \
          where e.state in ('DELIVERED', 'ACKNOWLEDGED') \
            and not exists (select from writeback.manifest_prescription m \
                  left join writeback.prescription p on p.id = m.prescription \
                 where m.consultation = e.consultation and m.epoch = e.completed_epoch \
                   and coalesce(p.state, '') not in ('ISSUED', 'REFUSED', 'CANCELLED')) \
          limit 50 for update of e skip locked",
    )
    .fetch_all(tx.conn())
    .await?;
    read(rows)
}

fn read(rows: Vec<(Uuid, Uuid, String)>) -> Result<Vec<Releasable>, StorageError> {
    rows.into_iter()
        .map(|(id, consultation, state)| Ok(Releasable { id, consultation, state: super::state(&state)? }))
        .collect()
}

/// Takes the decided document off an entry, so that its successor is made.
pub async fn forget_document(tx: &mut Tx, id: Uuid) -> Result<(), StorageError> {
    sqlx::query(
        "/* release.forget_document */ update writeback.entry set document = null, sent_at = null, delivered_at = null, \
           acknowledged_at = null where id = $1",
    )
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How many entries stand in each state that is not an end, and since when the oldest of them waits.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<(String, i64, OffsetDateTime)>, StorageError> {
    Ok(sqlx::query_as(
        "/* release.waiting */ select state, count(*), min(filed_at) from writeback.entry \
          where state not in ('ACKNOWLEDGED', 'SETTLED') group by state",
    )
    .fetch_all(tx.conn())
    .await?)
}
