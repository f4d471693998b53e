//! Calls duty persons until somebody acknowledges: store, call, record. Never inside a transaction.

use std::sync::Arc;

use ehub_postgres::{Db, Scope};
use ehub_telemetry::{
    job_span,
    metrics::{self, Counter},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    config::DutySettings,
    domain::alert::{Alert, AlertSubject},
    duty::{Duty, DutyCall},
    events,
    operations::call_duty::{CallAgain, TakeDueAlerts},
    workers::{failed, next_look},
};

static CALLS: Counter = metrics::counter("ehub.allocation.duty_calls", "{call}", "Calls to duty persons by outcome.");

/// Calls duty persons.
#[derive(Debug)]
pub struct AlertWorker {
    db: Db,
    duty: Arc<dyn Duty>,
    settings: DutySettings,
    poll: std::time::Duration,
}

impl AlertWorker {
    /// Calls by a port, with these settings, looking this often.
    #[must_use]
    pub fn new(db: Db, duty: Arc<dyn Duty>, settings: DutySettings, poll: std::time::Duration) -> Self {
        Self { db, duty, settings, poll }
    }

    /// Looks until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut raised = self.db.raised(|kind| kind == events::alerts::RAISED);
        loop {
            self.step().await;
            if !next_look(&stop, &mut raised, self.poll).await {
                return;
            }
        }
    }

    /// Calls everybody who is to be called now; gives how many calls were made.
    pub async fn step(&self) -> usize {
        // Few at a time: each has been counted, and waits for those before it.
        let take = TakeDueAlerts { repeat: self.settings.repeat.get(), limit: 16 };
        let due = match self.db.run(&Scope::work(), &take).await {
            Ok(due) => due,
            Err(error) => {
                failed("alerts", &error);
                return 0;
            }
        };
        futures_util::future::join_all(due.iter().map(|alert| {
            let consultation = match alert.subject {
                AlertSubject::Consultation(id) => Some(id.uuid()),
                AlertSubject::Quarantined(_) => None,
            };
            self.call(alert).instrument(job_span("call_duty", consultation))
        }))
        .await;
        due.len()
    }

    async fn call(&self, alert: &Alert) {
        let call = DutyCall {
            alert: alert.id.name(),
            subject: alert.subject.name(),
            reference: alert.reference.clone(),
            call: alert.calls,
            deputy: alert.calls >= self.settings.deputy_from_call,
        };
        let Err(error) = self.duty.call(&alert.owner_ods, &call).await else {
            CALLS.add(1, &[("ehub.outcome", "made")]);
            return;
        };
        CALLS.add(1, &[("ehub.outcome", "failed")]);
        tracing::error!(alert = %call.alert, call = call.call, error = &error as &dyn std::error::Error, "a duty person was not reached");
        let again = CallAgain { alert: alert.id, wait: self.settings.retry.get() };
        if let Err(error) = self.db.run(&Scope::work(), &again).await {
            failed("alerts", &error);
        }
    }
}
