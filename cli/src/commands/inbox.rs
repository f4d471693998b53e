//! `ehub inbox`: what waits, in the order it would be claimed.

use ehub_proto::allocation::v1::ListInboxRequest;

use super::{
    context::{Context, pages},
    views, watch,
};
use crate::{
    arguments::Inbox,
    output::{self, Column, Form},
};

/// Columns of work items.
const COLUMNS: [Column; 9] = [
    Column("REFERENCE", "reference", Form::Plain),
    Column("URGENCY", "urgency", Form::Plain),
    Column("STATE", "state", Form::Plain),
    Column("PRACTICE", "practice_ods", Form::Plain),
    Column("SKILL", "skill", Form::Plain),
    Column("NEED", "need", Form::Plain),
    Column("TOPIC", "topic", Form::Plain),
    Column("RESPOND BY", "respond_by", Form::Time),
    Column("CLAIMED BY", "claimed_by", Form::Plain),
];

/// Lists once, or stays.
pub async fn run(context: &Context, inbox: &Inbox) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    if inbox.watch {
        return watch::run(context, &session, inbox.mine).await;
    }
    let page_size = i32::try_from(inbox.limit.clamp(1, 500))?;
    let items = pages(inbox.limit, async |page_token| {
        let request = ListInboxRequest { page_size, page_token, mine: inbox.mine };
        let page = session.allocation().list_inbox(session.request(request).await?).await?.into_inner();
        Ok((page.items, page.next_page_token))
    })
    .await?;
    let rows: Vec<_> = items.iter().map(views::work_item).collect();
    let nothing = if inbox.mine { "you have claimed nothing" } else { "nothing waits in your pools" };
    output::list("items", &rows, &COLUMNS, nothing);
    Ok(())
}
