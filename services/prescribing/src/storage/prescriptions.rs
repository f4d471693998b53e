//! Prescriptions and how they move; each change names the state it expects.

mod rows;

use const_format::concatcp;
use ehub_identifiers::{ConsultationId, PrescriptionId};
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::{Item, Prescription, RecordSeen, State},
    patient_key::PatientHash,
};
use rows::{ItemRow, PrescriptionRow};

/// A statement that reads prescriptions, from what stands around their columns.
macro_rules! reading {
    ($name:literal, $rest:literal) => {
        concat!(
            "/* prescriptions.",
            $name,
            " */ select id, consultation, practice, practice_ods, organisation, cost_centre, prescriber, state, version, \
             short_id, pharmacy_ods, raised_at, sign_by, signed_at, issued_at, refusal_code \
             from prescribing.prescription where ",
            $rest
        )
    };
}

/// Whether a row is kept against change until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Read only.
    No,
    /// About to be changed.
    Yes,
}

/// Where a page of a list starts: after this time and id.
pub type Position = (OffsetDateTime, Uuid);

/// The next number for a short id.
pub async fn next_number(tx: &mut Tx) -> Result<u32, StorageError> {
    let number: i64 =
        sqlx::query_scalar("/* prescriptions.next_number */ select nextval('prescribing.short_id_number')")
            .fetch_one(tx.conn())
            .await?;
    // The short id takes 20 bits; it need not be unique.
    Ok(u32::try_from(number & 0xF_FFFF).unwrap_or_default())
}

/// A prescription that contains one of these medicines for this patient, issued since a time or
/// being sent now.
pub async fn recently_issued(
    tx: &mut Tx,
    patient: PatientHash,
    items: &[Item],
    since: OffsetDateTime,
) -> Result<Option<PrescriptionId>, StorageError> {
    let medicines: Vec<&str> = items.iter().map(|item| item.medicine.as_str()).collect();
    let found: Option<Uuid> =
        sqlx::query_scalar("/* prescriptions.recently_issued */ select prescribing.recently_issued($1, $2, $3)")
            .bind(patient.as_bytes())
            .bind(medicines)
            .bind(since)
            .fetch_one(tx.conn())
            .await?;
    Ok(found.map(PrescriptionId::new))
}

/// Another prescription that contains one of this one's medicines for the same patient: being sent
/// now, or issued since a time; of those a reason was given for when this was raised, only what was
/// issued after that. Until the transaction ends nobody else issues for the patient.
pub async fn issued_meanwhile(
    tx: &mut Tx,
    of: &Prescription,
    since: OffsetDateTime,
) -> Result<Option<PrescriptionId>, StorageError> {
    sqlx::query(
        "/* prescriptions.take_turn */ select pg_advisory_xact_lock(hashtextextended('prescribing.patient|' || encode(patient, 'hex'), 0)) \
           from prescribing.prescription where id = $1",
    )
    .bind(of.id.uuid())
    .execute(tx.conn())
    .await?;
    let found: Option<Uuid> = sqlx::query_scalar(
        "/* prescriptions.issued_meanwhile */ select prescribing.recently_issued(p.patient, \
                array(select i.medicine_code from prescribing.item i where i.prescription = p.id), \
                case when p.override_recent_issue is null then $2 else greatest($2, p.raised_at) end) \
           from prescribing.prescription p where p.id = $1",
    )
    .bind(of.id.uuid())
    .bind(since)
    .fetch_one(tx.conn())
    .await?;
    Ok(found.map(PrescriptionId::new))
}

