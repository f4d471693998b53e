//! `ehub submit`: sends a consultation in and prints the receipt.

use anyhow::Context as _;
use ehub_proto::intake::v1::{Channel, SubmitConsultationRequest};
use serde_json::json;

use super::{
    content::{self, ConsultationShape},
    context::Context,
    views,
};
use crate::{
    arguments::{Sample, Submit},
    dev::world::PERSONAS,
    output::{self, exit::Problem},
    session::new_id,
};

/// Where a consultation goes when nobody says.
const PRACTICE: &str = "A81001";
/// The pharmacy made-up patients have nominated.
const PHARMACY: &str = "FA565";

/// Submits and shows the receipt.
pub async fn run(context: &Context, submit: Submit) -> anyhow::Result<()> {
    let Submit { practice, channel, supplier_reference, first_contact, request_id, untraced, who_and_what } = submit;
    let mut shape = content::consultation(who_and_what, Some(Sample::Routine), &context.clock)?;
    for (field, said) in [
        (&mut shape.practice_ods, practice),
        (&mut shape.channel, channel.map(|channel| channel.to_uppercase())),
        (&mut shape.supplier_reference, supplier_reference),
        (&mut shape.first_contact_time, first_contact),
    ] {
        if let Some(said) = said {
            *field = said;
        }
    }
    for (field, usual) in [(&mut shape.practice_ods, PRACTICE), (&mut shape.channel, "ONLINE")] {
        if field.is_empty() {
            usual.clone_into(field);
        }
    }
    let session = context.session(&who_submits(&shape))?;
    if !untraced {
        introduce(context, &shape).await?;
    }
    let birth_date = shape.patient.birth_date.clone();
    let request = request(shape, request_id)?;
    let answer = session.intake().submit_consultation(session.request(request).await?).await?.into_inner();
    output::record(&views::receipt(&answer.consultation, answer.receipt.as_ref(), answer.screening.as_ref()));
    if let Some(receipt) = &answer.receipt {
        output::note(&format!("next: ehub status {} {birth_date} · ehub claim --wait 10s", receipt.reference));
    }
    Ok(())
}

/// Online it is the supplier; by phone or at the desk, the practice's own staff.
fn who_submits(shape: &ConsultationShape) -> String {
    let staff = PERSONAS.iter().find(|persona| persona.organisation == shape.practice_ods);
    match staff {
        Some(staff) if shape.channel != "ONLINE" => staff.name.to_owned(),
        _ => "supplier".to_owned(),
    }
}

fn request(shape: ConsultationShape, request_id: Option<String>) -> anyhow::Result<SubmitConsultationRequest> {
    let channel = Channel::from_str_name(&format!("CHANNEL_{}", shape.channel))
        .ok_or_else(|| Problem::Usage("channel is none of the contract's words".to_owned()))?;
    let first_contact_time = match shape.first_contact_time.as_str() {
        "" => None,
        text => Some(ehub_proto::timestamp(content::time(text)?)),
    };
    let practice_ods = shape.practice_ods.clone();
    let supplier_reference = shape.supplier_reference.clone();
    let (patient, submitter, asked) = shape.messages()?;
    Ok(SubmitConsultationRequest {
        request_id: request_id.unwrap_or_else(new_id),
        practice_ods,
        supplier_reference,
        first_contact_time,
        channel: channel.into(),
        patient: Some(patient),
        submitter: Some(submitter),
        content: Some(asked),
    })
}

/// Tells the development demographics service of a patient of the test range, so that they can be traced.
#[expect(clippy::disallowed_methods, reason = "a command's own request, which is not measured")]
async fn introduce(context: &Context, shape: &ConsultationShape) -> anyhow::Result<()> {
    let patient = &shape.patient;
    let is_test = ehub_identifiers::NhsNumber::parse(&patient.nhs_number).is_ok_and(|number| number.is_test());
    if !is_test {
        return Ok(());
    }
    let known = json!({
        "nhs_number": patient.nhs_number,
        "family": patient.family_name,
        "given": patient.given_names,
        "birth_date": patient.birth_date,
        "gender": if patient.gender.is_empty() { "unknown" } else { &patient.gender },
        "gp_ods": shape.practice_ods,
        "nominated_pharmacy": PHARMACY,
    });
    let url = format!("{}/control/patients", context.world()?.demographics);
    let told = reqwest::Client::new().post(url).json(&json!({ "patients": [known] })).send().await;
    told.context("the demographics peer does not answer; --untraced goes on without it")?
        .error_for_status()
        .context("the demographics peer refuses the patient; --untraced goes on without it")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(channel: &str, practice: &str) -> ConsultationShape {
        ConsultationShape { channel: channel.into(), practice_ods: practice.into(), ..ConsultationShape::default() }
    }

    #[test]
    fn staff_submit_what_did_not_come_online() {
        assert_eq!(who_submits(&shape("ONLINE", "B82002")), "supplier");
        assert_eq!(who_submits(&shape("PHONE", "B82002")), "practice-birch");
        assert_eq!(who_submits(&shape("DESK", "Z99999")), "supplier");
    }

    #[test]
    fn wrong_words_and_times_are_wrong_usage() {
        for wrong in [
            shape("PIGEON", "A81001"),
            ConsultationShape { first_contact_time: "yesterday".into(), ..shape("ONLINE", "A81001") },
        ] {
            let error = request(wrong, None).err().expect("refused");
            assert_eq!(output::exit::code_of(&error), 2, "{error}");
        }
    }

    #[test]
    fn a_request_id_that_was_given_is_sent() {
        let sent = request(shape("DESK", "A81001"), Some("one".into())).expect("a request");
        assert_eq!((sent.request_id.as_str(), sent.channel), ("one", i32::from(Channel::Desk)));
    }
}
