//! Intake's messages as values.

use ehub_proto::intake::v1::{
    Channel, Consultation, Content, Need, Patient, Quarantined, Receipt, Screening, State, Submitter, SubmitterKind,
    Trace, TraceOutcome, Urgency,
};
use serde_json::{Value, json};

use super::{stamp, text, word};

/// The prefix of consultation states.
pub const CONSULTATION_STATES: &str = "STATE_";

/// A consultation with whatever of it was given.
pub fn consultation(message: &Consultation) -> Value {
    json!({
        "name": message.name,
        "reference": message.reference,
        "supplier_reference": text(&message.supplier_reference),
        "practice_ods": message.practice_ods,
        "hub_ods": text(&message.hub_ods),
        "channel": word!(Channel, "CHANNEL_", message.channel),
        "state": word!(State, "STATE_", message.state),
        "need": word!(Need, "NEED_", message.need),
        "topic": text(&message.topic),
        "episode": message.episode,
        "first_contact_time": stamp(message.first_contact_time.as_ref()),
        "accept_time": stamp(message.accept_time.as_ref()),
        "plan_by": stamp(message.plan_by.as_ref()),
        "respond_by": stamp(message.respond_by.as_ref()),
        "close_time": stamp(message.close_time.as_ref()),
        "patient": message.patient.as_ref().map(patient),
        "submitter": message.submitter.as_ref().map(submitter),
        "content": message.content.as_ref().map(content),
        "screening": message.screening.as_ref().map(screening),
        "trace": message.trace.as_ref().map(trace),
        "related": message.related,
    })
}

fn patient(message: &Patient) -> Value {
    let communication = message.communication.as_ref().map(|needs| {
        json!({ "language": text(&needs.language), "interpreter": needs.interpreter, "format": text(&needs.format) })
    });
    let safety = message.contact_safety.as_ref().map(|safety| {
        json!({
            "text_is_safe": safety.text_is_safe,
            "voicemail_is_safe": safety.voicemail_is_safe,
            "proxy_may_see": safety.proxy_may_see,
        })
    });
    json!({
        "nhs_number": text(&message.nhs_number),
        "family_name": message.family_name,
        "given_names": message.given_names,
        "birth_date": message.birth_date,
        "gender": text(&message.gender),
        "phone": text(&message.phone),
        "email": text(&message.email),
        "address": text(&message.address),
        "communication": communication,
        "contact_safety": safety,
    })
}

fn submitter(message: &Submitter) -> Value {
    json!({
        "kind": word!(SubmitterKind, "SUBMITTER_KIND_", message.kind),
        "full_name": text(&message.full_name),
        "relationship": text(&message.relationship),
        "competence_recorded": message.competence_recorded,
    })
}

fn content(message: &Content) -> Value {
    let answers: Vec<Value> = message
        .answers
        .iter()
        .map(|answer| {
            json!({ "question_id": answer.question_id, "question": text(&answer.question), "answer": answer.answer })
        })
        .collect();
    json!({
        "need": word!(Need, "NEED_", message.need),
        "topic": message.topic,
        "free_text": text(&message.free_text),
        "answers": answers,
        "restricted": message.restricted,
    })
}

/// What screening found.
fn screening(message: &Screening) -> Value {
    json!({
        "urgency": word!(Urgency, "URGENCY_", message.urgency),
        "matched_rules": message.matched_rules,
        "not_screened_reason": text(&message.not_screened_reason),
        "emergency_advice": text(&message.emergency_advice),
        "rule_set": text(&message.rule_set),
    })
}

fn trace(message: &Trace) -> Value {
    json!({
        "outcome": word!(TraceOutcome, "TRACE_OUTCOME_", message.outcome),
        "registered_practice_ods": text(&message.registered_practice_ods),
        "trace_time": stamp(message.trace_time.as_ref()),
    })
}

/// What a submission gives.
pub fn receipt(consultation: &str, receipt: Option<&Receipt>, screened: Option<&Screening>) -> Value {
    let receipt = receipt.map(|receipt| {
        json!({
            "reference": receipt.reference,
            "who_answers": receipt.who_answers,
            "plan_by": stamp(receipt.plan_by.as_ref()),
            "respond_by": stamp(receipt.respond_by.as_ref()),
            "if_worse": receipt.if_worse,
            "practice_phone": receipt.practice_phone,
            "accept_time": stamp(receipt.accept_time.as_ref()),
        })
    });
    json!({ "consultation": consultation, "receipt": receipt, "screening": screened.map(screening) })
}

/// A quarantined message.
pub fn quarantined(message: &Quarantined) -> Value {
    json!({
        "name": message.name,
        "mailbox": message.mailbox,
        "owner_ods": message.owner_ods,
        "cause": message.cause,
        "wrong_fields": message.wrong_fields,
        "receive_time": stamp(message.receive_time.as_ref()),
        "deadline": stamp(message.deadline.as_ref()),
        "screened": word!(Urgency, "URGENCY_", message.screened),
        "size_bytes": message.size_bytes,
        "consultation": text(&message.consultation),
        "settle_time": stamp(message.settle_time.as_ref()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_its_shape() {
        let given = Receipt { reference: "ABC-DEF-GHJ".into(), ..Receipt::default() };
        let shown = receipt("consultations/1", Some(&given), None);
        assert_eq!(shown["consultation"], "consultations/1");
        assert_eq!(shown["receipt"]["reference"], "ABC-DEF-GHJ");
        assert_eq!(shown["receipt"]["respond_by"], Value::Null);
        assert_eq!(shown["screening"], Value::Null);
    }

    #[test]
    fn every_field_of_a_consultation_has_its_key_even_when_empty() {
        let shown = consultation(&Consultation { patient: Some(Patient::default()), ..Consultation::default() });
        let keys: Vec<&str> = shown.as_object().expect("an object").keys().map(String::as_str).collect();
        for key in ["name", "reference", "state", "respond_by", "patient", "content", "screening", "trace", "related"] {
            assert!(keys.contains(&key), "{key}");
        }
        assert_eq!(shown["patient"]["nhs_number"], Value::Null);
        assert_eq!(shown["state"], Value::Null);
    }
}
