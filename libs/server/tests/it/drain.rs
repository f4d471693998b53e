//! Probes, workers, and the end.

use std::time::Duration;

use ehub_config::HumanDuration;
use ehub_server::{Readiness, ServeError, Worker};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tower::layer::util::Identity;

use super::harness::{code, config, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named() {
    let running = start(config()).await;
    let mut second = config();
    second.admin = running.bound.admin;
    let built = ehub_server::Built::new(tonic::service::Routes::default());
    let outcome = ehub_server::run(&second, "probe", built, Identity::new(), |_| (), std::future::pending()).await;
    assert!(matches!(outcome, Err(ServeError::Bind { port: "admin", .. })), "{outcome:?}");
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_say_what_is_missing() {
    let readiness = Readiness::new();
    let database = readiness.condition("database");
    let running = start_with(config(), Identity::new(), |built| {
        built
            .readiness(readiness)
            .config_view("{}".to_owned())
            .log_filter(|text| if text == "bad" { Err("no".to_owned()) } else { Ok(()) })
    })
    .await;
    assert!(running.admin("GET /livez HTTP/1.1").await.starts_with("HTTP/1.1 200"));
    let unready = running.admin("GET /readyz HTTP/1.1").await;
    assert!(unready.starts_with("HTTP/1.1 503") && unready.contains("database"), "{unready}");
    database.set(true);
    assert!(running.admin("GET /readyz HTTP/1.1").await.starts_with("HTTP/1.1 200"));
    assert!(running.admin("GET /config HTTP/1.1").await.ends_with("{}"));
    assert!(running.admin("GET /else HTTP/1.1").await.starts_with("HTTP/1.1 404"));
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_does_not_hold_up_the_drain() {
    let running = start(config()).await;
    let mut silent = TcpStream::connect(running.bound.grpc).await.expect("listening");
    assert_eq!(code(&running, "/test.Probe/Ok", &[]).await, tonic::Code::Ok);
    // The hard stop is 30 s away and the harness waits for 10: only an orderly end passes.
    running.stopped().await.expect("drained");
    let mut buffer = [0; 64];
    while !matches!(silent.read(&mut buffer).await, Ok(0) | Err(_)) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_stream_is_told_to_go_elsewhere() {
    let running = start(config()).await;
    let empty_message = http_body_util::Full::new(axum::body::Bytes::from_static(&[0; 5]));
    let watch = http::Request::post("/grpc.health.v1.Health/Watch").header("content-type", "application/grpc");
    let request = watch.body(tonic::body::Body::new(empty_message)).expect("legal");
    let response = tower::ServiceExt::oneshot(running.channel.clone(), request).await.expect("answered");
    assert!(response.headers().get("grpc-status").is_none(), "{:?}", response.headers());
    let watched = tokio::spawn(http_body_util::BodyExt::collect(response.into_body()));
    running.stopped().await.expect("drained");
    let collected = watched.await.expect("no panic").expect("ended in good order");
    let status = tonic::Status::from_header_map(collected.trailers().expect("trailers")).expect("a status");
    assert_eq!(status.code(), tonic::Code::Unavailable);
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert!(details.retry_info().is_some());
    assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some("STOPPING"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_is_closed_after_the_handshake_time() {
    let mut config = config();
    config.limits.handshake = HumanDuration::from_millis(50);
    let running = start(config).await;
    let mut silent = TcpStream::connect(running.bound.grpc).await.expect("listening");
    let mut buffer = [0; 64];
    let closed = async { while !matches!(silent.read(&mut buffer).await, Ok(0) | Err(_)) {} };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("closed by the server");
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_never_ends_is_cut_off_by_the_hard_stop() {
    let mut config = config();
    config.drain.hard_stop = HumanDuration::from_millis(100);
    config.deadline.max = HumanDuration::from_secs(600);
    config.deadline.default = HumanDuration::from_secs(600);
    let running = start(config).await;
    let channel = running.channel.clone();
    let hanging = tokio::spawn(async move {
        let request = http::Request::post("/test.Probe/Hold").header("content-type", "application/grpc");
        tower::ServiceExt::oneshot(channel, request.body(tonic::body::Body::empty()).expect("legal")).await
    });
    running.probe.entered.notified().await;
    running.stopped().await.expect("drained by force");
    let outcome = tokio::time::timeout(Duration::from_secs(30), hanging).await.expect("cut off").expect("no panic");
    assert!(outcome.is_err(), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_are_asked_to_end_and_waited_for() {
    let (sender, mut receiver) = mpsc::channel(1);
    let worker = Worker::new("relay", move |stop| async move {
        stop.cancelled().await;
        sender.send("ended").await.expect("the test listens");
    });
    let running = start_with(config(), Identity::new(), |built| built.worker(worker)).await;
    running.stopped().await.expect("drained");
    assert_eq!(receiver.recv().await, Some("ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_panics_ends_the_process_with_an_error() {
    let worker = Worker::new("relay", |_| async { panic!("on purpose") });
    let running = start_with(config(), Identity::new(), |built| built.worker(worker)).await;
    let outcome =
        tokio::time::timeout(Duration::from_secs(30), running.task).await.expect("bounded").expect("no panic of run");
    assert!(matches!(outcome, Err(ServeError::WorkerPanicked("relay"))), "{outcome:?}");
}
