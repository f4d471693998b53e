//! What is found, and what of it is allowed with a reason.

use std::{cell::RefCell, collections::BTreeSet, fmt, fs};

use crate::Project;

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule, as in the exceptions file.
    pub rule: &'static str,
    /// The file, or the crate.
    pub at: String,
    /// What was found there.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.at, self.what, self.rule)
    }
}

/// The exceptions file: `rule | file or crate | reason`, one a line.
#[derive(Debug)]
pub struct Exceptions {
    lines: Vec<(String, String, String)>,
    used: RefCell<BTreeSet<usize>>,
}

impl Exceptions {
    /// Reads `tests/architecture/exceptions.txt`.
    ///
    /// # Panics
    /// When the file is missing or a line has no reason.
    #[must_use]
    pub fn read() -> Self {
        let file = Project::root().join("tests/architecture/exceptions.txt");
        Self::parse(&fs::read_to_string(file).expect("the exceptions file is there"))
    }

    /// Reads the text of such a file.
    ///
    /// # Panics
    /// When a line has no reason.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let mut parts = line.splitn(3, '|').map(|part| part.trim().to_owned());
            let (Some(rule), Some(at), Some(reason)) = (parts.next(), parts.next(), parts.next()) else {
                panic!("an exception is `rule | where | reason`: {line}");
            };
            assert!(reason.split_whitespace().count() >= 4, "say why: {line}");
            lines.push((rule, at, reason));
        }
        Self { lines, used: RefCell::default() }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// What is left of the findings.
    #[must_use]
    pub fn sift(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let allowed = |finding: &Finding| {
            let line = self.lines.iter().position(|(rule, at, _)| rule == finding.rule && *at == finding.at);
            line.is_some_and(|line| {
                self.used.borrow_mut().insert(line);
                true
            })
        };
        findings.into_iter().filter(|finding| !allowed(finding)).collect()
    }

    /// Exceptions that nothing needed.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let lines = self.lines.iter().enumerate().filter(|(line, _)| !used.contains(line));
        lines.map(|(_, (rule, at, _))| format!("{rule} | {at}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_holds_for_its_rule_and_place_only() {
        let exceptions = Exceptions::parse("# why\nsqlx | cli/a.rs | makes the databases of development\n");
        let finding = |rule, at: &str| Finding { rule, at: at.to_owned(), what: String::new() };
        let left =
            exceptions.sift(vec![finding("sqlx", "cli/a.rs"), finding("sqlx", "cli/b.rs"), finding("env", "cli/a.rs")]);
        assert_eq!(left, [finding("sqlx", "cli/b.rs"), finding("env", "cli/a.rs")]);
        assert!(exceptions.unused().is_empty());
    }

    #[test]
    #[should_panic(expected = "say why")]
    fn an_exception_without_a_reason_is_refused() {
        let _ = Exceptions::parse("sqlx | cli/a.rs | because");
    }
}
