//! Why a rule set was refused.

use crate::ruleset::{MAX_BYTES, MAX_RULES};

/// One cause per variant; the rule is named by its id. Rule sets hold no patient data, so messages may quote them.
#[derive(Debug, thiserror::Error)]
pub enum RuleSetError {
    /// More text than a rule set may have.
    #[error("a rule set may have at most {MAX_BYTES} bytes")]
    TooLarge,
    /// More rules than a rule set may have.
    #[error("a rule set may have at most {MAX_RULES} rules")]
    TooManyRules,
    /// Not JSON of the documented shape.
    #[error("the rule set is not JSON of the documented shape (line {}, column {})", source.line(), source.column())]
    Shape {
        /// What the reader met.
        source: serde_json::Error,
    },
    /// The rule set's id or version, or a rule's id, is empty.
    #[error("a rule set needs an id and a version, and each rule an id")]
    Unnamed,
    /// Two rules have one id, or a rule took the word for "no rule matched".
    #[error("rule {rule}: its id is used twice, or is the reserved word \"default\"")]
    Id {
        /// The rule.
        rule: String,
    },
    /// The condition is not CEL.
    #[error("rule {rule}: the condition does not compile: {problem}")]
    Compile {
        /// The rule.
        rule: String,
        /// What the compiler said, with line and column.
        problem: String,
    },
    /// The condition is too long or too deep to be compiled and evaluated safely.
    #[error("rule {rule}: the condition is too long or too deeply nested; split it into several rules")]
    Unwieldy {
        /// The rule.
        rule: String,
    },
    /// The compiler could not be run.
    #[error("the rule compiler could not be run")]
    Compiler {
        /// Why.
        source: std::io::Error,
    },
    /// The condition names a variable or function that does not exist.
    #[error("rule {rule}: \"{name}\" is not known; conditions see the variable \"item\" and the documented functions")]
    Unknown {
        /// The rule.
        rule: String,
        /// The unknown name.
        name: String,
    },
    /// Loops more than two deep: time would grow with the third power of the item.
    #[error("rule {rule}: at most two loops (exists, all, filter, map) may stand inside each other")]
    Nested {
        /// The rule.
        rule: String,
    },
    /// `phrase` with a list that is not written out, is empty, or holds a phrase without letters and digits.
    #[error("rule {rule}: phrase(text, [\"…\"]) needs its phrases written out, each with a letter or digit")]
    Phrase {
        /// The rule.
        rule: String,
    },
    /// There must be an answer for every item, and this set has none for those that no rule matches.
    #[error("the rule set has no default, so some items would have no destination")]
    NoDefault,
}
