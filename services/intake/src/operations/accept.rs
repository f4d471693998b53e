//! The one way in: every channel ends here.
//!
//! Screening, promises, reference, relations, the event and the planned page are made in the
//! transaction that makes the consultation durable.

use aws_lc_rs::digest;
use ehub_access::known_practice;
use ehub_calendar::{Hours, local_date};
use ehub_identifiers::{OdsCode, OrganisationId, Reference};
use ehub_postgres::{StorageError, Tx};
use ehub_telemetry::metrics::{Counter, counter};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    domain::{
        age,
        codes::{Channel, SubmitterKind, Urgency},
        consultation::Consultation,
        enrolment::Enrolment,
        event,
        promise::{self, Deadlines},
        screening::Screening,
    },
    patient_keys::PatientKeys,
    screening::Screener,
    storage::{consultation, enrolment, inconsistent, page, reference, related, trace},
};

/// What arrived, by channel and what became of it.
pub(super) static CONSULTATIONS: Counter =
    counter("ehub.intake.consultations", "{consultation}", "What arrived, by channel and what became of it.");
static SCREENED: Counter =
    counter("ehub.intake.screened", "{consultation}", "Consultations by what screening made of them.");

/// What acceptance needs beside the transaction.
#[derive(Debug)]
pub struct Acceptor {
    /// Screening rules.
    pub screener: Screener,
    /// Relates consultations of one patient.
    pub keys: PatientKeys,
    /// Core hours of the contract: Monday to Friday 08:00 to 18:30 but for bank holidays.
    pub core: Hours,
    /// How long allocation has to take an emergency over.
    pub page_after: Duration,
}

/// A consultation at the door.
#[derive(Debug)]
pub struct Arriving<'a> {
    /// The practice the patient turned to.
    pub practice_ods: &'a OdsCode,
    /// Only an enrolment with this hub will do.
    pub hub_ods: Option<&'a str>,
    /// Who submits it.
    pub client: &'a str,
    /// How it comes.
    pub channel: Channel,
    /// The supplier's own reference.
    pub supplier_reference: Option<&'a str>,
    /// When the patient made contact.
    pub first_contact_time: OffsetDateTime,
    /// Who, by whom, what.
    pub consultation: &'a Consultation,
    /// Why its text cannot be screened.
    pub blind: Option<&'static str>,
    /// What it is made of.
    pub quarantined: Option<Uuid>,
}

/// A consultation that is in.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its id.
    pub id: Uuid,
    /// Its reference.
    pub reference: Reference,
    /// Who answers, by name.
    pub who_answers: String,
    /// What to do when it gets worse.
    pub if_worse: String,
    /// The practice's phone number.
    pub practice_phone: String,
    /// What is promised.
    pub deadlines: Deadlines,
    /// When it was accepted.
    pub accept_time: OffsetDateTime,
    /// What screening found.
    pub screening: Screening,
}

