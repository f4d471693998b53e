//! `ehub settle`: what a person did about an entry that could not be sent or was not acknowledged.

use ehub_proto::writeback::v1::{EntryState, ListEntriesRequest, SettleEntryRequest};
use serde_json::json;

use super::{
    context::{Context, pages},
    views::{self, word},
};
use crate::{
    arguments::{Settle, SettleAction},
    output::{self, Column, Form, exit::Problem},
    session::{Session, new_id},
};

/// How many entries are listed at most.
const LIMIT: usize = 5_000;

const COLUMNS: [Column; 5] = [
    Column("ENTRY", "name", Form::Plain),
    Column("WHY", "attention_reason", Form::Plain),
    Column("PRACTICE", "practice_ods", Form::Plain),
    Column("FILED", "file_time", Form::Time),
    Column("CONSULTATION", "consultation", Form::Plain),
];

/// Settles one, or lists what needs attention.
pub async fn run(context: &Context, settle: Settle) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let (Some(entry), Some(action), Some(note)) = (settle.entry, settle.action, settle.note) else {
        return list(&session).await;
    };
    if !entry.starts_with("entries/") {
        return Err(Problem::Usage("an entry is named by entries/{uuid}: `ehub settle` lists them".to_owned()).into());
    }
    let request =
        SettleEntryRequest { request_id: new_id(), name: entry.clone(), action: action_word(action).to_owned(), note };
    let answer = session.writeback().settle_entry(session.request(request).await?).await?.into_inner();
    output::record(&json!({ "entry": entry, "state": word!(EntryState, "ENTRY_STATE_", answer.state) }));
    Ok(())
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let entries = pages(LIMIT, async |page_token| {
        let state = EntryState::NeedsAttention.into();
        let request = ListEntriesRequest { page_size: 500, page_token, state, ..ListEntriesRequest::default() };
        let page = session.writeback().list_entries(session.request(request).await?).await?.into_inner();
        Ok((page.entries, page.next_page_token))
    })
    .await?;
    let rows: Vec<_> = entries.iter().map(views::entry).collect();
    output::list("entries", &rows, &COLUMNS, "no entry needs attention");
    if !rows.is_empty() {
        output::note("next: ehub settle ENTRY --action told-practice-by-phone --note TEXT");
    }
    Ok(())
}

fn action_word(action: SettleAction) -> &'static str {
    match action {
        SettleAction::ToldPracticeByPhone => "TOLD_PRACTICE_BY_PHONE",
        SettleAction::SentByOtherRoute => "SENT_BY_OTHER_ROUTE",
        SettleAction::NotToBeSent => "NOT_TO_BE_SENT",
    }
}
