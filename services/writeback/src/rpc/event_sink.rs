//! What others make known, and what write-back does with it.

use ehub_identifiers::PrescriptionId;
use ehub_outbox::{Received, Refusal, Subscription};
use ehub_postgres::{StorageError, Tx};
use ehub_proto::{
    allocation::event::v1::ConsultationCompleted,
    intake::event::v1::ConsultationAccepted,
    prescribing::{
        event::v1::PrescriptionMoved,
        v1::{Item, PrescriptionState},
    },
};
use prost::Message;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::Medicine,
    operations::apply_event::{self, Clinical, Completed, Consultation},
};

const ACCEPTED: &str = "ehub.intake.event.v1.ConsultationAccepted";
const COMPLETED: &str = "ehub.allocation.event.v1.ConsultationCompleted";
const PRESCRIPTION_MOVED: &str = "ehub.prescribing.event.v1.PrescriptionMoved";
/// Whose events come here; those without a body are only counted.
const SOURCES: [&str; 3] = ["intake", "allocation", "prescribing"];
const UNREADABLE: Refusal = Refusal::Never("UNREADABLE");

/// Write-back's subscription.
#[derive(Debug, Clone, Copy)]
pub struct Events;

impl Subscription for Events {
    fn knows(&self, source: &str, kind: &str) -> bool {
        SOURCES.contains(&source) && kind.starts_with("ehub.")
    }

    fn passes(&self, _: &str, kind: &str) -> bool {
        !ehub_proto::reads("writeback", kind)
    }

    async fn apply(&self, tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
        match event.kind.as_str() {
            ACCEPTED => accepted(tx, event).await,
            COMPLETED => completed(tx, event).await,
            PRESCRIPTION_MOVED => prescription_moved(tx, event).await,
            _ => ehub_access::apply(tx, event).await.map(|_| ()),
        }
    }

    async fn caught_up(&self, tx: &mut Tx, source: &str, read_time: OffsetDateTime) -> Result<(), StorageError> {
        if source == "allocation" { ehub_access::caught_up(tx, read_time).await } else { Ok(()) }
    }
}

fn uuid(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| UNREADABLE)
}

async fn accepted(tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
    let body = ConsultationAccepted::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
    let id = uuid(&body.consultation)?;
    let practice = if body.practice.is_empty() { None } else { Some(uuid(&body.practice)?) };
    let known = |practice| Consultation {
        id,
        practice,
        practice_ods: body.practice_ods.clone(),
        hub_ods: body.hub_ods.clone(),
        reference: body.reference.clone(),
        test_patient: body.test_patient,
        restricted: body.restricted,
    };
    match apply_event::accepted(tx, practice, known, &body.practice_ods).await? {
        true => Ok(()),
        false => Err(Refusal::NotYet("PRACTICE_UNKNOWN")),
    }
}

async fn completed(tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
    let body = ConsultationCompleted::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
    let prescriptions = body
        .manifest
        .iter()
        .filter(|item| item.name.starts_with(PrescriptionId::NAME_PREFIX))
        .map(|item| PrescriptionId::parse_name(&item.name).map(|id| id.uuid()).map_err(|_| UNREADABLE))
        .collect::<Result<Vec<_>, _>>()?;
    let completed = Completed {
        consultation: uuid(&body.consultation)?,
        epoch: body.epoch,
        at: body.complete_time.as_ref().and_then(ehub_proto::instant).unwrap_or(event.at),
        clinical: if body.clinical { Clinical::Yes } else { Clinical::No },
        prescriptions,
    };
    apply_event::completed(tx, &completed).await?;
    Ok(())
}

async fn prescription_moved(tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
    let body = PrescriptionMoved::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
    let state = match body.state() {
        PrescriptionState::Unspecified => return Err(UNREADABLE),
        known => known.as_str_name().trim_start_matches("PRESCRIPTION_STATE_"),
    };
    let items: Vec<Medicine> = body.items.iter().map(medicine).collect();
    let ids = (uuid(&body.prescription)?, uuid(&body.consultation)?);
    apply_event::prescription_moved(tx, ids, state, &items).await?;
    Ok(())
}

fn medicine(item: &Item) -> Medicine {
    Medicine {
        code: item.medicine_code.clone(),
        name: item.medicine_name.clone(),
        quantity: item.quantity.clone(),
        unit: item.unit_name.clone(),
        dosage: item.dosage.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_here_with_its_body_is_what_is_read_here() {
        let mut read = vec![ACCEPTED, COMPLETED, PRESCRIPTION_MOVED];
        read.extend(ehub_access::KINDS);
        read.sort_unstable();
        let mut sent: Vec<_> = ehub_proto::read_by("writeback").collect();
        sent.sort_unstable();
        assert_eq!(read, sent);
    }
}
