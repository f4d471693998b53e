//! Consultations: written once, read whole.

use ehub_postgres::{StorageError, Tx};
use sqlx::{FromRow, types::Json};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    payload::{self, ContentJson, PatientJson, SubmitterJson},
    summary::{Summary, SummaryRow},
};
use crate::{
    domain::{
        codes::Channel, consultation::Consultation, enrolment::Enrolment, promise::Deadlines, screening::Screening,
    },
    patient_keys::PatientKey,
};

/// A consultation on its way in.
#[derive(Debug)]
pub struct NewConsultation<'a> {
    /// Its id.
    pub id: Uuid,
    /// The practice's internal id, once known.
    pub practice: Option<Uuid>,
    /// The enrolment that covers it.
    pub enrolment: &'a Enrolment,
    /// Who submitted it.
    pub client: &'a str,
    /// Its reference, plain.
    pub reference: &'a str,
    /// The supplier's reference.
    pub supplier_reference: Option<&'a str>,
    /// Channel.
    pub channel: Channel,
    /// Who, by whom, what.
    pub consultation: &'a Consultation,
    /// The hashes of its patient.
    pub keys: &'a PatientKey,
    /// What screening found.
    pub screening: &'a Screening,
    /// The clock's start.
    pub first_contact_time: OffsetDateTime,
    /// What is promised.
    pub deadlines: Deadlines,
    /// What it was made of.
    pub quarantined: Option<Uuid>,
}

/// A consultation with its content.
#[derive(Debug)]
pub struct Whole {
    /// What lists show.
    pub summary: Summary,
    /// The rest.
    pub consultation: Consultation,
    /// The names on the enrolment: practice, hub.
    pub names: (String, String),
    /// Hashes for finding related ones.
    pub keys: PatientKey,
}

#[derive(FromRow)]
struct WholeRow {
    #[sqlx(flatten)]
    summary: SummaryRow,
    patient: Json<PatientJson>,
    submitter: Json<SubmitterJson>,
    content: Json<ContentJson>,
    birth_date: Date,
    nhs_key: Option<Vec<u8>>,
    person_key: Vec<u8>,
    practice_name: String,
    hub_name: String,
}

/// Writes a consultation.
pub async fn insert(tx: &mut Tx, new: &NewConsultation<'_>) -> Result<(), StorageError> {
    let at = tx.at();
    let given = new.consultation;
    sqlx::query(
        "/* consultation.insert */ insert into intake.consultation (id, practice, practice_ods, hub_ods, enrolment, \
         enrolment_version, client, reference, supplier_reference, channel, state, need, topic, patient, submitter, content, \
         birth_date, test_patient, nhs_key, person_key, urgency, matched_rules, not_screened_reason, emergency_advice, rule_set, \
         first_contact_time, accept_time, plan_by, respond_by, quarantined) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'ACCEPTED', $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23, $24, $25, $26, $27, $28, $29)",
    )
    .bind(new.id)
    .bind(new.practice)
    .bind(new.enrolment.terms.practice_ods.as_str())
    .bind(new.enrolment.terms.hub_ods.as_str())
    .bind(new.enrolment.id.uuid())
    .bind(new.enrolment.version)
    .bind(new.client)
    .bind(new.reference)
    .bind(new.supplier_reference)
    .bind(new.channel.code())
    .bind(given.content.need.code())
    .bind(&given.content.topic)
    .bind(Json(PatientJson::of(&given.patient)))
    .bind(Json(SubmitterJson::of(&given.submitter)))
    .bind(Json(ContentJson::of(&given.content)))
    .bind(given.patient.birth_date)
    .bind(given.patient.is_test())
    .bind(&new.keys.nhs)
    .bind(&new.keys.person)
    .bind(new.screening.urgency.code())
    .bind(&new.screening.matched_rules)
    .bind(&new.screening.not_screened_reason)
    .bind(&new.screening.emergency_advice)
    .bind(&new.screening.rule_set)
    .bind(new.first_contact_time)
    .bind(at)
    .bind(new.deadlines.plan_by)
    .bind(new.deadlines.respond_by)
    .bind(new.quarantined)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A consultation with its content, when row security lets the caller see it.
pub async fn whole(tx: &mut Tx, id: Uuid) -> Result<Option<Whole>, StorageError> {
    let row: Option<WholeRow> = sqlx::query_as(
        "/* consultation.whole */ select c.*, e.practice_name, e.hub_name \
           from intake.consultation c join intake.enrolment e on e.id = c.enrolment where c.id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let summary = Summary::try_from(row.summary)?;
    let rest = (row.birth_date, summary.need, summary.topic.clone());
    let consultation = payload::consultation(row.patient.0, row.submitter.0, row.content.0, rest)?;
    let keys = PatientKey { nhs: row.nhs_key, person: row.person_key };
    Ok(Some(Whole { summary, consultation, names: (row.practice_name, row.hub_name), keys }))
}

/// The consultation a client gave a reference of its own to.
pub async fn by_supplier_reference(tx: &mut Tx, client: &str, reference: &str) -> Result<Option<Uuid>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* consultation.by_supplier_reference */ select id from intake.consultation where client = $1 and supplier_reference = $2",
    )
    .bind(client)
    .bind(reference)
    .fetch_optional(tx.conn())
    .await?)
}
