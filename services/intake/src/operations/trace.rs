//! Whom to trace, and what came of it. The question itself is asked outside any transaction.

use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use crate::{
    domain::{event, trace::Traced},
    storage::{
        consultation::{Whole, whole},
        trace,
    },
};

/// Takes the next consultation whose patient has still to be traced.
#[derive(Debug)]
pub struct TakeTrace;

impl Work for TakeTrace {
    const NAME: &'static str = "take_trace";
    type Output = Option<Whole>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Whole>, StorageError> {
        match trace::take(tx).await? {
            Some(id) => whole(tx, id).await,
            None => Ok(None),
        }
    }
}

/// Reads the patient another service asks about.
#[derive(Debug)]
pub struct ReadPatient(pub Uuid);

impl Work for ReadPatient {
    const NAME: &'static str = "read_patient";
    type Output = Option<Whole>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Whole>, StorageError> {
        whole(tx, self.0).await
    }
}

/// Records a trace and makes it known when it is news.
#[derive(Debug)]
pub struct RecordTrace {
    /// The consultation as it was when demographics was asked.
    pub whole: Whole,
    /// What demographics said.
    pub traced: Traced,
}

/// Why a trace is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

/// A trace as it was recorded.
#[derive(Debug)]
pub struct Recorded {
    /// When.
    pub at: time::OffsetDateTime,
    /// What `TracePatient` answers.
    pub answer: Box<Answer>,
}

/// A patient, traced.
#[derive(Debug, Clone)]
pub struct Answer {
    /// As recorded at intake, under the number demographics knows.
    pub patient: crate::domain::patient::Patient,
    /// What demographics said.
    pub traced: Traced,
    /// The practice that accepted.
    pub practice_ods: String,
    /// The reference, plain.
    pub reference: String,
    /// Whether the content is restricted.
    pub restricted: bool,
    /// What was asked for.
    pub need: crate::domain::codes::Need,
    /// The topic.
    pub topic: String,
    /// Practice and hub by name.
    pub names: (String, String),
}

impl Work for RecordTrace {
    const NAME: &'static str = "record_trace";
    type Output = Recorded;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Recorded, Error> {
        let summary = &self.whole.summary;
        if trace::record(tx, summary.id, &self.traced).await? {
            tx.raise(event::PatientTraced {
                consultation: summary.id,
                outcome: self.traced.outcome,
                practice_ods: self.traced.practice_ods.clone(),
            });
        }
        tx.concerns(summary.id);
        tx.on_behalf_of(summary.practice_ods.as_str());
        let mut patient = self.whole.consultation.patient.clone();
        patient.nhs_number = self.traced.nhs_number.clone().or(patient.nhs_number);
        let answer = Answer {
            patient,
            traced: self.traced.clone(),
            practice_ods: summary.practice_ods.clone(),
            reference: summary.reference.clone(),
            restricted: self.whole.consultation.content.restricted,
            need: summary.need,
            topic: summary.topic.clone(),
            names: self.whole.names.clone(),
        };
        Ok(Recorded { at: tx.at(), answer: Box::new(answer) })
    }
}
