//! Deadlines: what the caller will wait for, and what we will work for.
//!
//! tonic's own timer answers `CANCELLED` and ignores a header it cannot read, so this one strikes first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ehub_clock::Clock;
use ehub_faults::Fault;
use http::{HeaderMap, HeaderName, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};

use super::open::is_health;
use crate::DOMAIN;
use crate::body::Guarded;
use crate::config::Deadlines;
use crate::methods::Methods;
use crate::stack::{Answer, Stack, Step};

/// The header, `<1 to 8 digits><unit>` (gRPC over HTTP/2, Requests).
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How long before the caller's own timer we answer, so that the answer is still in time.
const AHEAD: Duration = Duration::from_millis(2);

/// Until when the call's work is worth doing; in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline at this instant of [`Clock::monotonic`].
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The instant.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// What is left of it; zero when it is over.
    #[must_use]
    pub fn remaining(self, clock: &Clock) -> Duration {
        self.0.saturating_duration_since(clock.monotonic())
    }
}

/// Puts a deadline on every call and keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Enforce {
    rules: Arc<Deadlines>,
    methods: Methods,
    clock: Clock,
}

/// How long a call gets.
#[derive(Debug, PartialEq, Eq)]
struct Allowance {
    time: Option<Duration>,
    /// Whether the body too must end in time: only when the caller said so, for a response once begun should be finished.
    body: bool,
}

/// Why a call gets no deadline at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Malformed,
    Missing,
}

impl Refused {
    fn fault(self) -> Fault {
        let (reason, message) = match self {
            Self::Malformed => ("DEADLINE_MALFORMED", "grpc-timeout must be 1 to 8 digits and one of H M S m u n"),
            Self::Missing => ("DEADLINE_REQUIRED", "a unary call must set a deadline"),
        };
        Fault::new(Code::InvalidArgument, DOMAIN, reason, message)
    }
}

impl Enforce {
    pub fn new(rules: Deadlines, methods: Methods, clock: Clock) -> Self {
        Self { rules: Arc::new(rules), methods, clock }
    }

    fn allowance(&self, path: &str, headers: &HeaderMap) -> Result<Allowance, Refused> {
        let asked = asked(headers)?;
        if self.methods.streams(path) {
            return Ok(Allowance { time: asked, body: asked.is_some() });
        }
        if asked.is_none() && self.rules.required == Some(true) && !is_health(path) {
            return Err(Refused::Missing);
        }
        let cap = self.rules.methods.get(path.trim_start_matches('/')).unwrap_or(&self.rules.max).get();
        let time = asked.unwrap_or(self.rules.default.get()).min(cap);
        Ok(Allowance { time: Some(time), body: asked.is_some() })
    }
}

impl Step for Enforce {
    fn step(&self, mut request: Request<Body>, next: Stack) -> Answer {
        let allowance = match self.allowance(request.uri().path(), request.headers()) {
            Ok(allowance) => allowance,
            Err(refused) => {
                return Box::pin(std::future::ready(refused.fault().into_status().into_http()));
            }
        };
        let Some(time) = allowance.time.map(|time| time.saturating_sub(AHEAD)) else {
            return next.answer(request);
        };
        if time.is_zero() {
            // Over before anything could be done; what runs outside of us would say so in other words.
            return Box::pin(std::future::ready(expired().into_http()));
        }
        request.extensions_mut().insert(Deadline(self.clock.monotonic() + time));
        Box::pin(async move {
            let until = tokio::time::sleep(time).deadline();
            match tokio::time::timeout_at(until, next.answer(request)).await {
                Ok(response) if allowance.body => bounded(response, until),
                Ok(response) => response,
                Err(_) => expired().into_http(),
            }
        })
    }
}

fn bounded(response: Response<Body>, until: tokio::time::Instant) -> Response<Body> {
    response.map(|body| {
        let over = async move {
            tokio::time::sleep_until(until).await;
            expired()
        };
        Body::new(Guarded::until(body, over))
    })
}