/// Why it does not come in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No enrolment covers practice and need today.
    #[error("no enrolment covers the practice's need today")]
    NotEnrolled {
        /// The practice.
        practice_ods: String,
    },
    /// The client has used the reference before.
    #[error("the supplier reference is used")]
    SupplierReferenceReused {
        /// For what.
        consultation: Uuid,
    },
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Acceptor {
    /// Lets a consultation in. Refuses before it writes.
    pub async fn accept(&self, tx: &mut Tx, arriving: &Arriving<'_>) -> Result<Accepted, Error> {
        let given = arriving.consultation;
        let today = local_date(tx.at());
        let covering = enrolment::covering(tx, arriving.practice_ods.as_str(), given.content.need, today).await?;
        let enrolment = covering
            .filter(|found| arriving.hub_ods.is_none_or(|hub| hub == found.terms.hub_ods.as_str()))
            .ok_or_else(|| Error::NotEnrolled { practice_ods: arriving.practice_ods.to_string() })?;
        if let Some(used) = arriving.supplier_reference
            && let Some(consultation) = consultation::by_supplier_reference(tx, arriving.client, used).await?
        {
            return Err(Error::SupplierReferenceReused { consultation });
        }
        let screening = self.screener.screen(given, arriving.channel, today, arriving.blind);
        let row = promise::find(&enrolment.terms.promises, given.content.need, screening.urgency)
            .ok_or(inconsistent("intake.enrolment", "promises"))?;
        let first_contact_time = arriving.first_contact_time.min(tx.at());
        let deadlines = promise::deadlines(row, first_contact_time, &self.core);
        let practice = match enrolment.practice {
            Some(known) => Some(known),
            None => known_practice(tx, arriving.practice_ods.as_str()).await?.map(|practice| practice.org),
        };
        let id = tx.clock().uuid_v7_in_shard(shard(practice, arriving.practice_ods));
        let keys = self.keys.of(&given.patient);
        let related = related::open(tx, arriving.practice_ods.as_str(), &keys).await?;
        let reference = reference::draw(tx, id).await?;
        let new = consultation::NewConsultation {
            id,
            practice,
            enrolment: &enrolment,
            client: arriving.client,
            reference: reference.as_str(),
            supplier_reference: arriving.supplier_reference,
            channel: arriving.channel,
            consultation: given,
            keys: &keys,
            screening: &screening,
            first_contact_time,
            deadlines,
            quarantined: arriving.quarantined,
        };
        consultation::insert(tx, &new).await?;
        trace::enqueue(tx, id).await?;
        let accepted = Accepted {
            id,
            reference,
            who_answers: enrolment.terms.hub_name.clone(),
            if_worse: enrolment.terms.if_worse.clone(),
            practice_phone: enrolment.terms.practice_phone.clone(),
            deadlines,
            accept_time: tx.at(),
            screening,
        };
        if accepted.screening.urgency == Urgency::Emergency {
            self.plan_page(tx, &enrolment, &accepted).await?;
        }
        tx.tally(
            &CONSULTATIONS,
            &[("ehub.consultation.channel", arriving.channel.code()), ("ehub.outcome", "accepted")],
        );
        tx.tally(&SCREENED, &[("ehub.screening.urgency", accepted.screening.urgency.code())]);
        tx.raise(self.event(arriving, &enrolment, &accepted, (practice, first_contact_time, related)));
        tx.concerns(id);
        tx.on_behalf_of(arriving.practice_ods.as_str());
        Ok(accepted)
    }

    /// Plans the page about an emergency; it says whom to look for, and nothing about them.
    async fn plan_page(&self, tx: &mut Tx, enrolment: &Enrolment, accepted: &Accepted) -> Result<(), StorageError> {
        let body = json!({
            "kind": "EMERGENCY",
            "consultation": format!("consultations/{}", accepted.id),
            "reference": accepted.reference.to_string(),
            "practice_ods": enrolment.terms.practice_ods.as_str(),
            "hub_ods": enrolment.terms.hub_ods.as_str(),
            "accept_time": ehub_clock::rfc3339(accepted.accept_time),
            "respond_by": ehub_clock::rfc3339(accepted.deadlines.respond_by),
        });
        let duty_contact = enrolment.terms.duty_contact.clone();
        let planned = page::Page { subject: accepted.id, duty_contact, body, attempts: 0 };
        page::plan(tx, page::About::Consultation, &planned, self.page_after).await
    }

    fn event(
        &self,
        arriving: &Arriving<'_>,
        enrolment: &Enrolment,
        accepted: &Accepted,
        (practice, first_contact_time, related): (Option<Uuid>, OffsetDateTime, Vec<Uuid>),
    ) -> event::Accepted {
        let given = arriving.consultation;
        event::Accepted {
            consultation: accepted.id,
            reference: accepted.reference.to_string(),
            practice,
            practice_ods: arriving.practice_ods.to_string(),
            hub_ods: enrolment.terms.hub_ods.to_string(),
            channel: arriving.channel,
            need: given.content.need,
            topic: given.content.topic.clone(),
            screening: accepted.screening.clone(),
            first_contact_time,
            accept_time: accepted.accept_time,
            deadlines: accepted.deadlines,
            patient_age: age::in_years(given.patient.birth_date, local_date(accepted.accept_time)),
            test_patient: given.patient.is_test(),
            by_proxy: given.submitter.kind == SubmitterKind::Proxy,
            restricted: given.content.restricted,
            related,
            client: arriving.client.to_owned(),
            quarantined: arriving.quarantined,
        }
    }
}

/// The shard of an id; of the code's hash while the register does not know the code, which
/// spreads ids as well and names nothing.
fn shard(practice: Option<Uuid>, practice_ods: &OdsCode) -> u8 {
    match practice {
        Some(org) => OrganisationId::new(org).shard().number(),
        None => digest::digest(&digest::SHA256, practice_ods.as_str().as_bytes()).as_ref()[0],
    }
}
