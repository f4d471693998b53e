//! Acts, reads and refusals.

use ehub_outbox::Refusal;
use ehub_proto::audit::event::v1::AccessRecorded;

use super::{Said, body, consultations};
use crate::domain::{fact::Fact, heard::Act};

pub(super) fn said(bytes: &[u8]) -> Result<Said, Refusal> {
    let event: AccessRecorded = body(bytes)?;
    let concerned = consultations(event.consultations.iter().map(String::as_str));
    let act = Act {
        request_id: event.request_id,
        actor: event.actor,
        actor_name: event.actor_name,
        actor_role: event.actor_role,
        organisation_ods: event.organisation_ods,
        client: event.client,
        on_behalf_of_ods: event.on_behalf_of_ods,
        action: event.action,
        outcome: event.outcome,
        subject: event.subject,
        detail: String::new(),
    };
    Ok(Said { act, fact: Fact::Noted, consultations: concerned })
}
