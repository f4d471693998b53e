//! A work item and its custody: exactly one holder at any instant, one clock that never moves.

use ehub_identifiers::{ConsultationId, OdsCode, OrganisationId};
use time::OffsetDateTime;

use crate::domain::{
    closing::Safe,
    words::{Need, PoolKind, Urgency},
};

/// An organisation by its internal id and the code it bore when it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The internal id.
    pub org: OrganisationId,
    /// The ODS code.
    pub ods: OdsCode,
}

/// A pool: an organisation's, of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Hub or practice.
    pub kind: PoolKind,
    /// Whose.
    pub party: Party,
}

/// A person's hold on an item, until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who, by subject.
    pub subject: String,
    /// For which organisation.
    pub organisation: OrganisationId,
    /// When it ends.
    pub until: OffsetDateTime,
}

/// A patient's wish to withdraw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// When.
    pub at: OffsetDateTime,
    /// Why, as intake's word.
    pub reason: String,
}

/// What becomes of the wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    /// The item is withdrawn: nobody had worked on it.
    AtOnce,
    /// Whoever works on it reads it and decides.
    Wished,
    /// It was closed before, or the wish is known.
    TooLate,
}

/// Who has an item now: its pool, one person, or nobody because it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// In its pool.
    Queued,
    /// With one person.
    Claimed(Lease),
    /// Closed with an outcome.
    Completed,
    /// Withdrawn by the patient.
    Withdrawn,
}

impl Holding {
    /// The state's word.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Claimed(_) => "CLAIMED",
            Self::Completed => "COMPLETED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }
}

/// Allocation's side of a consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The reference people read out.
    pub reference: String,
    /// The patient's practice.
    pub practice: Party,
    /// The hub that answers for it, to which transfers return.
    pub hub: Party,
    /// The pool that holds it, or held it before it was claimed.
    pub pool: Pool,
    /// The skill it needs.
    pub skill: String,
    /// How urgent.
    pub urgency: Urgency,
    /// What is asked for.
    pub need: Need,
    /// The topic.
    pub topic: String,
    /// The clock's start.
    pub first_contact_at: OffsetDateTime,
    /// When intake made it durable.
    pub accepted_at: OffsetDateTime,
    /// By when a named person responds.
    pub respond_by: OffsetDateTime,
    /// By when it should be worked on; never later than `respond_by`.
    pub work_by: OffsetDateTime,
    /// Its order in the last band.
    pub fair_due: OffsetDateTime,
    /// The rule that put it here.
    pub routed_by: String,
    /// Which life.
    pub episode: i32,
    /// Grows with every change.
    pub version: i64,
    /// The last claim epoch.
    pub epoch: i64,
    /// Who has it.
    pub holding: Holding,
    /// Why it was passed on last.
    pub transfer_reason: Option<String>,
    /// Why a claim was ended last by somebody else than its holder.
    pub override_reason: Option<String>,
    /// Until when the receiver must acknowledge, while that is pending.
    pub acknowledge_by: Option<OffsetDateTime>,
    /// That an emergency was made safe.
    pub safe: Option<Safe>,
    /// That the patient wished to withdraw it.
    pub withdrawal: Option<Withdrawal>,
    /// Open consultations of the same patient.
    pub related: Vec<ConsultationId>,
}

/// Why custody does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustodyError {
    /// Somebody holds it, or it is closed.
    #[error("the item is held by somebody or closed")]
    NotClaimable,
    /// Nobody holds it.
    #[error("nobody holds the item")]
    NotClaimed,
    /// The lease has ended.
    #[error("the lease has ended")]
    Expired,
    /// The claim was ended or taken over.
    #[error("the claim is over")]
    Superseded,
    /// An emergency without a recorded contact.
    #[error("the emergency has no recorded contact or safe disposition")]
    EmergencyNotSettled,
    /// It is in the practice's pool already.
    #[error("the item is in the practice's own pool")]
    AlreadyAtPractice,
    /// No transfer waits.
    #[error("no transfer waits for acknowledgement")]
    NothingPending,
}

/// The next epoch: above every epoch before it, and above those of earlier incarnations.
#[must_use]
pub fn next_epoch(last: i64, incarnation: i64) -> i64 {
    last.max(incarnation << 32) + 1
}

impl WorkItem {
    /// Gives the item to a person of its pool's organisation. Claiming a transferred item
    /// acknowledges the transfer.
    pub fn claim(&mut self, lease: Lease, incarnation: i64) -> Result<(), CustodyError> {
        if self.holding != Holding::Queued || lease.organisation != self.pool.party.org {
            return Err(CustodyError::NotClaimable);
        }
        self.holding = Holding::Claimed(lease);
        self.epoch = next_epoch(self.epoch, incarnation);
        self.acknowledge_by = None;
        Ok(())
    }

