//! The rules every consultation is held to, whatever its channel (limits: contracts, consultation.proto).

use ehub_identifiers::NhsNumber;
use time::{Date, format_description::well_known::Iso8601};

use super::{
    age,
    codes::{Gender, SubmitterKind},
    consultation::{Answer, Consultation, Content},
    draft::{ContentDraft, Draft, PatientDraft, SubmitterDraft},
    patient::{Patient, Submitter},
    wrong::{Wrong, Wrongs},
};

/// Longest free text, in characters.
pub const FREE_TEXT: usize = 20_000;
/// Most answers.
pub const ANSWERS: usize = 200;
/// Oldest patient, in years.
const OLDEST: i32 = 130;
/// A proxy for a patient of these ages needs the patient's competence recorded; at 16 proxy
/// rights lapse into ordinary consent.
const COMPETENCE_AGES: std::ops::RangeInclusive<i32> = 11..=15;

/// Checks a draft; gives the consultation, or everything that is wrong with it at once.
pub fn consultation(draft: Draft, today: Date) -> Result<Consultation, Vec<Wrong>> {
    let mut wrongs = Wrongs::default();
    let patient = wrongs.present("patient", draft.patient).and_then(|given| patient(&mut wrongs, given, today));
    let age = patient.as_ref().map(|patient| age::in_years(patient.birth_date, today));
    let submitter = wrongs.present("submitter", draft.submitter).and_then(|given| submitter(&mut wrongs, given, age));
    let content = wrongs.present("content", draft.content).and_then(|given| content(&mut wrongs, given));
    match (patient, submitter, content) {
        (Some(patient), Some(submitter), Some(content)) if wrongs.0.is_empty() => {
            Ok(Consultation { patient, submitter, content })
        }
        _ => Err(wrongs.0),
    }
}

fn patient(wrongs: &mut Wrongs, given: PatientDraft, today: Date) -> Option<Patient> {
    let nhs_number = if given.nhs_number.trim().is_empty() {
        None
    } else {
        match NhsNumber::parse(&given.nhs_number) {
            Ok(number) => Some(number),
            Err(problem) => {
                wrongs.note("patient.nhs_number", problem.to_string());
                None
            }
        }
    };
    let birth_date = birth_date(wrongs, &given.birth_date, today);
    let gender = match given.gender.as_str() {
        "" => Some(Gender::Unknown),
        code => Gender::from_code(code),
    };
    if gender.is_none() {
        wrongs.note("patient.gender", "must be male, female, other or unknown");
    }
    let mut communication = given.communication;
    communication.language = wrongs.text("patient.communication.language", communication.language, 35);
    if !communication.language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        wrongs.note("patient.communication.language", "must be a BCP 47 language tag");
    }
    if !["", "easy-read", "large-print", "braille", "audio"].contains(&communication.format.as_str()) {
        wrongs.note("patient.communication.format", "must be easy-read, large-print, braille, audio or empty");
    }
    Some(Patient {
        nhs_number,
        family_name: wrongs.required("patient.family_name", given.family_name, 100),
        given_names: wrongs.required("patient.given_names", given.given_names, 100),
        phone: wrongs.text("patient.phone", given.phone, 40),
        email: wrongs.text("patient.email", given.email, 254),
        address: wrongs.text("patient.address", given.address, 300),
        birth_date: birth_date?,
        gender: gender?,
        communication,
        contact_safety: given.contact_safety,
    })
}

/// A birth date: possible, not in the future, at most 130 years ago.
pub fn birth_date(wrongs: &mut Wrongs, text: &str, today: Date) -> Option<Date> {
    const PATH: &str = "patient.birth_date";
    if text.is_empty() {
        wrongs.note(PATH, "is required");
        return None;
    }
    let Some(date) = iso_date(text) else {
        wrongs.note(PATH, "must be a date as YYYY-MM-DD");
        return None;
    };
    if date > today {
        wrongs.note(PATH, "must not be in the future");
        return None;
    }
    if age::in_years(date, today) > OLDEST {
        wrongs.note(PATH, "must not be more than 130 years ago");
        return None;
    }
    Some(date)
}

/// A calendar date in the one form the interface takes, `YYYY-MM-DD`.
pub fn iso_date(text: &str) -> Option<Date> {
    // ISO 8601 knows other forms (week dates, compact); the interface does not.
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { Date::parse(text, &Iso8601::DATE).ok() } else { None }
}

fn submitter(wrongs: &mut Wrongs, given: SubmitterDraft, age: Option<i32>) -> Option<Submitter> {
    let kind = wrongs.present("submitter.kind", given.kind);
    let name = |wrongs: &mut Wrongs, value| wrongs.required("submitter.full_name", value, 200);
    let (full_name, relationship) = match kind {
        Some(SubmitterKind::Proxy) => {
            let relationship = wrongs.required("submitter.relationship", given.relationship, 64);
            (name(wrongs, given.full_name), relationship)
        }
        Some(SubmitterKind::Staff) => (name(wrongs, given.full_name), String::new()),
        _ => (wrongs.text("submitter.full_name", given.full_name, 200), String::new()),
    };
    let must_be_asked = kind == Some(SubmitterKind::Proxy) && age.is_some_and(|age| COMPETENCE_AGES.contains(&age));
    if must_be_asked && given.competence_recorded.is_none() {
        wrongs.note("submitter.competence_recorded", "is required when a proxy writes for a patient of 11 to 15");
    }
    Some(Submitter { kind: kind?, full_name, relationship, competence_recorded: given.competence_recorded })
}

fn content(wrongs: &mut Wrongs, given: ContentDraft) -> Option<Content> {
    let need = wrongs.present("content.need", given.need);
    let topic = wrongs.required("content.topic", given.topic, 64);
    if !topic.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        wrongs.note("content.topic", "must have only the characters a-z, 0-9 and -");
    }
    let free_text = wrongs.text("content.free_text", given.free_text, FREE_TEXT);
    if given.answers.len() > ANSWERS {
        wrongs.note("content.answers", "must have at most 200 answers");
    }
    if free_text.trim().is_empty() && given.answers.is_empty() {
        wrongs.note("content.free_text", "is required when there are no answers");
    }
    let answers = given.answers.into_iter().take(ANSWERS).enumerate().map(|(at, (id, question, answer))| Answer {
        question_id: wrongs.required(&format!("content.answers[{at}].question_id"), id, 64),
        question: wrongs.text(&format!("content.answers[{at}].question"), question, 500),
        answer: wrongs.required(&format!("content.answers[{at}].answer"), answer, 4_000),
    });
    let answers = answers.collect();
    Some(Content { need: need?, topic, free_text, answers, restricted: given.restricted })
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
