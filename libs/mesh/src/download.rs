//! Downloading a message, chunk by chunk.

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap};
use reqwest::{Method, Response, StatusCode};

use crate::body;
use crate::client::MeshClient;
use crate::error::MeshError;
use crate::header::text;
use crate::received::Received;

/// More chunks than any message within our size limits has.
const MAX_CHUNKS: u32 = 10_000;
/// Where a message and its further chunks are.
const MESSAGE: &str = "/messageexchange/{mailbox}/inbox/{message}";
const CHUNK: &str = "/messageexchange/{mailbox}/inbox/{message}/{chunk}";

impl MeshClient {
    /// The whole message. It stays in the inbox until [`MeshClient::acknowledge`].
    pub async fn download(&self, id: &str) -> Result<Received, MeshError> {
        let first = self.chunk(self.url(&["inbox", id])?, MESSAGE).await?;
        let mut message = Received::read(id, first.headers());
        let chunks = chunks(first.status(), first.headers())?;
        let mut content = self.content(first, self.max_message_bytes).await?;
        for number in 2..=chunks {
            let part = self.chunk(self.url(&["inbox", id, &number.to_string()])?, CHUNK).await?;
            let room = self.max_message_bytes - content.len();
            content.extend(self.content(part, room).await?);
        }
        message.body = content;
        Ok(message)
    }

    /// What MESH says of a message: all but its content.
    pub async fn head(&self, id: &str) -> Result<Received, MeshError> {
        let answer = self.call(self.request(Method::HEAD, self.url(&["inbox", id])?), MESSAGE).await?;
        Ok(Received::read(id, answer.headers()))
    }

    async fn chunk(&self, url: reqwest::Url, template: &'static str) -> Result<Response, MeshError> {
        self.call(self.request(Method::GET, url).header(ACCEPT_ENCODING, "gzip"), template).await
    }

    /// One chunk's content. Each chunk is compressed on its own.
    async fn content(&self, response: Response, room: usize) -> Result<Vec<u8>, MeshError> {
        let limit = self.max_message_bytes;
        let compressed = text(response.headers(), CONTENT_ENCODING.as_str());
        // Compressed or not, a chunk with more bytes than there is room for is refused.
        let oversized = |error| match error {
            MeshError::TooLarge { .. } => MeshError::TooLarge { limit },
            other => other,
        };
        let bytes = body::read(response, room).await.map_err(oversized)?;
        match compressed.as_deref() {
            // A report has no content, whatever its headers say.
            Some("gzip") if !bytes.is_empty() => body::gunzip(bytes, room).await.map_err(oversized),
            // Of another encoding nothing is known: the bytes are kept as they came.
            _ => Ok(bytes),
        }
    }
}

/// How many chunks there are: `mex-chunk-range: 1:n`; a 200 says there is one.
fn chunks(status: StatusCode, headers: &HeaderMap) -> Result<u32, MeshError> {
    if status != StatusCode::PARTIAL_CONTENT {
        return Ok(1);
    }
    let range = text(headers, "mex-chunk-range").and_then(|range| {
        let (_, total) = range.split_once(':')?;
        total.trim().parse().ok()
    });
    let total: Option<u32> = range.or_else(|| text(headers, "mex-total-chunks")?.parse().ok());
    match total {
        Some(total) if (1..=MAX_CHUNKS).contains(&total) => Ok(total),
        _ => Err(MeshError::Protocol { what: "the number of chunks is missing or absurd" }),
    }
}
