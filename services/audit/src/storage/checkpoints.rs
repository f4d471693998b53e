//! `audit.checkpoint`: what was signed.

use ehub_postgres::{StorageError, Tx};

use crate::tree::Hash;

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// How many leaves.
    pub size: i64,
    /// The root over them.
    pub root: Hash,
    /// The signed note.
    pub note: String,
}

/// The newest checkpoint.
pub async fn newest(tx: &mut Tx) -> Result<Option<Signed>, StorageError> {
    let row = sqlx::query_as(
        "/* checkpoints.newest */ select size, root, note from audit.checkpoint order by size desc limit 1",
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(signed).transpose()
}

/// The checkpoint of a size, when one was signed.
pub async fn of_size(tx: &mut Tx, size: i64) -> Result<Option<Signed>, StorageError> {
    let row = sqlx::query_as("/* checkpoints.of_size */ select size, root, note from audit.checkpoint where size = $1")
        .bind(size)
        .fetch_optional(tx.conn())
        .await?;
    row.map(signed).transpose()
}

/// Publishes a checkpoint.
pub async fn insert(tx: &mut Tx, signed: &Signed) -> Result<(), StorageError> {
    let at = tx.at();
    sqlx::query("/* checkpoints.insert */ insert into audit.checkpoint (size, root, note, at) values ($1, $2, $3, $4)")
        .bind(signed.size)
        .bind(signed.root.as_slice())
        .bind(&signed.note)
        .bind(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn signed((size, root, note): (i64, Vec<u8>, String)) -> Result<Signed, StorageError> {
    let root =
        Hash::try_from(root).map_err(|_| StorageError::Inconsistent { table: "audit.checkpoint", what: "root" })?;
    Ok(Signed { size, root, note })
}
