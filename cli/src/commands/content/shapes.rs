//! JSON with the contract's names, turned into the contract's messages.

use std::collections::BTreeMap;

use ehub_proto::{
    intake::v1::{Answer, CommunicationNeeds, ContactSafety, Content, Need, Patient, Submitter, SubmitterKind},
    prescribing::v1::Item,
    writeback::v1::{CodedItem, EntryContent, FitNote, Observation},
};
use serde::Deserialize;

use crate::output::exit::Problem;

/// A consultation to be submitted or converted.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsultationShape {
    pub practice_ods: String,
    pub supplier_reference: String,
    pub first_contact_time: String,
    pub channel: String,
    pub patient: PatientShape,
    pub submitter: SubmitterShape,
    pub content: ContentShape,
}

/// The patient.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatientShape {
    pub nhs_number: String,
    pub family_name: String,
    pub given_names: String,
    pub birth_date: String,
    pub gender: String,
    pub phone: String,
    pub email: String,
    pub address: String,
    pub communication: Option<CommunicationShape>,
    pub contact_safety: Option<SafetyShape>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommunicationShape {
    language: String,
    interpreter: bool,
    format: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SafetyShape {
    text_is_safe: Option<bool>,
    voicemail_is_safe: Option<bool>,
    proxy_may_see: Option<bool>,
}

/// Who wrote it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubmitterShape {
    pub kind: String,
    pub full_name: String,
    pub relationship: String,
    pub competence_recorded: Option<bool>,
}

/// What is asked.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentShape {
    pub need: String,
    pub topic: String,
    pub free_text: String,
    pub answers: Vec<AnswerShape>,
    pub restricted: bool,
}

/// One answer of a questionnaire.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerShape {
    question_id: String,
    question: String,
    answer: String,
}

impl From<(String, String)> for AnswerShape {
    fn from((question_id, answer): (String, String)) -> Self {
        Self { question_id, question: String::new(), answer }
    }
}

impl ConsultationShape {
    /// The three messages it is sent as.
    pub fn messages(self) -> anyhow::Result<(Patient, Submitter, Content)> {
        Ok((self.patient.message(), self.submitter.message()?, self.content.message()?))
    }
}

impl PatientShape {
    fn message(self) -> Patient {
        Patient {
            nhs_number: self.nhs_number,
            family_name: self.family_name,
            given_names: self.given_names,
            birth_date: self.birth_date,
            gender: self.gender,
            phone: self.phone,
            email: self.email,
            address: self.address,
            communication: self.communication.map(|needs| CommunicationNeeds {
                language: needs.language,
                interpreter: needs.interpreter,
                format: needs.format,
            }),
            contact_safety: self.contact_safety.map(|safety| ContactSafety {
                text_is_safe: safety.text_is_safe,
                voicemail_is_safe: safety.voicemail_is_safe,
                proxy_may_see: safety.proxy_may_see,
            }),
        }
    }
}

impl SubmitterShape {
    fn message(self) -> anyhow::Result<Submitter> {
        let kind = number("submitter.kind", &self.kind, |word| {
            SubmitterKind::from_str_name(&format!("SUBMITTER_KIND_{word}")).map(Into::into)
        })?;
        Ok(Submitter {
            kind,
            full_name: self.full_name,
            relationship: self.relationship,
            competence_recorded: self.competence_recorded,
        })
    }
}

impl ContentShape {
    fn message(self) -> anyhow::Result<Content> {
        let need =
            number("content.need", &self.need, |word| Need::from_str_name(&format!("NEED_{word}")).map(Into::into))?;
        let answers = self.answers.into_iter();
        Ok(Content {
            need,
            topic: self.topic,
            free_text: self.free_text,
            answers: answers
                .map(|answer| Answer {
                    question_id: answer.question_id,
                    question: answer.question,
                    answer: answer.answer,
                })
                .collect(),
            restricted: self.restricted,
        })
    }
}

/// The number of an enum's word; nothing is left for the service to refuse with everything else.
pub fn number(field: &str, word: &str, known: impl Fn(&str) -> Option<i32>) -> anyhow::Result<i32> {
    if word.is_empty() {
        return Ok(0);
    }
    known(&word.to_uppercase().replace('-', "_"))
        .ok_or_else(|| Problem::Usage(format!("{field} is none of the contract's words")).into())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EntryShape {
    headings: BTreeMap<String, String>,
    items: Vec<CodedShape>,
    observations: Vec<ObservationShape>,
    follow_up: String,
    fit_note: Option<FitNoteShape>,
    hide_from_online_record: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CodedShape {
    kind: String,
    concept_id: String,
    description_id: String,
    term: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ObservationShape {
    concept_id: String,
    term: String,
    value: String,
    unit: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FitNoteShape {
    issuer: String,
    system: String,
    from_date: String,
    to_date: String,
}

/// An entry's content from a file.
pub fn entry_content(file: &std::path::Path) -> anyhow::Result<EntryContent> {
    let shape: EntryShape = super::read(file)?;
    Ok(EntryContent {
        headings: shape.headings.into_iter().collect(),
        items: shape
            .items
            .into_iter()
            .map(|item| CodedItem {
                kind: item.kind,
                concept_id: item.concept_id,
                description_id: item.description_id,
                term: item.term,
            })
            .collect(),
        observations: shape
            .observations
            .into_iter()
            .map(|seen| Observation {
                concept_id: seen.concept_id,
                term: seen.term,
                value: seen.value,
                unit: seen.unit,
            })
            .collect(),
        follow_up: shape.follow_up,
        fit_note: shape.fit_note.map(|note| FitNote {
            issuer: note.issuer,
            system: note.system,
            from_date: note.from_date,
            to_date: note.to_date,
        }),
        hide_from_online_record: shape.hide_from_online_record,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemShape {
    medicine_code: String,
    medicine_name: String,
    quantity: String,
    unit_code: String,
    unit_name: String,
    dosage: String,
    days: i32,
    #[serde(default = "acute")]
    course_of_therapy: String,
    #[serde(default)]
    controlled_schedule: String,
    #[serde(default)]
    quantity_words: String,
}

fn acute() -> String {
    "acute".to_owned()
}

/// A prescription's items from a file.
pub fn items(file: &std::path::Path) -> anyhow::Result<Vec<Item>> {
    let shapes: Vec<ItemShape> = super::read(file)?;
    Ok(shapes
        .into_iter()
        .map(|item| Item {
            medicine_code: item.medicine_code,
            medicine_name: item.medicine_name,
            quantity: item.quantity,
            unit_code: item.unit_code,
            unit_name: item.unit_name,
            dosage: item.dosage,
            days: item.days,
            course_of_therapy: item.course_of_therapy,
            controlled_schedule: item.controlled_schedule,
            quantity_words: item.quantity_words,
        })
        .collect())
}
