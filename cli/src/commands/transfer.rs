//! `ehub transfer acknowledge`: the receiver takes responsibility.

use ehub_proto::allocation::v1::{AcknowledgeTransferRequest, ListInboxRequest};
use serde_json::json;

use super::{
    context::{Context, pages},
    views,
};
use crate::{
    arguments::Transfer,
    output::{self, exit::Problem},
    session::{Session, new_id},
};

/// How many items are looked through for one that waits.
const SEARCHED: usize = 5_000;

/// Takes over a named one, or the first that waits.
pub async fn run(context: &Context, transfer: &Transfer) -> anyhow::Result<()> {
    let Transfer::Acknowledge { consultation } = transfer;
    let session = context.session("practice-alder")?;
    let consultation = match consultation {
        Some(text) => context.consultation(&session, text).await?.name(),
        None => first(&session).await?,
    };
    let request = session.request(AcknowledgeTransferRequest { request_id: new_id(), consultation }).await?;
    let answer = session.allocation().acknowledge_transfer(request).await?.into_inner();
    output::record(&json!({ "item": answer.item.as_ref().map(views::work_item) }));
    output::note("next: ehub claim; it is your organisation's now");
    Ok(())
}

async fn first(session: &Session) -> anyhow::Result<String> {
    let items = pages(SEARCHED, async |page_token| {
        let request = ListInboxRequest { page_size: 500, page_token, mine: false };
        let page = session.allocation().list_inbox(session.request(request).await?).await?.into_inner();
        Ok((page.items, page.next_page_token))
    })
    .await?;
    let nothing = || Problem::DoesNotHold(format!("nothing waits for {} to be taken over", session.name()));
    let item = items.into_iter().find(|item| item.acknowledgement_pending).ok_or_else(nothing)?;
    Ok(item.consultation)
}
