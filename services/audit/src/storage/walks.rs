//! `audit.walk`: how far each source has been compared, for all replicas.

use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

/// How far a source has been compared.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Walk {
    /// How many looks were kept before this one.
    number: i64,
    /// The last root of the stretch before; nil at the beginning.
    pub after: Uuid,
    /// The source's position at the last look; empty when it is not to be asked with.
    pub changed_since: String,
    /// When the source told it.
    pub asked_at: Option<OffsetDateTime>,
    /// When the walk left the first root.
    pub began: Option<OffsetDateTime>,
    /// When the last walk that ended had begun: every root has been compared since then.
    pub whole_since: Option<OffsetDateTime>,
}

impl Walk {
    /// Whether what has changed cannot be told by a source that stands at this position: it was not asked with one, or
    /// stands in another life of its database, or before it.
    pub fn lost_sight(&self, position: &str) -> bool {
        let read = |text: &str| -> Option<(u64, u64)> {
            let (life, transaction) = text.split_once(':')?;
            Some((life.parse().ok()?, transaction.parse().ok()?))
        };
        let onward = match (read(&self.changed_since), read(position)) {
            (Some((life, before)), Some((now, after))) => life == now && before <= after,
            _ => false,
        };
        self.number > 0 && !onward
    }

    /// Begins anew, as if nothing had been compared.
    pub fn restart(&mut self) {
        self.after = Uuid::nil();
        self.began = None;
        self.whole_since = None;
    }
}

/// Where the walk through a source stands.
pub async fn of(tx: &mut Tx, source: &str) -> Result<Walk, StorageError> {
    let walk = sqlx::query_as(
        "/* walks.of */ select number, after, changed_since, asked_at, began, whole_since from audit.walk where source = $1",
    )
    .bind(source)
    .fetch_optional(tx.conn())
    .await?;
    Ok(walk.unwrap_or_default())
}

/// Keeps how far a look has come, and says so; not when another was kept since it began.
pub async fn put(tx: &mut Tx, source: &str, walk: &Walk) -> Result<bool, StorageError> {
    let done = sqlx::query(
        "/* walks.put */ insert into audit.walk (source, number, after, changed_since, asked_at, began, whole_since) \
         values ($1, $2 + 1, $3, $4, $5, $6, $7) on conflict (source) do update \
           set number = excluded.number, after = excluded.after, changed_since = excluded.changed_since, \
               asked_at = excluded.asked_at, began = excluded.began, whole_since = excluded.whole_since \
         where walk.number = $2",
    )
    .bind(source)
    .bind(walk.number)
    .bind(walk.after)
    .bind(&walk.changed_since)
    .bind(walk.asked_at)
    .bind(walk.began)
    .bind(walk.whole_since)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Since when every root of these sources has been compared.
pub async fn whole_since(tx: &mut Tx, sources: &[&str]) -> Result<Option<OffsetDateTime>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* walks.whole_since */ select case when count(whole_since) = cardinality($1) then min(whole_since) end \
           from audit.walk where source = any($1)",
    )
    .bind(sources)
    .fetch_one(tx.conn())
    .await?)
}
