//! What a demographics record means for a consultation.

use std::fmt;

use ehub_identifiers::NhsNumber;
use time::Date;

use super::{codes::TraceOutcome, patient::Patient};

/// A demographics record, as far as intake reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct Demographic {
    /// The number it stands under.
    pub nhs_number: NhsNumber,
    /// Family name, when visible.
    pub family_name: Option<String>,
    /// Birth date, when visible.
    pub birth_date: Option<Date>,
    /// Registered practice, by ODS code.
    pub practice_ods: Option<String>,
    /// Nominated pharmacy, by ODS code.
    pub pharmacy_ods: Option<String>,
    /// Marked sensitive or very restricted.
    pub sensitive: bool,
    /// Deceased.
    pub deceased: bool,
}

/// A finished trace.
#[derive(Clone, PartialEq, Eq)]
pub struct Traced {
    /// How it ended.
    pub outcome: TraceOutcome,
    /// Registered practice, by ODS code; never of somebody whose details do not agree.
    pub practice_ods: Option<String>,
    /// Nominated pharmacy, by ODS code.
    pub pharmacy_ods: Option<String>,
    /// The number demographics knows the patient by.
    pub nhs_number: Option<NhsNumber>,
}

/// Judges a record. Whether it is the same person comes first: nothing of somebody else's record
/// is taken over.
pub fn judge(patient: &Patient, practice_ods: &str, found: Option<Demographic>) -> Traced {
    let not_traced =
        Traced { outcome: TraceOutcome::NotTraced, practice_ods: None, pharmacy_ods: None, nhs_number: None };
    let Some(found) = found else { return not_traced };
    if found.birth_date.is_some_and(|born| born != patient.birth_date) {
        return not_traced;
    }
    if found.family_name.as_deref().is_some_and(|family| !same_name(family, &patient.family_name)) {
        return not_traced;
    }
    let outcome = if found.deceased {
        TraceOutcome::Deceased
    } else if found.sensitive {
        TraceOutcome::Sensitive
    } else if patient.nhs_number.as_ref().is_some_and(|given| *given != found.nhs_number) {
        TraceOutcome::Superseded
    } else if found.practice_ods.as_deref() != Some(practice_ods) {
        TraceOutcome::Moved
    } else {
        TraceOutcome::Verified
    };
    Traced {
        outcome,
        practice_ods: found.practice_ods,
        pharmacy_ods: found.pharmacy_ods,
        nhs_number: Some(found.nhs_number),
    }
}

/// Whether two family names are one, but for case, spaces and punctuation.
pub fn same_name(left: &str, right: &str) -> bool {
    fold_name(left) == fold_name(right)
}

/// A family name as it is compared.
pub fn fold_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl fmt::Debug for Demographic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Demographic(***)")
    }
}

impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{
        codes::Gender,
        patient::{Communication, ContactSafety},
    };

    fn number(text: &str) -> NhsNumber {
        NhsNumber::parse(text).expect("a number")
    }

    fn patient() -> Patient {
        Patient {
            nhs_number: Some(number("9990000018")),
            family_name: "O'Neill".to_owned(),
            given_names: "Ann".to_owned(),
            birth_date: date!(1980 - 01 - 01),
            gender: Gender::Female,
            phone: String::new(),
            email: String::new(),
            address: String::new(),
            communication: Communication::default(),
            contact_safety: ContactSafety::default(),
        }
    }

    fn record() -> Demographic {
        Demographic {
            nhs_number: number("9990000018"),
            family_name: Some("ONEILL".to_owned()),
            birth_date: Some(date!(1980 - 01 - 01)),
            practice_ods: Some("A81001".to_owned()),
            pharmacy_ods: None,
            sensitive: false,
            deceased: false,
        }
    }

    #[test]
    fn somebody_elses_record_gives_nothing_away() {
        for other in [
            Demographic { birth_date: Some(date!(1980 - 01 - 02)), ..record() },
            Demographic { family_name: Some("Teak".to_owned()), deceased: true, ..record() },
        ] {
            let traced = judge(&patient(), "A81001", Some(other));
            assert_eq!((traced.outcome, traced.practice_ods, traced.nhs_number), (TraceOutcome::NotTraced, None, None));
        }
    }

    #[test]
    fn each_finding_has_its_outcome() {
        let cases = [
            (None, TraceOutcome::NotTraced),
            (Some(record()), TraceOutcome::Verified),
            (Some(Demographic { practice_ods: Some("B82002".to_owned()), ..record() }), TraceOutcome::Moved),
            (Some(Demographic { nhs_number: number("9990000026"), ..record() }), TraceOutcome::Superseded),
            (Some(Demographic { sensitive: true, practice_ods: None, ..record() }), TraceOutcome::Sensitive),
            (Some(Demographic { deceased: true, sensitive: true, ..record() }), TraceOutcome::Deceased),
        ];
        for (found, outcome) in cases {
            assert_eq!(judge(&patient(), "A81001", found).outcome, outcome);
        }
    }
}
