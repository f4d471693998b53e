//! Sends what was stored, and settles what EPS says: used by the call that issues and by
//! background work alike.

use std::time::Duration;

use ehub_identifiers::PrescriptionId;
use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_telemetry::metrics::{self, Counter};

use crate::{
    domain::{Moved, Prescription, State},
    eps::{Eps, Sent},
    events,
    storage::{
        prescriptions::{self, Lock},
        sending::{self, Outgoing},
    },
};

static SENDS: Counter = metrics::counter("ehub.prescribing.sends", "{send}", "Orders sent to EPS, by how it ended.");

/// How long to wait between sends.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// After the first send.
    pub first: Duration,
    /// At most.
    pub most: Duration,
    /// For how long a send is left alone: longer than one can take.
    pub hold: Duration,
}

impl Backoff {
    /// How long after a send, counted from 1, the next one follows. It never ends: nobody knows
    /// whether EPS has the prescription until EPS says so.
    pub fn after(&self, attempt: i32) -> Duration {
        let doublings = u32::try_from(attempt.max(1) - 1).unwrap_or(0).min(20);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }
}

/// Sends orders.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The database, of the role that sends.
    pub db: Db,
    /// EPS.
    pub eps: Eps,
    /// How long to wait.
    pub backoff: Backoff,
}

impl Sender {
    /// Sends the stored message of a prescription, if EPS has not answered yet.
    pub async fn send_stored(&self, scope: &Scope, id: PrescriptionId) -> Result<(), StorageError> {
        match self.db.run(scope, &Load(id)).await? {
            Some(message) => self.send(scope, &message).await.map(drop),
            None => Ok(()),
        }
    }

    /// Sends a message and settles what EPS says; gives where the prescription stands then.
    pub async fn send(&self, scope: &Scope, message: &Outgoing) -> Result<Option<Prescription>, StorageError> {
        let sent =
            self.eps.send(message.order_message.clone(), message.role_profile.as_deref(), message.order_request).await;
        SENDS.add(1, &[("ehub.outcome", outcome(&sent))]);
        if let Sent::Unknown(why) = &sent {
            tracing::warn!(prescription = %message.id, attempt = message.send_attempts, why, "EPS has not answered; it is sent again");
        }
        let settle = Settle {
            id: PrescriptionId::new(message.id),
            verdict: verdict(sent, message.send_attempts),
            wait: self.backoff.after(message.send_attempts),
        };
        self.db.run(scope, &settle).await
    }
}

fn outcome(sent: &Sent) -> &'static str {
    match sent {
        Sent::Accepted => "accepted",
        Sent::Duplicate => "duplicate",
        Sent::Refused { .. } => "refused",
        Sent::Unknown(_) => "unknown",
    }
}

/// What becomes of a prescription.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Issued,
    Refused(String),
    Again,
}

/// What an answer means for the prescription. That EPS holds its id already proves, after an
/// earlier send, that the earlier one arrived; at the first send it is a refusal.
fn verdict(sent: Sent, attempt: i32) -> Verdict {
    match sent {
        Sent::Accepted => Verdict::Issued,
        Sent::Duplicate if attempt > 1 => Verdict::Issued,
        Sent::Duplicate => Verdict::Refused("DUPLICATE_PRESCRIPTION_ID".to_owned()),
        Sent::Refused { code } => Verdict::Refused(code),
        Sent::Unknown(_) => Verdict::Again,
    }
}

struct Load(PrescriptionId);

impl Work for Load {
    const NAME: &'static str = "load_order";
    type Output = Option<Outgoing>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Outgoing>, StorageError> {
        sending::message(tx, self.0).await
    }
}

/// Takes orders that are due to be sent again.
#[derive(Debug)]
pub struct ClaimDue {
    /// For how long nobody else sends them.
    pub hold: Duration,
    /// How many at most.
    pub limit: i64,
}

impl Work for ClaimDue {
    const NAME: &'static str = "claim_orders";
    type Output = Vec<Outgoing>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Outgoing>, StorageError> {
        sending::claim_due(tx, self.hold, self.limit).await
    }
}

/// Settles what EPS said. A verdict that comes when another has been settled changes nothing.
struct Settle {
    id: PrescriptionId,
    verdict: Verdict,
    wait: Duration,
}

impl Work for Settle {
    const NAME: &'static str = "settle_order";
    type Output = Option<Prescription>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, StorageError> {
        let Some(mut prescription) = prescriptions::find(tx, self.id, Lock::Yes).await? else { return Ok(None) };
        if prescription.state != State::Sending {
            return Ok(Some(prescription));
        }
        match &self.verdict {
            Verdict::Issued => {
                sending::accepted(tx, &prescription).await?;
                prescription.state = State::Issued;
                prescription.version += 1;
                prescription.issued_at = Some(tx.at());
                events::raise(tx, Moved::to(State::Issued, &prescription));
            }
            Verdict::Refused(code) => {
                sending::refused(tx, &prescription, code).await?;
                prescription.state = State::Refused;
                prescription.version += 1;
                prescription.refusal_code = Some(code.clone());
                events::raise(tx, Moved::to(State::Refused, &prescription).because(code.clone()));
            }
            Verdict::Again => sending::again(tx, &prescription, self.wait).await?,
        }
        Ok(Some(prescription))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duplicate_is_an_acceptance_only_after_an_earlier_send() {
        assert_eq!(verdict(Sent::Duplicate, 1), Verdict::Refused("DUPLICATE_PRESCRIPTION_ID".to_owned()));
        assert_eq!(verdict(Sent::Duplicate, 2), Verdict::Issued);
        assert_eq!(verdict(Sent::Unknown("timeout"), 9), Verdict::Again);
        assert_eq!(verdict(Sent::Refused { code: "X".to_owned() }, 3), Verdict::Refused("X".to_owned()));
    }

    proptest! {
        #[test]
        fn waits_grow_and_end_at_the_most(attempt in 1..i32::MAX) {
            let backoff = Backoff {
                first: Duration::from_secs(5),
                most: Duration::from_secs(300),
                hold: Duration::from_secs(45),
            };
            prop_assert!(backoff.after(attempt) >= backoff.first);
            prop_assert!(backoff.after(attempt) <= backoff.most);
            prop_assert!(backoff.after(attempt) <= backoff.after(attempt.saturating_add(1)));
        }
    }
}
