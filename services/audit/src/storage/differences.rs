//! `audit.divergence`: where a source and audit differ, and since when.

use std::time::Duration;

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

/// The roots of a source that are known to differ, the oldest so many of them.
pub async fn oldest(tx: &mut Tx, source: &str, most: usize) -> Result<Vec<Uuid>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* differences.oldest */ select id from audit.divergence where source = $1 and id <> $2 order by since, id limit $3",
    )
    .bind(source)
    .bind(Uuid::nil())
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(tx.conn())
    .await?)
}

/// Forgets differences that are no more.
pub async fn clear(tx: &mut Tx, source: &str, level: &[Uuid]) -> Result<(), StorageError> {
    sqlx::query("/* differences.clear */ delete from audit.divergence where source = $1 and id = any($2)")
        .bind(source)
        .bind(level)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps what was seen of a source that has answered. What was seen before keeps its beginning, unless the root has
/// meanwhile passed the version it lacked: it moves fast and is not stuck.
pub async fn keep(tx: &mut Tx, source: &str, seen: &[Seen]) -> Result<(), StorageError> {
    clear(tx, source, &[Uuid::nil()]).await?;
    let ids: Vec<Uuid> = seen.iter().map(|one| one.id).collect();
    let kinds: Vec<&str> = seen.iter().map(|one| one.kind.as_str()).collect();
    let lacking: Vec<i64> = seen.iter().map(|one| one.lacking).collect();
    let ours: Vec<i64> = seen.iter().map(|one| one.ours).collect();
    sqlx::query(
        "/* differences.keep */ insert into audit.divergence (source, id, kind, version, since, seen_at) \
         select $1, s.id, s.kind, s.lacking, ehub.app_now(), ehub.app_now() \
           from unnest($2::uuid[], $3::text[], $4::bigint[]) as s (id, kind, lacking) \
         on conflict (source, id) do update set seen_at = excluded.seen_at",
    )
    .bind(source)
    .bind(&ids)
    .bind(&kinds)
    .bind(&lacking)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "/* differences.begin_anew */ update audit.divergence d set kind = s.kind, version = s.lacking, since = ehub.app_now() \
           from unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[]) as s (id, kind, lacking, ours) \
          where d.source = $1 and d.id = s.id and d.version <= s.ours and d.version < s.lacking",
    )
    .bind(source)
    .bind(&ids)
    .bind(&kinds)
    .bind(&lacking)
    .bind(&ours)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that a source could not be asked; what was known of it stays.
pub async fn not_asked(tx: &mut Tx, source: &str) -> Result<(), StorageError> {
    sqlx::query(
        "/* differences.not_asked */ insert into audit.divergence (source, id, kind, version, since, seen_at) \
         values ($1, $2, $3, 0, ehub.app_now(), ehub.app_now()) \
         on conflict (source, id) do update set seen_at = excluded.seen_at",
    )
    .bind(source)
    .bind(Uuid::nil())
    .bind(BreachKind::NotCompared.as_str())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The differences that two looks have seen further apart than this, oldest first, at most 1000 of these: what nobody has
/// confirmed takes the place of none that lasts.
pub async fn lasting(tx: &mut Tx, grace: Duration) -> Result<Vec<Difference>, StorageError> {
    let rows: Vec<(String, Uuid, String, OffsetDateTime, OffsetDateTime)> = sqlx::query_as(
        "/* differences.lasting */ select source, id, kind, since, seen_at from audit.divergence \
          where seen_at - since > make_interval(secs => $1) order by since, id limit 1000",
    )
    .bind(grace.as_secs_f64())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(source, id, kind, since, seen_at)| {
            let kind = BreachKind::parse(&kind)
                .ok_or(StorageError::Inconsistent { table: "audit.divergence", what: "kind" })?;
            let subject = if id.is_nil() { source } else { format!("{source}/{id}") };
            Ok(Difference { kind, subject, since, seen_at })
        })
        .collect()
}
