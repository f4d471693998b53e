//! What is known of one document on its way, and what that makes of its entry.
//!
//! Acknowledgements come late, twice, and in any order. A delivery therefore only collects facts,
//! and its standing is a function of the facts: the order in which they came cannot matter, and no
//! fact takes it back.

use std::borrow::Cow;

use super::{Standing, State, reason};

/// How often a document is sent when it is not known whether MESH accepted it.
pub const MAX_ATTEMPTS: i32 = 2;
/// The receiver already has this message, by its bundle identifier (ITK3 response codes).
const DUPLICATE_MESSAGE: i32 = 20007;
/// The receiver already has this document.
const DUPLICATE_DOCUMENT: i32 = 20008;
/// The patient is registered at the receiver.
const PATIENT_KNOWN: i32 = 30001;
/// A response without any code, as a code.
const WITHOUT_CODE: i32 = 0;

/// Something that was learnt of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// MESH accepted it.
    Sent,
    /// MESH refused it or reported that it was not delivered, with its code.
    Undelivered(String),
    /// Infrastructure acknowledgement 20013.
    Received,
    /// A negative infrastructure acknowledgement; 0 without a code.
    Refused(i32),
    /// A positive business acknowledgement.
    Accepted(i32),
    /// A negative business acknowledgement.
    Declined(i32),
    /// Sent as often as is safe without learning whether MESH has it.
    OutcomeUnknown,
    /// No infrastructure acknowledgement in time.
    ReceiptMissing,
    /// No business acknowledgement in time.
    AcceptanceMissing,
}

impl Fact {
    /// Its word in metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Undelivered(_) => "undelivered",
            Self::Received => "received",
            Self::Refused(_) => "refused",
            Self::Accepted(_) => "accepted",
            Self::Declined(_) => "declined",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::ReceiptMissing => "receipt_missing",
            Self::AcceptanceMissing => "acceptance_missing",
        }
    }
}

/// Everything known of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Sends that MESH may have accepted.
    pub attempts: i32,
    /// MESH accepted it.
    pub sent: bool,
    /// Code of a refusal or non-delivery by MESH.
    pub undelivered: Option<String>,
    /// The practice's system has it.
    pub received: bool,
    /// The lowest negative infrastructure code.
    pub refused: Option<i32>,
    /// The highest positive business code.
    pub accepted: Option<i32>,
    /// The lowest negative business code.
    pub declined: Option<i32>,
    /// Sent as often as is safe, outcome not known.
    pub outcome_unknown: bool,
    /// No infrastructure acknowledgement in time.
    pub receipt_missing: bool,
    /// No business acknowledgement in time.
    pub acceptance_missing: bool,
}

impl Delivery {
    /// Adds a fact.
    pub fn learn(&mut self, fact: &Fact) {
        match fact {
            Fact::Sent => self.sent = true,
            Fact::Undelivered(code) => {
                let lowest = self.undelivered.take().filter(|known| known <= code).unwrap_or_else(|| code.clone());
                self.undelivered = Some(lowest);
            }
            Fact::Received => self.received = true,
            // After an ambiguous first send, "I have it already" is the answer to the first.
            Fact::Refused(DUPLICATE_MESSAGE | DUPLICATE_DOCUMENT) if self.attempts >= MAX_ATTEMPTS => {
                self.received = true;
            }
            Fact::Refused(code) => self.refused = lowest(self.refused, *code),
            Fact::Accepted(code) => self.accepted = self.accepted.max(Some(*code)),
            Fact::Declined(code) => self.declined = lowest(self.declined, *code),
            Fact::OutcomeUnknown => self.outcome_unknown = true,
            Fact::ReceiptMissing => self.receipt_missing = true,
            Fact::AcceptanceMissing => self.acceptance_missing = true,
        }
    }

    /// What it makes of the entry. Later facts only ever move it down this list.
    pub fn standing(&self) -> Standing {
        // All negatives are final (ITK3: nothing follows a negative), business before infrastructure.
        if let Some(code) = self.declined.or(self.refused) {
            return Standing::because(State::Rejected, rejection(code));
        }
        match self.accepted {
            Some(PATIENT_KNOWN) => return Standing::plain(State::Acknowledged),
            // 30004 (known, recently deceased) and outcomes nobody asked for are positive, and a
            // person must see them.
            Some(code) => return Standing::attention(code.to_string()),
            None => {}
        }
        if self.received {
            if self.acceptance_missing {
                return Standing::attention(reason::ACKNOWLEDGEMENT_MISSING);
            }
            return Standing::plain(State::Delivered);
        }
        if let Some(code) = &self.undelivered {
            return Standing::because(State::Undelivered, code.clone());
        }
        if self.receipt_missing || self.acceptance_missing {
            return Standing::attention(reason::ACKNOWLEDGEMENT_MISSING);
        }
        if self.sent {
            return Standing::plain(State::Sent);
        }
        if self.outcome_unknown {
            return Standing::attention(reason::SEND_OUTCOME_UNKNOWN);
        }
        Standing::plain(State::Ready)
    }

