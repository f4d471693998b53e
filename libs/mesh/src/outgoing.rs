//! A message to send.

use std::fmt;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName};

use crate::error::MeshError;
use crate::header::{exact, readable};

/// A message to send. Lengths are those of the MESH specification.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Recipient's mailbox, or an address from [`crate::registered_practice`].
    pub to: String,
    /// Workflow id.
    pub workflow: String,
    /// Our own reference; no patient data (MESH specification).
    pub local_id: Option<String>,
    /// Subject for people; cleaned and cut to 500 characters.
    pub subject: Option<String>,
    /// File name; cleaned and cut to 300 characters.
    pub file_name: Option<String>,
    /// Content type of the body.
    pub content_type: String,
    /// Content, not compressed.
    pub body: Vec<u8>,
}

/// Recipient, subject and content can name the patient.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("workflow", &self.workflow)
            .field("local_id", &self.local_id)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Outgoing {
    /// The headers of the first, or only, chunk.
    pub(crate) fn headers(&self) -> Result<HeaderMap, MeshError> {
        if self.body.is_empty() {
            return Err(MeshError::InvalidMessage { what: "the body", expected: "at least one byte" });
        }
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("mex-to"), exact("the recipient", &self.to, 100)?);
        headers.insert(HeaderName::from_static("mex-workflowid"), exact("the workflow id", &self.workflow, 300)?);
        headers.insert(CONTENT_TYPE, exact("the content type", &self.content_type, 100)?);
        if let Some(local_id) = &self.local_id {
            headers.insert(HeaderName::from_static("mex-localid"), exact("the local id", local_id, 300)?);
        }
        for (name, value, max) in [("mex-subject", &self.subject, 500), ("mex-filename", &self.file_name, 300)] {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), readable(value, max));
            }
        }
        Ok(headers)
    }
}
