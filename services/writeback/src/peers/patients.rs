//! Asking intake who a consultation is for, traced again.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use ehub_proto::{
    intake::v1::{Patient as ProtoPatient, TraceOutcome as ProtoOutcome},
    internal::v1::{TracePatientRequest, TracePatientResponse, patients_client::PatientsClient},
};
use time::{Date, format_description::well_known::Iso8601};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::{Patient, Trace, TraceOutcome};

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Intake or demographics did not answer; the same question may be answered later.
    #[error("the patient could not be traced now: {code:?}")]
    Unavailable {
        /// What intake answered.
        code: Code,
        /// The status.
        #[source]
        source: Box<Status>,
    },
    /// An answer without an outcome.
    #[error("the trace has no outcome")]
    Unreadable,
}

/// Asks intake, whatever the way to it.
#[async_trait]
pub trait Ask: Send + Sync {
    /// One question.
    async fn ask(&self, request: TracePatientRequest) -> Result<TracePatientResponse, Status>;
}

#[async_trait]
impl<T: ehub_proto::Way> Ask for PatientsClient<T> {
    async fn ask(&self, request: TracePatientRequest) -> Result<TracePatientResponse, Status> {
        Ok(self.clone().trace_patient(request).await?.into_inner())
    }
}

/// Intake's `Patients` service.
#[derive(Clone)]
pub struct Patients(Arc<dyn Ask>);

impl fmt::Debug for Patients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patients")
    }
}

impl Patients {
    /// Over a client of intake's internal port.
    pub fn new(client: impl Ask + 'static) -> Self {
        Self(Arc::new(client))
    }

    /// Traces the patient of a consultation again.
    pub async fn trace(&self, consultation: Uuid) -> Result<Trace, TraceError> {
        let request = TracePatientRequest { consultation: consultation.to_string() };
        let answer = self.0.ask(request).await;
        read(answer.map_err(|status| TraceError::Unavailable { code: status.code(), source: Box::new(status) })?)
    }
}

fn read(answer: TracePatientResponse) -> Result<Trace, TraceError> {
    let outcome = match answer.outcome() {
        ProtoOutcome::Unspecified => return Err(TraceError::Unreadable),
        ProtoOutcome::Verified => TraceOutcome::Verified,
        ProtoOutcome::NotTraced => TraceOutcome::NotTraced,
        ProtoOutcome::Sensitive => TraceOutcome::Sensitive,
        ProtoOutcome::Moved => TraceOutcome::Moved,
        ProtoOutcome::Deceased => TraceOutcome::Deceased,
        ProtoOutcome::Superseded => TraceOutcome::Superseded,
    };
    Ok(Trace {
        outcome,
        patient: answer.patient.and_then(patient),
        registered_practice_ods: answer.registered_practice_ods,
        practice_ods: answer.practice_ods,
        practice_name: answer.practice_name,
        hub_name: answer.hub_name,
        reference: answer.reference,
        restricted: answer.restricted,
    })
}

fn patient(patient: ProtoPatient) -> Option<Patient> {
    Some(Patient {
        nhs_number: patient.nhs_number,
        family: patient.family_name,
        given: patient.given_names,
        birth_date: Date::parse(&patient.birth_date, &Iso8601::DATE).ok()?,
        gender: patient.gender,
        address: patient.address,
        phone: patient.phone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_an_outcome_is_no_trace() {
        assert!(matches!(read(TracePatientResponse::default()), Err(TraceError::Unreadable)));
    }

    #[test]
    fn a_patient_without_a_birth_date_is_not_there() {
        let mut answer = TracePatientResponse { patient: Some(ProtoPatient::default()), ..Default::default() };
        answer.set_outcome(ProtoOutcome::Verified);
        assert!(read(answer).expect("reads").patient.is_none());
    }
}
