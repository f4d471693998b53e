//! What prescribing makes known.

use ehub_identifiers::{ConsultationId, OdsCode, PrescriptionId};

use super::{Item, Prescription, State};

/// A prescription moved.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The prescription.
    pub prescription: PrescriptionId,
    /// Its consultation.
    pub consultation: ConsultationId,
    /// Where it stands now.
    pub state: State,
    /// The short id.
    pub short_id: String,
    /// The cost centre.
    pub cost_centre: OdsCode,
    /// The items, when it was issued.
    pub items: Vec<Item>,
    /// Why, as a code; never what somebody wrote.
    pub reason: Option<String>,
}

impl Moved {
    /// That a prescription moved to a state.
    pub fn to(state: State, prescription: &Prescription) -> Self {
        Self {
            prescription: prescription.id,
            consultation: prescription.consultation,
            state,
            short_id: prescription.short_id.clone(),
            cost_centre: prescription.cost_centre.clone(),
            items: if state == State::Issued { prescription.items.clone() } else { Vec::new() },
            reason: None,
        }
    }

    /// The same, with a reason code.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}
