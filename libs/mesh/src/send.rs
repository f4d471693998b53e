//! Sending a message, in chunks when it is large.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::body;
use crate::client::MeshClient;
use crate::error::{MeshError, SendError};
use crate::outgoing::Outgoing;

/// Attempts for a chunk after the first; sending one of those again is safe, it has a place of its own.
const ATTEMPTS: u32 = 3;
/// Pause before another attempt, times the attempt.
const PAUSE: Duration = Duration::from_millis(200);
/// HTTP 423: the message is complete already.
const COMPLETE: u16 = 423;
/// The answer to a send is a message id.
const MAX_ANSWER: usize = 16 * 1024;

#[derive(Deserialize)]
struct Accepted {
    #[serde(alias = "messageID")]
    message_id: String,
}

impl MeshClient {
    /// Sends a message and gives MESH's id for it.
    ///
    /// MESH cannot recognise a repeated send, so nothing here repeats the request that could create a second message.
    /// A message in chunks only comes into being with its last chunk: until then every failure is "not sent".
    pub async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
        let headers = message.headers().map_err(SendError::NotSent)?;
        let chunks: Vec<&[u8]> = message.body.chunks(self.chunk_bytes).collect();
        let total = chunks.len();
        let (first, rest) = chunks
            .split_first()
            .ok_or(SendError::NotSent(MeshError::InvalidMessage { what: "the body", expected: "at least one byte" }))?;
        let id = self.send_first(first, total, headers).await.map_err(|error| outcome(error, total == 1))?;
        for (position, chunk) in rest.iter().enumerate() {
            let number = position + 2;
            self.send_next(&id, chunk, number, total).await.map_err(|error| outcome(error, number == total))?;
        }
        Ok(id)
    }

    async fn send_first(&self, chunk: &[u8], total: usize, headers: HeaderMap) -> Result<String, MeshError> {
        let mut request = self.request(Method::POST, self.url(&["outbox"])?).headers(headers);
        if total > 1 {
            request = request.header("mex-chunk-range", format!("1:{total}"));
        }
        let (encoding, content) = self.encoded(chunk).await?;
        let response = self.call(request.headers(encoding).body(content), "/messageexchange/{mailbox}/outbox").await?;
        let answer = body::read(response, MAX_ANSWER).await?;
        let accepted: Accepted = serde_json::from_slice(&answer)
            .map_err(|_| MeshError::Protocol { what: "the answer to a send holds no message id" })?;
        Ok(accepted.message_id)
    }

    async fn send_next(&self, id: &str, chunk: &[u8], number: usize, total: usize) -> Result<(), MeshError> {
        let (encoding, content) = self.encoded(chunk).await?;
        let mut attempt = 1;
        loop {
            let url = self.url(&["outbox", id, &number.to_string()])?;
            let request = self
                .request(Method::POST, url)
                .header("mex-chunk-range", format!("{number}:{total}"))
                .headers(encoding.clone())
                .body(content.clone());
            match self.call(request, "/messageexchange/{mailbox}/outbox/{message}/{chunk}").await {
                Ok(_) => return Ok(()),
                // Our earlier attempt arrived and only its answer was lost.
                Err(MeshError::Refused(refusal)) if attempt > 1 && number == total && refusal.status == COMPLETE => {
                    return Ok(());
                }
                Err(error) if attempt < ATTEMPTS && passing(&error) => {
                    tracing::warn!(target: "ehub::mesh", chunk = number, of = total, attempt, "a chunk is sent again");
                    tokio::time::sleep(PAUSE * attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The content as it travels, with its encoding header.
    async fn encoded(&self, chunk: &[u8]) -> Result<(HeaderMap, Vec<u8>), MeshError> {
        let mut headers = HeaderMap::new();
        if !self.compress {
            return Ok((headers, chunk.to_vec()));
        }
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(HeaderName::from_static("mex-content-compressed"), HeaderValue::from_static("Y"));
        Ok((headers, body::gzip(chunk.to_vec()).await?))
    }
}

/// Failures of the way, not of the message.
fn passing(error: &MeshError) -> bool {
    matches!(error, MeshError::Unreachable(_) | MeshError::Unavailable { .. })
}

/// What a failure says about the message. `completing`: the request would have completed it.
fn outcome(error: MeshError, completing: bool) -> SendError {
    match error {
        MeshError::Refused(refusal) => SendError::Refused(refusal),
        // The mailbox is not found: a definite no in another dress.
        error @ (MeshError::Gone | MeshError::InvalidMessage { .. }) => SendError::NotSent(error),
        MeshError::Unreachable(source) if source.is_connect() || source.is_builder() => {
            SendError::NotSent(MeshError::Unreachable(source))
        }
        error if completing => SendError::Ambiguous(error),
        error => SendError::NotSent(error),
    }
}
