//! Reads one landed message: a consultation, a duplicate, or something for a person.

use std::sync::Arc;

use ehub_calendar::local_date;
use ehub_identifiers::OdsCode;
use ehub_itk3::{EVENT_RESPONSE, Envelope, MessageKind, OnlineConsultation, extract_text, sniff};
use ehub_postgres::{StorageError, Tx, Work};
use ehub_telemetry::{
    job_span,
    metrics::{Counter, counter},
    record_consultation,
};
use serde_json::json;
use tracing::Instrument as _;
use uuid::Uuid;

use super::accept::{self, Acceptor, Arriving, CONSULTATIONS};
use crate::{
    domain::{
        codes::{Cause, Channel, Urgency},
        event, validate,
        wrong::Wrong,
    },
    mesh::{self, Answering, acknowledgement},
    storage::{
        landed::{self, Landed, Settled},
        outbound, page, quarantine,
    },
};

static QUARANTINED: Counter = counter("ehub.intake.quarantined", "{message}", "Messages put in quarantine, by cause.");

/// Minutes of core hours in which a person looks at what was quarantined (hazard H29).
const LOOK_WITHIN: u32 = 15;

/// Success of the infrastructure layer.
const RECEIVED: u32 = ehub_itk3::SUCCESS;
/// The receiving organisation has taken the patient's request on.
const TAKEN_ON: u32 = ehub_itk3::PATIENT_KNOWN;
/// The bundle or header was here before.
const DUPLICATE: u32 = ehub_itk3::DUPLICATE_MESSAGE;
/// The payload's practice is not served here.
const NOT_SERVED: u32 = 20010;
/// The payload has wrong fields.
const PAYLOAD_INVALID: u32 = 20009;
/// Another message than this mailbox takes.
const NOT_TAKEN: u32 = 10004;

/// Whose mailbox it is, and how its messages are answered.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Who answers.
    pub answering: Answering,
    /// The workflow of answers.
    pub ack_workflow: String,
    /// Who is paged about a quarantined message that reads like an emergency.
    pub duty_contact: String,
}

/// Reads the next landed message.
#[derive(Debug)]
pub struct ReadMessage {
    /// How consultations are accepted.
    pub acceptor: Arc<Acceptor>,
    /// Whose mailbox.
    pub mailbox: Mailbox,
}

/// What a message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// None waited.
    Nothing,
    /// A consultation.
    Accepted(Uuid),
    /// Something for a person.
    Quarantined(Cause),
    /// A duplicate.
    Duplicate,
    /// A report of MESH.
    Report,
}

/// Why a message could not be read for a reason of ours.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage failed before a message was taken.
    #[error("storage failed")]
    Storage(#[from] StorageError),
    /// Storage failed over a message.
    #[error("the message {landed} could not be settled")]
    Message {
        /// The landed message.
        landed: Uuid,
        /// Why.
        #[source]
        source: StorageError,
    },
}

/// Why a message goes to a person.
struct Unfit {
    cause: Cause,
    code: u32,
    wrong_fields: Vec<String>,
}

impl Work for ReadMessage {
    const NAME: &'static str = "read_message";
    type Output = Read;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Read, Error> {
        let Some(message) = landed::next(tx).await? else { return Ok(Read::Nothing) };
        let span = job_span("read_message", None);
        tx.continues(&span, None);
        let read = self.read(tx, &message).instrument(span).await;
        read.map_err(|source| Error::Message { landed: message.id, source })
    }
}

