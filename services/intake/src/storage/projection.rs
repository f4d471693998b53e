//! What allocation decides, projected.

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

/// Whether the consultation is here.
pub async fn exists(tx: &mut Tx, id: Uuid) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar("/* projection.exists */ select exists (select from intake.consultation where id = $1)")
        .bind(id)
        .fetch_one(tx.conn())
        .await?)
}

/// A named person deals with it. Later claims of the same episode change nothing.
pub async fn in_progress(tx: &mut Tx, id: Uuid, episode: i32) -> Result<(), StorageError> {
    sqlx::query(
        "/* projection.in_progress */ update intake.consultation set state = 'IN_PROGRESS', episode = $2, close_time = null \
         where id = $1 and ((episode = $2 and state = 'ACCEPTED') or episode < $2)",
    )
    .bind(id)
    .bind(episode)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// It was closed.
pub async fn closed(tx: &mut Tx, id: Uuid, episode: i32, at: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "/* projection.closed */ update intake.consultation set state = 'CLOSED', episode = $2, close_time = $3 \
         where id = $1 and episode <= $2",
    )
    .bind(id)
    .bind(episode)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// It was withdrawn before anybody had worked on it.
pub async fn withdrawn(tx: &mut Tx, id: Uuid, episode: i32) -> Result<(), StorageError> {
    sqlx::query(
        "/* projection.withdrawn */ update intake.consultation set state = 'WITHDRAWN' where id = $1 and episode = $2",
    )
    .bind(id)
    .bind(episode)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The register has learned a practice's code: what was accepted before gets its internal id.
pub async fn practice_known(tx: &mut Tx, practice: Uuid, ods: &str) -> Result<(), StorageError> {
    sqlx::query("/* projection.enrolment_practice */ update intake.enrolment set practice = $1 where practice is null and practice_ods = $2")
        .bind(practice)
        .bind(ods)
        .execute(tx.conn())
        .await?;
    sqlx::query("/* projection.practice */ update intake.consultation set practice = $1 where practice is null and practice_ods = $2")
        .bind(practice)
        .bind(ods)
        .execute(tx.conn())
        .await?;
    Ok(())
}
