//! What a rule set says about an item.

use serde_json::Value;

/// A rule that matched.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The rule's id.
    pub rule_id: String,
    /// The rule's result, as written in the rule set.
    pub then: Value,
}

/// A rule that could not be evaluated over this item; it counts as not matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFailure {
    /// The rule's id.
    pub rule_id: String,
    /// The cause, without any value of the item.
    pub problem: String,
}

/// All rules over one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Every rule that matched, in the order of the rule set.
    pub matched: Vec<Match>,
    /// The rule set's default, when no rule matched and it has one.
    pub default: Option<Value>,
    /// Rules that failed. A caller for whom a missed rule is a hazard shows the item to a person.
    pub errors: Vec<RuleFailure>,
}

/// The first rule that matched, or the default.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The rule's id, or [`crate::DEFAULT_RULE`].
    pub rule_id: String,
    /// Its result.
    pub then: Value,
    /// Rules before it that failed and might have decided otherwise.
    pub errors: Vec<RuleFailure>,
}
