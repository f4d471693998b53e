//! Intake's knowledge of who a consultation is for, traced again whenever it is asked.

use std::fmt;

use ehub_host::PeerChannel;
use ehub_identifiers::{ConsultationId, NhsNumber, OdsCode};
use ehub_proto::{
    intake::v1::TraceOutcome,
    internal::v1::{TracePatientRequest, TracePatientResponse, patients_client::PatientsClient},
};
use futures_util::future::BoxFuture;
use time::{Date, format_description::well_known::Iso8601};
use tonic::Code;

/// A patient whom demographics know, with details that agree.
#[derive(Clone)]
pub struct TracedPatient {
    /// The NHS number.
    pub nhs_number: NhsNumber,
    /// Family name.
    pub family_name: String,
    /// Given names in order.
    pub given_names: String,
    /// Birth date.
    pub birth_date: Date,
    /// `male`, `female`, `other`, `unknown`.
    pub gender: String,
    /// Home address on one line.
    pub address: String,
    /// Where the patient is registered.
    pub registered_practice: OdsCode,
    /// The nominated pharmacy.
    pub nominated_pharmacy: Option<String>,
}

impl fmt::Debug for TracedPatient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedPatient").field("registered_practice", &self.registered_practice).finish_non_exhaustive()
    }
}

/// Why there is no patient to prescribe for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// Traced, and not as EPS needs it; how it ended.
    #[error("the patient is not verified")]
    NotVerified(&'static str),
    /// Demographics, or intake, cannot be reached.
    #[error("demographics cannot be reached")]
    Unreachable,
    /// Intake does not have the consultation.
    #[error("intake does not know the consultation")]
    Unknown,
}

/// Who a consultation is for. Intake says so in a service; a table does in tests.
pub trait PatientSource: fmt::Debug + Send + Sync {
    /// Traces the patient of a consultation again.
    fn trace(&self, consultation: ConsultationId) -> BoxFuture<'static, Result<TracedPatient, TraceError>>;
}

/// Intake.
#[derive(Clone)]
pub struct Patients<T>(PatientsClient<T>);

impl<T> fmt::Debug for Patients<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patients")
    }
}

impl Patients<PeerChannel> {
    /// Over a channel to intake's internal port.
    pub fn new(intake: PeerChannel) -> Self {
        Self(PatientsClient::new(intake))
    }
}

// Over any channel: the compiler cannot show that the future is `Send` for the one type of channel
// there is, whose error is a boxed trait object, but can for all that promise it.
impl<T: ehub_proto::Way> PatientSource for Patients<T> {
    fn trace(&self, consultation: ConsultationId) -> BoxFuture<'static, Result<TracedPatient, TraceError>> {
        let mut intake = self.0.clone();
        Box::pin(async move {
            let request = TracePatientRequest { consultation: consultation.to_string() };
            match intake.trace_patient(request).await {
                Ok(answer) => read(answer.into_inner()),
                Err(status) if status.code() == Code::NotFound => Err(TraceError::Unknown),
                Err(status) => {
                    tracing::warn!(code = ?status.code(), "a patient could not be traced");
                    Err(TraceError::Unreachable)
                }
            }
        })
    }
}

fn read(answer: TracePatientResponse) -> Result<TracedPatient, TraceError> {
    match answer.outcome() {
        TraceOutcome::Verified => {}
        TraceOutcome::Unspecified => return Err(TraceError::NotVerified("NOT_TRACED_YET")),
        TraceOutcome::NotTraced => return Err(TraceError::NotVerified("NOT_TRACED")),
        TraceOutcome::Sensitive => return Err(TraceError::NotVerified("SENSITIVE")),
        TraceOutcome::Moved => return Err(TraceError::NotVerified("MOVED")),
        TraceOutcome::Deceased => return Err(TraceError::NotVerified("DECEASED")),
        TraceOutcome::Superseded => return Err(TraceError::NotVerified("SUPERSEDED")),
    }
    // A verified patient has a number, a birth date and a practice; without them there is no EPS.
    let registered =
        OdsCode::parse(&answer.registered_practice_ods).map_err(|_| TraceError::NotVerified("NO_PRACTICE"))?;
    let patient = answer.patient.ok_or(TraceError::NotVerified("INCOMPLETE"))?;
    let incomplete = TraceError::NotVerified("INCOMPLETE");
    let genders = ["male", "female", "other", "unknown"];
    Ok(TracedPatient {
        nhs_number: NhsNumber::parse(&patient.nhs_number).map_err(|_| incomplete.clone())?,
        birth_date: Date::parse(&patient.birth_date, &Iso8601::DATE).map_err(|_| incomplete.clone())?,
        family_name: Some(patient.family_name).filter(|name| !name.trim().is_empty()).ok_or(incomplete)?,
        given_names: patient.given_names,
        gender: genders.into_iter().find(|known| *known == patient.gender).unwrap_or("unknown").to_owned(),
        address: patient.address,
        registered_practice: registered,
        nominated_pharmacy: Some(answer.nominated_pharmacy_ods).filter(|code| !code.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ehub_proto::intake::v1::Patient;

    fn answer(outcome: TraceOutcome) -> TracePatientResponse {
        TracePatientResponse {
            patient: Some(Patient {
                nhs_number: "9990000018".to_owned(),
                family_name: "Example".to_owned(),
                birth_date: "1980-02-29".to_owned(),
                gender: "female".to_owned(),
                ..Patient::default()
            }),
            outcome: outcome.into(),
            registered_practice_ods: "A81001".to_owned(),
            ..TracePatientResponse::default()
        }
    }

    #[test]
    fn only_a_verified_and_complete_patient_will_do() {
        for outcome in [TraceOutcome::NotTraced, TraceOutcome::Sensitive, TraceOutcome::Moved, TraceOutcome::Deceased] {
            assert!(matches!(read(answer(outcome)), Err(TraceError::NotVerified(_))));
        }
        let mut homeless = answer(TraceOutcome::Verified);
        homeless.registered_practice_ods.clear();
        assert_eq!(read(homeless).err(), Some(TraceError::NotVerified("NO_PRACTICE")));
        let mut nameless = answer(TraceOutcome::Verified);
        nameless.patient = None;
        assert_eq!(read(nameless).err(), Some(TraceError::NotVerified("INCOMPLETE")));
        assert!(read(answer(TraceOutcome::Verified)).is_ok());
    }
}
