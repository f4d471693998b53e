//! How soon, and what kind of help.

/// Task priority, least urgent first, so that the greatest of several counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// `routine` (older messages: `normal`).
    Routine,
    /// `urgent`.
    Urgent,
    /// `asap`.
    Asap,
    /// `stat`.
    Stat,
}

impl Priority {
    /// Reads a FHIR request priority.
    pub fn from_code(code: &str) -> Option<Self> {
        match code.trim().to_ascii_lowercase().as_str() {
            "routine" | "normal" => Some(Self::Routine),
            "urgent" => Some(Self::Urgent),
            "asap" => Some(Self::Asap),
            "stat" => Some(Self::Stat),
            _ => None,
        }
    }

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Routine => "routine",
            Self::Urgent => "urgent",
            Self::Asap => "asap",
            Self::Stat => "stat",
        }
    }
}

/// What the patient needs. The national message has no field for it; this suite writes it as the Task's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Medical help.
    Clinical,
    /// An administrative request.
    Administrative,
    /// An administrative request that needs a clinician, such as a fit note.
    ClinicalAdministrative,
}

impl Need {
    /// Reads this suite's code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "clinical" => Some(Self::Clinical),
            "administrative" => Some(Self::Administrative),
            "clinical-administrative" => Some(Self::ClinicalAdministrative),
            _ => None,
        }
    }

    /// This suite's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Clinical => "clinical",
            Self::Administrative => "administrative",
            Self::ClinicalAdministrative => "clinical-administrative",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_priorities_are_not_guessed() {
        assert_eq!(Priority::from_code("soonish"), None);
        assert_eq!(Priority::from_code(" Normal "), Some(Priority::Routine));
        assert!(Priority::Stat > Priority::Asap && Priority::Asap > Priority::Urgent);
    }

    #[test]
    fn codes_read_back() {
        for need in [Need::Clinical, Need::Administrative, Need::ClinicalAdministrative] {
            assert_eq!(Need::from_code(need.code()), Some(need));
        }
        for priority in [Priority::Routine, Priority::Urgent, Priority::Asap, Priority::Stat] {
            assert_eq!(Priority::from_code(priority.code()), Some(priority));
        }
    }
}
