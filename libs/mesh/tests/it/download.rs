//! Downloading messages.

use std::io::Write;

use crate::server::{Answer, Server, client};
use ehub_mesh::{MeshError, MessageType};
use flate2::Compression;
use flate2::write::GzEncoder;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_message_that_is_gone_says_so() {
    let (_, url) = Server::start([Answer::new(404, ""), Answer::new(410, ""), Answer::new(403, "")]).await;
    let client = client(&url);
    assert!(matches!(client.download("M1").await, Err(MeshError::Gone)));
    assert!(matches!(client.download("M1").await, Err(MeshError::Gone)));
    assert!(matches!(client.download("M1").await, Err(MeshError::Refused(_))));
}

#[tokio::test]
async fn oversized_messages_are_refused_plain_compressed_and_in_sum() {
    let chunk = |number: u8, content: Vec<u8>| {
        Answer::new(if number < 2 { 206 } else { 200 }, content).with("mex-chunk-range", format!("{number}:2"))
    };
    let (_, url) = Server::start([
        Answer::new(200, vec![0; 4097]),
        Answer::new(200, gzip(&[0; 4097])).with("content-encoding", "gzip"),
        chunk(1, vec![0; 4000]),
        chunk(2, vec![0; 97]),
    ])
    .await;
    let client = client(&url);
    for case in ["plain", "compressed", "sum"] {
        assert!(matches!(client.download("M1").await, Err(MeshError::TooLarge { limit: 4096 })), "{case}");
    }
}

#[tokio::test]
async fn the_head_of_a_message_tells_whose_it_is() {
    let answer = Answer::new(200, "").with("mex-from", "SUPPL001").with("mex-workflowid", "W");
    let (server, url) = Server::start([answer]).await;
    let head = client(&url).head("M1").await.unwrap();
    assert_eq!((head.from.as_deref(), head.workflow.as_str()), (Some("SUPPL001"), "W"));
    assert_eq!(server.asked()[0].method, "HEAD");
}

#[tokio::test]
async fn content_of_another_encoding_stays_as_it_came() {
    let (_, url) = Server::start([Answer::new(200, "abc").with("content-encoding", "br")]).await;
    assert_eq!(client(&url).download("M1").await.unwrap().body, b"abc");
}

#[tokio::test]
async fn a_missing_chunk_fails_the_whole_message() {
    let first = Answer::new(206, "one").with("mex-chunk-range", "1:2");
    let (_, url) = Server::start([first, Answer::new(503, "")]).await;
    assert!(matches!(client(&url).download("M1").await, Err(MeshError::Unavailable { status: 503 })));
}

#[tokio::test]
async fn absurd_chunk_counts_are_refused() {
    for range in ["1", "1:0", "1:x", "1:4000000000"] {
        let (server, url) = Server::start([Answer::new(206, "one").with("mex-chunk-range", range)]).await;
        assert!(matches!(client(&url).download("M1").await, Err(MeshError::Protocol { .. })), "{range}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn chunks_are_joined_each_decompressed_on_its_own() {
    let (server, url) = Server::start([
        Answer::new(206, gzip(b"one "))
            .with("content-encoding", "gzip")
            .with("mex-chunk-range", "1:3")
            .with("mex-from", "X26ABC2")
            .with("mex-workflowid", "TEST_WORKFLOW")
            .with("mex-messagetype", "DATA")
            .with("mex-localid", "L1")
            .with("mex-subject", "Subject")
            .with("mex-filename", "M1.dat"),
        Answer::new(206, "two ").with("mex-chunk-range", "2:3"),
        Answer::new(200, gzip(b"three")).with("content-encoding", "gzip").with("mex-chunk-range", "3:3"),
    ])
    .await;
    let message = client(&url).download("M1").await.unwrap();
    assert_eq!(message.body, b"one two three");
    assert_eq!(message.message_type, MessageType::Data);
    assert_eq!(message.from.as_deref(), Some("X26ABC2"));
    assert_eq!(message.workflow, "TEST_WORKFLOW");
    assert_eq!(message.local_id.as_deref(), Some("L1"));
    let targets: Vec<String> = server.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(
        targets,
        [
            "/messageexchange/X26ABC1/inbox/M1",
            "/messageexchange/X26ABC1/inbox/M1/2",
            "/messageexchange/X26ABC1/inbox/M1/3"
        ]
    );
}

#[tokio::test]
async fn a_report_has_no_content() {
    let report = Answer::new(200, "")
        .with("mex-messagetype", "REPORT")
        .with("mex-linkedmsgid", "M0")
        .with("mex-statuscode", "14")
        .with("content-encoding", "gzip");
    let (_, url) = Server::start([report]).await;
    let message = client(&url).download("R1").await.unwrap();
    assert_eq!(message.message_type, MessageType::Report);
    assert_eq!(message.linked_id.as_deref(), Some("M0"));
    assert!(message.body.is_empty());
}
