//! Listing what waits in the inbox.

use std::collections::HashSet;

use reqwest::{Method, Url};
use serde::Deserialize;

use crate::body;
use crate::client::MeshClient;
use crate::error::MeshError;

/// Ids a page; MESH allows 5000.
const PAGE: &str = "500";
/// Pages followed in one listing: 50 000 messages. What lies beyond is listed next time, after these are acknowledged.
const MAX_PAGES: usize = 100;
/// A page of the longest ids stays well below this, in bytes.
const MAX_LISTING: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    messages: Vec<String>,
    #[serde(default)]
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Links {
    #[serde(default)]
    next: Option<String>,
}

impl MeshClient {
    /// Ids of all unacknowledged messages, oldest first. The filter is MESH's own: `WF1`, `!WF1`, `WF*`, `*_ACK*`.
    pub async fn inbox(&self, workflow_filter: Option<&str>) -> Result<Vec<String>, MeshError> {
        let mut url = self.url(&["inbox"])?;
        url.query_pairs_mut().append_pair("max_results", PAGE);
        if let Some(filter) = workflow_filter {
            url.query_pairs_mut().append_pair("workflow_filter", filter);
        }
        let mut ids = Vec::new();
        let mut listed = HashSet::new();
        let mut visited = HashSet::new();
        for _ in 0..MAX_PAGES {
            let response =
                self.call(self.request(Method::GET, url.clone()), "/messageexchange/{mailbox}/inbox").await?;
            let bytes = body::read(response, MAX_LISTING).await?;
            let page: Listing = serde_json::from_slice(&bytes)
                .map_err(|_| MeshError::Protocol { what: "the inbox listing is not the JSON expected" })?;
            // A message may move from page to page while we read; each is reported once.
            ids.extend(page.messages.into_iter().filter(|id| listed.insert(id.clone())));
            visited.insert(url.clone());
            let Some(next) = page.links.and_then(|links| links.next).filter(|next| !next.is_empty()) else {
                break;
            };
            url = self.same_server(&url, &next)?;
            if visited.contains(&url) {
                return Err(MeshError::Protocol { what: "the inbox listing goes round in circles" });
            }
        }
        Ok(ids)
    }

    /// The next page, which must be on the server we trust with our credentials.
    fn same_server(&self, current: &Url, next: &str) -> Result<Url, MeshError> {
        let foreign = MeshError::Protocol { what: "the next page is not on the same server" };
        match current.join(next) {
            Ok(url) if url.origin() == self.base.origin() => Ok(url),
            _ => Err(foreign),
        }
    }
}
