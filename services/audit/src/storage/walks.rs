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
    /// Whether what has changed cannot be told by a source that stands at this position.
    pub fn lost_sight(&self, position: &str) -> bool {
        let number = |text: &str| text.parse::<u64>().ok();
        self.number > 0 && (self.changed_since.is_empty() || number(position) < number(&self.changed_since))
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

/// Keeps how far a look has come, unless another was kept meanwhile, which it then begins where that one ended. Gives
/// since when every root has been compared.
pub async fn put(tx: &mut Tx, source: &str, walk: &Walk) -> Result<Option<OffsetDateTime>, StorageError> {
    let kept: Option<Option<OffsetDateTime>> = sqlx::query_scalar(
        "/* walks.put */ insert into audit.walk (source, number, after, changed_since, asked_at, began, whole_since) \
         values ($1, $2 + 1, $3, $4, $5, $6, $7) on conflict (source) do update \
           set number = excluded.number, after = excluded.after, changed_since = excluded.changed_since, \
               asked_at = excluded.asked_at, began = excluded.began, whole_since = excluded.whole_since \
         where walk.number = $2 returning whole_since",
    )
    .bind(source)
    .bind(walk.number)
    .bind(walk.after)
    .bind(&walk.changed_since)
    .bind(walk.asked_at)
    .bind(walk.began)
    .bind(walk.whole_since)
    .fetch_optional(tx.conn())
    .await?;
    match kept {
        Some(whole_since) => Ok(whole_since),
        None => Ok(of(tx, source).await?.whole_since),
    }
}
