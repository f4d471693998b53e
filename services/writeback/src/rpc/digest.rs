//! The digest by which a repeated request is recognised.

use ehub_proto::writeback::v1::FileEntryRequest;
use prost::Message;
use sha2::{Digest, Sha256};

/// The digest of a request with a map in it: an encoded map has no order of its own, so its members
/// are taken in order of their keys.
pub(super) fn of_file_entry(request: &FileEntryRequest) -> [u8; 32] {
    let mut rest = request.clone();
    let mut digest = Sha256::new();
    if let Some(content) = &mut rest.content {
        let mut headings: Vec<(String, String)> = std::mem::take(&mut content.headings).into_iter().collect();
        headings.sort();
        for (key, text) in &headings {
            for part in [key, text] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part.as_bytes());
            }
        }
    }
    digest.update(rest.encode_to_vec());
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use ehub_proto::writeback::v1::EntryContent;

    use super::*;

    fn request(plan: &str) -> FileEntryRequest {
        let headings = ["history", "assessment", "examination"].map(|key| (key.to_owned(), "text".to_owned()));
        let mut content = EntryContent { headings: headings.into_iter().collect(), ..Default::default() };
        content.headings.insert("plan".into(), plan.into());
        FileEntryRequest { content: Some(content), ..Default::default() }
    }

    #[test]
    fn the_order_of_a_map_does_not_matter_and_its_content_does() {
        assert_eq!(of_file_entry(&request("rest")), of_file_entry(&request("rest")));
        assert_ne!(of_file_entry(&request("rest")), of_file_entry(&request("walk")));
    }
}
