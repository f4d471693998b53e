//! Routing: which pool an accepted consultation goes to, with which urgency, skill and time.
//!
//! A pure function of the item and what the pathway said of it. The rule that decided is kept.

use std::time::Duration;

use ehub_identifiers::{ConsultationId, OdsCode, OrganisationId};
use time::OffsetDateTime;

use crate::domain::{
    item::{Holding, Party, Pool, WorkItem},
    queue::QueuePolicy,
    words::{Need, PoolKind, Urgency},
};

/// A consultation as intake accepted it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The reference people read out.
    pub reference: String,
    /// The patient's practice.
    pub practice: Party,
    /// The hub that answers for it.
    pub hub: Party,
    /// What is asked for.
    pub need: Need,
    /// The topic.
    pub topic: String,
    /// What screening made of it.
    pub urgency: Urgency,
    /// Why it could not be screened; empty when it was.
    pub not_screened: String,
    /// Whether the content is restricted.
    pub restricted: bool,
    /// Whether a proxy wrote it.
    pub by_proxy: bool,
    /// Age in whole years.
    pub age: i32,
    /// The channel it came by.
    pub channel: String,
    /// The clock's start.
    pub first_contact_at: OffsetDateTime,
    /// When it was made durable.
    pub accepted_at: OffsetDateTime,
    /// By when a named person responds: intake's promise, never moved.
    pub respond_by: OffsetDateTime,
    /// Which life.
    pub episode: i32,
    /// Open consultations of the same patient.
    pub related: Vec<ConsultationId>,
}

/// What a rule of the pathway says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Whose pool.
    pub holder: PoolKind,
    /// The skill needed.
    pub skill: String,
    /// At least this urgent; rules raise urgency and never lower it.
    pub urgency: Option<Urgency>,
    /// Worked on within this long of acceptance, if that is before the promise.
    pub work_within: Option<Duration>,
}

/// A rule's instruction with the rule's name, as `ruleset@version/rule`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The rule that decided.
    pub rule: String,
    /// What it says.
    pub instruction: Instruction,
}

/// Routes an arrival. `ahead` is how many open items of its practice stand in the pool already.
#[must_use]
pub fn route(arrival: &Arrival, directive: &Directive, policy: &QueuePolicy, ahead: u32) -> WorkItem {
    let instruction = &directive.instruction;
    let party = destination(arrival, instruction.holder).clone();
    // The clock: routing may ask for work earlier than promised, never later.
    let asked = instruction.work_within.map_or(arrival.respond_by, |within| arrival.accepted_at + within);
    WorkItem {
        consultation: arrival.consultation,
        reference: arrival.reference.clone(),
        practice: arrival.practice.clone(),
        hub: arrival.hub.clone(),
        pool: Pool { kind: instruction.holder, party },
        skill: instruction.skill.clone(),
        urgency: instruction.urgency.map_or(arrival.urgency, |raised| raised.max(arrival.urgency)),
        need: arrival.need,
        topic: arrival.topic.clone(),
        first_contact_at: arrival.first_contact_at,
        accepted_at: arrival.accepted_at,
        respond_by: arrival.respond_by,
        work_by: asked.min(arrival.respond_by),
        fair_due: policy.fair_due(arrival.respond_by, ahead),
        routed_by: directive.rule.clone(),
        episode: arrival.episode,
        version: 1,
        epoch: 0,
        holding: Holding::Queued,
        transfer_reason: None,
        override_reason: None,
        withdrawal: None,
        acknowledge_by: None,
        safe: None,
        related: arrival.related.clone(),
    }
}

/// The organisation an instruction names.
#[must_use]
pub fn destination(arrival: &Arrival, holder: PoolKind) -> &Party {
    match holder {
        PoolKind::Hub => &arrival.hub,
        PoolKind::Practice => &arrival.practice,
    }
}

/// A party, for callers that hold its parts.
#[must_use]
pub fn party(org: OrganisationId, ods: OdsCode) -> Party {
    Party { org, ods }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    pub(crate) fn arrival() -> Arrival {
        let at = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
        Arrival {
            consultation: ConsultationId::new(Uuid::from_u128(1)),
            reference: "ABC-DEF-GHJ".into(),
            practice: party(OrganisationId::new(Uuid::from_u128(2)), OdsCode::parse("A81001").expect("a code")),
            hub: party(OrganisationId::new(Uuid::from_u128(3)), OdsCode::parse("H8H01").expect("a code")),
            need: Need::Clinical,
            topic: "back-pain".into(),
            urgency: Urgency::Routine,
            not_screened: String::new(),
            restricted: false,
            by_proxy: false,
            age: 40,
            channel: "ONLINE".into(),
            first_contact_at: at,
            accepted_at: at,
            respond_by: at + Duration::from_secs(8 * 3600),
            episode: 1,
            related: Vec::new(),
        }
    }

    fn instructions() -> impl Strategy<Value = Instruction> {
        (
            prop::sample::select(PoolKind::ALL),
            prop::option::of(prop::sample::select(Urgency::ALL)),
            prop::option::of(0_u64..10_000_000),
        )
            .prop_map(|(holder, urgency, within)| Instruction {
                holder,
                skill: "gp".into(),
                urgency,
                work_within: within.map(Duration::from_secs),
            })
    }

    proptest! {
        #[test]
        fn every_route_ends_in_exactly_one_pool_and_keeps_the_promise(
            instruction in instructions(),
            screened in prop::sample::select(Urgency::ALL),
            promise in 0_u64..2_000_000,
            ahead in any::<u32>(),
        ) {
            let mut arrival = arrival();
            arrival.urgency = screened;
            arrival.respond_by = arrival.accepted_at + Duration::from_secs(promise);
            let directive = Directive { rule: "r".into(), instruction };
            let item = route(&arrival, &directive, &QueuePolicy::default(), ahead);
            prop_assert_eq!(&item.holding, &Holding::Queued);
            let of_hub = item.pool.party == arrival.hub && item.pool.kind == PoolKind::Hub;
            let of_practice = item.pool.party == arrival.practice && item.pool.kind == PoolKind::Practice;
            prop_assert!(of_hub ^ of_practice);
            prop_assert!(item.work_by <= item.respond_by);
            prop_assert_eq!(item.respond_by, arrival.respond_by);
            prop_assert!(item.urgency >= screened);
        }
    }
}
