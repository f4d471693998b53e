//! National reasons for cancelling (`medicationrequest-status-reason`).

/// Why an item is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// 0001
    PrescribingError,
    /// 0002
    ClinicalContraIndication,
    /// 0003
    TreatmentChange,
    /// 0004
    ClinicalGrounds,
    /// 0005
    PatientRequest,
    /// 0006
    PharmacistRequest,
    /// 0007
    Death,
    /// 0008
    DeductedOther,
    /// 0009
    DeductedElsewhere,
}

impl CancelReason {
    /// All reasons, in code order.
    pub const ALL: [Self; 9] = [
        Self::PrescribingError,
        Self::ClinicalContraIndication,
        Self::TreatmentChange,
        Self::ClinicalGrounds,
        Self::PatientRequest,
        Self::PharmacistRequest,
        Self::Death,
        Self::DeductedOther,
        Self::DeductedElsewhere,
    ];

    /// The national code.
    pub fn code(self) -> &'static str {
        match self {
            Self::PrescribingError => "0001",
            Self::ClinicalContraIndication => "0002",
            Self::TreatmentChange => "0003",
            Self::ClinicalGrounds => "0004",
            Self::PatientRequest => "0005",
            Self::PharmacistRequest => "0006",
            Self::Death => "0007",
            Self::DeductedOther => "0008",
            Self::DeductedElsewhere => "0009",
        }
    }

    /// The national wording.
    pub fn display(self) -> &'static str {
        match self {
            Self::PrescribingError => "Prescribing Error",
            Self::ClinicalContraIndication => "Clinical contra-indication",
            Self::TreatmentChange => "Change to medication treatment regime",
            Self::ClinicalGrounds => "Clinical grounds",
            Self::PatientRequest => "At the Patient's request",
            Self::PharmacistRequest => "At the Pharmacist's request",
            Self::Death => "Notification of Death",
            Self::DeductedOther => "Patient deducted - other reason",
            Self::DeductedElsewhere => "Patient deducted - registered with new practice",
        }
    }

    /// Reads a national code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_unknown_ones_do_not() {
        assert!(CancelReason::ALL.into_iter().all(|reason| CancelReason::from_code(reason.code()) == Some(reason)));
        assert_eq!(CancelReason::from_code("0010"), None);
    }
}
