//! Takes a stored acknowledgement for sending, and records what the send came to.

use ehub_postgres::{StorageError, Tx, Work};
use time::Duration;
use uuid::Uuid;

use crate::storage::outbound::{self, Outbound, Sent};

/// Takes the next acknowledgement.
#[derive(Debug)]
pub struct TakeAcknowledgement {
    /// After how long an unknown outcome is sent again.
    pub resend_after: Duration,
}

impl Work for TakeAcknowledgement {
    const NAME: &'static str = "take_acknowledgement";
    type Output = Option<Outbound>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Outbound>, StorageError> {
        outbound::take(tx, self.resend_after).await
    }
}

/// Records what a send came to. Nothing is recorded of an ambiguous one: it comes up again.
#[derive(Debug)]
pub struct RecordSent {
    /// Which.
    pub id: Uuid,
    /// What it came to.
    pub sent: Sent,
}

impl Work for RecordSent {
    const NAME: &'static str = "record_acknowledgement";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        outbound::record(tx, self.id, &self.sent).await
    }
}
