//! Asks demographics about the patient of each accepted consultation.

use std::time::Duration;

use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::job_span;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::rest::{Hands, Step, steps};
use crate::{
    demographics::{Demographics, DemographicsError},
    events::ACCEPTED,
    operations::trace::{self, RecordTrace, TakeTrace},
};

/// Traces patients.
#[derive(Debug)]
pub struct Tracing {
    /// The database, as the work role.
    pub db: Db,
    /// Demographics.
    pub demographics: Demographics,
    /// How often it looks when nothing wakes it.
    pub poll: Duration,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Demographics.
    #[error("demographics gave no answer")]
    Demographics(#[from] DemographicsError),
    /// Its result.
    #[error("a trace could not be recorded")]
    Record(#[from] trace::Error),
    /// Storage.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Tracing {
    /// Traces until stopped.
    pub async fn run(self, stop: CancellationToken) {
        steps("trace", self.poll, Hands::Several, self.db.raised(|kind| kind == ACCEPTED), stop, || self.step()).await;
    }

    /// Traces the next patient who waits.
    pub async fn step(&self) -> Result<Step, Error> {
        let Some(whole) = self.db.run(&Scope::work(), &TakeTrace).await? else { return Ok(Step::Idle) };
        let span = job_span("trace_patient", Some(whole.summary.id));
        async {
            // Not recorded, it comes up again by itself, later each time.
            let traced = self.demographics.trace(&whole.consultation.patient, &whole.summary.practice_ods).await?;
            self.db.run(&Scope::work(), &RecordTrace { whole, traced }).await?;
            Ok(Step::Done)
        }
        .instrument(span)
        .await
    }
}
