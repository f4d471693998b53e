//! Listing the inbox.

use crate::server::{Answer, Server, client};
use ehub_mesh::MeshError;

#[tokio::test]
async fn a_next_page_elsewhere_is_not_visited() {
    let page = r#"{"messages":["A"],"links":{"next":"http://evil.example/inbox"}}"#;
    let (server, url) = Server::start([Answer::new(200, page)]).await;
    assert!(matches!(client(&url).inbox(None).await, Err(MeshError::Protocol { .. })));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn pages_in_a_circle_end() {
    let page = r#"{"messages":["A"],"links":{"next":"/messageexchange/X26ABC1/inbox?max_results=500"}}"#;
    let (_, url) = Server::start([Answer::new(200, page), Answer::new(200, page)]).await;
    assert!(matches!(client(&url).inbox(None).await, Err(MeshError::Protocol { .. })));
}

#[tokio::test]
async fn a_failing_server_and_nonsense_are_told_apart() {
    let (_, url) = Server::start([Answer::new(503, ""), Answer::new(200, "<html>")]).await;
    let client = client(&url);
    assert!(matches!(client.inbox(None).await, Err(MeshError::Unavailable { status: 503 })));
    assert!(matches!(client.inbox(None).await, Err(MeshError::Protocol { .. })));
}

#[tokio::test]
async fn pages_are_followed_in_order_and_each_id_given_once() {
    let next = "/messageexchange/X26ABC1/inbox?max_results=500&continue_from=abc%3D";
    let first = format!(r#"{{"messages":["A","B"],"links":{{"self":"/x","next":"{next}"}},"approx_inbox_count":3}}"#);
    let second = r#"{"messages":["B","C"],"links":{"self":"/x"}}"#;
    let (server, url) = Server::start([Answer::new(200, first), Answer::new(200, second)]).await;
    assert_eq!(client(&url).inbox(Some("*_ACK*")).await.unwrap(), ["A", "B", "C"]);
    let asked = server.asked();
    assert_eq!(asked[0].target, "/messageexchange/X26ABC1/inbox?max_results=500&workflow_filter=*_ACK*");
    assert_eq!(asked[1].target, next);
}

#[tokio::test]
async fn the_first_version_of_the_answer_is_understood() {
    let (_, url) = Server::start([Answer::new(200, r#"{"messages":[]}"#)]).await;
    assert!(client(&url).inbox(None).await.unwrap().is_empty());
}
