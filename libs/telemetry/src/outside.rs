//! Requests to servers that are not ours: MESH, demographics, the prescription service, duty contacts, key sets.

use ehub_clock::Clock;
use reqwest::{Error, Request, RequestBuilder, Response};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::metrics::{CALL_BUCKETS, Histogram, histogram};
use crate::spans::record_failure;

static DURATION: Histogram = histogram(
    "http.client.request.duration",
    "s",
    "Duration of requests to servers outside, until their answer's headers.",
    CALL_BUCKETS,
);

/// Sends a request and measures it. It has a client span when something is under way that it belongs to: a look for
/// work every few seconds has none.
///
/// `template` is the path with its parameters named, such as `/Patient/{nhs_number}`. The address itself may name a
/// patient and is told nobody, and no `traceparent` goes to a server outside.
pub async fn send_outside(request: RequestBuilder, template: &'static str) -> Result<Response, Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let about = About::of(&request, template);
    let clock = Clock::system();
    let (begun, span) = (clock.monotonic(), about.span());
    #[expect(clippy::disallowed_methods, reason = "this is the place that others are sent to")]
    let answer = client.execute(request).instrument(span.clone()).await;
    about.tell(&answer, (clock.monotonic() - begun).as_secs_f64(), &span);
    answer
}

/// What may be said of a request.
struct About {
    method: String,
    template: &'static str,
    address: String,
    port: u16,
}

impl About {
    fn of(request: &Request, template: &'static str) -> Self {
        let url = request.url();
        Self {
            method: request.method().as_str().to_owned(),
            template,
            address: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
        }
    }

    fn span(&self) -> Span {
        if Span::current().is_none() {
            return Span::none();
        }
        tracing::info_span!(
            target: "ehub::http",
            "http.client",
            otel.name = format!("{} {}", self.method, self.template),
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = self.method.as_str(),
            url.template = self.template,
            server.address = self.address.as_str(),
            // Signed: an unsigned number would be exported as text.
            server.port = i64::from(self.port),
            http.response.status_code = Empty,
            error.type = Empty,
        )
    }

    fn tell(&self, answer: &Result<Response, Error>, seconds: f64, span: &Span) {
        let status = answer.as_ref().ok().map(|response| response.status().as_u16());
        let code = status.map(|code| code.to_string()).unwrap_or_default();
        let port = self.port.to_string();
        let mut attributes = vec![
            ("http.request.method", self.method.as_str()),
            ("url.template", self.template),
            ("server.address", self.address.as_str()),
            ("server.port", port.as_str()),
        ];
        if let Some(status) = status {
            span.record("http.response.status_code", i64::from(status));
            attributes.push(("http.response.status_code", code.as_str()));
        }
        let failure = match answer {
            Ok(response) if response.status().is_success() || response.status().is_redirection() => None,
            Ok(_) => Some(code.as_str()),
            Err(error) => Some(failure_word(error)),
        };
        if let Some(failure) = failure {
            record_failure(span, failure);
            attributes.push(("error.type", failure));
        }
        DURATION.record(seconds, &attributes);
    }
}

/// A word for a failure to get an answer: the error itself may name the address, and that a patient.
#[must_use]
pub fn failure_word(error: &Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "broken"
    }
}
