//! Filing, replacing, reading, listing and settling entries.

use std::{sync::Arc, time::Duration};

use ehub_auth::{Caller, GrantPresented, GrantRefusal};
use ehub_identifiers::OdsCode;
use ehub_proto::writeback::v1::{self as proto, EntryState, writeback_service_server::WritebackService};
use ehub_test_support::{person, request};
use ehub_writeback::domain::State;
use tonic::Code;

use crate::world::{ALDER, CEDAR, EPOCH, FOREIGN, reason, refusal, state_of, world};

#[tokio::test]
async fn without_a_good_grant_nothing_is_filed() {
    let world = world().await;
    let filing = || world.filing(world.consultation);
    let claim = |practice| world.claim(world.consultation, practice, EPOCH);
    for (grant, expected) in [
        (GrantPresented::Absent, (Code::PermissionDenied, "GRANT_REQUIRED")),
        (GrantPresented::Invalid(GrantRefusal::OtherSubject), (Code::PermissionDenied, "GRANT_INVALID")),
        (GrantPresented::Invalid(GrantRefusal::Expired), (Code::FailedPrecondition, "CLAIM_EXPIRED")),
        (world.claim(world.without_agreement, CEDAR, EPOCH), (Code::PermissionDenied, "GRANT_FOR_ANOTHER")),
        (claim(FOREIGN), (Code::PermissionDenied, "PRACTICE_NOT_ALLOWED")),
    ] {
        let refused = refusal(world.file(filing(), grant).await);
        assert_eq!(refused, (expected.0, expected.1.to_owned()));
    }
    let held = claim(ALDER);
    world.hand.advance(Duration::from_secs(301));
    assert_eq!(refusal(world.file(filing(), held).await).1, "CLAIM_EXPIRED");
    assert!(world.raised(world.consultation).await.is_empty());
}

#[tokio::test]
async fn a_consultation_not_heard_of_is_worth_a_retry() {
    let world = world().await;
    let unknown = world.db.run.clock().uuid_v7();
    let refused = world.file(world.filing(unknown), world.claim(unknown, ALDER, EPOCH)).await.err().expect("refused");
    assert_eq!(reason(&refused), (Code::Unavailable, "CONSULTATION_UNKNOWN".into()));
    assert!(tonic_types::StatusExt::get_error_details(&refused).retry_info().is_some());
}

#[tokio::test]
async fn wrong_fields_are_all_named() {
    let world = world().await;
    let refused = world.file(proto::FileEntryRequest::default(), GrantPresented::Absent).await.err().expect("refused");
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let fields: Vec<&str> =
        details.bad_request().expect("fields").field_violations.iter().map(|wrong| wrong.field.as_str()).collect();
    assert_eq!(fields, ["request_id", "name", "consultation", "content"]);
}

