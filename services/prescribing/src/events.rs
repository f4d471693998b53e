//! Domain events as the contract's, for the outbox.

use ehub_postgres::{Draft, Tx};
use ehub_proto::prescribing::{event::v1::PrescriptionMoved, v1 as proto};
use ehub_telemetry::metrics::{Counter, counter};
use prost::Message;

use crate::domain::{Item, Moved, State};

static MOVES: Counter =
    counter("ehub.prescribing.moves", "{prescription}", "Prescriptions that came into a state, by state.");

/// Makes a move known, and counts it.
pub fn raise(tx: &mut Tx, moved: Moved) {
    tx.tally(&MOVES, &[("ehub.state", moved.state.as_str())]);
    tx.raise(moved);
}

impl From<Moved> for Draft {
    fn from(moved: Moved) -> Self {
        let event = PrescriptionMoved {
            prescription: moved.prescription.to_string(),
            consultation: moved.consultation.to_string(),
            state: state(moved.state).into(),
            short_id: moved.short_id,
            cost_centre_ods: moved.cost_centre.to_string(),
            items: moved.items.iter().map(item).collect(),
            reason: moved.reason.unwrap_or_default(),
        };
        Self {
            stream: Some(moved.consultation.uuid()),
            kind: "ehub.prescribing.event.v1.PrescriptionMoved",
            body: event.encode_to_vec(),
            consultation: Some(moved.consultation.uuid()),
        }
    }
}

/// A state of the contract.
pub fn state(state: State) -> proto::PrescriptionState {
    match state {
        State::Raised => proto::PrescriptionState::Raised,
        State::Prepared => proto::PrescriptionState::Prepared,
        State::Signed => proto::PrescriptionState::Signed,
        State::Sending => proto::PrescriptionState::Sending,
        State::Issued => proto::PrescriptionState::Issued,
        State::Refused => proto::PrescriptionState::Refused,
        State::Cancelled => proto::PrescriptionState::Cancelled,
    }
}

/// An item of the contract.
pub fn item(item: &Item) -> proto::Item {
    proto::Item {
        medicine_code: item.medicine.to_string(),
        medicine_name: item.medicine_name.clone(),
        quantity: item.quantity.as_str().to_owned(),
        unit_code: item.unit.to_string(),
        unit_name: item.unit_name.clone(),
        dosage: item.dosage.clone(),
        days: i32::from(item.days),
        course_of_therapy: "acute".to_owned(),
        controlled_schedule: item.schedule.map(|schedule| schedule.as_str().to_owned()).unwrap_or_default(),
        quantity_words: item.quantity_words.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_of_the_contract() {
        for one in State::ALL {
            assert_eq!(state(one).as_str_name(), format!("PRESCRIPTION_STATE_{}", one.as_str()));
        }
    }
}
