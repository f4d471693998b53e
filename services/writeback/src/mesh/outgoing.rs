//! Sending a stored document.

use std::time::Duration;

use ehub_mesh::{MeshClient, MeshError, Outgoing, SendError};

use crate::operations::send_document::{Attempt, Ending};

/// The hub's end of MESH for documents.
#[derive(Debug, Clone)]
pub struct Outbox {
    /// The mailbox.
    pub client: MeshClient,
    /// The workflow of documents.
    pub workflow: String,
    /// `mex-LocalID`: the sender's ODS code (GP Connect Send Document).
    pub local_id: String,
    /// The pause before what was not sent is tried again.
    pub retry_after: Duration,
}

impl Outbox {
    /// Sends the stored bytes as they are.
    pub async fn send(&self, attempt: Attempt) -> Ending {
        let outgoing = Outgoing {
            to: attempt.to_mailbox,
            workflow: self.workflow.clone(),
            local_id: Some(self.local_id.clone()),
            subject: Some(attempt.subject),
            file_name: Some(format!("{}.xml", attempt.id)),
            content_type: "application/xml".to_owned(),
            body: attempt.body,
        };
        match self.client.send(&outgoing).await {
            Ok(mesh_id) => Ending::Accepted(mesh_id),
            Err(error) => {
                tracing::warn!(document = %attempt.id, error = &error as &dyn std::error::Error, "a document was not sent");
                ending_of(&error, self.retry_after)
            }
        }
    }
}

/// What a failure means for the document.
pub fn ending_of(error: &SendError, retry_after: Duration) -> Ending {
    match error {
        SendError::Refused(refusal) if refusal.may_pass() => Ending::NotSent(retry_after),
        SendError::Refused(refusal) => {
            let code = refusal.code.clone().unwrap_or_else(|| format!("HTTP_{}", refusal.status));
            Ending::Refused(code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect())
        }
        SendError::Ambiguous(_) => Ending::Ambiguous,
        // No later attempt at the same bytes can go better.
        SendError::NotSent(MeshError::InvalidMessage { .. } | MeshError::TooLarge { .. }) => {
            Ending::Refused("INVALID_MESSAGE".to_owned())
        }
        SendError::NotSent(_) => Ending::NotSent(retry_after),
    }
}

#[cfg(test)]
mod tests {
    use ehub_mesh::Refusal;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn refused(status: u16, code: Option<&str>) -> SendError {
        SendError::Refused(Refusal { status, code: code.map(str::to_owned), description: String::new() })
    }

    #[test]
    fn a_definite_no_keeps_its_code_and_a_passing_one_is_tried_again() {
        assert_eq!(ending_of(&refused(417, Some("12")), PAUSE), Ending::Refused("12".into()));
        assert_eq!(ending_of(&refused(400, None), PAUSE), Ending::Refused("HTTP_400".into()));
        assert_eq!(ending_of(&refused(429, None), PAUSE), Ending::NotSent(PAUSE));
    }

    #[test]
    fn only_what_cannot_be_known_is_ambiguous() {
        let failed = || MeshError::Unavailable { status: 503 };
        assert_eq!(ending_of(&SendError::Ambiguous(failed()), PAUSE), Ending::Ambiguous);
        assert_eq!(ending_of(&SendError::NotSent(failed()), PAUSE), Ending::NotSent(PAUSE));
        let invalid = MeshError::InvalidMessage { what: "the recipient", expected: "text" };
        assert_eq!(ending_of(&SendError::NotSent(invalid), PAUSE), Ending::Refused("INVALID_MESSAGE".into()));
    }
}
