//! Pages the duty contact about an emergency that allocation has not taken over in time (H7).

use std::time::Duration;

use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::{job_span, send_outside};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::rest::{Hands, Step, steps};
use crate::{
    domain::enrolment::DutyContacts,
    events::ends_a_message,
    operations::page::{RecordPaged, TakePage},
    storage::page::Page,
};

/// Pages about emergencies.
#[derive(Debug)]
pub struct EmergencyPages {
    /// The database, as the work role.
    pub db: Db,
    /// Sends pages.
    pub http: reqwest::Client,
    /// Where a page may go.
    pub duty_contacts: DutyContacts,
    /// How often it looks when nothing wakes it.
    pub poll: Duration,
    /// How long between two tries.
    pub retry: Duration,
}

impl EmergencyPages {
    /// Pages until stopped.
    pub async fn run(self, stop: CancellationToken) {
        steps("emergency_page", self.poll, Hands::One, self.db.raised(ends_a_message), stop, || self.step()).await;
    }

    async fn step(&self) -> Result<Step, StorageError> {
        let retry = time::Duration::try_from(self.retry).unwrap_or(time::Duration::seconds(15));
        let Some(page) = self.db.run(&Scope::work(), &TakePage { retry }).await? else { return Ok(Step::Idle) };
        async {
            if self.send(&page).await {
                self.db.run(&Scope::work(), &RecordPaged(page.subject)).await?;
            }
            Ok(Step::Done)
        }
        .instrument(job_span("page_duty", page.consultation()))
        .await
    }

    /// Whether the duty contact took the page. A repeat has the same key.
    async fn send(&self, page: &Page) -> bool {
        let (subject, attempts) = (page.subject, page.attempts);
        if !self.duty_contacts.admit(&page.duty_contact) {
            tracing::error!(%subject, attempts, "the duty contact is no address a page may go to");
            return false;
        }
        let request =
            self.http.post(&page.duty_contact).header("Idempotency-Key", subject.to_string()).json(&page.body);
        match send_outside(request, "{duty_contact}").await {
            Ok(answer) if answer.status().is_success() => {
                tracing::info!(%subject, attempts, "the duty contact was paged");
                true
            }
            Ok(answer) => {
                tracing::error!(%subject, attempts, status = answer.status().as_u16(), "the duty contact did not take a page");
                false
            }
            Err(error) => {
                let error = error.without_url();
                tracing::error!(%subject, attempts, error = &error as &dyn std::error::Error, "the duty contact could not be reached");
                false
            }
        }
    }
}
