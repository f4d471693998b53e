//! What write-back makes known, as the messages of its event contract.

use ehub_postgres::Draft;
use ehub_proto::writeback::{
    event::v1::{EntryFiled, EntryMoved},
    v1::EntryState,
};
use prost::Message;

use crate::domain::{EntryEvent, State};

/// A state in the contract.
pub(crate) fn state(state: State) -> EntryState {
    match state {
        State::Held => EntryState::Held,
        State::Ready => EntryState::Ready,
        State::Sent => EntryState::Sent,
        State::Delivered => EntryState::Delivered,
        State::Acknowledged => EntryState::Acknowledged,
        State::Rejected => EntryState::Rejected,
        State::Undelivered => EntryState::Undelivered,
        State::NeedsAttention => EntryState::NeedsAttention,
        State::Settled => EntryState::Settled,
    }
}

impl From<EntryEvent> for Draft {
    fn from(event: EntryEvent) -> Self {
        match event {
            EntryEvent::Filed { entry, consultation, version, state: at } => Self {
                stream: Some(consultation),
                kind: "ehub.writeback.event.v1.EntryFiled",
                body: EntryFiled {
                    entry: entry.to_string(),
                    consultation: consultation.to_string(),
                    entry_version: version,
                    state: state(at).into(),
                }
                .encode_to_vec(),
                consultation: Some(consultation),
            },
            EntryEvent::Moved { entry, consultation, standing } => Self {
                stream: Some(consultation),
                kind: "ehub.writeback.event.v1.EntryMoved",
                body: EntryMoved {
                    entry: entry.to_string(),
                    consultation: consultation.to_string(),
                    state: state(standing.state).into(),
                    reason: standing.reason.into_owned(),
                }
                .encode_to_vec(),
                consultation: Some(consultation),
            },
        }
    }
}