impl ReadMessage {
    async fn read(&self, tx: &mut Tx, message: &Landed) -> Result<Read, StorageError> {
        if message.kind == "REPORT" {
            if !outbound::undelivered(tx, &message.linked_id).await? {
                tracing::warn!(message = %message.id, "MESH reports about a message that is not ours");
            }
            landed::settle(tx, message.id, Settled::Reported, None).await?;
            return Ok(Read::Report);
        }
        let envelope = Envelope::parse(&message.body).ok().map(|(envelope, _)| envelope);
        if let Some(envelope) = &envelope
            && landed::is_duplicate(tx, &message.from_mailbox, &envelope.bundle_id, &envelope.header_id).await?
        {
            if envelope.event != EVENT_RESPONSE {
                self.answer(tx, message, envelope, DUPLICATE).await?;
            }
            landed::settle(tx, message.id, Settled::Rejected, None).await?;
            tx.tally(&CONSULTATIONS, &[("ehub.consultation.channel", "MESH"), ("ehub.outcome", "duplicate")]);
            tx.raise(event::Rejected { message: message.id, response_code: DUPLICATE });
            return Ok(Read::Duplicate);
        }
        match self.try_accept(tx, message).await? {
            Ok(consultation) => {
                let identity =
                    envelope.as_ref().map(|envelope| (envelope.bundle_id.as_str(), envelope.header_id.as_str()));
                record_consultation(consultation);
                landed::settle(tx, message.id, Settled::Accepted(consultation), identity).await?;
                if let Some(envelope) = &envelope {
                    self.answer_as_asked(tx, message, envelope).await?;
                }
                Ok(Read::Accepted(consultation))
            }
            Err(unfit) => {
                let cause = unfit.cause;
                self.quarantine(tx, message, envelope.as_ref(), unfit).await?;
                Ok(Read::Quarantined(cause))
            }
        }
    }

    /// The way of every channel; refuses before anything is written.
    async fn try_accept(&self, tx: &mut Tx, message: &Landed) -> Result<Result<Uuid, Unfit>, StorageError> {
        if message.left_above.is_some() {
            // Nobody is answered: there is no envelope. MESH tells the sender when it gives the message up.
            return Ok(Err(Unfit { cause: Cause::TooLarge, code: NOT_TAKEN, wrong_fields: Vec::new() }));
        }
        if sniff(&message.body) != MessageKind::OnlineConsultation {
            let unreadable = Envelope::parse(&message.body).err().map(|error| error.response_code());
            return Ok(Err(match unreadable {
                Some(code) => Unfit { cause: Cause::Unreadable, code, wrong_fields: Vec::new() },
                None => Unfit { cause: Cause::UnexpectedMessage, code: NOT_TAKEN, wrong_fields: Vec::new() },
            }));
        }
        let report = match OnlineConsultation::parse(&message.body) {
            Ok(report) => mesh::read(&report),
            Err(error) => {
                return Ok(Err(Unfit {
                    cause: Cause::Unreadable,
                    code: error.response_code(),
                    wrong_fields: Vec::new(),
                }));
            }
        };
        let practice = report.practice_ods.as_deref().map(OdsCode::parse);
        let checked = validate::consultation(report.draft, local_date(message.receive_time));
        let (practice_ods, consultation) = match (practice, checked) {
            (Some(Ok(practice)), Ok(consultation)) => (practice, consultation),
            (practice, checked) => {
                let mut wrong = checked.err().unwrap_or_default();
                if !matches!(practice, Some(Ok(_))) {
                    let problem = "must be the ODS code of a practice".into();
                    wrong.push(Wrong { path: "practice_ods".to_owned(), problem });
                }
                let wrong_fields = wrong.into_iter().map(|wrong| wrong.path).collect();
                return Ok(Err(Unfit { cause: Cause::InvalidFields, code: PAYLOAD_INVALID, wrong_fields }));
            }
        };
        let client = format!("mesh:{}", message.from_mailbox);
        let arriving = Arriving {
            practice_ods: &practice_ods,
            hub_ods: Some(&self.mailbox.answering.owner_ods),
            client: &client,
            channel: Channel::Mesh,
            supplier_reference: None,
            first_contact_time: report.first_contact_time.unwrap_or(message.receive_time).min(message.receive_time),
            consultation: &consultation,
            blind: report.blind,
            quarantined: None,
        };
        match self.acceptor.accept(tx, &arriving).await {
            Ok(accepted) => Ok(Ok(accepted.id)),
            Err(accept::Error::Storage(error)) => Err(error),
            Err(accept::Error::NotEnrolled { .. } | accept::Error::SupplierReferenceReused { .. }) => {
                Ok(Err(Unfit { cause: Cause::NotEnrolled, code: NOT_SERVED, wrong_fields: Vec::new() }))
            }
        }
    }

