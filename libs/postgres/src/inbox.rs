//! Which version of each stream of each source came last.

use uuid::Uuid;

use crate::{StorageError, Tx, closing::With, opening::Told};

/// The last version applied. Run in a scope made by [`crate::Scope::hearing`], or two deliveries at once may both find
/// the same.
pub async fn last_heard(tx: &mut Tx, source: &str, stream: Uuid) -> Result<Option<i64>, StorageError> {
    if let Some(Told::Heard { source: asked, stream: of, version }) = tx.told()
        && (asked.as_str(), *of) == (source, stream)
    {
        return Ok(*version);
    }
    let version =
        sqlx::query_scalar("/* inbox.last_version */ select version from ehub.inbox where source = $1 and stream = $2")
            .bind(source)
            .bind(stream)
            .fetch_optional(tx.conn())
            .await?;
    Ok(version)
}

/// Notes the last version applied: written with the commit.
pub fn heard(tx: &mut Tx, source: &str, stream: Uuid, incarnation: i64, version: i64) {
    tx.close_with(With::Heard { source: source.to_owned(), stream, incarnation, version });
}
