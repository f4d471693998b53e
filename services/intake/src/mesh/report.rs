//! An online consultation report as a draft held to the same rules as every other channel.

use ehub_clock::Timestamp;
use ehub_itk3::{Name, Need as ReportNeed, OnlineConsultation, SubmitterKind as ReportSubmitter};

use crate::domain::{
    codes::{Need, SubmitterKind},
    draft::{ContentDraft, Draft, PatientDraft, SubmitterDraft},
    patient::{Communication, ContactSafety},
    validate,
};

/// Why a report cannot be screened by phrases: its words are in a PDF.
const PDF_ONLY: &str = "PDF_ONLY";

/// What a report says, before it is checked.
#[derive(Debug)]
pub struct Report {
    /// The consultation.
    pub draft: Draft,
    /// The practice it is for, as the message says.
    pub practice_ods: Option<String>,
    /// When the patient finished it.
    pub first_contact_time: Option<Timestamp>,
    /// Why its text cannot be screened.
    pub blind: Option<&'static str>,
}

/// Reads a report. What the national message does not have gets the careful reading: clinical.
pub fn read(report: &OnlineConsultation) -> Report {
    let answers = answers(report);
    let (free_text, blind) = free_text(report, answers.is_empty());
    let need = match report.need {
        Some(ReportNeed::Administrative) => Need::Administrative,
        Some(ReportNeed::ClinicalAdministrative) => Need::ClinicalAdministrative,
        Some(ReportNeed::Clinical) | None => Need::Clinical,
    };
    let content = ContentDraft {
        need: Some(need),
        topic: topic(report.topic.as_deref()),
        free_text,
        answers,
        restricted: matches!(report.confidentiality.as_deref(), Some("R" | "V")),
    };
    let custodian = report.custodian.as_ref().map(|organisation| organisation.ods_code.clone());
    Report {
        draft: Draft { patient: Some(patient(report)), submitter: Some(submitter(report)), content: Some(content) },
        practice_ods: report.patient.registered_practice.clone().or(custodian),
        first_contact_time: report.authored_at.or(report.composed_at),
        blind,
    }
}

fn patient(report: &OnlineConsultation) -> PatientDraft {
    let given = &report.patient;
    let contact = |systems: &[&str]| {
        given
            .telecom
            .iter()
            .find(|telecom| systems.contains(&telecom.system.as_str()))
            .map(|telecom| telecom.value.clone())
    };
    let address = given.address.as_ref().map(|address| {
        let ends = [&address.city, &address.district, &address.postcode];
        let parts = address.lines.iter().chain(ends.into_iter().flatten());
        parts.map(String::as_str).collect::<Vec<_>>().join(", ")
    });
    PatientDraft {
        nhs_number: given.nhs_number.clone().unwrap_or_default(),
        family_name: given.name.family.clone(),
        given_names: given.name.given.join(" "),
        birth_date: given.birth_date.map(|date| date.to_string()).unwrap_or_default(),
        gender: given.gender.clone().unwrap_or_default(),
        phone: contact(&["phone", "sms"]).unwrap_or_default(),
        email: contact(&["email"]).unwrap_or_default(),
        address: address.unwrap_or_default(),
        communication: Communication {
            language: given.language.clone().unwrap_or_default(),
            interpreter: given.interpreter_required.unwrap_or_default(),
            format: String::new(),
        },
        contact_safety: ContactSafety::default(),
    }
}

fn submitter(report: &OnlineConsultation) -> SubmitterDraft {
    let kind = match report.submitter.kind {
        ReportSubmitter::Patient => SubmitterKind::Patient,
        ReportSubmitter::RelatedPerson => SubmitterKind::Proxy,
        ReportSubmitter::Practitioner => SubmitterKind::Staff,
    };
    SubmitterDraft {
        kind: Some(kind),
        full_name: report.submitter.name.as_ref().map(Name::display).unwrap_or_default(),
        relationship: report.submitter.relationship.clone().unwrap_or_default(),
        // The national message has no place for it; "not asked" is what is known.
        competence_recorded: Some(false).filter(|_| kind == SubmitterKind::Proxy),
    }
}

fn answers(report: &OnlineConsultation) -> Vec<(String, String, String)> {
    let answered = report.answers.iter().filter(|answer| !answer.answer.trim().is_empty());
    let mut answers: Vec<_> =
        answered.map(|answer| (short(&answer.link_id, 64), short(&answer.text, 500), answer.answer.clone())).collect();
    for (at, statement) in report.statements.iter().enumerate() {
        let said = statement
            .value
            .as_ref()
            .map_or_else(|| statement.display.clone(), |value| format!("{}: {value}", statement.display));
        if !said.trim().is_empty() {
            answers.push((format!("statement-{at}"), short(&statement.kind, 500), said));
        }
    }
    answers
}

/// The words, and why there are none to screen.
fn free_text(report: &OnlineConsultation, no_answers: bool) -> (String, Option<&'static str>) {
    let own = report.free_text.as_deref().unwrap_or_default();
    if !own.trim().is_empty() {
        return (own.to_owned(), None);
    }
    if !no_answers {
        return (String::new(), None);
    }
    let narrative = report.narrative.as_deref().unwrap_or_default();
    let blind = report.pdf.as_ref().map(|_| PDF_ONLY);
    match (narrative.trim().is_empty(), blind) {
        (false, _) => (short(narrative, validate::FREE_TEXT), blind),
        (true, Some(_)) => {
            ("The message carries its content as a PDF only: read the message as received.".to_owned(), blind)
        }
        (true, None) => (String::new(), None),
    }
}

/// A topic of ours out of a free one.
fn topic(given: Option<&str>) -> String {
    let folded: String = given
        .unwrap_or_default()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .collect();
    let words: Vec<&str> = folded.split('-').filter(|word| !word.is_empty()).collect();
    let topic: String = words.join("-").chars().take(64).collect();
    if topic.is_empty() { "not-stated".to_owned() } else { topic }
}

fn short(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_folded_into_ours() {
        assert_eq!(topic(None), "not-stated");
        assert_eq!(topic(Some("Back pain (lower)")), "back-pain-lower");
        assert_eq!(topic(Some("—")), "not-stated");
    }
}