#[tokio::test]
async fn names_are_unique_for_ever_and_one_entry_is_open() {
    let world = world().await;
    let first = world.filing(world.consultation);
    let grant = || world.claim(world.consultation, ALDER, EPOCH);
    world.file(first.clone(), grant()).await.map_err(|status| reason(&status)).expect("filed");
    let other = world.filing(world.consultation);
    let refused = world.file(other.clone(), grant()).await.err().expect("another is open");
    assert_eq!(reason(&refused), (Code::AlreadyExists, "ENTRY_EXISTS".into()));
    let details = tonic_types::StatusExt::get_error_details(&refused);
    assert_eq!(details.error_info().expect("info").metadata["entry"], first.name);
    let elsewhere = proto::FileEntryRequest { name: first.name.clone(), ..world.filing(world.without_agreement) };
    let refused = world.file(elsewhere, world.claim(world.without_agreement, CEDAR, EPOCH)).await;
    assert_eq!(refusal(refused).1, "ENTRY_EXISTS");
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_other_content_is_refused() {
    let world = world().await;
    let filing = world.filing(world.consultation);
    let grant = world.claim(world.consultation, ALDER, EPOCH);
    let first = world.file(filing.clone(), grant.clone()).await.map_err(|status| reason(&status)).expect("filed");
    // Even when the grant has run out in between.
    world.hand.advance(Duration::from_secs(600));
    let again = world.file_response(filing.clone(), grant).await.map_err(|status| reason(&status)).expect("replayed");
    assert_eq!(again.metadata().get("ehub-replayed").map(|value| value.as_bytes()), Some(&b"true"[..]));
    assert_eq!(again.into_inner().etag, first.etag);
    let mut other = filing;
    other.content.as_mut().expect("content").follow_up = "see again".into();
    assert_eq!(refusal(world.file(other, GrantPresented::Absent).await).1, "REQUEST_ID_REUSED");
    assert_eq!(world.raised(world.consultation).await, ["EntryFiled"]);
}

#[tokio::test]
async fn a_replacement_needs_the_etag_that_was_read() {
    let world = world().await;
    let filing = world.filing(world.consultation);
    let grant = || world.claim(world.consultation, ALDER, EPOCH);
    let replace = |etag: &str| proto::FileEntryRequest {
        request_id: world.db.run.clock().uuid_v7().to_string(),
        etag: etag.to_owned(),
        ..filing.clone()
    };
    assert_eq!(refusal(world.file(replace("v1"), grant()).await), (Code::NotFound, "ENTRY_NOT_FOUND".into()));
    let first = world.file(filing.clone(), grant()).await.map_err(|status| reason(&status)).expect("filed");
    let second = world.file(replace(&first.etag), grant()).await.map_err(|status| reason(&status)).expect("replaced");
    assert_ne!(first.etag, second.etag);
    assert_eq!(refusal(world.file(replace(&first.etag), grant()).await), (Code::Aborted, "ETAG_MISMATCH".into()));
    assert_eq!(world.raised(world.consultation).await, ["EntryFiled", "EntryFiled"]);
}

#[tokio::test]
async fn without_an_agreement_an_entry_is_accepted_and_needs_attention_until_settled() {
    let world = world().await;
    let grant = world.claim(world.without_agreement, CEDAR, EPOCH);
    let filed = world.file(world.filing(world.without_agreement), grant).await;
    let filed = filed.map_err(|status| reason(&status)).expect("accepted");
    assert_eq!((state_of(filed.state()), filed.attention_reason.as_str()), (State::NeedsAttention, "NO_AGREEMENT"));
    let entry = filed.name.trim_start_matches("entries/").parse().expect("an id");
    assert_eq!(world.settle(entry).await.map_err(|status| reason(&status)), Ok(State::Settled));
    assert_eq!(refusal(world.settle(entry).await), (Code::FailedPrecondition, "ENTRY_NOT_WAITING".into()));
    assert_eq!(world.raised(world.without_agreement).await, ["EntryFiled", "EntryMoved"]);
}

#[tokio::test]
async fn strangers_find_nothing() {
    let world = world().await;
    let entry = world.filed().await;
    let not_found = (Code::NotFound, "ENTRY_NOT_FOUND".to_owned());
    assert_eq!(refusal(world.get(entry, person("B82002", "bert")).await), not_found);
    let unlisted =
        Caller { practices: Some(vec![OdsCode::parse("C83003").expect("a code")]), ..(*world.anna()).clone() };
    assert_eq!(refusal(world.get(entry, Arc::new(unlisted)).await), not_found);
    let nowhere = world.db.run.clock().uuid_v7();
    assert_eq!(refusal(world.get(nowhere, world.anna()).await), not_found);
    let mine = world.get(entry, world.anna()).await.map_err(|status| reason(&status)).expect("mine");
    assert_eq!(mine.content.expect("content").headings["plan"], "Rest, fluids");
    assert_eq!(mine.author.expect("author").on_behalf_of_ods, "A81001");
}

#[tokio::test]
async fn lists_go_page_by_page_without_content() {
    let world = world().await;
    let first = world.filed().await;
    world.hand.advance(Duration::from_secs(1));
    let grant = world.claim(world.without_agreement, CEDAR, EPOCH);
    world.file(world.filing(world.without_agreement), grant).await.map_err(|status| reason(&status)).expect("filed");
    let list = async |token: &str, state: EntryState| {
        let path = "/ehub.writeback.v1.WritebackService/ListEntries";
        let message = proto::ListEntriesRequest {
            page_size: 1,
            page_token: token.to_owned(),
            state: state.into(),
            ..Default::default()
        };
        let listed = world.rpc.list_entries(request(message, path, world.anna(), GrantPresented::Absent)).await;
        listed.map(tonic::Response::into_inner)
    };
    let newest = list("", EntryState::Unspecified).await.map_err(|status| reason(&status)).expect("a page");
    assert_eq!((newest.entries.len(), state_of(newest.entries[0].state())), (1, State::NeedsAttention));
    assert!(newest.entries[0].content.is_none());
    let next = list(&newest.next_page_token, EntryState::Unspecified).await.map_err(|status| reason(&status));
    let next = next.expect("a page");
    assert_eq!(next.entries[0].name, format!("entries/{first}"));
    assert!(next.next_page_token.is_empty());
    let foreign = list(&newest.next_page_token, EntryState::Held).await;
    assert_eq!(refusal(foreign), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into()));
}
