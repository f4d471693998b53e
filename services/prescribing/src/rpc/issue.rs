//! IssuePrescription in its steps: store what will be sent, send it, settle what EPS says.

use ehub_calls::Call;
use ehub_identifiers::PrescriptionId;
use ehub_postgres::Scope;
use ehub_proto::prescribing::v1::{IssuePrescriptionResponse, PrescriptionState};
use tonic::{Response, Status};
use tracing::Instrument;
use uuid::Uuid;

use super::{Rpc, render, respond};
use crate::operations::issue_prescription::{Issue, Standing};

impl Rpc {
    /// Issues a prescription. What is recorded for the request id is that it is SENDING; that is
    /// true from the first commit on, whatever becomes of this process. The answer, also to a
    /// repeated call, is where the prescription stands when it is given.
    pub(super) async fn issue(
        &self,
        call: Call,
        request_id: Uuid,
        issue: Issue,
    ) -> Result<Response<IssuePrescriptionResponse>, Status> {
        let rpc = self.clone();
        let act = async move {
            let id = issue.prescription;
            let (stored, replayed) = rpc.calls.mutate_here(&call, Some(request_id), &issue, render::issued).await?;
            // Its time is not the caller's: once stored, it is sent.
            let scope = Scope { deadline: None, ..call.scope() };
            if !replayed {
                rpc.send_for_a_while(scope.clone(), id).await;
            }
            if stored.state() != PrescriptionState::Sending {
                return Ok((stored, replayed));
            }
            match rpc.calls.db().run(&scope, &Standing { prescription: id }).await {
                Ok(prescription) => Ok((render::issued(&prescription), replayed)),
                // What was committed is true; how it went on can be read later.
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "where an issue stands could not be read");
                    Ok((stored, replayed))
                }
            }
        };
        self.calls.detached(act).await.map(respond)
    }

    /// Sends, and waits for EPS for as long as the caller can be kept; the send itself goes on.
    async fn send_for_a_while(&self, scope: Scope, id: PrescriptionId) {
        let sender = self.sender.clone();
        let sending = self.calls.tasks().spawn(
            async move {
                if let Err(error) = sender.send_stored(&scope, id).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "an order could not be settled; it is sent again"
                    );
                }
            }
            .in_current_span(),
        );
        // A send that panics or is stopped is taken up by background work.
        let _ = tokio::time::timeout(self.answer_within, sending).await;
    }
}