    /// Keeps a message whole for a person, and tells the sender that it was not taken in.
    async fn quarantine(
        &self,
        tx: &mut Tx,
        message: &Landed,
        envelope: Option<&Envelope>,
        unfit: Unfit,
    ) -> Result<(), StorageError> {
        let screened = self.acceptor.screener.screen_text(&extract_text(&message.body));
        let kept = quarantine::Quarantined {
            id: tx.clock().uuid_v7(),
            landed: message.id,
            mailbox: message.mailbox.clone(),
            from_mailbox: message.from_mailbox.clone(),
            owner_ods: self.mailbox.answering.owner_ods.clone(),
            cause: unfit.cause,
            wrong_fields: unfit.wrong_fields,
            receive_time: message.receive_time,
            deadline: self.acceptor.core.add_working(message.receive_time, LOOK_WITHIN),
            screened,
            size_bytes: i64::try_from(message.body.len()).unwrap_or(i64::MAX),
            consultation: None,
            settle_time: None,
        };
        quarantine::insert(tx, &kept).await?;
        let identity = envelope.map(|envelope| (envelope.bundle_id.as_str(), envelope.header_id.as_str()));
        landed::settle(tx, message.id, Settled::Quarantined, identity).await?;
        // An answer nobody asked for is not answered: two systems that did would never stop.
        if let Some(envelope) = envelope.filter(|envelope| envelope.event != EVENT_RESPONSE) {
            self.answer(tx, message, envelope, unfit.code).await?;
        }
        if screened == Urgency::Emergency {
            self.plan_page(tx, &kept).await?;
        }
        tx.tally(&CONSULTATIONS, &[("ehub.consultation.channel", "MESH"), ("ehub.outcome", "quarantined")]);
        tx.tally(&QUARANTINED, &[("ehub.quarantine.cause", kept.cause.code())]);
        tx.raise(event::Quarantined {
            quarantined: kept.id,
            mailbox: kept.mailbox,
            cause: kept.cause,
            screened,
            receive_time: kept.receive_time,
            deadline: kept.deadline,
            owner_ods: kept.owner_ods,
        });
        Ok(())
    }

    async fn plan_page(&self, tx: &mut Tx, kept: &quarantine::Quarantined) -> Result<(), StorageError> {
        let body = json!({
            "kind": "EMERGENCY_IN_QUARANTINE",
            "quarantined": format!("quarantined/{}", kept.id),
            "owner_ods": kept.owner_ods,
            "receive_time": ehub_clock::rfc3339(kept.receive_time),
            "deadline": ehub_clock::rfc3339(kept.deadline),
        });
        let planned =
            page::Page { subject: kept.id, duty_contact: self.mailbox.duty_contact.clone(), body, attempts: 0 };
        page::plan(tx, page::About::Quarantined, &planned, self.acceptor.page_after).await
    }

    /// The positive answers the sender asked for.
    async fn answer_as_asked(&self, tx: &mut Tx, message: &Landed, envelope: &Envelope) -> Result<(), StorageError> {
        if envelope.handling.infrastructure_ack {
            self.answer(tx, message, envelope, RECEIVED).await?;
        }
        if envelope.handling.business_ack {
            self.answer(tx, message, envelope, TAKEN_ON).await?;
        }
        Ok(())
    }

    /// Stores an answer, to go to the mailbox MESH named: what the message says of itself proves
    /// nothing. A sender hears of a refusal whether or not it asked.
    async fn answer(&self, tx: &mut Tx, message: &Landed, envelope: &Envelope, code: u32) -> Result<(), StorageError> {
        if message.from_mailbox.is_empty() {
            return Ok(());
        }
        let ids = [tx.clock().uuid_v7(), tx.clock().uuid_v7()];
        let answer = outbound::Outbound {
            id: tx.clock().uuid_v7(),
            to_mailbox: message.from_mailbox.clone(),
            workflow: self.mailbox.ack_workflow.clone(),
            body: acknowledgement(envelope, &self.mailbox.answering, ids, tx.at(), code),
            attempts: 0,
            consultation: None,
        };
        outbound::store(tx, message.id, &answer, code).await
    }
}

/// Puts off a message that could not be settled, so that it does not hold up the others.
#[derive(Debug)]
pub struct PutOff(pub Uuid);

impl Work for PutOff {
    const NAME: &'static str = "put_off_message";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        landed::put_off(tx, self.0).await
    }
}
