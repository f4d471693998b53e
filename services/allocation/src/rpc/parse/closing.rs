//! Parsing how a consultation ends.

use ehub_calls::Call;
use ehub_clock::Timestamp;
use ehub_faults::{Fault, Fields};
use ehub_proto::allocation::v1::{
    CompleteRequest, Outcome, OutcomeKind as ProtoKind, RecordSeen, SafeDisposition, Told,
};
use uuid::Uuid;

use crate::{
    domain::{
        closing::{Closing, Record, Safe},
        words::{NotSeen, OutcomeKind, SafeKind, ToldChannel},
    },
    rpc::{
        closing::Asked,
        parse::{actor, consultation, request_id},
    },
};

pub(crate) fn complete(call: &Call, request: CompleteRequest, now: Timestamp) -> Result<(Uuid, Asked), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let named = consultation(&mut fields, &request.consultation);
    let outcome = outcome(&mut fields, request.outcome.as_ref());
    let told = told(&mut fields, request.told.as_ref(), now);
    let clinical = outcome.as_ref().is_some_and(|(kind, _)| kind.is_clinical());
    let record = record(&mut fields, request.record_seen.as_ref(), clinical, now);
    let safe = safe(&mut fields, request.safe_disposition.as_ref(), now);
    let parsed = id.zip(named).zip(outcome.zip(told));
    let ((id, consultation), ((outcome, note), (told_at, told_by))) = fields.into_result(parsed)?;
    let closing = Closing { outcome, note, told_at, told_by, record, safe };
    Ok((id, Asked { actor: actor(call), consultation, closing }))
}

/// A time that must be there and must have come.
fn past(
    fields: &mut Fields,
    path: &'static str,
    at: Option<&prost_types::Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = fields.require(path, at)?;
    match ehub_proto::instant(at) {
        Some(at) if at <= now => Some(at),
        Some(_) => {
            fields.wrong(path, "must not be in the future");
            None
        }
        None => {
            fields.wrong(path, "must be a valid time");
            None
        }
    }
}

fn outcome(fields: &mut Fields, outcome: Option<&Outcome>) -> Option<(OutcomeKind, String)> {
    let outcome = fields.require("outcome", outcome)?;
    let kind = match outcome.kind() {
        ProtoKind::Unspecified => None,
        kind => OutcomeKind::parse(kind.as_str_name()).ok(),
    };
    if kind.is_none() {
        fields.wrong("outcome.kind", "must be one of the outcomes, not UNSPECIFIED");
    }
    let note = fields.optional_text("outcome.note", &outcome.note, 2_000);
    kind.zip(note)
}

fn told(fields: &mut Fields, told: Option<&Told>, now: Timestamp) -> Option<(Timestamp, ToldChannel)> {
    let told = fields.require("told", told)?;
    let at = past(fields, "told.time", told.time.as_ref(), now);
    let channel = ToldChannel::parse(&told.channel).ok();
    if channel.is_none() {
        fields.wrong("told.channel", "must be PHONE, MESSAGE, VIDEO or IN_PERSON");
    }
    at.zip(channel)
}

/// A clinical decision names the record it was made with, or why there was none.
fn record(fields: &mut Fields, seen: Option<&RecordSeen>, clinical: bool, now: Timestamp) -> Option<Record> {
    let Some(seen) = seen else {
        if clinical {
            fields.wrong("record_seen", "is required for a clinical outcome");
        }
        return None;
    };
    match (seen.source.trim().is_empty(), seen.not_seen_reason.is_empty()) {
        (true, false) => {
            let why = NotSeen::parse(&seen.not_seen_reason).ok();
            if why.is_none() {
                fields.wrong("record_seen.not_seen_reason", "must be UNAVAILABLE or NOT_NEEDED");
            }
            why.map(Record::NotSeen)
        }
        (false, true) => {
            let source = fields.text("record_seen.source", &seen.source, 64);
            let at = past(fields, "record_seen.time", seen.time.as_ref(), now);
            source.zip(at).map(|(source, at)| Record::Seen { source, at })
        }
        _ => {
            fields.wrong("record_seen", "must name either the source and the time, or why no record was seen");
            None
        }
    }
}

pub(crate) fn safe(fields: &mut Fields, safe: Option<&SafeDisposition>, now: Timestamp) -> Option<Safe> {
    let safe = safe?;
    let at = past(fields, "safe_disposition.time", safe.time.as_ref(), now);
    let kind = SafeKind::parse(&safe.kind).ok();
    if kind.is_none() {
        fields.wrong(
            "safe_disposition.kind",
            "must be SPOKE_TO_PATIENT, AMBULANCE_CALLED, IN_EMERGENCY_DEPARTMENT or ASSESSED_SAFE",
        );
    }
    kind.zip(at).map(|(kind, at)| Safe { kind, at })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
    }

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds: 1_750_000_000 + seconds, nanos: 0 })
    }

    fn wrong(check: impl FnOnce(&mut Fields)) -> bool {
        let mut fields = Fields::new();
        check(&mut fields);
        fields.any_wrong()
    }

    #[test]
    fn the_future_is_refused() {
        let told = Told { time: at(1), channel: "PHONE".into() };
        assert!(wrong(|fields| assert!(super::told(fields, Some(&told), now()).is_none())));
    }

    #[test]
    fn a_clinical_outcome_without_a_record_is_refused() {
        assert!(wrong(|fields| assert!(record(fields, None, true, now()).is_none())));
        assert!(!wrong(|fields| assert!(record(fields, None, false, now()).is_none())));
        let both = RecordSeen { source: "SCR".into(), time: at(0), not_seen_reason: "NOT_NEEDED".into() };
        assert!(wrong(|fields| assert!(record(fields, Some(&both), true, now()).is_none())));
        let other = RecordSeen { source: String::new(), time: None, not_seen_reason: "LAZY".into() };
        assert!(wrong(|fields| assert!(record(fields, Some(&other), true, now()).is_none())));
        let seen = RecordSeen { source: "GP_CONNECT".into(), time: at(-5), not_seen_reason: String::new() };
        assert!(!wrong(|fields| assert!(record(fields, Some(&seen), true, now()).is_some())));
    }

    #[test]
    fn a_safe_disposition_is_whole_or_refused() {
        for (kind, time) in [("WENT_HOME", at(0)), ("AMBULANCE_CALLED", None), ("AMBULANCE_CALLED", at(1))] {
            let given = SafeDisposition { kind: kind.into(), time };
            assert!(wrong(|fields| assert!(safe(fields, Some(&given), now()).is_none())), "{kind}");
        }
        assert!(!wrong(|fields| assert!(safe(fields, None, now()).is_none())));
    }

    #[test]
    fn an_unspecified_outcome_is_refused() {
        let none = Outcome { kind: 0, note: String::new() };
        assert!(wrong(|fields| assert!(outcome(fields, Some(&none)).is_none())));
        let advice = Outcome { kind: ProtoKind::AdviceGiven.into(), note: "x".repeat(2001) };
        assert!(wrong(|fields| assert!(outcome(fields, Some(&advice)).is_none())));
    }
}
