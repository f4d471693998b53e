//! Whether a patient, traced again, may be written to the practice that accepted.

use std::fmt;

use time::Date;

use super::reason;

/// How a trace ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceOutcome {
    /// Found, and the details agree.
    Verified,
    /// Not found, or the details do not agree.
    NotTraced,
    /// Marked sensitive.
    Sensitive,
    /// Registered elsewhere.
    Moved,
    /// Deceased.
    Deceased,
    /// Found under another number.
    Superseded,
}

/// The patient as the document names them.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// Ten digits.
    pub nhs_number: String,
    /// Family name.
    pub family: String,
    /// Given names in order, separated by blanks.
    pub given: String,
    /// Date of birth.
    pub birth_date: Date,
    /// Administrative gender.
    pub gender: String,
    /// Address on one line; may be empty.
    pub address: String,
    /// Phone; may be empty.
    pub phone: String,
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(***)")
    }
}

/// A patient traced again.
#[derive(Debug, Clone)]
pub struct Trace {
    /// How it ended.
    pub outcome: TraceOutcome,
    /// The patient, when the details can be read.
    pub patient: Option<Patient>,
    /// The practice they are registered with today.
    pub registered_practice_ods: String,
    /// The practice that accepted the consultation.
    pub practice_ods: String,
    /// The practice's name.
    pub practice_name: String,
    /// The hub's name.
    pub hub_name: String,
    /// The reference people read out.
    pub reference: String,
    /// Whether the content is restricted.
    pub restricted: bool,
}

/// The patient, when the entry may be sent; otherwise why a person must act.
pub fn judge<'a>(trace: &'a Trace, practice_ods: &str) -> Result<&'a Patient, &'static str> {
    if trace.restricted {
        return Err(reason::RESTRICTED);
    }
    match trace.outcome {
        TraceOutcome::NotTraced => Err(reason::PATIENT_NOT_TRACED),
        TraceOutcome::Sensitive => Err(reason::PATIENT_SENSITIVE),
        TraceOutcome::Moved => Err(reason::PATIENT_MOVED),
        TraceOutcome::Deceased => Err(reason::PATIENT_DECEASED),
        TraceOutcome::Superseded => Err(reason::NHS_NUMBER_SUPERSEDED),
        // Whatever the outcome says, the document goes nowhere but to the registered practice.
        TraceOutcome::Verified if trace.registered_practice_ods != practice_ods => Err(reason::PATIENT_MOVED),
        TraceOutcome::Verified => {
            trace.patient.as_ref().filter(|patient| !patient.nhs_number.is_empty()).ok_or(reason::PATIENT_NOT_TRACED)
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn trace(outcome: TraceOutcome) -> Trace {
        Trace {
            outcome,
            patient: Some(Patient {
                nhs_number: "9990000018".into(),
                family: "Teak".into(),
                given: "Ann".into(),
                birth_date: date!(1980 - 02 - 29),
                gender: "female".into(),
                address: String::new(),
                phone: String::new(),
            }),
            registered_practice_ods: "A81001".into(),
            practice_ods: "A81001".into(),
            practice_name: "Alder Surgery".into(),
            hub_name: "Northside".into(),
            reference: "ABC-DEF-GHJ".into(),
            restricted: false,
        }
    }

    #[test]
    fn every_outcome_but_verified_goes_to_a_person() {
        for (outcome, expected) in [
            (TraceOutcome::NotTraced, "PATIENT_NOT_TRACED"),
            (TraceOutcome::Sensitive, "PATIENT_SENSITIVE"),
            (TraceOutcome::Moved, "PATIENT_MOVED"),
            (TraceOutcome::Deceased, "PATIENT_DECEASED"),
            (TraceOutcome::Superseded, "NHS_NUMBER_SUPERSEDED"),
        ] {
            assert_eq!(judge(&trace(outcome), "A81001"), Err(expected));
        }
    }

    #[test]
    fn verified_elsewhere_restricted_or_without_a_number_is_held() {
        let mut elsewhere = trace(TraceOutcome::Verified);
        elsewhere.registered_practice_ods = "B82002".into();
        assert_eq!(judge(&elsewhere, "A81001"), Err("PATIENT_MOVED"));
        let mut restricted = trace(TraceOutcome::Verified);
        restricted.restricted = true;
        assert_eq!(judge(&restricted, "A81001"), Err("RESTRICTED"));
        let mut nameless = trace(TraceOutcome::Verified);
        nameless.patient = None;
        assert_eq!(judge(&nameless, "A81001"), Err("PATIENT_NOT_TRACED"));
        assert!(judge(&trace(TraceOutcome::Verified), "A81001").is_ok());
    }
}
