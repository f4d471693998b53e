//! Prescriptions, as prescribing made them known.

use ehub_postgres::{StorageError, Tx};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::Medicine;

#[derive(Serialize, Deserialize)]
struct Stored {
    code: String,
    name: String,
    quantity: String,
    unit: String,
    dosage: String,
}

/// Keeps where a prescription stands; its items stay once they are known.
pub async fn put(
    tx: &mut Tx,
    prescription: Uuid,
    consultation: Uuid,
    state: &str,
    items: &[Medicine],
) -> Result<(), StorageError> {
    let stored = |item: &Medicine| Stored {
        code: item.code.clone(),
        name: item.name.clone(),
        quantity: item.quantity.clone(),
        unit: item.unit.clone(),
        dosage: item.dosage.clone(),
    };
    let items: Vec<Stored> = items.iter().map(stored).collect();
    sqlx::query(
        "/* medicine.put */ insert into writeback.prescription (id, consultation, state, items) values ($1, $2, $3, $4) \
         on conflict (id) do update set state = excluded.state, \
           items = case when excluded.items = '[]' then prescription.items else excluded.items end",
    )
    .bind(prescription)
    .bind(consultation)
    .bind(state)
    .bind(Json(items))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A prescription's state and its items, when they are here.
type PrescriptionRow = (Option<String>, Option<Json<Vec<Stored>>>);

/// What a closing manifest came to: the medicines issued, and how many prescriptions are still open.
pub async fn of_manifest(tx: &mut Tx, consultation: Uuid, epoch: i64) -> Result<(Vec<Medicine>, usize), StorageError> {
    let rows: Vec<PrescriptionRow> = sqlx::query_as(
        "/* medicine.of_manifest */ select p.state, p.items from writeback.manifest_prescription m \
           left join writeback.prescription p on p.id = m.prescription \
          where m.consultation = $1 and m.epoch = $2 order by m.prescription",
    )
    .bind(consultation)
    .bind(epoch)
    .fetch_all(tx.conn())
    .await?;
    let mut medicines = Vec::new();
    let mut open = 0;
    for (state, items) in rows {
        match state.as_deref() {
            Some("ISSUED") => medicines.extend(items.into_iter().flat_map(|Json(items)| items).map(|item| Medicine {
                code: item.code,
                name: item.name,
                quantity: item.quantity,
                unit: item.unit,
                dosage: item.dosage,
            })),
            Some("REFUSED" | "CANCELLED") => {}
            _ => open += 1,
        }
    }
    Ok((medicines, open))
}
