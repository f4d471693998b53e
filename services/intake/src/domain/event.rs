//! What intake makes known.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    codes::{Cause, Channel, Need, TraceOutcome, Urgency, WithdrawReason},
    promise::Deadlines,
    screening::Screening,
};

/// A consultation is durable.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The consultation.
    pub consultation: Uuid,
    /// Its reference, as read out.
    pub reference: String,
    /// The practice's internal id, once known.
    pub practice: Option<Uuid>,
    /// The practice.
    pub practice_ods: String,
    /// The hub.
    pub hub_ods: String,
    /// The channel.
    pub channel: Channel,
    /// The need.
    pub need: Need,
    /// The topic.
    pub topic: String,
    /// What screening found.
    pub screening: Screening,
    /// The clock's start.
    pub first_contact_time: OffsetDateTime,
    /// When it became durable.
    pub accept_time: OffsetDateTime,
    /// What is promised.
    pub deadlines: Deadlines,
    /// Age in whole years.
    pub patient_age: i32,
    /// A test patient.
    pub test_patient: bool,
    /// A proxy wrote.
    pub by_proxy: bool,
    /// Restricted content.
    pub restricted: bool,
    /// Earlier open consultations of the same patient.
    pub related: Vec<Uuid>,
    /// Who submitted it.
    pub client: String,
    /// The quarantined message it was made of.
    pub quarantined: Option<Uuid>,
}

/// The patient wished to withdraw it.
#[derive(Debug, Clone)]
pub struct WithdrawalRequested {
    /// The consultation.
    pub consultation: Uuid,
    /// Which life.
    pub episode: i32,
    /// Why.
    pub reason: WithdrawReason,
    /// Whether screening found anything in it.
    pub flagged: bool,
    /// When.
    pub at: OffsetDateTime,
}

/// Demographics answered.
#[derive(Debug, Clone)]
pub struct PatientTraced {
    /// The consultation.
    pub consultation: Uuid,
    /// How it ended.
    pub outcome: TraceOutcome,
    /// The registered practice.
    pub practice_ods: Option<String>,
}

/// A message is kept in quarantine.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// The quarantined message.
    pub quarantined: Uuid,
    /// Its mailbox.
    pub mailbox: String,
    /// Why.
    pub cause: Cause,
    /// What screening of its text found.
    pub screened: Urgency,
    /// When it was received.
    pub receive_time: OffsetDateTime,
    /// By when a person looks.
    pub deadline: OffsetDateTime,
    /// Its owner.
    pub owner_ods: String,
}

/// A quarantined message became a consultation.
#[derive(Debug, Clone, Copy)]
pub struct Converted {
    /// The quarantined message.
    pub quarantined: Uuid,
    /// The consultation.
    pub consultation: Uuid,
}

/// A message was refused with the acknowledgement that says so.
#[derive(Debug, Clone, Copy)]
pub struct Rejected {
    /// The landed message.
    pub message: Uuid,
    /// The ITK3 response code.
    pub response_code: u32,
}
