//! Finds episodes whose lifecycle trace is due, and notes what was exported.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx, Work};

use crate::{
    domain::lifecycle::{Incomplete, Life, Stage, stages},
    storage::lifecycle::{self, Due},
};

/// Reads what is due.
#[derive(Debug, Clone, Copy)]
pub struct FindDue {
    /// For how long nothing may have been heard.
    pub quiet: Duration,
    /// After how long an episode whose manifest is not settled is exported as incomplete.
    pub patience: Duration,
}

/// A trace that is due.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Of which episode.
    pub due: Due,
    /// Its stages, the whole first.
    pub stages: Vec<Stage>,
    /// SHA-256 of what they say.
    pub digest: [u8; 32],
}

impl Trace {
    /// Whether it says what was exported before.
    pub fn is_exported(&self) -> bool {
        self.due.exported_digest.as_deref() == Some(&self.digest[..])
    }

    /// The revision it would be exported as.
    pub fn revision(&self) -> i32 {
        self.due.exported_revision + 1
    }
}

impl Work for FindDue {
    const NAME: &'static str = "find_due_traces";
    type Output = Vec<Trace>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Trace>, StorageError> {
        let mut traces = Vec::new();
        for due in lifecycle::due(tx, self.quiet, self.patience).await? {
            let lines = lifecycle::lines(tx, ConsultationId::new(due.consultation), due.episode).await?;
            let incomplete = if due.open { Incomplete::Yes } else { Incomplete::No };
            let stages = stages(&Life { first_contact_at: due.first_contact_at, incomplete, lines });
            traces.push(Trace { digest: digest(&stages), due, stages });
        }
        Ok(traces)
    }
}

/// Notes that a trace was looked at, and that it was exported unless it had been before.
#[derive(Debug)]
pub struct Examined<'a> {
    /// The trace.
    pub trace: &'a Trace,
}

impl Work for Examined<'_> {
    const NAME: &'static str = "trace_examined";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let exported = (!self.trace.is_exported()).then(|| (self.trace.revision(), &self.trace.digest[..]));
        lifecycle::examined(tx, &self.trace.due, exported).await
    }
}

/// A digest of everything a trace says, each part with its length before it.
fn digest(stages: &[Stage]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    for stage in stages {
        part(stage.key.as_bytes());
        part(stage.outcome.as_bytes());
        part(&stage.start.unix_timestamp_nanos().to_be_bytes());
        part(&stage.end.unix_timestamp_nanos().to_be_bytes());
        stage.links.iter().for_each(|link| part(link.as_bytes()));
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
