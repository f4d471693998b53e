//! `ehub document`: what the practice is sent, as a clinician reads it or as it travels.

use ehub_identifiers::EntryId;
use ehub_proto::writeback::v1::GetDocumentRequest;

use super::context::Context;
use crate::{
    arguments::Document,
    output::{self, exit::Problem},
};

/// Writes it to standard output, piece by piece.
pub async fn run(context: &Context, document: &Document) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let entry = EntryId::parse_name(&document.entry)
        .or_else(|_| EntryId::parse(&document.entry))
        .map_err(|error| Problem::Usage(format!("an entry is named by entries/{{uuid}}: {error}")))?;
    let request = GetDocumentRequest { entry: entry.name(), message: document.message };
    let mut pieces = session.writeback().get_document(session.request(request).await?).await?.into_inner();
    while let Some(next) = pieces.message().await? {
        output::content(&next.piece)?;
    }
    Ok(())
}
