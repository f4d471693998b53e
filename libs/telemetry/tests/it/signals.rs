//! One process exports all three signals; each test is a process of its own, because a subscriber is for ever.

use std::convert::Infallible;

use ehub_telemetry::lifecycle::{LifecycleExporter, LifecycleSpan};
use ehub_telemetry::metrics::{self, Counter, Gauge};
use ehub_telemetry::{
    ClientTraceLayer, Format, KnownMethods, Processed, Relation, ServerTraceLayer, Telemetry, TelemetryConfig,
};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as NumberValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use time::macros::datetime;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tower::{Layer as _, Service, ServiceExt as _};
use tracing::Instrument as _;

use super::collector::{Collector, attribute};

static ACCEPTED: Counter = metrics::counter("ehub.intake.consultations", "{consultation}", "Consultations by outcome.");
static DEPTH: Gauge = metrics::gauge("ehub.queue.depth", "{message}", "What waits.");

pub async fn start(config: TelemetryConfig) -> (Collector, Telemetry) {
    let (collector, address) = Collector::start().await;
    let config = TelemetryConfig { otlp_endpoint: Some(format!("http://{address}")), format: Format::Pretty, ..config };
    let telemetry = ehub_telemetry::init("intake", "1.2.3", &config, []).unwrap();
    (collector, telemetry)
}

