//! Requests parsed: every wrong field at once, each with its path.

mod agreement;
mod content;

use std::sync::Arc;

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::{ConsultationId, EntryId, RequestId};
use ehub_postgres::PageTokens;
use ehub_proto::writeback::v1::{
    EntryState, FileEntryRequest, GetDocumentRequest, GetEntryRequest, ListEntriesRequest, SettleEntryRequest,
};
use time::OffsetDateTime;
use uuid::Uuid;

pub(super) use agreement::{list_agreements, put_agreement};

use crate::{
    domain::{SettleAction, State},
    operations::{
        file_entry::FileEntry,
        get_document::GetDocument,
        get_entry::GetEntry,
        list_entries::{Filter, ListEntries},
        settle_entry::SettleEntry,
    },
};

pub(super) fn file_entry(call: &Call, request: FileEntryRequest) -> Result<(Uuid, FileEntry), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let entry = fields.check("name", EntryId::parse_name(&request.name));
    let consultation = fields.check("consultation", ConsultationId::parse_name(&request.consultation));
    let replaces = version(&mut fields, "etag", &request.etag);
    let content = fields.require("content", request.content).and_then(|given| content::content(&mut fields, given));
    let parsed =
        request_id.zip(entry).zip(consultation.zip(content)).map(|((request_id, entry), (consultation, content))| {
            let work = FileEntry {
                entry,
                consultation,
                content,
                replaces,
                caller: Arc::clone(&call.caller),
                grant: call.grant.clone(),
            };
            (request_id.uuid(), work)
        });
    fields.into_result(parsed)
}

pub(super) fn get_entry(call: &Call, request: &GetEntryRequest) -> Result<GetEntry, Fault> {
    let mut fields = Fields::new();
    let entry = fields.check("name", EntryId::parse_name(&request.name));
    fields.into_result(entry.map(|entry| GetEntry { entry, caller: Arc::clone(&call.caller) }))
}

pub(super) fn get_document(call: &Call, request: &GetDocumentRequest) -> Result<GetDocument, Fault> {
    let mut fields = Fields::new();
    let entry = fields.check("entry", EntryId::parse_name(&request.entry));
    let message = request.message;
    fields.into_result(entry.map(|entry| GetDocument { entry, message, caller: Arc::clone(&call.caller) }))
}

pub(super) fn list_entries(
    call: &Call,
    request: &ListEntriesRequest,
    page_tokens: &Arc<PageTokens>,
) -> Result<ListEntries, Fault> {
    let mut fields = Fields::new();
    let page_size = fields.page_size(request.page_size);
    let consultation = match request.consultation.as_str() {
        "" => None,
        name => fields.check("consultation", ConsultationId::parse_name(name)),
    };
    let state = state(&mut fields, request.state);
    let arguments = format!("{}|{}|{}|{}", call.method, call.caller.subject, request.consultation, request.state);
    let after = fields.page_token(place(page_tokens.open(&arguments, &request.page_token).ok().as_ref()).ok_or(()));
    let after = fields.into_result(after)?;
    let practices = call.caller.practices.as_ref().map(|listed| listed.iter().map(ToString::to_string).collect());
    let filter = Filter { consultation: consultation.map(|id| id.uuid()), state, after, practices };
    Ok(ListEntries { filter, page_size, arguments, page_tokens: Arc::clone(page_tokens) })
}

pub(super) fn settle_entry(call: &Call, request: &SettleEntryRequest) -> Result<(Uuid, SettleEntry), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let entry = fields.check("name", EntryId::parse_name(&request.name));
    let action = SettleAction::read(&request.action)
        .ok_or("must be TOLD_PRACTICE_BY_PHONE, SENT_BY_OTHER_ROUTE or NOT_TO_BE_SENT");
    let action = fields.check("action", action);
    let note = fields.text("note", &request.note, 1_000);
    let parsed = request_id.zip(entry).zip(action.zip(note)).map(|((request_id, entry), (action, note))| {
        (request_id.uuid(), SettleEntry { entry, action, note, caller: Arc::clone(&call.caller) })
    });
    fields.into_result(parsed)
}

/// The version an etag stands for; none when it is empty.
fn version(fields: &mut Fields, path: &str, etag: &str) -> Option<i64> {
    if etag.is_empty() {
        return None;
    }
    let read = etag.strip_prefix('v').and_then(|digits| digits.parse::<i64>().ok()).filter(|version| *version > 0);
    fields.check(path, read.ok_or("must be the etag that was read, or empty"))
}

fn state(fields: &mut Fields, asked: i32) -> Option<State> {
    let known = match EntryState::try_from(asked) {
        Ok(EntryState::Unspecified) => return None,
        Ok(known) => State::read(known.as_str_name().trim_start_matches("ENTRY_STATE_")),
        Err(_) => None,
    };
    fields.check("state", known.ok_or("must be a state of an entry, or unspecified"))
}

/// The entry a page token stands for, by time and id.
fn place(opened: Option<&Option<(i64, Uuid)>>) -> Option<Option<(OffsetDateTime, Uuid)>> {
    let Some((micros, id)) = opened? else { return Some(None) };
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(*micros) * 1_000).ok()?;
    Some(Some((at, *id)))
}
