//! Calls between services, through our own channel.

use std::sync::Arc;
use std::time::Duration;

use ehub_clock::Clock;
use ehub_server::Deadline;
use ehub_server::client::{self, Balance, Channel, ClientConfig};
use http::Request;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::harness::{config, start};

fn request(path: &str) -> Request<Body> {
    Request::post(path).header("content-type", "application/grpc").body(Body::empty()).expect("legal")
}

async fn call(channel: Channel, request: Request<Body>) -> Status {
    match channel.oneshot(request).await {
        Ok(response) => Status::from_header_map(response.headers()).expect("trailers only"),
        Err(error) => Status::from_error(error),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_unavailable() {
    let channel = client::channel("http://127.0.0.1:9", Arc::new(|| None)).expect("an address");
    assert_eq!(call(channel, request("/test.Probe/Ok")).await.code(), Code::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_and_deadline_travel_and_lateness_is_called_by_its_name() {
    let running = start(config()).await;
    let uri = format!("http://{}", running.bound.grpc);
    let channel = client::channel(&uri, Arc::new(|| Some("t-1".to_owned()))).expect("an address");
    assert_eq!(call(channel.clone(), request("/test.Probe/Token")).await.code(), Code::Ok);

    let mut late = request("/test.Probe/Hang");
    late.extensions_mut().insert(Deadline::at(Clock::system().monotonic() + Duration::from_millis(150)));
    assert_eq!(call(channel.clone(), late).await.code(), Code::DeadlineExceeded);

    let mut own = request("/test.Probe/Hang");
    own.headers_mut().insert("grpc-timeout", http::HeaderValue::from_static("50m"));
    assert_eq!(call(channel.clone(), own).await.code(), Code::DeadlineExceeded);

    let anonymous = client::channel(&uri, Arc::new(|| None)).expect("an address");
    assert_eq!(call(anonymous, request("/test.Probe/Token")).await.code(), Code::Unauthenticated);
    drop(channel);
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_headless_name_is_looked_up_and_dialled() {
    let running = start(config()).await;
    let uri = format!("http://localhost:{}", running.bound.grpc.port());
    let config = ClientConfig { balance: Balance::Headless, ..ClientConfig::new(uri) };
    let channel = client::connect(&config, Arc::new(|| None)).expect("an address");
    assert_eq!(call(channel, request("/test.Probe/Ok")).await.code(), Code::Ok);
    running.stopped().await.expect("drained");
}