/// What a caller is told when time is over.
pub(crate) fn expired() -> Status {
    Fault::new(Code::DeadlineExceeded, DOMAIN, "DEADLINE_EXCEEDED", "the deadline passed before the call was done")
        .into_status()
}

fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Refused> {
    let mut values = headers.get_all(GRPC_TIMEOUT).iter();
    let parsed = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(only), None) => parse(only.as_bytes()),
        (Some(_), Some(_)) => None,
    };
    parsed.map(Some).ok_or(Refused::Malformed)
}

fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3_600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Writes a timeout as the header wants it, in the finest unit that fits, never longer than it is.
pub(crate) fn format(timeout: Duration) -> String {
    const MOST: u128 = 99_999_999;
    if timeout.as_micros() <= MOST {
        format!("{}u", timeout.as_micros())
    } else if timeout.as_millis() <= MOST {
        format!("{}m", timeout.as_millis())
    } else {
        format!("{}S", u128::from(timeout.as_secs()).min(MOST))
    }
}

#[cfg(test)]
mod tests {
    use ehub_config::HumanDuration;
    use http::HeaderValue;

    use super::*;

    fn enforce(rules: Deadlines) -> Enforce {
        let methods = Methods::read(&[tonic_health::pb::FILE_DESCRIPTOR_SET]).expect("shipped with the crate");
        Enforce::new(rules, methods, Clock::system())
    }

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (GRPC_TIMEOUT, HeaderValue::from_static(value))).fold(
            HeaderMap::new(),
            |mut map, (key, value)| {
                map.append(key, value);
                map
            },
        )
    }

    #[test]
    fn malformed_headers_are_refused() {
        for value in ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", " 1S", "1SS"] {
            assert!(parse(value.as_bytes()).is_none(), "{value}");
        }
        let fault =
            enforce(Deadlines::default()).allowance("/a.B/C", &headers(&["1S", "2S"])).expect_err("two headers");
        assert_eq!(fault, Refused::Malformed);
    }

    #[test]
    fn every_unit_is_read_and_written_values_are_read_back() {
        for (text, duration) in
            [("2H", 7_200_000_000), ("3M", 180_000_000), ("4S", 4_000_000), ("5m", 5_000), ("6u", 6)]
        {
            assert_eq!(parse(text.as_bytes()), Some(Duration::from_micros(duration)), "{text}");
        }
        assert_eq!(parse(b"99999999n"), Some(Duration::from_nanos(99_999_999)));
        for millis in [0, 1, 250, 99_999, 100_000, 99_999_999, 100_000_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(format(duration).as_bytes()), Some(duration), "{millis}");
        }
    }

    #[test]
    fn a_unary_call_gets_the_default_and_at_most_its_cap() {
        let rules = Deadlines {
            methods: [("a.B/Slow".to_owned(), HumanDuration::from_secs(60))].into(),
            ..Deadlines::default()
        };
        let enforce = enforce(rules);
        let time = |path, values: &[&'static str]| enforce.allowance(path, &headers(values)).expect("allowed").time;
        assert_eq!(time("/a.B/C", &[]), Some(Duration::from_secs(10)));
        assert_eq!(time("/a.B/C", &["1H"]), Some(Duration::from_secs(15)));
        assert_eq!(time("/a.B/Slow", &["40S"]), Some(Duration::from_secs(40)));
        assert_eq!(time("/grpc.health.v1.Health/Watch", &[]), None, "a stream may go on");
        assert_eq!(time("/grpc.health.v1.Health/Watch", &["1H"]), Some(Duration::from_secs(3_600)));
    }

    #[test]
    fn production_asks_for_a_deadline_but_not_from_probes() {
        let enforce = enforce(Deadlines { required: Some(true), ..Deadlines::default() });
        assert_eq!(enforce.allowance("/a.B/C", &HeaderMap::new()).expect_err("none set"), Refused::Missing);
        assert!(enforce.allowance("/grpc.health.v1.Health/Check", &HeaderMap::new()).is_ok());
    }
}
