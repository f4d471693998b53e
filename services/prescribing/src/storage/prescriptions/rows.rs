//! Rows, and how they read.

use ehub_identifiers::{ConsultationId, OrganisationId, PrescriptionId, Sctid};
use ehub_postgres::StorageError;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::{Item, Prescription, Quantity, Schedule, State},
    storage::ods,
};

#[derive(sqlx::FromRow)]
pub(super) struct PrescriptionRow {
    pub id: Uuid,
    consultation: Uuid,
    practice: Uuid,
    practice_ods: String,
    organisation: Uuid,
    cost_centre: String,
    prescriber: String,
    state: String,
    version: i64,
    short_id: String,
    pharmacy_ods: Option<String>,
    raised_at: OffsetDateTime,
    sign_by: OffsetDateTime,
    signed_at: Option<OffsetDateTime>,
    issued_at: Option<OffsetDateTime>,
    refusal_code: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(super) struct ItemRow {
    prescription: Uuid,
    medicine_code: String,
    medicine_name: String,
    quantity: String,
    unit_code: String,
    unit_name: String,
    dosage: String,
    days: i16,
    controlled_schedule: Option<String>,
    quantity_words: Option<String>,
}

impl PrescriptionRow {
    /// The prescription, with its items picked out of a list.
    pub fn read(self, items: &[ItemRow]) -> Result<Prescription, StorageError> {
        Ok(Prescription {
            items: items
                .iter()
                .filter(|item| item.prescription == self.id)
                .map(ItemRow::read)
                .collect::<Result<_, _>>()?,
            id: PrescriptionId::new(self.id),
            consultation: ConsultationId::new(self.consultation),
            practice: OrganisationId::new(self.practice),
            practice_ods: self.practice_ods,
            organisation: OrganisationId::new(self.organisation),
            cost_centre: ods("prescribing.prescription", &self.cost_centre)?,
            prescriber: self.prescriber,
            state: state(&self.state)?,
            version: self.version,
            short_id: self.short_id,
            pharmacy: self.pharmacy_ods,
            raised_at: self.raised_at,
            sign_by: self.sign_by,
            signed_at: self.signed_at,
            issued_at: self.issued_at,
            refusal_code: self.refusal_code,
        })
    }
}

impl ItemRow {
    fn read(&self) -> Result<Item, StorageError> {
        let wrong = |what| StorageError::Inconsistent { table: "prescribing.item", what };
        Ok(Item {
            medicine: Sctid::concept(&self.medicine_code).map_err(|_| wrong("medicine_code"))?,
            medicine_name: self.medicine_name.clone(),
            quantity: Quantity::parse(&self.quantity).map_err(|_| wrong("quantity"))?,
            unit: Sctid::concept(&self.unit_code).map_err(|_| wrong("unit_code"))?,
            unit_name: self.unit_name.clone(),
            dosage: self.dosage.clone(),
            days: u16::try_from(self.days).map_err(|_| wrong("days"))?,
            schedule: Schedule::parse(self.controlled_schedule.as_deref().unwrap_or_default())
                .map_err(|_| wrong("controlled_schedule"))?,
            quantity_words: self.quantity_words.clone(),
        })
    }
}

/// A state as it is stored.
pub(super) fn state(text: &str) -> Result<State, StorageError> {
    State::read(text).ok_or(StorageError::Inconsistent { table: "prescribing.prescription", what: "state" })
}
