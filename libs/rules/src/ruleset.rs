//! A rule set: read, checked and compiled once, then asked about any number of items.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cel::extractors::This;
use cel::{Context, Env, Value as Cel};
use serde::Deserialize;
use serde_json::Value;

use crate::compile::{self, Rule, Source};
use crate::phrase::{self, Memo};
use crate::{Decision, Evaluation, Match, RuleSetError, check, item};

/// The largest rule set, as JSON.
pub const MAX_BYTES: usize = 256 * 1024;

/// The most rules in one set.
pub const MAX_RULES: usize = 500;

/// What [`RuleSet::first`] calls the answer that no rule gave.
pub const DEFAULT_RULE: &str = "default";

/// Rules in order, with their approval and an optional default.
pub struct RuleSet {
    id: String,
    version: String,
    approved_by: Option<String>,
    rules: Vec<Rule>,
    default: Option<Value>,
    env: Arc<Env>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: String,
    version: Version,
    #[serde(default)]
    approved_by: Option<String>,
    rules: Vec<Source>,
    #[serde(default)]
    default: Option<Value>,
}

/// People write versions both ways.
#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Text(String),
    Number(u64),
}

impl RuleSet {
    /// Reads and compiles a rule set:
    /// `{"id", "version", "approved_by": text|null, "rules": [{"id", "when": CEL, "then": JSON}], "default": JSON|null}`.
    ///
    /// # Errors
    /// When the JSON has another shape or is too large, or a rule's condition does not compile or goes beyond what rules may do.
    pub fn parse(json: &str) -> Result<Self, RuleSetError> {
        if json.len() > MAX_BYTES {
            return Err(RuleSetError::TooLarge);
        }
        let document: Document = serde_json::from_str(json).map_err(|source| RuleSetError::Shape { source })?;
        if document.rules.len() > MAX_RULES {
            return Err(RuleSetError::TooManyRules);
        }
        let version = match document.version {
            Version::Text(text) => text,
            Version::Number(number) => number.to_string(),
        };
        if [&document.id, &version]
            .into_iter()
            .chain(document.rules.iter().map(|rule| &rule.id))
            .any(|id| id.trim().is_empty())
        {
            return Err(RuleSetError::Unnamed);
        }
        let mut seen = BTreeSet::from([DEFAULT_RULE]);
        if let Some(rule) = document.rules.iter().find(|rule| !seen.insert(&rule.id)) {
            return Err(RuleSetError::Id { rule: rule.id.clone() });
        }
        let env = Env::stdlib().with_optional_support(false);
        let rules = compile::all(&env, document.rules)?;
        let (id, approved_by, default) = (document.id, document.approved_by, document.default);
        Ok(Self { id, version, approved_by, rules, default, env: Arc::new(env) })
    }

    /// The set's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The set's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Who approved it clinically, if it is recorded; production refuses a screening set without.
    #[must_use]
    pub fn approved_by(&self) -> Option<&str> {
        self.approved_by.as_deref().filter(|name| !name.trim().is_empty())
    }

    /// The rules in order: id, condition, result.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&str, &str, &Value)> {
        self.rules.iter().map(|rule| (rule.id.as_str(), rule.when.as_str(), &rule.then))
    }

    /// The answer for items no rule matches.
    #[must_use]
    pub fn default_result(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// Refuses a set that leaves some items without an answer.
    ///
    /// # Errors
    /// [`RuleSetError::NoDefault`].
    pub fn require_default(&self) -> Result<(), RuleSetError> {
        self.default.as_ref().map(|_| ()).ok_or(RuleSetError::NoDefault)
    }

    /// Asks every rule.
    #[must_use]
    pub fn evaluate(&self, item: &Value) -> Evaluation {
        let context = self.context(item);
        let (mut matched, mut errors) = (Vec::new(), Vec::new());
        for rule in &self.rules {
            match rule.matches(&context) {
                Ok(true) => matched.push(Match { rule_id: rule.id.clone(), then: rule.then.clone() }),
                Ok(false) => {}
                Err(failure) => errors.push(failure),
            }
        }
        let default = if matched.is_empty() { self.default.clone() } else { None };
        Evaluation { matched, default, errors }
    }

    /// Asks rules in order until one matches; the default answers when none does.
    #[must_use]
    pub fn decide(&self, item: &Value) -> Option<Decision> {
        let context = self.context(item);
        let mut errors = Vec::new();
        for rule in &self.rules {
            match rule.matches(&context) {
                Ok(true) => return Some(Decision { rule_id: rule.id.clone(), then: rule.then.clone(), errors }),
                Ok(false) => {}
                Err(failure) => errors.push(failure),
            }
        }
        self.default.clone().map(|then| Decision { rule_id: DEFAULT_RULE.to_owned(), then, errors })
    }

    /// As [`RuleSet::decide`], for callers to whom failed rules do not matter: the deciding rule's id and its result.
    #[must_use]
    pub fn first(&self, item: &Value) -> Option<(String, Value)> {
        self.decide(item).map(|decision| (decision.rule_id, decision.then))
    }

    fn context(&self, json: &Value) -> Context<'static, 'static> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        context.add_variable_from_value(check::ITEM, item::to_cel(json));
        let memo = Memo::default();
        let function = move |This(text): This<Cel>, phrases: Arc<Vec<Cel>>| memo.call(&text, &phrases);
        context.add_function(phrase::NAME, function).expect("the standard library has no function of that name");
        context
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}
