//! References, drawn until one is new.

use ehub_identifiers::Reference;
use ehub_postgres::{StorageError, Tx};
use uuid::Uuid;

/// How often is drawn. With 2^40 references and ten million used, one try in a hundred thousand
/// meets a used one; eight in a row say that something else is wrong.
const DRAWS: u32 = 8;

/// Draws a reference nobody has and hands it to a consultation.
pub async fn draw(tx: &mut Tx, consultation: Uuid) -> Result<Reference, StorageError> {
    for _ in 0..DRAWS {
        let reference = Reference::from_random(tx.clock().random());
        let taken = sqlx::query(
            "/* reference.draw */ insert into intake.reference_directory (reference, consultation) values ($1, $2) on conflict do nothing",
        )
        .bind(reference.as_str())
        .bind(consultation)
        .execute(tx.conn())
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(reference);
        }
    }
    Err(StorageError::NotOneRow { what: "reference.draw", rows: 0 })
}
