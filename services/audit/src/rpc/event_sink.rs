//! Events of all services: each becomes one row of the log, and what follows from it.

use ehub_outbox::{Received, Refusal, Subscription};
use ehub_postgres::{StorageError, Tx};
use time::OffsetDateTime;

use super::decode;
use crate::{operations::record, storage::episodes};

/// The sources whose events audit keeps, itself included.
pub const SOURCES: [&str; 5] = ["intake", "allocation", "writeback", "prescribing", "audit"];

/// Takes every event of every service.
#[derive(Debug, Clone, Copy)]
pub struct Everything;

impl Subscription for Everything {
    fn knows(&self, source: &str, kind: &str) -> bool {
        decode::knows(source, kind)
    }

    fn dedupes(&self, kind: &str) -> bool {
        // The log takes an event once by its id.
        kind == "ehub.audit.event.v1.AccessRecorded"
    }

    async fn apply(&self, tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
        let heard = decode::heard(event)?;
        if ehub_access::apply(tx, event).await? {
            episodes::place_practices(tx).await?;
        }
        record::record(tx, &heard).await?;
        Ok(())
    }

    async fn caught_up(&self, tx: &mut Tx, source: &str, read_time: OffsetDateTime) -> Result<(), StorageError> {
        if source == "allocation" { ehub_access::caught_up(tx, read_time).await } else { Ok(()) }
    }
}
