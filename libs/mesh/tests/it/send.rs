//! Sending, and what each failure says about the message.

use crate::server::{Answer, Server, client, client_with, config, outgoing};
use ehub_mesh::{MeshError, SendError};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const ACCEPTED: &str = r#"{"message_id":"M1"}"#;

#[tokio::test]
async fn an_unregistered_recipient_is_a_definite_refusal() {
    let body = r#"{"detail":[{"event":"SEND","code":"12","msg":"Unregistered to address"}]}"#;
    let (_, url) = Server::start([Answer::new(417, body)]).await;
    match client(&url).send(&outgoing(10)).await.unwrap_err() {
        SendError::Refused(refusal) => {
            assert_eq!((refusal.code.as_deref(), refusal.may_pass()), (Some("12"), false));
            assert_eq!(refusal.description, "Unregistered to address");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_mesh_would_not_take_is_not_sent() {
    let (server, url) = Server::start([]).await;
    let client = client(&url);
    let cases: [fn(&mut ehub_mesh::Outgoing); 4] = [
        |message| message.body.clear(),
        |message| message.to = String::new(),
        |message| message.workflow = "Zoë".into(),
        |message| message.local_id = Some("a\nb".into()),
    ];
    for change in cases {
        let mut message = outgoing(10);
        change(&mut message);
        let error = client.send(&message).await.unwrap_err();
        assert!(matches!(error, SendError::NotSent(MeshError::InvalidMessage { .. })), "{error:?}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn no_connection_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(client(&url).send(&outgoing(10)).await, Err(SendError::NotSent(MeshError::Unreachable(_)))));
}

/// Reads a request and hangs up without an answer, for ever; counts connections.
async fn silent_server() -> (String, std::sync::Arc<std::sync::atomic::AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = connection.read(&mut [0; 4096]).await;
        }
    });
    (url, count)
}

#[tokio::test]
async fn a_lost_answer_is_ambiguous_and_nothing_is_repeated() {
    let (url, count) = silent_server().await;
    let error = client(&url).send(&outgoing(10)).await.unwrap_err();
    assert!(matches!(error, SendError::Ambiguous(MeshError::Unreachable(_))), "{error:?}");
    assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn time_running_out_after_the_connection_is_ambiguous() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(&format!("http://{}", listener.local_addr().unwrap()));
    config.timeout = ehub_config::HumanDuration::from_millis(100);
    let error = client_with(&config).send(&outgoing(10)).await.unwrap_err();
    assert!(matches!(error, SendError::Ambiguous(_)), "{error:?}");
}

#[tokio::test]
async fn a_failing_server_or_an_unreadable_acceptance_is_ambiguous() {
    let (_, url) = Server::start([Answer::new(502, ""), Answer::new(504, ""), Answer::new(202, "<html>")]).await;
    let client = client(&url);
    for case in ["502", "504", "no id"] {
        assert!(matches!(client.send(&outgoing(10)).await, Err(SendError::Ambiguous(_))), "{case}");
    }
}

#[tokio::test]
async fn before_the_last_chunk_every_failure_is_not_sent() {
    // The first chunk's answer is lost; the second chunk fails three times.
    let (server, url) = Server::start([
        Answer::new(502, ""),
        Answer::new(202, ACCEPTED),
        Answer::new(502, ""),
        Answer::new(502, ""),
        Answer::new(502, ""),
    ])
    .await;
    let client = client(&url);
    for _ in 0..2 {
        assert!(matches!(client.send(&outgoing(3000)).await, Err(SendError::NotSent(_))));
    }
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn a_failure_of_the_last_chunk_is_ambiguous() {
    let failures = (0..3).map(|_| Answer::new(502, ""));
    let (_, url) = Server::start([Answer::new(202, ACCEPTED)].into_iter().chain(failures)).await;
    assert!(matches!(client(&url).send(&outgoing(2000)).await, Err(SendError::Ambiguous(_))));
}

#[tokio::test]
async fn a_refused_chunk_is_a_refusal() {
    let (server, url) = Server::start([Answer::new(202, ACCEPTED), Answer::new(406, "")]).await;
    assert!(
        matches!(client(&url).send(&outgoing(2000)).await, Err(SendError::Refused(refusal)) if refusal.status == 406)
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_last_chunk_that_arrived_on_the_lost_attempt_counts() {
    let (_, url) = Server::start([Answer::new(202, ACCEPTED), Answer::new(502, ""), Answer::new(423, "")]).await;
    assert_eq!(client(&url).send(&outgoing(2000)).await.unwrap(), "M1");
}

#[tokio::test]
async fn a_small_message_is_one_request_with_its_headers() {
    let (server, url) = Server::start([Answer::new(202, ACCEPTED)]).await;
    let message = outgoing(1024);
    assert_eq!(client(&url).send(&message).await.unwrap(), "M1");
    let asked = &server.asked()[0];
    assert_eq!(asked.target, "/messageexchange/X26ABC1/outbox");
    assert_eq!(asked.body, message.body);
    for (name, value) in [
        ("mex-to", Some("X26ABC2")),
        ("mex-workflowid", Some("TEST_WORKFLOW")),
        ("mex-localid", Some("Y01234")),
        ("mex-subject", Some("Report for Zoe")),
        ("content-type", Some("application/xml")),
        ("mex-chunk-range", None),
        ("mex-filename", None),
        ("content-encoding", None),
    ] {
        assert_eq!(asked.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn a_large_message_goes_in_numbered_chunks() {
    let accepted = |_| Answer::new(202, r#"{"messageID":"M1"}"#);
    let (server, url) = Server::start((0..3).map(accepted)).await;
    let message = outgoing(2500);
    assert_eq!(client(&url).send(&message).await.unwrap(), "M1");
    let asked = server.asked();
    let ranges: Vec<_> = asked.iter().map(|asked| asked.header("mex-chunk-range").unwrap()).collect();
    assert_eq!(ranges, ["1:3", "2:3", "3:3"]);
    assert_eq!(asked[1].target, "/messageexchange/X26ABC1/outbox/M1/2");
    assert_eq!(asked.iter().flat_map(|asked| asked.body.clone()).collect::<Vec<_>>(), message.body);
}

#[tokio::test]
async fn compression_is_per_chunk_and_repeats_byte_for_byte() {
    let (server, url) = Server::start((0..4).map(|_| Answer::new(202, ACCEPTED))).await;
    let mut config = config(&url);
    config.compress = true;
    let client = client_with(&config);
    let message = outgoing(1500);
    client.send(&message).await.unwrap();
    client.send(&message).await.unwrap();
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.header("content-encoding") == Some("gzip")));
    assert_eq!(asked[0].body, asked[2].body);
    assert_eq!(asked[1].body, asked[3].body);
}
