//! What the edge lets through and what it says to the rest.

use ehub_config::HumanDuration;
use ehub_faults::Fault;
use ehub_server::Stack;
use http::Request;
use tonic::Code;
use tonic::body::Body;
use tonic_types::StatusExt as _;

use super::harness::{code, config, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_call_of_ours_is_refused() {
    let running = start(config()).await;
    assert_eq!(code(&running, "/no.Such/Method", &[]).await, Code::Unimplemented);
    assert_eq!(code(&running, "/test.Probe/NoSuch", &[]).await, Code::Unimplemented);
    assert_eq!(code(&running, "/test.Probe/Ok?x=1", &[]).await, Code::Unimplemented);
    let get = Request::get("/test.Probe/Ok").header("content-type", "application/grpc");
    assert_eq!(running.send(get).await.status(), 405);
    let json = Request::post("/test.Probe/Ok").header("content-type", "application/json");
    assert_eq!(running.send(json).await.status(), 415);
    assert_eq!(code(&running, "/test.Probe/Ok", &[]).await, Code::Ok);
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlines_are_read_kept_and_capped() {
    let mut config = config();
    config.deadline.max = HumanDuration::from_secs(2);
    config.deadline.default = HumanDuration::from_millis(50);
    let running = start(config).await;
    for malformed in ["", "5", "5x", "123456789S"] {
        let status = running.call("/test.Probe/Ok", &[("grpc-timeout", malformed)]).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{malformed}");
        assert_eq!(status.get_error_details().error_info().expect("a reason").reason, "DEADLINE_MALFORMED");
    }
    // Without the header, so that no timer of the client can be the first to strike.
    let expired = running.call("/test.Probe/Hang", &[]).await;
    assert_eq!(expired.code(), Code::DeadlineExceeded, "{expired}");
    let left = running.call("/test.Probe/Deadline", &[("grpc-timeout", "1H")]).await;
    let left: u64 = left.message().parse().expect("milliseconds");
    assert!((1_000..2_000).contains(&left), "{left}");
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_may_ask_every_unary_call_for_a_deadline() {
    let mut config = config();
    config.deadline.required = Some(true);
    let running = start(config).await;
    let without = running.call("/test.Probe/Ok", &[]).await;
    assert_eq!(without.code(), Code::InvalidArgument);
    assert_eq!(without.get_error_details().error_info().expect("a reason").reason, "DEADLINE_REQUIRED");
    assert_eq!(code(&running, "/test.Probe/Ok", &[("grpc-timeout", "5S")]).await, Code::Ok);
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_internal_and_the_connection_survives() {
    let running = start(config()).await;
    let status = running.call("/test.Probe/Panic", &[]).await;
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
    assert_eq!(status.get_error_details().error_info().expect("a reason").reason, "INTERNAL");
    assert_eq!(code(&running, "/test.Probe/Ok", &[]).await, Code::Ok);
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_calls_are_shed_with_advice_and_health_still_answers() {
    let mut config = config();
    config.limits.in_flight = 1;
    let running = start(config).await;
    let (shed, held, health) = {
        let held = running.call("/test.Probe/Hold", &[]);
        let others = async {
            running.probe.entered.notified().await;
            let shed = running.call("/test.Probe/Ok", &[]).await;
            let check = Request::post("/grpc.health.v1.Health/Check").header("content-type", "application/grpc");
            let health = running.send(check).await;
            running.probe.release.notify_one();
            (shed, health)
        };
        let (held, (shed, health)) = tokio::join!(held, others);
        (shed, held, health)
    };
    assert_eq!(shed.code(), Code::ResourceExhausted);
    assert_eq!(shed.get_error_details().error_info().map(|info| info.reason.as_str()), Some("OVERLOADED"));
    assert!(shed.get_error_details().retry_info().and_then(|info| info.retry_delay).is_some());
    assert_eq!(held.code(), Code::Ok);
    assert_eq!(health.status(), 200);
    assert_eq!(code(&running, "/test.Probe/Ok", &[]).await, Code::Ok, "the place is free again");
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth_stands_before_every_route_but_health_and_reflection() {
    let refuse = tower::layer::layer_fn(|_: Stack| {
        tower::service_fn(|_: Request<Body>| async {
            Ok::<_, std::convert::Infallible>(
                Fault::unauthenticated("TOKEN_INVALID", "no").into_status().into_http::<Body>(),
            )
        })
    });
    let running = start_with(config(), refuse, |built| built).await;
    assert_eq!(code(&running, "/test.Probe/Ok", &[]).await, Code::Unauthenticated);
    assert_eq!(code(&running, "/no.Such/Method", &[]).await, Code::Unauthenticated);
    for open in ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] {
        let response = running.send(Request::post(open).header("content-type", "application/grpc")).await;
        let status = tonic::Status::from_header_map(response.headers());
        assert!(status.is_none_or(|status| status.code() != Code::Unauthenticated), "{open}");
    }
    running.stopped().await.expect("drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_list_beyond_the_limit_is_refused() {
    let running = start(config()).await;
    let large = "x".repeat(20 * 1_024);
    let response = running
        .send(Request::post("/test.Probe/Ok").header("content-type", "application/grpc").header("x-large", large))
        .await;
    assert_eq!(response.status(), 431);
    running.stopped().await.expect("drained");
}
