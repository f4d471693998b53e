//! A pathway file: routing rules as versioned data, compiled once, asked about every arrival.
//!
//! A rule sees one variable, `item`: `need` (`CLINICAL`, `ADMINISTRATIVE`, `CLINICAL_ADMINISTRATIVE`),
//! `topic`, `urgency` (`ROUTINE`, `URGENT`, `EMERGENCY`), `not_screened` (a reason, or empty),
//! `restricted`, `by_proxy`, `age`, `channel`, `practice_ods`, `hub_ods`. Its result is
//! `{"holder": "hub"|"practice", "skill": text, "urgency"?: word, "work_within_minutes"?: number}`.

use std::time::Duration;

use ehub_rules::{RuleSet, RuleSetError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{
    routing::{Arrival, Directive, Instruction},
    words::{PoolKind, Urgency},
};

/// The sample that ships: everything to the hub but what is restricted.
pub const HUB_FIRST: &str = include_str!("../pathways/hub-first.json");

/// A compiled pathway, every result of which can be followed.
#[derive(Debug)]
pub struct Pathway {
    rules: RuleSet,
}

/// Why a pathway is refused.
#[derive(Debug, thiserror::Error)]
pub enum PathwayError {
    /// Not a rule set, or one without a final destination.
    #[error("the pathway is not a rule set with a final destination")]
    Rules(#[from] RuleSetError),
    /// A rule's result cannot be followed.
    #[error("the result of rule {rule} is not a destination")]
    Result {
        /// The rule.
        rule: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// A rule names no skill.
    #[error("the result of rule {rule} names no skill")]
    Skill {
        /// The rule.
        rule: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    holder: Holder,
    skill: String,
    #[serde(default)]
    urgency: Option<Raised>,
    #[serde(default)]
    work_within_minutes: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Holder {
    Hub,
    Practice,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Raised {
    Routine,
    Urgent,
    Emergency,
}

fn instruction(rule: &str, then: &Value) -> Result<Instruction, PathwayError> {
    let then = Then::deserialize(then).map_err(|source| PathwayError::Result { rule: rule.to_owned(), source })?;
    if then.skill.trim().is_empty() {
        return Err(PathwayError::Skill { rule: rule.to_owned() });
    }
    Ok(Instruction {
        holder: match then.holder {
            Holder::Hub => PoolKind::Hub,
            Holder::Practice => PoolKind::Practice,
        },
        skill: then.skill,
        urgency: then.urgency.map(|raised| match raised {
            Raised::Routine => Urgency::Routine,
            Raised::Urgent => Urgency::Urgent,
            Raised::Emergency => Urgency::Emergency,
        }),
        work_within: then.work_within_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
    })
}

impl Pathway {
    /// Reads a pathway and follows every rule's result once, so that none fails on a patient.
    ///
    /// # Errors
    /// When it is no rule set, lacks a default, or a result is not a destination.
    pub fn parse(json: &str) -> Result<Self, PathwayError> {
        let rules = RuleSet::parse(json)?;
        rules.require_default()?;
        for (id, _, then) in rules.rules() {
            instruction(id, then)?;
        }
        if let Some(default) = rules.default_result() {
            instruction(ehub_rules::DEFAULT_RULE, default)?;
        }
        Ok(Self { rules })
    }

    /// Who approved it, if that is recorded.
    #[must_use]
    pub fn approved_by(&self) -> Option<&str> {
        self.rules.approved_by()
    }

    /// What the pathway says of an arrival. Rules that fail do not match; they are logged by name.
    ///
    /// # Errors
    /// Never for a pathway that was parsed: it has a default and every result was followed.
    pub fn direct(&self, arrival: &Arrival) -> Result<Directive, PathwayError> {
        let decision = self.rules.decide(&item(arrival)).ok_or(RuleSetError::NoDefault)?;
        for failure in &decision.errors {
            tracing::error!(rule = %failure.rule_id, problem = %failure.problem, "a routing rule failed and was passed over");
        }
        let rule = format!("{}@{}/{}", self.rules.id(), self.rules.version(), decision.rule_id);
        Ok(Directive { instruction: instruction(&decision.rule_id, &decision.then)?, rule })
    }
}

fn item(arrival: &Arrival) -> Value {
    json!({
        "need": arrival.need.as_str(),
        "topic": arrival.topic,
        "urgency": arrival.urgency.as_str(),
        "not_screened": arrival.not_screened,
        "restricted": arrival.restricted,
        "by_proxy": arrival.by_proxy,
        "age": arrival.age,
        "channel": arrival.channel,
        "practice_ods": arrival.practice.ods.as_str(),
        "hub_ods": arrival.hub.ods.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{routing::tests::arrival, words::Need};

    #[test]
    fn a_pathway_without_a_final_destination_is_refused() {
        let json = r#"{"id": "p", "version": "1", "rules": [], "default": null}"#;
        assert!(matches!(Pathway::parse(json), Err(PathwayError::Rules(RuleSetError::NoDefault))));
    }

    #[test]
    fn results_that_are_no_destination_are_refused_with_the_rules_name() {
        for then in [
            r#"{"holder": "moon", "skill": "gp"}"#,
            r#"{"holder": "hub"}"#,
            r#"{"holder": "hub", "skill": "gp", "x": 1}"#,
        ] {
            let json = format!(
                r#"{{"id": "p", "version": "1", "rules": [{{"id": "bad", "when": "item.restricted", "then": {then}}}], "default": {{"holder": "hub", "skill": "gp"}}}}"#
            );
            assert!(matches!(Pathway::parse(&json), Err(PathwayError::Result { rule, .. }) if rule == "bad"), "{then}");
        }
        let json = r#"{"id": "p", "version": "1", "rules": [], "default": {"holder": "hub", "skill": " "}}"#;
        assert!(matches!(Pathway::parse(json), Err(PathwayError::Skill { .. })));
    }

    #[test]
    fn the_sample_sends_each_need_where_it_says() {
        let pathway = Pathway::parse(HUB_FIRST).expect("the sample");
        let mut arrival = arrival();
        for (need, skill) in
            [(Need::Clinical, "gp"), (Need::ClinicalAdministrative, "gp"), (Need::Administrative, "administrator")]
        {
            arrival.need = need;
            let directive = pathway.direct(&arrival).expect("a destination");
            assert_eq!((directive.instruction.holder, directive.instruction.skill.as_str()), (PoolKind::Hub, skill));
        }
        arrival.restricted = true;
        arrival.urgency = Urgency::Emergency;
        let directive = pathway.direct(&arrival).expect("a destination");
        assert_eq!(directive.instruction.holder, PoolKind::Practice);
        assert_eq!(directive.rule, "hub-first@1/restricted-stays-with-practice");
    }
}
