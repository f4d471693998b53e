//! Listing and watching an inbox.

use std::time::Duration;

use ehub_auth::GrantPresented;
use ehub_proto::allocation::v1::{
    GetWorkItemRequest, ListInboxRequest, WatchRequest, WatchResponse, allocation_service_server::AllocationService,
    watch_response::Change,
};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use crate::world::{ALDER, BIRCH, World, anna, call, pat, reason};

fn page(size: i32, token: &str, mine: bool) -> ListInboxRequest {
    ListInboxRequest { page_size: size, page_token: token.to_owned(), mine }
}

async fn next(stream: &mut (impl Stream<Item = Result<WatchResponse, Status>> + Unpin)) -> Result<Change, Status> {
    let message =
        tokio::time::timeout(Duration::from_secs(60), stream.next()).await.expect("in time").expect("a message");
    message.map(|message| message.change.expect("a change"))
}

#[tokio::test]
async fn another_practices_item_is_not_found() {
    let world = World::new().await;
    let id = world.arrive(BIRCH).await;
    let message = GetWorkItemRequest { consultation: format!("consultations/{id}") };
    let refused = world.rpc.get_work_item(call("GetWorkItem", message, &pat(), GrantPresented::Absent)).await;
    assert_eq!(reason(refused), "ITEM_NOT_FOUND");
}

#[tokio::test]
async fn a_foreign_page_token_and_a_negative_size_are_refused() {
    let world = World::new().await;
    let list = |message| world.rpc.list_inbox(call("ListInbox", message, &anna(), GrantPresented::Absent));
    assert_eq!(reason(list(page(-1, "", false)).await), "INVALID_FIELDS");
    assert_eq!(reason(list(page(0, "nonsense", false)).await), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn pages_hold_every_item_once_in_the_order_of_claiming() {
    let world = World::new().await;
    let mut there = Vec::new();
    for _ in 0..5 {
        there.push(format!("consultations/{}", world.arrive(ALDER).await));
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let answer =
            world.rpc.list_inbox(call("ListInbox", page(2, &token, false), &anna(), GrantPresented::Absent)).await;
        let answer = answer.ok().expect("a page").into_inner();
        seen.extend(answer.items.into_iter().map(|item| item.consultation));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, there);
    world.claim().await;
    let mine = world.rpc.list_inbox(call("ListInbox", page(0, "", true), &anna(), GrantPresented::Absent)).await;
    let mine = mine.ok().expect("a page").into_inner();
    assert_eq!(mine.items.len(), 1);
    assert_eq!(mine.items[0].consultation, there[0]);
}

#[tokio::test]
async fn a_watch_begins_with_what_is_there_and_tells_what_changes() {
    let world = World::new().await;
    let id = world.arrive(ALDER).await;
    let answer = world.rpc.watch(call("Watch", WatchRequest { mine: false }, &anna(), GrantPresented::Absent)).await;
    let mut stream = answer.ok().expect("a stream").into_inner();
    assert!(
        matches!(next(&mut stream).await, Ok(Change::Item(item)) if item.consultation == format!("consultations/{id}"))
    );
    assert!(matches!(next(&mut stream).await, Ok(Change::Heartbeat(_))));
    world.claim().await;
    assert!(matches!(next(&mut stream).await, Ok(Change::Gone(name)) if name == format!("consultations/{id}")));
    assert!(matches!(next(&mut stream).await, Ok(Change::Heartbeat(_))));
    world.end_streams.cancel();
    let end = next(&mut stream).await.err().expect("an end");
    assert_eq!(end.code(), tonic::Code::Unavailable);
}

#[tokio::test]
async fn a_watch_ends_with_its_token() {
    let world = World::new().await;
    let mut caller = (*anna()).clone();
    caller.expires_at = world.clock.now();
    let caller = std::sync::Arc::new(caller);
    let answer = world.rpc.watch(call("Watch", WatchRequest { mine: true }, &caller, GrantPresented::Absent)).await;
    let mut stream = answer.ok().expect("a stream").into_inner();
    let end = loop {
        if let Err(status) = next(&mut stream).await {
            break status;
        }
    };
    assert_eq!(end.code(), tonic::Code::Unauthenticated);
}