/// Answers as a handler would: a line, a note of the consultation, and trailers-only headers with the given code.
fn handler(
    code: Code,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone {
    tower::service_fn(move |_request: Request<Body>| async move {
        ehub_telemetry::record_consultation("c-42");
        tracing::info!(step = 1, "handled");
        Ok(Status::with_metadata(code, "no", MetadataMap::new()).into_http())
    })
}

fn call(method: &str) -> Request<Body> {
    Request::post(format!("http://intake:7000/{method}")).body(Body::empty()).unwrap()
}

async fn through_both_layers(code: Code, method: &str) {
    let known = KnownMethods::new(["ehub.intake.v1.IntakeService/Submit".to_owned()]);
    let server = ServerTraceLayer::new(known).layer(handler(code));
    let request = call(method);
    let client = ClientTraceLayer::new(request.uri()).layer(server.map_response(|response| response.map(Body::new)));
    let response = client.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_trace_with_metrics_and_logs() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    through_both_layers(Code::Internal, "ehub.intake.v1.IntakeService/Submit").await;
    ACCEPTED.add(2, &[("ehub.outcome", "accepted")]);
    DEPTH.set(7.0, &[("ehub.queue", "outbox")]);
    telemetry.shutdown().await;

    let spans = collector.spans();
    assert_eq!(spans.len(), 2, "one client and one server span");
    let of_kind = |kind: SpanKind| spans.iter().find(|span| span.kind == i32::from(kind)).unwrap();
    let (client, server) = (of_kind(SpanKind::Client), of_kind(SpanKind::Server));
    assert_eq!(server.name, "ehub.intake.v1.IntakeService/Submit");
    assert_eq!((&server.trace_id, &server.parent_span_id), (&client.trace_id, &client.span_id));
    assert_eq!(attribute(&server.attributes, "rpc.response.status_code"), Some("INTERNAL"));
    assert_eq!(attribute(&server.attributes, "error.type"), Some("INTERNAL"));
    assert_eq!(attribute(&server.attributes, "ehub.consultation.id"), Some("c-42"));
    assert_eq!(attribute(&client.attributes, "server.address"), Some("intake"));
    for noise in ["thread.name", "code.filepath", "busy_ns", "target"] {
        assert!(server.attributes.iter().all(|pair| pair.key != noise), "{noise}");
    }
    let resource = collector.received().traces[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(attribute(&resource.attributes, "service.name"), Some("intake"));
    assert_eq!(attribute(&resource.attributes, "service.namespace"), Some("ehub"));
    assert_eq!(attribute(&resource.attributes, "service.version"), Some("1.2.3"));

    let logs = collector.logs();
    let line = logs.iter().find(|log| attribute(&log.attributes, "ehub.consultation.id") == Some("c-42")).unwrap();
    assert_eq!((&line.trace_id, &line.span_id), (&server.trace_id, &server.span_id));
    assert!(logs.len() < 10, "the exporter's own work is not exported: {}", logs.len());

    let Some(Data::Histogram(durations)) = collector.metric("rpc.server.call.duration").data else {
        panic!("a histogram")
    };
    assert_eq!(collector.metric("rpc.server.call.duration").unit, "s");
    assert_eq!(durations.data_points[0].explicit_bounds, metrics::CALL_BUCKETS);
    assert_eq!(attribute(&durations.data_points[0].attributes, "error.type"), Some("INTERNAL"));
    let Some(Data::Sum(accepted)) = collector.metric("ehub.intake.consultations").data else { panic!("a sum") };
    assert_eq!(attribute(&accepted.data_points[0].attributes, "ehub.outcome"), Some("accepted"));
    assert!(matches!(collector.metric("ehub.queue.depth").data, Some(Data::Gauge(_))));
    let Some(Data::Sum(lost)) = collector.metric("ehub.telemetry.dropped").data else { panic!("a sum") };
    assert_eq!(lost.data_points.len(), 6, "three signals, two reasons");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_method_does_not_become_a_name() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    through_both_layers(Code::Unimplemented, "made.Up/Name").await;
    telemetry.shutdown().await;
    let server = collector.span("_OTHER");
    assert_eq!(attribute(&server.attributes, "rpc.method"), Some("_OTHER"));
    assert!(!format!("{server:?}").contains("made.Up"), "a stranger's text is kept nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processing_links_to_its_cause_or_follows_it() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    let stored =
        async { ehub_telemetry::current_traceparent() }.instrument(tracing::info_span!("cause")).await.unwrap();
    for (name, relation) in [("linked", Relation::Link), ("child", Relation::Parent), ("both", Relation::Both)] {
        let processed = Processed { source: "intake", messages: 1, causes: vec![&stored], ..Processed::default() };
        let span = ehub_telemetry::process_span(name, &processed, relation);
        async { ehub_telemetry::record_consultation("c-1") }.instrument(span).await;
    }
    let broken = Processed { causes: vec!["nonsense"], ..Processed::default() };
    ehub_telemetry::process_span("broken", &broken, Relation::Both).in_scope(|| ());
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let several =
        Processed { messages: 3, causes: vec![stored.as_str(), other, stored.as_str()], ..Processed::default() };
    ehub_telemetry::process_span("several", &several, Relation::Parent).in_scope(|| ());
    telemetry.shutdown().await;

    let cause = collector.span("cause");
    let linked = collector.span("linked");
    assert_ne!(linked.trace_id, cause.trace_id);
    assert_eq!((&linked.links[0].trace_id, &linked.links[0].span_id), (&cause.trace_id, &cause.span_id));
    assert!(linked.parent_span_id.is_empty());
    let child = collector.span("child");
    assert_eq!((&child.trace_id, &child.parent_span_id), (&cause.trace_id, &cause.span_id));
    assert!(child.links.is_empty());
    let both = collector.span("both");
    assert_eq!((both.parent_span_id, both.links.len()), (cause.span_id, 1));
    assert!(collector.span("broken").links.is_empty());
    let several = collector.span("several");
    assert!(several.parent_span_id.is_empty(), "no cause of several is the parent");
    assert_eq!(several.links.len(), 2, "each cause once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signs_of_life_leave_no_span_and_tell_those_they_call_to_leave_none() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    let passed_on = async {
        let inner = tracing::info_span!("inside");
        async { ehub_telemetry::current_traceparent() }.instrument(inner).await
    }
    .instrument(ehub_telemetry::quiet_span("heartbeat"))
    .await;
    ehub_telemetry::job_span("send_document", Some(uuid::Uuid::from_u128(1))).in_scope(|| ());
    telemetry.shutdown().await;
    assert!(passed_on.is_some_and(|parent| parent.ends_with("-00")));
    let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["send_document"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ratio_zero_exports_no_span_and_the_filter_changes_while_running() {
    let (collector, telemetry) =
        start(TelemetryConfig { sampling_ratio: 0.0, filter: "warn".to_owned(), ..TelemetryConfig::default() }).await;
    let parent =
        async { ehub_telemetry::current_traceparent() }.instrument(tracing::info_span!("unsampled")).await.unwrap();
    assert!(parent.ends_with("-00"), "passed on as not sampled");
    tracing::info!("below the filter");
    telemetry.set_filter("info").unwrap();
    tracing::info!(target: "ehub_test", "after the change");
    assert!(telemetry.set_filter("=,=").is_err());
    telemetry.shutdown().await;
    assert!(collector.spans().is_empty());
    let bodies: Vec<_> = collector.logs().into_iter().map(|log| format!("{:?}", log.body)).collect();
    assert!(bodies.iter().any(|body| body.contains("after the change")), "{bodies:?}");
    assert!(!bodies.iter().any(|body| body.contains("below the filter")), "{bodies:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_span_arrives_or_is_counted_as_lost() {
    const MADE: usize = 500;
    let (collector, address) = Collector::start().await;
    let config = TelemetryConfig { otlp_endpoint: Some(format!("http://{address}")), ..TelemetryConfig::default() };
    let small = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"),
        ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
    ];
    let variables = small.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let telemetry = ehub_telemetry::init("intake", "1", &config, variables).unwrap();
    for _ in 0..MADE {
        tracing::info_span!("burst").in_scope(|| ());
    }
    telemetry.shutdown().await;
    let Some(Data::Sum(lost)) = collector.metric("ehub.telemetry.dropped").data else { panic!("a sum") };
    let spans =
        lost.data_points.iter().filter(|point| attribute(&point.attributes, "ehub.telemetry.signal") == Some("traces"));
    let lost: i64 = spans
        .map(|point| match point.value {
            Some(NumberValue::AsInt(count)) => count,
            _ => panic!("whole numbers"),
        })
        .sum();
    assert!(lost > 0, "the burst was meant to be too large");
    assert_eq!(collector.spans().len() + usize::try_from(lost).unwrap(), MADE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_worker_thread_exports_everything_and_ends() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    through_both_layers(Code::Ok, "ehub.intake.v1.IntakeService/Submit").await;
    tracing::info!("a line");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), telemetry.shutdown()).await;
    ended.expect("no exporter waits for the thread that waits for it");
    assert_eq!(collector.spans().len(), 2);
    assert!(!collector.logs().is_empty());
    assert!(collector.metric("rpc.server.call.duration").data.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_collector_that_never_answers_holds_up_neither_calls_nor_the_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = TelemetryConfig { otlp_endpoint: Some(format!("http://{address}")), ..TelemetryConfig::default() };
    let small = [("OTEL_BSP_MAX_QUEUE_SIZE", "10"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")];
    let variables = small.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let telemetry = ehub_telemetry::init("intake", "1", &config, variables).unwrap();
    let calls = async {
        for _ in 0..200 {
            through_both_layers(Code::Ok, "ehub.intake.v1.IntakeService/Submit").await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), calls).await.expect("calls go on");
    tokio::time::timeout(std::time::Duration::from_secs(30), telemetry.shutdown()).await.expect("bounded");
    drop(listener);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lifecycle_trace_arrives_and_its_repeat_is_byte_identical() {
    let (collector, address) = Collector::start().await;
    let exporter = LifecycleExporter::connect(&format!("http://{address}"), None).unwrap();
    let root = LifecycleSpan {
        name: "consultation lifecycle".to_owned(),
        span_key: "root".to_owned(),
        parent_key: None,
        start: datetime!(2026-03-01 08:00 UTC),
        end: datetime!(2026-03-01 09:00 UTC),
        attributes: vec![("ehub.consultation.id".to_owned(), "c-1".to_owned())],
        links: vec!["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()],
    };
    let stage =
        LifecycleSpan { span_key: "stage/intake".to_owned(), parent_key: Some("root".to_owned()), ..root.clone() };
    let trace = ehub_telemetry::lifecycle::trace_id(uuid::Uuid::from_u128(7), 1, 1);
    let spans = [root, stage];
    exporter.export(trace, &spans).await.unwrap();
    exporter.export(trace, &spans).await.unwrap();
    let received = collector.received();
    assert_eq!(received.traces.len(), 2);
    assert_eq!(received.traces[0].encode_to_vec(), received.traces[1].encode_to_vec());
    let span = &received.traces[0].resource_spans[0].scope_spans[0].spans[1];
    assert_eq!(span.trace_id, trace);
    assert_eq!(span.parent_span_id, ehub_telemetry::lifecycle::span_id(trace, "root"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_does_not_hold_up_the_end() {
    let config = TelemetryConfig { otlp_endpoint: Some("http://127.0.0.1:9".to_owned()), ..TelemetryConfig::default() };
    let telemetry = ehub_telemetry::init("intake", "1", &config, []).unwrap();
    tracing::info_span!("lost").in_scope(|| ());
    tokio::time::timeout(std::time::Duration::from_secs(30), telemetry.shutdown()).await.expect("bounded");
    let exporter = LifecycleExporter::connect("http://127.0.0.1:9", None).unwrap();
    assert!(exporter.export([1; 16], &[]).await.is_err());
}