    /// Whether anything has come back: then sending again can only do harm.
    pub fn answered(&self) -> bool {
        self.received || self.refused.is_some() || self.accepted.is_some() || self.declined.is_some()
    }
}

fn lowest(known: Option<i32>, code: i32) -> Option<i32> {
    Some(known.map_or(code, |known| known.min(code)))
}

fn rejection(code: i32) -> Cow<'static, str> {
    if code == WITHOUT_CODE { Cow::Borrowed(reason::RESPONSE_WITHOUT_CODE) } else { Cow::Owned(code.to_string()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(attempts: i32, facts: &[Fact]) -> Standing {
        let mut delivery = Delivery { attempts, ..Delivery::default() };
        facts.iter().for_each(|fact| delivery.learn(fact));
        delivery.standing()
    }

    /// How far along a standing is: facts may only raise it.
    fn rank(standing: &Standing) -> u8 {
        match (standing.state, standing.reason.as_ref()) {
            (State::Ready, _) => 0,
            (State::NeedsAttention, reason::SEND_OUTCOME_UNKNOWN) => 1,
            (State::Sent, _) => 2,
            (State::Undelivered, _) => 4,
            (State::Delivered, _) => 5,
            // Missing before anything was received, or after.
            (State::NeedsAttention, reason::ACKNOWLEDGEMENT_MISSING) => 3,
            (State::Acknowledged, _) => 7,
            (State::NeedsAttention, _) => 8,
            (State::Rejected, _) => 9,
            other => panic!("{other:?} is not the standing of a delivery"),
        }
    }

    fn fact() -> impl Strategy<Value = Fact> {
        prop_oneof![
            Just(Fact::Sent),
            Just(Fact::Undelivered("14".into())),
            Just(Fact::Undelivered("12".into())),
            Just(Fact::Received),
            prop::sample::select(vec![20007, 20008, 20009, 0]).prop_map(Fact::Refused),
            prop::sample::select(vec![30001, 30004]).prop_map(Fact::Accepted),
            prop::sample::select(vec![30002, 30003]).prop_map(Fact::Declined),
            Just(Fact::OutcomeUnknown),
            Just(Fact::ReceiptMissing),
            Just(Fact::AcceptanceMissing),
        ]
    }

    proptest! {
        #[test]
        fn any_order_ends_in_the_same_standing(
            attempts in 1..=2,
            (facts, shuffled) in prop::collection::vec(fact(), 0..8)
                .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
        ) {
            prop_assert_eq!(after(attempts, &facts), after(attempts, &shuffled));
        }

        #[test]
        fn a_fact_that_comes_twice_changes_nothing(attempts in 1..=2, facts in prop::collection::vec(fact(), 1..8)) {
            let doubled: Vec<Fact> = facts.iter().chain(&facts).cloned().collect();
            prop_assert_eq!(after(attempts, &facts), after(attempts, &doubled));
        }

        #[test]
        fn it_never_goes_back(attempts in 1..=2, facts in prop::collection::vec(fact(), 0..10)) {
            let mut delivery = Delivery { attempts, ..Delivery::default() };
            let mut before = rank(&delivery.standing());
            let mut received = false;
            for fact in &facts {
                delivery.learn(fact);
                let mut now = rank(&delivery.standing());
                // The same words after receipt stand for the business acknowledgement.
                if delivery.received && now == 3 { now = 6; }
                prop_assert!(now >= before, "{fact:?} took it from {before} to {now}");
                prop_assert!(delivery.received >= received);
                (before, received) = (now, delivery.received);
            }
        }
    }

    #[test]
    fn duplicates_are_refusals_unless_we_sent_twice() {
        assert_eq!(after(1, &[Fact::Sent, Fact::Refused(20007)]), Standing::because(State::Rejected, "20007"));
        assert_eq!(after(2, &[Fact::Sent, Fact::Refused(20007)]), Standing::plain(State::Delivered));
        assert_eq!(after(2, &[Fact::Refused(20008)]), Standing::plain(State::Delivered));
    }

    #[test]
    fn a_recently_deceased_patient_reaches_a_person() {
        assert_eq!(after(1, &[Fact::Sent, Fact::Received, Fact::Accepted(30004)]), Standing::attention("30004"));
        assert_eq!(after(1, &[Fact::Declined(30003), Fact::Sent]), Standing::because(State::Rejected, "30003"));
    }

    #[test]
    fn a_late_acknowledgement_heals_what_was_missing() {
        assert_eq!(after(1, &[Fact::Sent, Fact::ReceiptMissing]), Standing::attention(reason::ACKNOWLEDGEMENT_MISSING));
        let healed = [Fact::Sent, Fact::ReceiptMissing, Fact::Received, Fact::Accepted(30001)];
        assert_eq!(after(1, &healed), Standing::plain(State::Acknowledged));
    }
}
