//! Patient, submitter and content as they lie in their JSON columns.

use ehub_identifiers::NhsNumber;
use ehub_postgres::StorageError;
use serde::{Deserialize, Serialize};
use time::Date;

use super::inconsistent;
use crate::domain::{
    codes::{Gender, Need, SubmitterKind},
    consultation::{Answer, Consultation, Content},
    patient::{Communication, ContactSafety, Patient, Submitter},
};

const TABLE: &str = "intake.consultation";

#[derive(Serialize, Deserialize)]
pub(super) struct PatientJson {
    nhs_number: Option<String>,
    family_name: String,
    given_names: String,
    gender: String,
    phone: String,
    email: String,
    address: String,
    language: String,
    interpreter: bool,
    format: String,
    text_is_safe: Option<bool>,
    voicemail_is_safe: Option<bool>,
    proxy_may_see: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SubmitterJson {
    kind: String,
    full_name: String,
    relationship: String,
    competence_recorded: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ContentJson {
    free_text: String,
    answers: Vec<AnswerJson>,
    restricted: bool,
}

#[derive(Serialize, Deserialize)]
struct AnswerJson {
    question_id: String,
    question: String,
    answer: String,
}

impl PatientJson {
    pub(super) fn of(patient: &Patient) -> Self {
        Self {
            nhs_number: patient.nhs_number.as_ref().map(|number| number.as_str().to_owned()),
            family_name: patient.family_name.clone(),
            given_names: patient.given_names.clone(),
            gender: patient.gender.code().to_owned(),
            phone: patient.phone.clone(),
            email: patient.email.clone(),
            address: patient.address.clone(),
            language: patient.communication.language.clone(),
            interpreter: patient.communication.interpreter,
            format: patient.communication.format.clone(),
            text_is_safe: patient.contact_safety.text_is_safe,
            voicemail_is_safe: patient.contact_safety.voicemail_is_safe,
            proxy_may_see: patient.contact_safety.proxy_may_see,
        }
    }

    pub(super) fn read(self, birth_date: Date) -> Result<Patient, StorageError> {
        let number = self.nhs_number.as_deref().map(NhsNumber::parse).transpose();
        Ok(Patient {
            nhs_number: number.map_err(|_| inconsistent(TABLE, "nhs_number"))?,
            family_name: self.family_name,
            given_names: self.given_names,
            birth_date,
            gender: Gender::from_code(&self.gender).ok_or(inconsistent(TABLE, "gender"))?,
            phone: self.phone,
            email: self.email,
            address: self.address,
            communication: Communication {
                language: self.language,
                interpreter: self.interpreter,
                format: self.format,
            },
            contact_safety: ContactSafety {
                text_is_safe: self.text_is_safe,
                voicemail_is_safe: self.voicemail_is_safe,
                proxy_may_see: self.proxy_may_see,
            },
        })
    }
}

impl SubmitterJson {
    pub(super) fn of(submitter: &Submitter) -> Self {
        Self {
            kind: submitter.kind.code().to_owned(),
            full_name: submitter.full_name.clone(),
            relationship: submitter.relationship.clone(),
            competence_recorded: submitter.competence_recorded,
        }
    }

    fn read(self) -> Result<Submitter, StorageError> {
        Ok(Submitter {
            kind: SubmitterKind::from_code(&self.kind).ok_or(inconsistent(TABLE, "submitter"))?,
            full_name: self.full_name,
            relationship: self.relationship,
            competence_recorded: self.competence_recorded,
        })
    }
}

impl ContentJson {
    pub(super) fn of(content: &Content) -> Self {
        let answers = content.answers.iter().map(|answer| AnswerJson {
            question_id: answer.question_id.clone(),
            question: answer.question.clone(),
            answer: answer.answer.clone(),
        });
        Self { free_text: content.free_text.clone(), answers: answers.collect(), restricted: content.restricted }
    }

    fn read(self, need: Need, topic: String) -> Content {
        let answers = self.answers.into_iter().map(|answer| Answer {
            question_id: answer.question_id,
            question: answer.question,
            answer: answer.answer,
        });
        Content { need, topic, free_text: self.free_text, answers: answers.collect(), restricted: self.restricted }
    }
}

/// Puts the three columns together again.
pub(super) fn consultation(
    patient: PatientJson,
    submitter: SubmitterJson,
    content: ContentJson,
    (birth_date, need, topic): (Date, Need, String),
) -> Result<Consultation, StorageError> {
    Ok(Consultation {
        patient: patient.read(birth_date)?,
        submitter: submitter.read()?,
        content: content.read(need, topic),
    })
}
