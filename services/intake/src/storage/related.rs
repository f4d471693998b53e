//! Other consultations of the same patient with the same practice.

use ehub_postgres::{StorageError, Tx};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::patient_keys::PatientKey;

/// How far back relations are looked for.
pub const WINDOW: Duration = Duration::days(28);

/// Those that are open, whoever submitted them: for the event, not for the submitter.
pub async fn open(tx: &mut Tx, practice_ods: &str, keys: &PatientKey) -> Result<Vec<Uuid>, StorageError> {
    let since = tx.at() - WINDOW;
    let found: Vec<(Uuid, String)> =
        sqlx::query_as("/* related.open */ select consultation, state from intake.related($1, $2, $3, $4)")
            .bind(practice_ods)
            .bind(&keys.nhs)
            .bind(&keys.person)
            .bind(since)
            .fetch_all(tx.conn())
            .await?;
    Ok(found.into_iter().filter(|(_, state)| state != "CLOSED" && state != "WITHDRAWN").map(|(id, _)| id).collect())
}

/// Those the caller may know of, newest first.
pub async fn visible(
    tx: &mut Tx,
    (practice_ods, but): (&str, Uuid),
    keys: &PatientKey,
    since: OffsetDateTime,
) -> Result<Vec<Uuid>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* related.visible */ select id from intake.consultation where practice_ods = $1 and id <> $2 and accept_time >= $3 \
         and (nhs_key = $4 or ((nhs_key is null or $4 is null) and person_key = $5)) order by accept_time desc, id desc limit 50",
    )
    .bind(practice_ods)
    .bind(but)
    .bind(since)
    .bind(&keys.nhs)
    .bind(&keys.person)
    .fetch_all(tx.conn())
    .await?)
}
