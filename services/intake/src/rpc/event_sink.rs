//! What intake does with allocation's events: access, and the state of consultations.

use ehub_outbox::{Received, Refusal, Subscription};
use ehub_postgres::{StorageError, Tx};
use ehub_proto::allocation::event::v1::{
    AlertAcknowledged, AlertRaised, ConsultationCompleted, ItemClaimed, ItemWithdrawn, OrganisationPut,
};
use prost::Message;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::{page, projection};

/// The only source intake listens to.
const SOURCE: &str = "allocation";
const CLAIMED: &str = "ehub.allocation.event.v1.ItemClaimed";
const COMPLETED: &str = "ehub.allocation.event.v1.ConsultationCompleted";
const WITHDRAWN: &str = "ehub.allocation.event.v1.ItemWithdrawn";
const ALERT_RAISED: &str = "ehub.allocation.event.v1.AlertRaised";
const ALERT_ACKNOWLEDGED: &str = "ehub.allocation.event.v1.AlertAcknowledged";

/// Kinds that are known and change nothing here.
const UNUSED: [&str; 6] = [
    "ehub.allocation.event.v1.ItemRouted",
    "ehub.allocation.event.v1.ClaimEnded",
    "ehub.allocation.event.v1.ItemTransferred",
    "ehub.allocation.event.v1.TransferAcknowledged",
    "ehub.allocation.event.v1.TaskRaised",
    "ehub.audit.event.v1.AccessRecorded",
];

/// Intake's projection.
#[derive(Debug, Clone, Copy)]
pub struct Projection;

impl Subscription for Projection {
    fn knows(&self, source: &str, kind: &str) -> bool {
        source == SOURCE
            && (ehub_access::KINDS.contains(&kind)
                || [CLAIMED, COMPLETED, WITHDRAWN, ALERT_RAISED, ALERT_ACKNOWLEDGED].contains(&kind)
                || UNUSED.contains(&kind))
    }

    fn passes(&self, _: &str, kind: &str) -> bool {
        !ehub_proto::reads("intake", kind)
    }

    async fn apply(&self, tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
        if event.body.is_empty() || UNUSED.contains(&event.kind.as_str()) {
            return Ok(());
        }
        if ehub_access::apply(tx, event).await? {
            return organisation_known(tx, event).await;
        }
        match event.kind.as_str() {
            CLAIMED => {
                let claimed: ItemClaimed = read(event)?;
                let id = known(tx, &claimed.consultation).await?;
                projection::in_progress(tx, id, claimed.episode).await?;
            }
            COMPLETED => {
                let completed: ConsultationCompleted = read(event)?;
                let id = known(tx, &completed.consultation).await?;
                projection::closed(tx, id, completed.episode, event.at).await?;
            }
            WITHDRAWN => {
                let withdrawn: ItemWithdrawn = read(event)?;
                let id = known(tx, &withdrawn.consultation).await?;
                projection::withdrawn(tx, id, withdrawn.episode).await?;
            }
            ALERT_RAISED => {
                let raised: AlertRaised = read(event)?;
                stand_down(tx, [&raised.consultation, &raised.quarantined]).await?;
            }
            ALERT_ACKNOWLEDGED => {
                let acknowledged: AlertAcknowledged = read(event)?;
                stand_down(tx, [&acknowledged.consultation, &acknowledged.quarantined]).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn caught_up(&self, tx: &mut Tx, source: &str, read_time: OffsetDateTime) -> Result<(), StorageError> {
        if source == SOURCE { ehub_access::caught_up(tx, read_time).await } else { Ok(()) }
    }
}

fn read<M: Message + Default>(event: &Received) -> Result<M, Refusal> {
    M::decode(event.body.as_slice()).map_err(|_| Refusal::Never("UNREADABLE"))
}

/// The consultation an event is about. One that is not here was lost by a restore and will come
/// back by recovery: the event waits, with its alarm.
async fn known(tx: &mut Tx, text: &str) -> Result<Uuid, Refusal> {
    let id = Uuid::parse_str(text).map_err(|_| Refusal::Never("UNREADABLE"))?;
    if projection::exists(tx, id).await? { Ok(id) } else { Err(Refusal::NotYet("CONSULTATION_UNKNOWN")) }
}

/// Allocation has the emergency: intake need not page.
async fn stand_down(tx: &mut Tx, subjects: [&String; 2]) -> Result<(), Refusal> {
    for subject in subjects.into_iter().filter(|subject| !subject.is_empty()) {
        let id = Uuid::parse_str(subject).map_err(|_| Refusal::Never("UNREADABLE"))?;
        page::stand_down(tx, id).await?;
    }
    Ok(())
}

/// Gives what was accepted before the register knew a code the organisation's internal id.
async fn organisation_known(tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
    if event.kind != ehub_access::KINDS[0] {
        return Ok(());
    }
    let put: OrganisationPut = read(event)?;
    let Some(organisation) = put.organisation else { return Ok(()) };
    projection::practice_known(tx, event.stream, &organisation.ods).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_here_with_its_body_is_what_is_read_here() {
        let mut read = vec![CLAIMED, COMPLETED, WITHDRAWN, ALERT_RAISED, ALERT_ACKNOWLEDGED];
        read.extend(ehub_access::KINDS);
        read.sort_unstable();
        let mut sent: Vec<_> = ehub_proto::read_by("intake").collect();
        sent.sort_unstable();
        assert_eq!(read, sent);
    }
}
