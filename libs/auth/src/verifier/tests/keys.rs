//! Keys from files and addresses: start, change, failure.

use std::{fs, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::{
    AuthConfig, JwksSource, TokenRefusal, Verifier,
    dev_issuer::{DevIssuer, DevKey, jwks},
    testing::{self, Scratch},
};

struct Files {
    scratch: Scratch,
    config: AuthConfig,
    issuer: DevIssuer,
}

fn files() -> Files {
    let scratch = Scratch::new("keys");
    let issuer = DevIssuer::generate(testing::clock(), testing::ISSUER, testing::AUDIENCE);
    let mut config = testing::config();
    config.issuers[0].jwks = JwksSource::File(scratch.path("issuer.json"));
    config.grants.jwks_file = scratch.path("grants.json");
    fs::write(scratch.path("issuer.json"), issuer.jwks_json()).unwrap();
    fs::write(scratch.path("grants.json"), jwks([&DevKey::generate(&testing::clock(), "g")])).unwrap();
    Files { scratch, config, issuer }
}

impl Files {
    fn token(&self) -> String {
        self.issuer.sign(&testing::person_spec(&[]))
    }
}

#[tokio::test]
async fn a_missing_or_bad_file_stops_the_start() {
    let files = files();
    for name in ["issuer.json", "grants.json"] {
        let path = files.scratch.path(name);
        let good = fs::read(&path).unwrap();
        for bad in [&b"<html>"[..], b"{\"keys\":[]}", &vec![b' '; 100_000]] {
            fs::write(&path, bad).unwrap();
            assert!(Verifier::start(&files.config, testing::clock()).await.is_err(), "{name}");
        }
        fs::remove_file(&path).unwrap();
        assert!(Verifier::start(&files.config, testing::clock()).await.is_err(), "{name}");
        fs::write(&path, good).unwrap();
    }
    let verifier = Verifier::start(&files.config, testing::clock()).await.unwrap();
    assert!(verifier.ready());
}

#[tokio::test]
async fn a_changed_file_replaces_the_keys_and_a_broken_one_does_not() {
    let files = files();
    let verifier = Verifier::start(&files.config, testing::clock()).await.unwrap();
    assert!(verifier.verify(&files.token()).is_ok());
    let path = files.scratch.path("issuer.json");
    fs::write(&path, "{").unwrap();
    verifier.refresh().await;
    assert!(verifier.verify(&files.token()).is_ok());
    let next = DevKey::generate(&ehub_clock::Clock::system(), "next");
    fs::write(&path, jwks([&next, files.issuer.key()])).unwrap();
    verifier.refresh().await;
    assert!(verifier.verify(&files.token()).is_ok(), "both keys stand while one replaces the other");
    fs::write(&path, jwks([&next])).unwrap();
    verifier.refresh().await;
    assert_eq!(verifier.verify(&files.token()).err(), Some(TokenRefusal::Key));
}

/// Serves one scripted answer for each request, and reports each request's first line.
async fn serve(answers: Vec<String>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (report, requests) = mpsc::channel(16);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            let line = String::from_utf8_lossy(&buffer[..read]).lines().next().unwrap_or_default().to_owned();
            report.send(line).await.unwrap();
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (format!("http://{address}/keys"), requests)
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn an_address_is_read_in_the_background_and_never_for_a_token() {
    let mut files = files();
    let big = answer("200 OK", &" ".repeat(70_000));
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .to_owned();
    let answers = vec![
        answer("500 Oops", "{}"),
        big,
        redirect,
        answer("200 OK", "<html>"),
        answer("200 OK", &files.issuer.jwks_json()),
    ];
    let failing = answers.len() - 1;
    let (url, mut requests) = serve(answers).await;
    files.config.issuers[0].jwks = JwksSource::Url(url);
    let verifier = Verifier::start(&files.config, testing::clock()).await.unwrap();
    for _ in 1..failing {
        assert!(!verifier.ready());
        verifier.refresh().await;
    }
    assert!(!verifier.ready());
    assert_eq!(verifier.verify(&files.token()).err(), Some(TokenRefusal::Key));
    let mut seen = 0;
    while requests.try_recv().is_ok() {
        seen += 1;
    }
    assert_eq!(seen, failing, "one request for each reading, none for the token, none followed");
    verifier.refresh().await;
    assert!(verifier.ready());
    assert!(verifier.verify(&files.token()).is_ok());
    // Nobody answers any more: the last keys serve on.
    verifier.refresh().await;
    assert!(verifier.verify(&files.token()).is_ok());
}

#[tokio::test]
async fn keys_that_nobody_confirms_for_too_long_are_dropped() {
    let mut files = files();
    let (url, _requests) = serve(vec![answer("200 OK", &files.issuer.jwks_json())]).await;
    files.config.issuers[0].jwks = JwksSource::Url(url);
    files.config.issuers[0].max_stale = Duration::from_secs(100).into();
    let (clock, hand) = ehub_clock::Clock::manual(testing::START);
    let verifier = Verifier::start(&files.config, clock).await.unwrap();
    assert!(verifier.verify(&files.token()).is_ok());
    hand.advance(Duration::from_secs(100));
    verifier.refresh().await;
    assert!(verifier.verify(&files.token()).is_ok());
    hand.advance(Duration::from_secs(1));
    verifier.refresh().await;
    assert_eq!(verifier.verify(&files.token()).err(), Some(TokenRefusal::Key));
    assert!(!verifier.ready());
}

#[tokio::test]
async fn the_background_work_ends_when_told() {
    let files = files();
    let verifier = Verifier::start(&files.config, testing::clock()).await.unwrap();
    let stop = CancellationToken::new();
    let work = tokio::spawn(verifier.keep_fresh(stop.clone()));
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), work).await.expect("it ends").unwrap();
}
