//! Rule sets as data: conditions in CEL over one documented `item`, each with a result in JSON. Screening and pathways use them.
//!
//! Pure and bounded: no clock, no I/O, no regular expressions, at most two loops inside each other. The same item under the same
//! rule set gives the same answer on every run and machine, so a decision can be explained by its rule's id for ever.
//!
//! CEL is the standard one (`==`, `&&`, `in`, `has(item.x)`, `item.list.exists(a, …)`, `size`, `contains`, `startsWith`, `endsWith`,
//! conversions) and one function of ours, [`phrase`](phrase::MATCHING).

mod check;
mod compile;
mod error;
mod evaluation;
mod item;
pub mod phrase;
mod ruleset;

pub use error::RuleSetError;
pub use evaluation::{Decision, Evaluation, Match, RuleFailure};
pub use ruleset::{DEFAULT_RULE, MAX_BYTES, MAX_RULES, RuleSet};

#[cfg(test)]
mod tests;
