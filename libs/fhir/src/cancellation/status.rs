//! What became of a cancellation (`medicationrequest-status-history`).

/// EPS's answer about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelStatus {
    /// R-0001
    Cancelled,
    /// R-0002
    WithDispenser,
    /// R-0003
    WithDispenserActive,
    /// R-0004
    AlreadyDispensed,
    /// R-0005
    Expired,
    /// R-0006
    AlreadyCancelled,
    /// R-0007
    RequestedByAnother,
    /// R-0008
    NotFound,
    /// R-0009
    Disabled,
    /// R-0010
    NotDispensed,
    /// R-5000
    UnableToProcess,
    /// R-5888
    InvalidMessage,
}

impl CancelStatus {
    /// All answers, in code order.
    pub const ALL: [Self; 12] = [
        Self::Cancelled,
        Self::WithDispenser,
        Self::WithDispenserActive,
        Self::AlreadyDispensed,
        Self::Expired,
        Self::AlreadyCancelled,
        Self::RequestedByAnother,
        Self::NotFound,
        Self::Disabled,
        Self::NotDispensed,
        Self::UnableToProcess,
        Self::InvalidMessage,
    ];

    /// The national code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "R-0001",
            Self::WithDispenser => "R-0002",
            Self::WithDispenserActive => "R-0003",
            Self::AlreadyDispensed => "R-0004",
            Self::Expired => "R-0005",
            Self::AlreadyCancelled => "R-0006",
            Self::RequestedByAnother => "R-0007",
            Self::NotFound => "R-0008",
            Self::Disabled => "R-0009",
            Self::NotDispensed => "R-0010",
            Self::UnableToProcess => "R-5000",
            Self::InvalidMessage => "R-5888",
        }
    }

    /// The national wording.
    pub fn display(self) -> &'static str {
        match self {
            Self::Cancelled => "Prescription/item was cancelled",
            Self::WithDispenser => "Prescription/item was not cancelled – With dispenser. Marked for cancellation",
            Self::WithDispenserActive => {
                "Prescription/item was not cancelled – With dispenser active. Marked for cancellation"
            }
            Self::AlreadyDispensed => "Prescription/item was not cancelled – Prescription has been dispensed",
            Self::Expired => "Prescription/item had expired",
            Self::AlreadyCancelled => "Prescription/item had already been cancelled",
            Self::RequestedByAnother => "Prescription/item cancellation requested by another prescriber",
            Self::NotFound => "Prescription/item not found",
            Self::Disabled => "Cancellation functionality disabled in Spine",
            Self::NotDispensed => "Prescription/item was not cancelled. Prescription has been not dispensed",
            Self::UnableToProcess => "Unable to process message",
            Self::InvalidMessage => "Invalid message",
        }
    }

    /// Reads a national code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The item is with a dispenser: a later answer settles it, and the prescriber must ring the pharmacy.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::WithDispenser | Self::WithDispenserActive)
    }

    /// The item will not be dispensed.
    pub fn is_cancelled(self) -> bool {
        matches!(self, Self::Cancelled | Self::AlreadyCancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_unknown_ones_do_not() {
        assert!(CancelStatus::ALL.into_iter().all(|status| CancelStatus::from_code(status.code()) == Some(status)));
        assert_eq!(CancelStatus::from_code("R-0011"), None);
    }

    #[test]
    fn no_answer_is_pending_and_final_at_once() {
        assert!(CancelStatus::ALL.into_iter().all(|status| !(status.is_pending() && status.is_cancelled())));
    }
}
