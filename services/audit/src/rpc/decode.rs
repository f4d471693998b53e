//! Events as they come over the wire, in our own words.

mod access;
mod allocation;
mod intake;
mod things;

use ehub_identifiers::{ConsultationId, EventId};
use ehub_outbox::{Received, Refusal};
use prost::Message;
use time::OffsetDateTime;
use uuid::Uuid;

use super::event_sink::SOURCES;
use crate::domain::{
    fact::Fact,
    heard::{Act, Heard},
};

/// The kind of an act, read or refusal, which every service tells.
const ACCESS: &str = "ehub.audit.event.v1.AccessRecorded";
/// What can never be applied.
const UNREADABLE: Refusal = Refusal::Never("UNREADABLE");

/// What a body says.
struct Said {
    act: Act,
    fact: Fact,
    /// Consultations named in the body.
    consultations: Vec<ConsultationId>,
}

impl Said {
    fn new(act: Act, fact: Fact) -> Self {
        Self { act, fact, consultations: Vec::new() }
    }
}

/// Whether this version understands a kind from a source.
pub(super) fn knows(source: &str, kind: &str) -> bool {
    if kind == ACCESS {
        return SOURCES.contains(&source);
    }
    match source {
        "intake" => intake::KINDS.contains(&kind),
        "allocation" => allocation::KINDS.contains(&kind),
        "writeback" | "prescribing" => things::knows(source, kind),
        _ => false,
    }
}

/// Decodes an event; one that cannot be read can never be applied.
pub(super) fn heard(event: &Received) -> Result<Heard, Refusal> {
    let body = event.body.as_slice();
    let said = match event.source.as_str() {
        _ if event.kind == ACCESS => access::said(body)?,
        "intake" => intake::said(&event.kind, body)?,
        "allocation" => allocation::said(&event.kind, body)?,
        "writeback" | "prescribing" => things::said(&event.kind, body)?,
        _ => return Err(Refusal::NotYet("the source is not known")),
    };
    let mut consultations = said.consultations;
    consultations.extend(event.consultation.map(ConsultationId::new));
    consultations.sort();
    consultations.dedup();
    Ok(Heard {
        id: EventId::new(event.id),
        source: event.source.clone(),
        stream: event.stream,
        version: event.version,
        kind: event.kind.clone(),
        at: ehub_clock::truncate(event.at),
        traceparent: event.traceparent.clone(),
        consultations,
        act: storable(said.act),
        fact: said.fact,
    })
}

/// PostgreSQL's text takes every character but NUL, which no field here may rightly contain.
fn storable(mut act: Act) -> Act {
    let fields = [
        &mut act.request_id,
        &mut act.actor,
        &mut act.actor_name,
        &mut act.actor_role,
        &mut act.organisation_ods,
        &mut act.client,
        &mut act.on_behalf_of_ods,
        &mut act.action,
        &mut act.outcome,
        &mut act.subject,
        &mut act.detail,
    ];
    for field in fields {
        if field.contains('\0') {
            *field = field.replace('\0', "\u{fffd}");
        }
    }
    act
}

fn body<M: Message + Default>(bytes: &[u8]) -> Result<M, Refusal> {
    M::decode(bytes).map_err(|_| UNREADABLE)
}

fn uuid(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| UNREADABLE)
}

fn consultations<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<ConsultationId> {
    names.into_iter().filter_map(|text| Uuid::parse_str(text).ok()).map(ConsultationId::new).collect()
}

fn time(at: Option<prost_types::Timestamp>) -> Result<OffsetDateTime, Refusal> {
    at.as_ref().and_then(ehub_proto::instant).ok_or(UNREADABLE)
}

/// Which life; the first when the source does not say.
fn episode(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(source: &str, kind: &str, body: Vec<u8>) -> Received {
        Received {
            source: source.to_owned(),
            incarnation: 1,
            id: Uuid::from_u128(1),
            stream: Uuid::from_u128(2),
            version: 1,
            kind: kind.to_owned(),
            body,
            at: OffsetDateTime::UNIX_EPOCH,
            traceparent: None,
            consultation: Some(Uuid::from_u128(2)),
        }
    }

    #[test]
    fn unknown_kinds_are_not_known() {
        assert!(!knows("intake", "ehub.intake.event.v1.SomethingNew"));
        assert!(!knows("elsewhere", ACCESS));
        assert!(!knows("writeback", "ehub.prescribing.event.v1.PrescriptionMoved"));
        assert!(!knows("audit", "ehub.intake.event.v1.ConsultationAccepted"));
    }

    #[test]
    fn broken_bodies_are_never_applied() {
        for (source, kinds) in [("intake", &intake::KINDS[..]), ("allocation", &allocation::KINDS[..])] {
            for kind in kinds {
                let heard = heard(&received(source, kind, vec![0xff, 0xff]));
                assert!(matches!(heard, Err(Refusal::Never("UNREADABLE"))), "{kind}");
            }
        }
    }

    #[test]
    fn every_kind_of_the_event_packages_is_known() {
        // A new event in the contract must not wait at audit for ever.
        let descriptors = prost_types::FileDescriptorSet::decode(ehub_proto::DESCRIPTOR_SET).expect("the contract");
        let mut kinds = 0;
        for file in descriptors.file {
            let package = file.package().to_owned();
            let Some(source) = package.strip_prefix("ehub.").and_then(|rest| rest.strip_suffix(".event.v1")) else {
                continue;
            };
            for message in &file.message_type {
                // Parts of events, which are never sent by themselves.
                if ["ManifestItem", "AccessRow"].contains(&message.name()) {
                    continue;
                }
                kinds += 1;
                assert!(knows(source, &format!("{package}.{}", message.name())), "{package}.{}", message.name());
            }
        }
        assert!(kinds > 15);
    }

    #[test]
    fn a_nul_never_reaches_the_database() {
        let act = storable(Act { actor: "a\0b".to_owned(), ..Act::default() });
        assert_eq!(act.actor, "a\u{fffd}b");
    }
}
