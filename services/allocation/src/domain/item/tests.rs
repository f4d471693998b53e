//! Custody under any sequence of acts: one holder, a clock that never moves, epochs that only grow.

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{
    queue::QueuePolicy,
    routing::{Directive, Instruction, route, tests::arrival},
};

fn item(urgency: Urgency) -> WorkItem {
    let mut arrival = arrival();
    arrival.urgency = urgency;
    let instruction = Instruction { holder: PoolKind::Hub, skill: "gp".into(), urgency: None, work_within: None };
    route(&arrival, &Directive { rule: "r".into(), instruction }, &QueuePolicy::default(), 0)
}

fn lease(item: &WorkItem, at: OffsetDateTime) -> Lease {
    Lease { subject: "anna".into(), organisation: item.pool.party.org, until: at + Duration::from_secs(300) }
}

#[test]
fn a_claimed_item_is_not_claimable() {
    let mut item = item(Urgency::Routine);
    let lease = lease(&item, item.accepted_at);
    item.claim(lease.clone(), 1).expect("queued");
    assert_eq!(item.claim(lease, 1), Err(CustodyError::NotClaimable));
}

#[test]
fn another_organisation_cannot_claim() {
    let mut item = item(Urgency::Routine);
    let mut lease = lease(&item, item.accepted_at);
    lease.organisation = OrganisationId::new(Uuid::from_u128(99));
    assert_eq!(item.claim(lease, 1), Err(CustodyError::NotClaimable));
}

#[test]
fn old_and_foreign_and_late_leases_are_told_apart() {
    let mut item = item(Urgency::Routine);
    let at = item.accepted_at;
    let lease = lease(&item, at);
    item.claim(lease, 1).expect("queued");
    let epoch = item.epoch;
    assert_eq!(item.lease("anna", epoch - 1, at), Err(CustodyError::Superseded));
    assert_eq!(item.lease("bert", epoch, at), Err(CustodyError::Superseded));
    assert_eq!(item.lease("anna", epoch, at + Duration::from_secs(300)), Err(CustodyError::Expired));
    assert!(item.lease("anna", epoch, at).is_ok());
    item.expire(at + Duration::from_secs(300)).expect("ran out");
    assert_eq!(item.lease("anna", epoch, at), Err(CustodyError::Expired));
}

#[test]
fn an_emergency_without_contact_is_not_passed_back() {
    let mut item = item(Urgency::Emergency);
    let at = item.accepted_at;
    let lease = lease(&item, at);
    item.claim(lease, 1).expect("queued");
    assert_eq!(item.pass_back("r".into(), at, 1), Err(CustodyError::EmergencyNotSettled));
}

#[test]
fn only_the_receiver_acknowledges_and_only_once() {
    let mut item = item(Urgency::Routine);
    let at = item.accepted_at;
    let lease = lease(&item, at);
    item.claim(lease, 1).expect("queued");
    item.pass_back("knows her well".into(), at + Duration::from_secs(60), 1).expect("passed back");
    let (hub, practice) = (item.hub.org, item.practice.org);
    assert_eq!(item.acknowledge(hub), Err(CustodyError::NothingPending));
    item.acknowledge(practice).expect("the receiver");
    assert_eq!(item.acknowledge(practice), Err(CustodyError::NothingPending));
    assert!(item.give_back(at + Duration::from_secs(61)).is_err());
}

#[test]
fn a_claim_is_taken_away_only_within_its_organisation_and_while_it_lasts() {
    let mut item = item(Urgency::Routine);
    let at = item.accepted_at;
    let lease = lease(&item, at);
    let hub = item.hub.org;
    assert_eq!(item.take_away(hub, "r".into(), at, 1), Err(CustodyError::NotClaimed));
    item.claim(lease.clone(), 1).expect("queued");
    let epoch = item.epoch;
    assert_eq!(item.take_away(item.practice.org, "r".into(), at, 1), Err(CustodyError::NotClaimable));
    assert_eq!(item.take_away(hub, "r".into(), lease.until, 1), Err(CustodyError::NotClaimed));
    assert_eq!((item.epoch, item.override_reason.clone()), (epoch, None), "nothing changed");
    assert_eq!(item.take_away(hub, "gone home".into(), at, 1), Ok(lease));
    assert_eq!(item.override_reason.as_deref(), Some("gone home"));
    assert_eq!(item.lease("anna", epoch, at), Err(CustodyError::Superseded));
    assert_eq!(item.holding, Holding::Queued);
}

