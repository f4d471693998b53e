//! What write-back and prescribing say of entries and prescriptions.

use ehub_identifiers::{EntryId, PrescriptionId};
use ehub_outbox::Refusal;
use ehub_proto::{
    prescribing::event::v1::PrescriptionMoved,
    writeback::event::v1::{EntryFiled, EntryMoved},
};

use super::{Said, UNREADABLE, body, uuid};
use crate::domain::{fact::Fact, heard::Act};

const FILED: &str = "ehub.writeback.event.v1.EntryFiled";
const MOVED: &str = "ehub.writeback.event.v1.EntryMoved";
const PRESCRIPTION: &str = "ehub.prescribing.event.v1.PrescriptionMoved";

pub(super) fn knows(source: &str, kind: &str) -> bool {
    match source {
        "writeback" => [FILED, MOVED].contains(&kind),
        _ => kind == PRESCRIPTION,
    }
}

pub(super) fn said(kind: &str, bytes: &[u8]) -> Result<Said, Refusal> {
    let (name, state) = match kind {
        FILED => {
            let event: EntryFiled = body(bytes)?;
            (EntryId::new(uuid(&event.entry)?).name(), word(event.state().as_str_name(), "ENTRY_STATE_"))
        }
        MOVED => {
            let event: EntryMoved = body(bytes)?;
            (EntryId::new(uuid(&event.entry)?).name(), word(event.state().as_str_name(), "ENTRY_STATE_"))
        }
        PRESCRIPTION => {
            let event: PrescriptionMoved = body(bytes)?;
            let name = PrescriptionId::new(uuid(&event.prescription)?).name();
            (name, word(event.state().as_str_name(), "PRESCRIPTION_STATE_"))
        }
        _ => return Err(UNREADABLE),
    };
    let act = Act::of_service(kind).about(name.clone()).with_detail(state.clone());
    Ok(Said::new(act, Fact::Stands { name, state }))
}

fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_owned()
}
