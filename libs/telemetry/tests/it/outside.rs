//! Requests to servers that are not ours.

use ehub_telemetry::{TelemetryConfig, job_span, send_outside};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tracing::Instrument as _;

use super::collector::attribute;
use super::signals::start;

const TEMPLATE: &str = "/Patient/{nhs_number}";

/// A server that answers every request with 503; gives its address and what it was sent last.
async fn busy() -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let mut seen = String::new();
        for _ in 0..2 {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let length = connection.read(&mut request).await.unwrap();
            seen = String::from_utf8_lossy(&request[..length]).into_owned();
            connection.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
        }
        seen
    });
    (format!("http://{address}"), served)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_always_measured_and_is_a_span_of_what_it_belongs_to() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    let (address, served) = busy().await;
    let request = || client().get(format!("{address}/Patient/9991000012"));
    assert_eq!(send_outside(request(), TEMPLATE).await.unwrap().status(), 503);
    let within = send_outside(request(), TEMPLATE).instrument(job_span("trace_patient", None));
    assert_eq!(within.await.unwrap().status(), 503);
    let sent = served.await.unwrap();
    telemetry.shutdown().await;

    assert!(!sent.to_lowercase().contains("traceparent"), "{sent}");
    let spans = collector.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /Patient/{nhs_number}", "trace_patient"]);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    assert_eq!(attribute(&spans[0].attributes, "error.type"), Some("503"));
    assert_eq!(attribute(&spans[0].attributes, "server.address"), Some("127.0.0.1"));
    assert!(!format!("{:?}", collector.received().traces).contains("9991000012"));

    let Some(Data::Histogram(durations)) = collector.metric("http.client.request.duration").data else {
        panic!("a histogram")
    };
    assert_eq!(durations.data_points[0].count, 2);
    assert_eq!(attribute(&durations.data_points[0].attributes, "http.response.status_code"), Some("503"));
    assert_eq!(attribute(&durations.data_points[0].attributes, "url.template"), Some(TEMPLATE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_a_word_and_never_the_address() {
    let (collector, telemetry) = start(TelemetryConfig::default()).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let request = client().get(format!("http://{address}/Patient/9991000012"));
    send_outside(request, TEMPLATE).instrument(job_span("trace_patient", None)).await.unwrap_err();
    telemetry.shutdown().await;

    let span = collector.span("GET /Patient/{nhs_number}");
    assert_eq!(attribute(&span.attributes, "error.type"), Some("connect"));
    assert_eq!(attribute(&span.attributes, "http.response.status_code"), None);
    assert!(!format!("{span:?}").contains("9991000012"));
}
