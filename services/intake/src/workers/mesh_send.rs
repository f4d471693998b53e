//! Sends stored acknowledgements: the same bytes, as often as it takes.

use std::time::Duration;

use ehub_clock::Clock;
use ehub_mesh::{MeshClient, Outgoing, SendError};
use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::job_span;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::rest::{Hands, Step, steps};
use crate::{
    events::ends_a_message,
    operations::send_acknowledgement::{RecordSent, TakeAcknowledgement},
    storage::outbound::{Outbound, Sent},
};

/// Sends acknowledgements.
#[derive(Debug)]
pub struct MeshSend {
    /// The database, as the work role.
    pub db: Db,
    /// The mailbox.
    pub mesh: MeshClient,
    /// How often it looks when nothing wakes it.
    pub poll: Duration,
    /// After how long a send of unknown outcome is repeated.
    pub resend_after: Duration,
    /// The time.
    pub clock: Clock,
}

impl MeshSend {
    /// Sends until stopped.
    pub async fn run(self, stop: CancellationToken) {
        steps("mesh_send", self.poll, Hands::Several, self.db.raised(ends_a_message), stop, || self.step()).await;
    }

    async fn step(&self) -> Result<Step, StorageError> {
        let resend_after = time::Duration::try_from(self.resend_after).unwrap_or(time::Duration::minutes(5));
        let Some(next) = self.db.run(&Scope::work(), &TakeAcknowledgement { resend_after }).await? else {
            return Ok(Step::Idle);
        };
        let span = job_span("send_acknowledgement", next.consultation);
        async {
            let (id, attempts) = (next.id, next.attempts);
            let outcome = self.mesh.send(&outgoing(next)).await;
            if let Some(sent) = self.judge(id, attempts, outcome) {
                self.db.run(&Scope::work(), &RecordSent { id, sent }).await?;
            }
            Ok(Step::Done)
        }
        .instrument(span)
        .await
    }

    /// What a send came to; `None` when that is not known, and time will bring it up again.
    fn judge(&self, id: uuid::Uuid, attempts: i32, outcome: Result<String, SendError>) -> Option<Sent> {
        match outcome {
            Ok(mesh_id) => Some(Sent::Taken(mesh_id)),
            Err(SendError::Refused(refusal)) if !refusal.may_pass() => {
                tracing::error!(acknowledgement = %id, %refusal, "MESH refuses an acknowledgement for good");
                Some(Sent::Refused)
            }
            Err(SendError::Refused(refusal)) => {
                tracing::warn!(acknowledgement = %id, %refusal, "MESH refuses an acknowledgement for now");
                Some(Sent::Again(self.clock.now() + pause(attempts)))
            }
            Err(SendError::NotSent(error)) => {
                tracing::warn!(acknowledgement = %id, error = &error as &dyn std::error::Error, "an acknowledgement was not sent");
                Some(Sent::Again(self.clock.now() + pause(attempts)))
            }
            Err(SendError::Ambiguous(error)) => {
                tracing::warn!(acknowledgement = %id, error = &error as &dyn std::error::Error, "it is not known whether MESH took an acknowledgement");
                None
            }
        }
    }
}

/// 2 s, doubled with each attempt, at most five minutes.
fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(8);
    Duration::from_secs((1_u64 << doublings).min(300))
}

fn outgoing(next: Outbound) -> Outgoing {
    Outgoing {
        to: next.to_mailbox,
        workflow: next.workflow,
        local_id: Some(next.id.to_string()),
        subject: Some("ITK Response".to_owned()),
        file_name: Some("response.xml".to_owned()),
        content_type: "application/xml".to_owned(),
        body: next.body,
    }
}
