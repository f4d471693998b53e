//! A message out of the inbox.

use std::fmt;

use reqwest::header::HeaderMap;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::header::text;

/// Data, or a report about one of our own messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// `DATA`.
    Data,
    /// `REPORT`: usually "not delivered"; see [`Received::linked_id`] and [`Received::status`].
    Report,
}

/// The transfer status MESH attaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// `00` for a transfer; in a report the error code, for example `14` not collected in five days.
    pub code: Option<String>,
    /// `TRANSFER`, `SEND`, `COLLECT`.
    pub event: Option<String>,
    /// MESH's words.
    pub description: Option<String>,
    /// `mex-StatusSuccess` is `SUCCESS`.
    pub success: bool,
    /// When.
    pub at: Option<OffsetDateTime>,
}

/// A downloaded message.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// MESH's id.
    pub id: String,
    /// Sender's mailbox; reports have none.
    pub from: Option<String>,
    /// Our mailbox.
    pub to: Option<String>,
    /// Workflow id.
    pub workflow: String,
    /// Data or report.
    pub message_type: MessageType,
    /// The sender's own reference.
    pub local_id: Option<String>,
    /// Subject; by national convention it names the patient.
    pub subject: Option<String>,
    /// File name.
    pub file_name: Option<String>,
    /// In a report: the id of the message it is about.
    pub linked_id: Option<String>,
    /// Content type, when the sender gave one.
    pub content_type: Option<String>,
    /// Transfer status.
    pub status: Status,
    /// Content: all chunks together, decompressed.
    pub body: Vec<u8>,
}

/// Subject and content are patient data.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("id", &self.id)
            .field("workflow", &self.workflow)
            .field("message_type", &self.message_type)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Received {
    /// From the headers of the first chunk.
    pub(crate) fn read(id: &str, headers: &HeaderMap) -> Self {
        let report = text(headers, "mex-messagetype").is_some_and(|kind| kind.eq_ignore_ascii_case("report"));
        Self {
            id: id.to_owned(),
            from: text(headers, "mex-from"),
            to: text(headers, "mex-to"),
            workflow: text(headers, "mex-workflowid").unwrap_or_default(),
            message_type: if report { MessageType::Report } else { MessageType::Data },
            local_id: text(headers, "mex-localid"),
            subject: text(headers, "mex-subject"),
            file_name: text(headers, "mex-filename"),
            linked_id: text(headers, "mex-linkedmsgid"),
            content_type: text(headers, "mex-content-type").or_else(|| text(headers, "content-type")),
            status: Status {
                code: text(headers, "mex-statuscode"),
                event: text(headers, "mex-statusevent"),
                description: text(headers, "mex-statusdescription"),
                success: text(headers, "mex-statussuccess").as_deref() == Some("SUCCESS"),
                at: text(headers, "mex-statustimestamp").and_then(|at| timestamp(&at)),
            },
            body: Vec::new(),
        }
    }
}

/// `yyyyMMddHHmmss`, UTC.
fn timestamp(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!("[year][month][day][hour][minute][second]");
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_non_delivery_report_is_read() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("mex-messagetype", "REPORT"),
            ("mex-linkedmsgid", "M1"),
            ("mex-statuscode", "14"),
            ("mex-statussuccess", "ERROR"),
            ("mex-statustimestamp", "20260102030405"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let report = Received::read("R1", &headers);
        assert_eq!(report.message_type, MessageType::Report);
        assert_eq!(report.linked_id.as_deref(), Some("M1"));
        assert_eq!(report.status.code.as_deref(), Some("14"));
        assert!(!report.status.success);
        assert_eq!(report.status.at, Some(datetime!(2026-01-02 03:04:05 UTC)));
    }

    #[test]
    fn debug_shows_no_subject() {
        let mut headers = HeaderMap::new();
        headers.insert("mex-subject", "Report for Teak".parse().unwrap());
        assert!(!format!("{:?}", Received::read("1", &headers)).contains("Teak"));
    }
}
