//! `audit.divergence`: where a source and audit differ, and since when.

use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::no_loss::{BreachKind, Difference};

/// A difference as seen now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The root; nil for the source as a whole.
    pub id: Uuid,
    /// What kind.
    pub kind: BreachKind,
    /// The version that audit lacks; audit's own when the source lacks it.
    pub lacking: i64,
    /// The version audit has.
    pub ours: i64,
}

/// The roots of a source that are known to differ.
pub async fn of_source(tx: &mut Tx, source: &str) -> Result<Vec<Uuid>, StorageError> {
    Ok(sqlx::query_scalar("/* differences.of_source */ select id from audit.divergence where source = $1 and id <> $2")
        .bind(source)
        .bind(Uuid::nil())
        .fetch_all(tx.conn())
        .await?)
}

/// Keeps what was seen of a source, all it is known to differ in: what is still so keeps its beginning, the rest goes. A root
/// that has meanwhile passed the version it lacked begins anew: it moves fast and is not stuck.
pub async fn keep(tx: &mut Tx, source: &str, seen: &[Seen]) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = seen.iter().map(|one| one.id).collect();
    sqlx::query("/* differences.clear */ delete from audit.divergence where source = $1 and not (id = any($2))")
        .bind(source)
        .bind(&ids)
        .execute(tx.conn())
        .await?;
    for one in seen {
        sqlx::query(
            "/* differences.keep */ insert into audit.divergence (source, id, kind, version, since) \
             values ($1, $2, $3, $4, ehub.app_now()) on conflict (source, id) do update \
               set kind = excluded.kind, version = excluded.version, since = excluded.since \
             where divergence.version <= $5 and divergence.version < excluded.version",
        )
        .bind(source)
        .bind(one.id)
        .bind(one.kind.as_str())
        .bind(one.lacking)
        .bind(one.ours)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Notes that a source could not be asked; what was known of it stays.
pub async fn not_asked(tx: &mut Tx, source: &str) -> Result<(), StorageError> {
    sqlx::query(
        "/* differences.not_asked */ insert into audit.divergence (source, id, kind, version, since) \
         values ($1, $2, $3, 0, ehub.app_now()) on conflict (source, id) do nothing",
    )
    .bind(source)
    .bind(Uuid::nil())
    .bind(BreachKind::NotCompared.as_str())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Every difference known, oldest first, at most 1000.
pub async fn all(tx: &mut Tx) -> Result<Vec<Difference>, StorageError> {
    let rows: Vec<(String, Uuid, String, OffsetDateTime)> = sqlx::query_as(
        "/* differences.all */ select source, id, kind, since from audit.divergence order by since, id limit 1000",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(source, id, kind, since)| {
            let kind = BreachKind::parse(&kind)
                .ok_or(StorageError::Inconsistent { table: "audit.divergence", what: "kind" })?;
            let subject = if id.is_nil() { source } else { format!("{source}/{id}") };
            Ok(Difference { kind, subject, since })
        })
        .collect()
}
