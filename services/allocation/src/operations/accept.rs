//! Routes an accepted consultation: item, place in the queue, leg, and for an emergency the clinical
//! alert, all in the transaction of the event.

use ehub_access::known_practice;
use ehub_identifiers::{ConsultationId, OdsCode, OrganisationId};
use ehub_outbox::Refusal;
use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;

use crate::{
    domain::policy::Policy,
    domain::{
        alert::AlertSubject,
        item::{Party, WorkItem},
        routing::{Arrival, destination, route},
        words::{Need, Urgency},
    },
    events,
    pathway::Pathway,
    storage::{self, alerts, items, legs, queue},
    tallies::{ALERTS, ROUTED},
};

/// A consultation as the event tells it: organisations by code.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The reference people read out.
    pub reference: String,
    /// The practice's internal id, when intake knew it.
    pub practice: Option<OrganisationId>,
    /// The practice.
    pub practice_ods: OdsCode,
    /// The hub.
    pub hub_ods: OdsCode,
    /// What is asked for.
    pub need: Need,
    /// The topic.
    pub topic: String,
    /// What screening made of it.
    pub urgency: Urgency,
    /// Why it could not be screened.
    pub not_screened: String,
    /// Whether the content is restricted.
    pub restricted: bool,
    /// Whether a proxy wrote it.
    pub by_proxy: bool,
    /// Age in whole years.
    pub age: i32,
    /// The channel.
    pub channel: String,
    /// The clock's start.
    pub first_contact_at: OffsetDateTime,
    /// When it was made durable.
    pub accepted_at: OffsetDateTime,
    /// Intake's promise.
    pub respond_by: OffsetDateTime,
    /// Which life.
    pub episode: i32,
    /// Open consultations of the same patient.
    pub related: Vec<ConsultationId>,
}

/// Routes it, once.
pub async fn accept(tx: &mut Tx, accepted: &Accepted, pathway: &Pathway, policy: &Policy) -> Result<(), Refusal> {
    if items::exists(tx, accepted.consultation).await? {
        return Ok(());
    }
    // The register is ours and may still be on its way: the event waits, and is not lost.
    let practice = match accepted.practice {
        Some(org) => Party { org, ods: accepted.practice_ods.clone() },
        None => {
            known(tx, &accepted.practice_ods).await?.ok_or(Refusal::NotYet("the practice is not in the register"))?
        }
    };
    let hub = known(tx, &accepted.hub_ods).await?.ok_or(Refusal::NotYet("the hub is not in the register"))?;
    let arrival = arrival(accepted, practice, hub);
    let directive = pathway.direct(&arrival).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the pathway gives no destination");
        Refusal::NotYet("the pathway gives no destination")
    })?;
    let pool = destination(&arrival, directive.instruction.holder).org;
    let ahead = queue::ahead(tx, pool, arrival.practice.org, policy.queue.most_ahead()).await?;
    let item = route(&arrival, &directive, &policy.queue, ahead);
    let now = storage::now(tx).await?;
    items::insert(tx, &item).await?;
    legs::open(tx, &item).await?;
    queue::put(tx, &item, policy.queue.place(&item, now), now).await?;
    tx.tally(
        &ROUTED,
        &[("ehub.pool.kind", item.pool.kind.as_str()), ("ehub.screening.urgency", item.urgency.as_str())],
    );
    tx.raise(events::items::routed(&item));
    raise_alert(tx, &item).await?;
    Ok(())
}

/// An emergency's alert is raised with its item or not at all: no window in which one is there
/// without the other.
async fn raise_alert(tx: &mut Tx, item: &WorkItem) -> Result<(), StorageError> {
    if item.urgency == Urgency::Emergency
        && let Some(alert) = alerts::raise_for_item(tx, item).await?
    {
        tx.tally(&ALERTS, &[("ehub.outcome", "RAISED")]);
        tx.raise(events::alerts::raised(alert, AlertSubject::Consultation(item.consultation)));
    }
    Ok(())
}

async fn known(tx: &mut Tx, ods: &OdsCode) -> Result<Option<Party>, StorageError> {
    let found = known_practice(tx, ods.as_str()).await?;
    Ok(found.map(|found| Party { org: OrganisationId::new(found.org), ods: ods.clone() }))
}

fn arrival(accepted: &Accepted, practice: Party, hub: Party) -> Arrival {
    Arrival {
        consultation: accepted.consultation,
        reference: accepted.reference.clone(),
        practice,
        hub,
        need: accepted.need,
        topic: accepted.topic.clone(),
        urgency: accepted.urgency,
        not_screened: accepted.not_screened.clone(),
        restricted: accepted.restricted,
        by_proxy: accepted.by_proxy,
        age: accepted.age,
        channel: accepted.channel.clone(),
        first_contact_at: accepted.first_contact_at,
        accepted_at: accepted.accepted_at,
        respond_by: accepted.respond_by,
        episode: accepted.episode,
        related: accepted.related.clone(),
    }
}
