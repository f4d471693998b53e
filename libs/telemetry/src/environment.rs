//! The `OTEL_*` variables: read here, every one, because the SDK honours only some and ignores the rest in silence.

use std::time::Duration;

use crate::export::Queue;

/// An `OTEL_*` variable that we cannot obey. Starting anyway would export something else than the deployer asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The variable has no meaning here.
    #[error("{0} is not supported; unset it")]
    Unsupported(String),
    /// The value is none of those that work.
    #[error("{name} must be {expected}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

/// What the environment asks for; `None` leaves the configuration's word.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Environment {
    pub disabled: bool,
    pub service_name: Option<String>,
    pub resource: Vec<(String, String)>,
    pub endpoint: Option<String>,
    pub timeout: Option<Duration>,
    pub headers: Vec<(String, String)>,
    pub sampling_ratio: Option<f64>,
    pub no_traces: bool,
    pub no_metrics: bool,
    pub no_logs: bool,
    pub metric_interval: Option<Duration>,
    pub spans: Queue,
    pub logs: Queue,
}

impl Environment {
    /// Reads every `OTEL_*` pair; other variables are not ours. An empty value counts as unset, as the specification says.
    pub fn parse(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, EnvironmentError> {
        let mut found = Self::default();
        let mut sampler = Sampling::default();
        for (name, value) in variables {
            let value = value.trim();
            if !name.starts_with("OTEL_") || value.is_empty() {
                continue;
            }
            if !found.common(&name, value)? && !found.queues(&name, value)? && !sampler.take(&name, value)? {
                return Err(EnvironmentError::Unsupported(name));
            }
        }
        found.sampling_ratio = sampler.ratio()?;
        if found.spans.batch > found.spans.capacity || found.logs.batch > found.logs.capacity {
            return wrong("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "at most the queue size");
        }
        Ok(found)
    }

    fn common(&mut self, name: &str, value: &str) -> Result<bool, EnvironmentError> {
        match name {
            "OTEL_SDK_DISABLED" => self.disabled = boolean("OTEL_SDK_DISABLED", value)?,
            "OTEL_SERVICE_NAME" => self.service_name = Some(value.to_owned()),
            "OTEL_RESOURCE_ATTRIBUTES" => self.resource = pairs("OTEL_RESOURCE_ATTRIBUTES", value)?,
            "OTEL_EXPORTER_OTLP_ENDPOINT" => self.endpoint = Some(value.to_owned()),
            "OTEL_EXPORTER_OTLP_TIMEOUT" => self.timeout = Some(millis("OTEL_EXPORTER_OTLP_TIMEOUT", value)?),
            "OTEL_EXPORTER_OTLP_HEADERS" => self.headers = pairs("OTEL_EXPORTER_OTLP_HEADERS", value)?,
            "OTEL_EXPORTER_OTLP_PROTOCOL" if value == "grpc" => {}
            "OTEL_EXPORTER_OTLP_PROTOCOL" => {
                return wrong("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc: the HTTP exporters are not built in");
            }
            "OTEL_EXPORTER_OTLP_COMPRESSION" if value == "none" => {}
            "OTEL_EXPORTER_OTLP_COMPRESSION" => {
                return wrong("OTEL_EXPORTER_OTLP_COMPRESSION", "none");
            }
            "OTEL_PROPAGATORS" if value == "tracecontext" => {}
            "OTEL_PROPAGATORS" => {
                return wrong("OTEL_PROPAGATORS", "tracecontext: baggage from outside is never read");
            }
            "OTEL_TRACES_EXPORTER" => self.no_traces = !exporter("OTEL_TRACES_EXPORTER", value)?,
            "OTEL_METRICS_EXPORTER" => self.no_metrics = !exporter("OTEL_METRICS_EXPORTER", value)?,
            "OTEL_LOGS_EXPORTER" => self.no_logs = !exporter("OTEL_LOGS_EXPORTER", value)?,
            "OTEL_METRIC_EXPORT_INTERVAL" => self.metric_interval = Some(millis("OTEL_METRIC_EXPORT_INTERVAL", value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn queues(&mut self, name: &str, value: &str) -> Result<bool, EnvironmentError> {
        match name {
            "OTEL_BSP_SCHEDULE_DELAY" => self.spans.delay = millis("OTEL_BSP_SCHEDULE_DELAY", value)?,
            "OTEL_BSP_MAX_QUEUE_SIZE" => self.spans.capacity = size("OTEL_BSP_MAX_QUEUE_SIZE", value)?,
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" => self.spans.batch = size("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", value)?,
            "OTEL_BLRP_SCHEDULE_DELAY" => self.logs.delay = millis("OTEL_BLRP_SCHEDULE_DELAY", value)?,
            "OTEL_BLRP_MAX_QUEUE_SIZE" => self.logs.capacity = size("OTEL_BLRP_MAX_QUEUE_SIZE", value)?,
            "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE" => self.logs.batch = size("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The two sampler variables, which mean something only together.
#[derive(Debug, Default)]
struct Sampling {
    name: Option<String>,
    argument: Option<f64>,
}

impl Sampling {
    fn take(&mut self, name: &str, value: &str) -> Result<bool, EnvironmentError> {
        match name {
            "OTEL_TRACES_SAMPLER" => self.name = Some(value.to_owned()),
            "OTEL_TRACES_SAMPLER_ARG" => match value.parse() {
                Ok(ratio) if (0.0..=1.0).contains(&ratio) => self.argument = Some(ratio),
                _ => return wrong("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1"),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Only parent-based samplers: any other cuts traces that a caller decided to keep.
    fn ratio(self) -> Result<Option<f64>, EnvironmentError> {
        match self.name.as_deref() {
            None if self.argument.is_some() => wrong("OTEL_TRACES_SAMPLER", "set where OTEL_TRACES_SAMPLER_ARG is"),
            None => Ok(None),
            Some("parentbased_always_on") => Ok(Some(1.0)),
            Some("parentbased_always_off") => Ok(Some(0.0)),
            Some("parentbased_traceidratio") => match self.argument {
                Some(ratio) => Ok(Some(ratio)),
                None => wrong("OTEL_TRACES_SAMPLER_ARG", "set with OTEL_TRACES_SAMPLER=parentbased_traceidratio"),
            },
            Some(_) => wrong(
                "OTEL_TRACES_SAMPLER",
                "parentbased_always_on, parentbased_always_off or parentbased_traceidratio",
            ),
        }
    }
}

fn wrong<T>(name: &'static str, expected: &'static str) -> Result<T, EnvironmentError> {
    Err(EnvironmentError::Value { name, expected })
}

fn boolean(name: &'static str, value: &str) -> Result<bool, EnvironmentError> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => wrong(name, "true or false"),
    }
}

fn exporter(name: &'static str, value: &str) -> Result<bool, EnvironmentError> {
    match value {
        "otlp" => Ok(true),
        "none" => Ok(false),
        _ => wrong(name, "otlp or none"),
    }
}

fn millis(name: &'static str, value: &str) -> Result<Duration, EnvironmentError> {
    match value.parse() {
        Ok(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => wrong(name, "a whole number of milliseconds above 0"),
    }
}

fn size(name: &'static str, value: &str) -> Result<usize, EnvironmentError> {
    match value.parse() {
        Ok(size) if (1..=65_536).contains(&size) => Ok(size),
        _ => wrong(name, "a whole number from 1 to 65536"),
    }
}

/// `key=value,key=value` with percent-encoded values (W3C Baggage syntax, as the OpenTelemetry specification says).
fn pairs(name: &'static str, text: &str) -> Result<Vec<(String, String)>, EnvironmentError> {
    const EXPECTED: &str = "key=value pairs separated by commas, values percent-encoded";
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => match percent_decode(value.trim()) {
                Some(value) => Ok((key.trim().to_owned(), value)),
                None => wrong(name, EXPECTED),
            },
            _ => wrong(name, EXPECTED),
        })
        .collect()
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        Environment::parse(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn what_we_cannot_obey_stops_the_start() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other:4317"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.1"),
            ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
            ("OTEL_PROPAGATORS", "b3"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "60000"),
            ("OTEL_RESOURCE_ATTRIBUTES", "novalue"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=%zz"),
            ("OTEL_SDK_DISABLED", "yes"),
            ("OTEL_SOMETHING_NEW", "1"),
        ] {
            let error = parse(&[(name, value)]).expect_err(name);
            assert!(error.to_string().contains("OTEL_"), "{error}");
        }
    }

    #[test]
    fn strangers_and_empty_values_are_left_alone() {
        assert_eq!(parse(&[("PATH", "/bin"), ("OTEL_TRACES_SAMPLER", "")]), Ok(Environment::default()));
    }

    #[test]
    fn supported_values_are_taken() {
        let found = parse(&[
            ("OTEL_SERVICE_NAME", "intake"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=live, k8s.pod.name=a%2Cb"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "9000"),
        ])
        .expect("all of these are supported");
        assert_eq!(found.service_name.as_deref(), Some("intake"));
        assert_eq!(found.resource[1], ("k8s.pod.name".to_owned(), "a,b".to_owned()));
        assert_eq!(found.sampling_ratio, Some(0.25));
        assert_eq!(found.timeout, Some(Duration::from_millis(1_500)));
        assert!(found.no_logs && !found.no_traces);
        assert_eq!(found.spans.capacity, 9_000);
    }
}
