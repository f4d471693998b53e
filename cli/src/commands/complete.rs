//! `ehub complete`: closes a claimed consultation with an outcome.

use ehub_proto::allocation::v1::{CompleteRequest, Outcome, OutcomeKind, RecordSeen, SafeDisposition, Told};
use prost_types::Timestamp;
use serde_json::json;
use tonic_types::StatusExt;

use super::{content, context::Context, held, kept::Held, views::stamp};
use crate::{
    arguments::{Complete, OutcomeName, SafeName, ToldBy},
    output,
    session::new_id,
    waiting::reason,
};

/// Closes it. What is still open is listed, and the fresh grant for settling it is kept.
pub async fn run(context: &Context, complete: Complete) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let held = held::grant(context, &session, complete.consultation.as_deref()).await?;
    let request = request(&held, complete, ehub_proto::timestamp(context.clock.now()))?;
    let completed = match session.allocation().complete(session.granted(request, &held.grant).await?).await {
        Ok(completed) => completed.into_inner(),
        Err(status) => {
            keep_fresh_grant(context, &held, &status)?;
            return Err(status.into());
        }
    };
    held::forget(context, &held)?;
    output::record(&json!({
        "consultation": held.consultation,
        "reference": held.reference,
        "complete_time": stamp(completed.complete_time.as_ref()),
        "manifest": completed.manifest,
    }));
    output::note(&format!("next: ehub timeline {} · ehub audit no-loss", held.reference));
    Ok(())
}

/// With OPEN_ACTIONS comes a grant at the next epoch: the one we held is good for nothing now.
fn keep_fresh_grant(context: &Context, held: &Held, status: &tonic::Status) -> anyhow::Result<()> {
    if reason(status) != "OPEN_ACTIONS" {
        return Ok(());
    }
    let details = status.get_error_details();
    match details.error_info().and_then(|info| info.metadata.get("grant")) {
        Some(grant) => held::keep_fresh(context, held, grant),
        None => Ok(()),
    }
}

fn request(held: &Held, said: Complete, now: Timestamp) -> anyhow::Result<CompleteRequest> {
    let kind = kind(said.outcome, &held.need);
    let told_at = match &said.told_at {
        Some(text) => ehub_proto::timestamp(content::time(text)?),
        None => now,
    };
    let clinical = !matches!(kind, OutcomeKind::AdministrationDone | OutcomeKind::Signposted);
    let record = match said.record_not_seen {
        Some(not_seen_reason) => RecordSeen { not_seen_reason, ..RecordSeen::default() },
        None => RecordSeen { source: said.record_seen, time: Some(now), not_seen_reason: String::new() },
    };
    let safe = said.safe.map(|safe| safe_disposition(safe, now));
    Ok(CompleteRequest {
        request_id: new_id(),
        consultation: held.consultation.clone(),
        outcome: Some(Outcome { kind: kind.into(), note: said.note }),
        told: Some(Told { time: Some(told_at), channel: told_word(said.told_by).to_owned() }),
        record_seen: clinical.then_some(record),
        safe_disposition: safe,
    })
}

fn kind(said: Option<OutcomeName>, need: &str) -> OutcomeKind {
    match said {
        Some(OutcomeName::AdviceGiven) => OutcomeKind::AdviceGiven,
        Some(OutcomeName::Treated) => OutcomeKind::Treated,
        Some(OutcomeName::FitNote) => OutcomeKind::FitNote,
        Some(OutcomeName::UrgentCare) => OutcomeKind::UrgentCare,
        Some(OutcomeName::AdministrationDone) => OutcomeKind::AdministrationDone,
        Some(OutcomeName::Signposted) => OutcomeKind::Signposted,
        None if need == "ADMINISTRATIVE" => OutcomeKind::AdministrationDone,
        None => OutcomeKind::AdviceGiven,
    }
}

fn told_word(by: ToldBy) -> &'static str {
    match by {
        ToldBy::Phone => "PHONE",
        ToldBy::Message => "MESSAGE",
        ToldBy::Video => "VIDEO",
        ToldBy::InPerson => "IN_PERSON",
    }
}

/// How an emergency was made safe.
pub fn safe_disposition(safe: SafeName, now: Timestamp) -> SafeDisposition {
    let kind = match safe {
        SafeName::SpokeToPatient => "SPOKE_TO_PATIENT",
        SafeName::AmbulanceCalled => "AMBULANCE_CALLED",
        SafeName::InEmergencyDepartment => "IN_EMERGENCY_DEPARTMENT",
        SafeName::AssessedSafe => "ASSESSED_SAFE",
    };
    SafeDisposition { kind: kind.to_owned(), time: Some(now) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn sent(line: &str, need: &str) -> anyhow::Result<CompleteRequest> {
        let Command::Complete(said) = Arguments::try_parse_from(line.split(' ')).expect("good").command else {
            panic!("not complete");
        };
        let held = Held {
            consultation: "consultations/1".into(),
            reference: String::new(),
            persona: "gp-anna".into(),
            need: need.into(),
            grant: String::new(),
            expire_time: String::new(),
        };
        request(&held, said, Timestamp { seconds: 1, nanos: 0 })
    }

    #[test]
    fn a_time_that_is_none_is_wrong_usage() {
        let error = sent("ehub complete --told-at noon", "CLINICAL").err().expect("refused");
        assert_eq!(output::exit::code_of(&error), 2);
    }

    #[test]
    fn the_need_decides_what_is_usual() {
        let clinical = sent("ehub complete", "CLINICAL").expect("a request");
        assert_eq!(clinical.outcome.expect("one").kind, i32::from(OutcomeKind::AdviceGiven));
        assert_eq!(clinical.record_seen.expect("one").source, "GP_CONNECT");
        assert!(clinical.safe_disposition.is_none());
        let administrative = sent("ehub complete", "ADMINISTRATIVE").expect("a request");
        assert_eq!(administrative.outcome.expect("one").kind, i32::from(OutcomeKind::AdministrationDone));
        assert!(administrative.record_seen.is_none());
    }

    #[test]
    fn an_emergency_says_how_it_was_made_safe() {
        let sent = sent(
            "ehub complete --outcome urgent-care --safe ambulance-called --record-not-seen UNAVAILABLE",
            "CLINICAL",
        )
        .expect("a request");
        assert_eq!(sent.safe_disposition.expect("one").kind, "AMBULANCE_CALLED");
        let record = sent.record_seen.expect("one");
        assert_eq!((record.source.as_str(), record.not_seen_reason.as_str()), ("", "UNAVAILABLE"));
    }
}