    /// The lease of a person under an epoch, if it is in force.
    pub fn lease(&self, subject: &str, epoch: i64, now: OffsetDateTime) -> Result<&Lease, CustodyError> {
        match &self.holding {
            Holding::Claimed(lease) if self.epoch == epoch && lease.subject == subject => {
                if lease.until > now {
                    Ok(lease)
                } else {
                    Err(CustodyError::Expired)
                }
            }
            // Nobody has claimed it since: the lease ran out.
            Holding::Queued if self.epoch == epoch => Err(CustodyError::Expired),
            _ => Err(CustodyError::Superseded),
        }
    }

    /// Moves the end of a lease.
    pub fn renew(&mut self, until: OffsetDateTime) {
        if let Holding::Claimed(lease) = &mut self.holding {
            lease.until = lease.until.max(until);
        }
    }

    /// Raises the epoch and leaves everything else: older grants are over.
    pub fn supersede(&mut self, incarnation: i64) {
        self.epoch = next_epoch(self.epoch, incarnation);
    }

    /// Back into the pool with its age; the epoch rises, as the grant may still be in force.
    pub fn release(&mut self, incarnation: i64) {
        self.holding = Holding::Queued;
        self.supersede(incarnation);
    }

    /// Ends the claim of somebody of an organisation, whoever it is; gives the lease that ends.
    pub fn take_away(
        &mut self,
        organisation: OrganisationId,
        reason: String,
        now: OffsetDateTime,
        incarnation: i64,
    ) -> Result<Lease, CustodyError> {
        let lease = match &self.holding {
            Holding::Claimed(lease) if lease.until > now => lease.clone(),
            _ => return Err(CustodyError::NotClaimed),
        };
        if lease.organisation != organisation {
            return Err(CustodyError::NotClaimable);
        }
        self.override_reason = Some(reason);
        self.release(incarnation);
        Ok(lease)
    }

    /// Back into the pool after the lease ran out; no grant is in force any more.
    pub fn expire(&mut self, now: OffsetDateTime) -> Result<OffsetDateTime, CustodyError> {
        match &self.holding {
            Holding::Claimed(lease) if lease.until <= now => {
                let ended = lease.until;
                self.holding = Holding::Queued;
                Ok(ended)
            }
            _ => Err(CustodyError::NotClaimable),
        }
    }

    /// To the practice's pool, to be acknowledged. The clock does not move.
    pub fn pass_back(
        &mut self,
        reason: String,
        acknowledge_by: OffsetDateTime,
        incarnation: i64,
    ) -> Result<(), CustodyError> {
        if self.pool.kind == PoolKind::Practice {
            return Err(CustodyError::AlreadyAtPractice);
        }
        if self.urgency == Urgency::Emergency && self.safe.is_none() {
            return Err(CustodyError::EmergencyNotSettled);
        }
        self.release(incarnation);
        self.pool = Pool { kind: PoolKind::Practice, party: self.practice.clone() };
        self.transfer_reason = Some(reason);
        self.acknowledge_by = Some(acknowledge_by);
        Ok(())
    }

    /// The receiver takes responsibility.
    pub fn acknowledge(&mut self, organisation: OrganisationId) -> Result<(), CustodyError> {
        if self.acknowledge_by.is_none() || self.pool.party.org != organisation {
            return Err(CustodyError::NothingPending);
        }
        self.acknowledge_by = None;
        Ok(())
    }

    /// An unacknowledged transfer goes back to the hub. The clock does not move.
    pub fn give_back(&mut self, now: OffsetDateTime) -> Result<Party, CustodyError> {
        match self.acknowledge_by {
            Some(by) if by <= now && self.holding == Holding::Queued => {
                self.acknowledge_by = None;
                let from = std::mem::replace(&mut self.pool, Pool { kind: PoolKind::Hub, party: self.hub.clone() });
                Ok(from.party)
            }
            _ => Err(CustodyError::NothingPending),
        }
    }

    /// The patient no longer wants it. What nobody has worked on and nothing flagged is withdrawn; everything else
    /// stays with whoever decides.
    pub fn withdraw(&mut self, wish: Withdrawal, flagged: bool) -> Withdrawn {
        if matches!(self.holding, Holding::Completed | Holding::Withdrawn) || self.withdrawal.is_some() {
            return Withdrawn::TooLate;
        }
        self.withdrawal = Some(wish);
        let untouched = self.holding == Holding::Queued && self.epoch == 0;
        if flagged || self.urgency != Urgency::Routine || !untouched {
            return Withdrawn::Wished;
        }
        self.holding = Holding::Withdrawn;
        Withdrawn::AtOnce
    }

    /// Closes it.
    pub fn complete(&mut self) {
        self.holding = Holding::Completed;
    }
}

#[cfg(test)]
mod tests;
