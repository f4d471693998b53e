//! The ITK3 acknowledgement of a message, built once and sent byte for byte ever after.

use ehub_clock::Timestamp;
use ehub_itk3::{Envelope, Organisation, Reply, Response};
use uuid::Uuid;

/// Who answers.
#[derive(Debug, Clone)]
pub struct Answering {
    /// The hub, by ODS code.
    pub owner_ods: String,
    /// Its name.
    pub owner_name: String,
    /// Its mailbox.
    pub mailbox: String,
}

/// The answer to a message with an ITK3 response code, as bytes.
pub fn acknowledgement(request: &Envelope, who: &Answering, ids: [Uuid; 2], at: Timestamp, code: u32) -> Vec<u8> {
    let [bundle, header] = ids;
    let reply = Reply {
        bundle_id: bundle.to_string(),
        header_id: header.to_string(),
        sent_at: at,
        sender: Organisation { ods_code: who.owner_ods.clone(), name: Some(who.owner_name.clone()), phone: None },
        source_mailbox: who.mailbox.clone(),
        code,
        diagnostics: None,
    };
    Response::to(request, reply).to_xml()
}