#[test]
fn only_what_nobody_worked_on_and_nothing_flagged_is_withdrawn_at_once() {
    let wish = |item: &WorkItem| Withdrawal { at: item.accepted_at, reason: "BETTER".into() };
    let mut untouched = item(Urgency::Routine);
    assert_eq!(untouched.withdraw(wish(&item(Urgency::Routine)), false), Withdrawn::AtOnce);
    assert_eq!(untouched.holding, Holding::Withdrawn);
    assert_eq!(untouched.withdraw(wish(&item(Urgency::Routine)), false), Withdrawn::TooLate);
    for (urgency, flagged) in [(Urgency::Routine, true), (Urgency::Urgent, false), (Urgency::Emergency, true)] {
        let mut item = item(urgency);
        assert_eq!(item.withdraw(wish(&item.clone()), flagged), Withdrawn::Wished);
        assert_eq!(item.holding, Holding::Queued);
        assert!(item.withdrawal.is_some());
    }
    let mut touched = item(Urgency::Routine);
    let lease = lease(&touched, touched.accepted_at);
    touched.claim(lease, 1).expect("queued");
    assert_eq!(touched.clone().withdraw(wish(&touched), false), Withdrawn::Wished);
    touched.release(1);
    assert_eq!(touched.withdraw(wish(&touched.clone()), false), Withdrawn::Wished, "somebody may have filed for it");
}

#[test]
fn epochs_carry_the_incarnation() {
    assert_eq!(next_epoch(0, 1), (1 << 32) + 1);
    assert_eq!(next_epoch((1 << 32) + 7, 1), (1 << 32) + 8);
    assert_eq!(next_epoch((1 << 32) + 7, 2), (2 << 32) + 1);
}

#[derive(Debug, Clone)]
enum Act {
    Claim,
    Renew,
    Release,
    TakeAway,
    Expire,
    PassBack,
    Acknowledge,
    GiveBack,
    Complete,
    Wait(u16),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(
        prop_oneof![
            Just(Act::Claim),
            Just(Act::Renew),
            Just(Act::Release),
            Just(Act::TakeAway),
            Just(Act::Expire),
            Just(Act::PassBack),
            Just(Act::Acknowledge),
            Just(Act::GiveBack),
            Just(Act::Complete),
            any::<u16>().prop_map(Act::Wait),
        ],
        0..40,
    )
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_holder_and_the_clock_stands(acts in acts()) {
        let mut item = item(Urgency::Routine);
        let clock = (item.first_contact_at, item.respond_by, item.work_by, item.fair_due);
        let mut now = item.accepted_at;
        for act in acts {
            let before = item.epoch;
            let held = matches!(&item.holding, Holding::Claimed(lease) if lease.until > now);
            match act {
                Act::Claim => {
                    let lease = lease(&item, now);
                    let claimed = item.claim(lease, 1);
                    prop_assert_eq!(claimed.is_ok(), item.epoch > before);
                }
                Act::Renew if held => item.renew(now + Duration::from_secs(300)),
                Act::Release if held => item.release(1),
                Act::TakeAway => {
                    let taken = item.take_away(item.pool.party.org, "r".into(), now, 1);
                    prop_assert_eq!(taken.is_ok(), held);
                    prop_assert_eq!(held, item.epoch > before);
                }
                Act::PassBack if held => { let _ = item.pass_back("r".into(), now + Duration::from_secs(60), 1); }
                Act::Complete if held => item.complete(),
                Act::Expire => { let _ = item.expire(now); }
                Act::Acknowledge => { let _ = item.acknowledge(item.practice.org); }
                Act::GiveBack => { let _ = item.give_back(now); }
                Act::Wait(seconds) => now += Duration::from_secs(seconds.into()),
                _ => {}
            }
            prop_assert!(item.epoch >= before);
            prop_assert_eq!((item.first_contact_at, item.respond_by, item.work_by, item.fair_due), clock);
            let hub = item.pool.kind == PoolKind::Hub && item.pool.party == item.hub;
            let practice = item.pool.kind == PoolKind::Practice && item.pool.party == item.practice;
            prop_assert!(hub ^ practice);
            if item.acknowledge_by.is_some() {
                prop_assert_eq!(item.pool.kind, PoolKind::Practice);
                prop_assert_eq!(&item.holding, &Holding::Queued);
            }
        }
    }
}