/// Keeps why a medicine may be issued again; what was said before stays with it.
pub async fn overridden(tx: &mut Tx, id: PrescriptionId, why: &str) -> Result<(), StorageError> {
    sqlx::query(
        "/* prescriptions.overridden */ update prescribing.prescription \
            set override_recent_issue = concat_ws(E'\\n', override_recent_issue, $2::text) where id = $1",
    )
    .bind(id.uuid())
    .bind(why)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes a new prescription with its items.
pub async fn insert(
    tx: &mut Tx,
    prescription: &Prescription,
    patient: PatientHash,
    override_recent_issue: Option<&str>,
) -> Result<(), StorageError> {
    sqlx::query(
        "/* prescriptions.insert */ insert into prescribing.prescription \
         (id, consultation, practice, practice_ods, organisation, cost_centre, prescriber, state, version, short_id, \
          patient, pharmacy_ods, override_recent_issue, raised_at, sign_by) \
         values ($1, $2, $3, $4, $5, $6, $7, 'RAISED', $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(prescription.id.uuid())
    .bind(prescription.consultation.uuid())
    .bind(prescription.practice.uuid())
    .bind(&prescription.practice_ods)
    .bind(prescription.organisation.uuid())
    .bind(prescription.cost_centre.as_str())
    .bind(&prescription.prescriber)
    .bind(prescription.version)
    .bind(&prescription.short_id)
    .bind(patient.as_bytes())
    .bind(&prescription.pharmacy)
    .bind(override_recent_issue)
    .bind(prescription.raised_at)
    .bind(prescription.sign_by)
    .execute(tx.conn())
    .await?;
    for (position, item) in (1_i16..).zip(&prescription.items) {
        insert_item(tx, prescription, position, item).await?;
    }
    Ok(())
}

async fn insert_item(tx: &mut Tx, of: &Prescription, position: i16, item: &Item) -> Result<(), StorageError> {
    sqlx::query(
        "/* prescriptions.insert_item */ insert into prescribing.item \
         (prescription, position, practice, medicine_code, medicine_name, quantity, unit_code, unit_name, dosage, days, \
          controlled_schedule, quantity_words) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(of.id.uuid())
    .bind(position)
    .bind(of.practice.uuid())
    .bind(item.medicine.as_str())
    .bind(&item.medicine_name)
    .bind(item.quantity.as_str())
    .bind(item.unit.as_str())
    .bind(&item.unit_name)
    .bind(&item.dosage)
    .bind(i16::try_from(item.days).unwrap_or(i16::MAX))
    .bind(item.schedule.map(crate::domain::Schedule::as_str))
    .bind(&item.quantity_words)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A prescription, when it is the caller's to see.
pub async fn find(tx: &mut Tx, id: PrescriptionId, lock: Lock) -> Result<Option<Prescription>, StorageError> {
    let statement = match lock {
        Lock::No => reading!("find", "id = $1"),
        Lock::Yes => reading!("find_to_change", "id = $1 for update"),
    };
    let row: Option<PrescriptionRow> = sqlx::query_as(statement).bind(id.uuid()).fetch_optional(tx.conn()).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(with_items(tx, vec![row]).await?.pop())
}

/// A page of the prescriptions of a consultation, oldest first.
pub async fn of_consultation(
    tx: &mut Tx,
    consultation: ConsultationId,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Prescription>, StorageError> {
    let statement = reading!(
        "of_consultation",
        "consultation = $1 and ($2::timestamptz is null or (raised_at, id) > ($2, $3)) order by raised_at, id limit $4"
    );
    let rows = sqlx::query_as(statement)
        .bind(consultation.uuid())
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    with_items(tx, rows).await
}

/// A page of the prescriptions that wait for a prescriber's signature, oldest first.
pub async fn unsigned(
    tx: &mut Tx,
    prescriber: &str,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Prescription>, StorageError> {
    let statement = reading!(
        "unsigned",
        "prescriber = $1 and state in ('RAISED', 'PREPARED') \
         and ($2::timestamptz is null or (raised_at, id) > ($2, $3)) order by raised_at, id limit $4"
    );
    let rows = sqlx::query_as(statement)
        .bind(prescriber)
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    with_items(tx, rows).await
}

async fn with_items(tx: &mut Tx, rows: Vec<PrescriptionRow>) -> Result<Vec<Prescription>, StorageError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    const ITEMS: &str = "/* prescriptions.items */ select prescription, medicine_code, medicine_name, quantity, unit_code, \
           unit_name, dosage, days, controlled_schedule, quantity_words from prescribing.item where prescription = ";
    const ORDER: &str = " order by prescription, position";
    // One is what nearly every call asks for; in a list of one it would be planned anew each time.
    let query = match ids.as_slice() {
        [one] => sqlx::query_as(concatcp!(ITEMS, "$1", ORDER)).bind(*one),
        several => sqlx::query_as(concatcp!(ITEMS, "any ($1)", ORDER)).bind(several),
    };
    let items: Vec<ItemRow> = query.fetch_all(tx.conn()).await?;
    rows.into_iter().map(|row| row.read(&items)).collect()
}

/// What `$prepare` was sent and gave.
#[derive(Debug)]
pub struct Preparation<'a> {
    /// The bytes sent.
    pub order: &'a [u8],
    /// `SignedInfo` in base64.
    pub digest: &'a str,
    /// Its time.
    pub timestamp: &'a str,
    /// The algorithm.
    pub algorithm: &'a str,
}

/// RAISED or PREPARED → PREPARED.
pub async fn prepared(tx: &mut Tx, of: &Prescription, with: &Preparation<'_>) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* prescriptions.prepared */ update prescribing.prescription \
            set state = 'PREPARED', version = version + 1, prepared_order = $3, digest = $4, digest_timestamp = $5, \
                digest_algorithm = $6 \
          where id = $1 and version = $2 and state in ('RAISED', 'PREPARED')",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(with.order)
    .bind(with.digest)
    .bind(with.timestamp)
    .bind(with.algorithm)
    .execute(tx.conn())
    .await?;
    exactly_one("prescriptions.prepared", done.rows_affected())
}

/// What a prescriber has to sign.
pub async fn digest(tx: &mut Tx, id: PrescriptionId) -> Result<Option<String>, StorageError> {
    Ok(sqlx::query_scalar("/* prescriptions.digest */ select digest from prescribing.prescription where id = $1")
        .bind(id.uuid())
        .fetch_one(tx.conn())
        .await?)
}

/// PREPARED → SIGNED.
pub async fn signed(
    tx: &mut Tx,
    of: &Prescription,
    signature: &str,
    seen: Option<RecordSeen>,
) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* prescriptions.signed */ update prescribing.prescription \
            set state = 'SIGNED', version = version + 1, signature = $3, signed_at = $4, record_seen_source = $5, \
                record_seen_at = $6 \
          where id = $1 and version = $2 and state = 'PREPARED'",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(signature)
    .bind(at)
    .bind(seen.map(|seen| seen.source.as_str()))
    .bind(seen.map(|seen| seen.at))
    .execute(tx.conn())
    .await?;
    exactly_one("prescriptions.signed", done.rows_affected())
}

/// RAISED, PREPARED, SIGNED or REFUSED → CANCELLED.
pub async fn voided(tx: &mut Tx, of: &Prescription, reason: &str) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* prescriptions.voided */ update prescribing.prescription \
            set state = 'CANCELLED', version = version + 1, void_reason = $3, voided_at = $4 \
          where id = $1 and version = $2 and state in ('RAISED', 'PREPARED', 'SIGNED', 'REFUSED')",
    )
    .bind(of.id.uuid())
    .bind(of.version)
    .bind(reason)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("prescriptions.voided", done.rows_affected())
}

/// What a consultation has: ids, states and versions.
pub async fn standing(tx: &mut Tx, consultation: Uuid) -> Result<Vec<(PrescriptionId, State, i64)>, StorageError> {
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "/* prescriptions.standing */ select id, state, version from prescribing.prescription \
          where consultation = $1 order by id",
    )
    .bind(consultation)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|(id, state, version)| Ok((PrescriptionId::new(id), rows::state(&state)?, version))).collect()
}
