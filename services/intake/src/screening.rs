//! Screening: the rule set of a file over what a patient wrote.
//!
//! Rules see `item`: `text` (free text and answers together), `free_text`, `answers` (a map from
//! question id to answer), `topic`, `need`, `age` (whole years), `gender`, `by_proxy`, `channel`.
//! Each answers `{"urgency": "EMERGENCY" | "URGENT" | "NOTE" | "ROUTINE", "advice": "…"}`; the
//! advice is required for an emergency and told to the patient before anything else.

use std::{collections::BTreeMap, path::Path};

use ehub_rules::{RuleSet, RuleSetError};
use serde::Deserialize;
use serde_json::{Value, json};
use time::Date;

use crate::domain::{
    age,
    codes::{Channel, SubmitterKind, Urgency},
    consultation::Consultation,
    screening::{Finding, Screening, combine},
};

/// The reason when a rule could not be evaluated over what was answered.
const UNKNOWN_QUESTIONNAIRE: &str = "UNKNOWN_QUESTIONNAIRE";
/// The reason when the text may not be English.
const LANGUAGE: &str = "LANGUAGE";

/// Why a rule set cannot screen.
#[derive(Debug, thiserror::Error)]
pub enum ScreenerError {
    /// The file.
    #[error("the screening rules cannot be read")]
    File(#[from] std::io::Error),
    /// The rule set.
    #[error("the screening rules are refused: {0}")]
    Rules(#[from] RuleSetError),
    /// A rule's result is not what screening understands.
    #[error("screening rule {rule}: then must be an urgency, with advice for an emergency")]
    Result {
        /// The rule.
        rule: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    urgency: String,
    #[serde(default)]
    advice: String,
}

/// A rule set, ready.
#[derive(Debug)]
pub struct Screener {
    rules: RuleSet,
    label: String,
}

impl Screener {
    /// Reads the rule set of a file.
    pub fn load(path: &Path) -> Result<Self, ScreenerError> {
        Self::parse(&std::fs::read_to_string(path)?)
    }

    /// Reads a rule set.
    pub fn parse(json: &str) -> Result<Self, ScreenerError> {
        let rules = RuleSet::parse(json)?;
        for (rule, _, then) in rules.rules() {
            finding(rule, then).ok_or_else(|| ScreenerError::Result { rule: rule.to_owned() })?;
        }
        let label = format!("{}@{}", rules.id(), rules.version());
        Ok(Self { rules, label })
    }

    /// Whether a clinician's approval is recorded and this is no sample.
    pub fn is_approved(&self) -> bool {
        self.rules.approved_by().is_some() && !self.rules.id().starts_with("sample")
    }

    /// Screens a consultation. `blind` is a reason known beforehand, such as `PDF_ONLY`.
    pub fn screen(
        &self,
        consultation: &Consultation,
        channel: Channel,
        today: Date,
        blind: Option<&'static str>,
    ) -> Screening {
        let content = &consultation.content;
        let answers: BTreeMap<&str, &str> =
            content.answers.iter().map(|answer| (answer.question_id.as_str(), answer.answer.as_str())).collect();
        let item = json!({
            "text": content.text(),
            "free_text": content.free_text,
            "answers": answers,
            "topic": content.topic,
            "need": content.need.code(),
            "age": age::in_years(consultation.patient.birth_date, today),
            "gender": consultation.patient.gender.code(),
            "by_proxy": consultation.submitter.kind == SubmitterKind::Proxy,
            "channel": channel.code(),
        });
        let language = if consultation.patient.reads_english() { None } else { Some(LANGUAGE) };
        self.ask(&item, blind.or(language))
    }

    /// Screens text out of a message that could not be read: nothing else is known of it. Only a
    /// finding counts; that there is none means little, which is why it is never ROUTINE.
    pub fn screen_text(&self, text: &str) -> Urgency {
        let item = json!({
            "text": text, "free_text": text, "answers": {}, "topic": "", "need": "CLINICAL",
            // An adult: rules about children need an age, and cry wolf without one.
            "age": 40, "gender": "unknown", "by_proxy": false, "channel": Channel::Mesh.code(),
        });
        self.ask(&item, Some(UNKNOWN_QUESTIONNAIRE)).urgency
    }

    fn ask(&self, item: &Value, blind: Option<&'static str>) -> Screening {
        let evaluation = self.rules.evaluate(item);
        for failure in &evaluation.errors {
            tracing::warn!(rule = %failure.rule_id, "a screening rule could not be evaluated; a person looks instead");
        }
        let blind = blind.or(if evaluation.errors.is_empty() { None } else { Some(UNKNOWN_QUESTIONNAIRE) });
        let findings =
            evaluation.matched.iter().filter_map(|matched| finding(&matched.rule_id, &matched.then)).collect();
        combine(findings, blind, self.label.clone())
    }
}

fn finding(rule: &str, then: &Value) -> Option<Finding> {
    let then = Then::deserialize(then).ok()?;
    let urgency = Urgency::from_code(&then.urgency).filter(|urgency| *urgency != Urgency::NotScreened)?;
    if urgency == Urgency::Emergency && then.advice.trim().is_empty() {
        return None;
    }
    Some(Finding { rule: rule.to_owned(), urgency, advice: then.advice })
}

#[cfg(test)]
#[path = "screening_tests.rs"]
mod tests;
