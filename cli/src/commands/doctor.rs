//! `ehub doctor`: whether this machine and the running suite are well, and what to do when not.

mod machine;
mod suite;

use serde_json::{Value, json};

use super::context::Context;
use crate::output::{self, Column, Form, exit::Problem};

const COLUMNS: [Column; 4] = [
    Column("CHECK", "check", Form::Plain),
    Column("STATE", "state", Form::Plain),
    Column("WHAT WAS SEEN", "seen", Form::Plain),
    Column("WHAT TO DO", "to_do", Form::Plain),
];

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Doubtful,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
struct Check {
    name: String,
    state: State,
    seen: String,
    to_do: &'static str,
}

impl Check {
    fn good(name: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Good, seen: seen.into(), to_do: "" }
    }

    fn doubtful(name: impl Into<String>, seen: impl Into<String>, to_do: &'static str) -> Self {
        Self { name: name.into(), state: State::Doubtful, seen: seen.into(), to_do }
    }

    fn bad(name: impl Into<String>, seen: impl Into<String>, to_do: &'static str) -> Self {
        Self { name: name.into(), state: State::Bad, seen: seen.into(), to_do }
    }

    fn value(&self) -> Value {
        let state = match self.state {
            State::Good => "OK",
            State::Doubtful => "WARNING",
            State::Bad => "FAILED",
        };
        let to_do = if self.to_do.is_empty() { Value::Null } else { self.to_do.into() };
        json!({ "check": self.name, "state": state, "seen": self.seen, "to_do": to_do })
    }
}

/// Looks at everything; ends with code 4 when something is bad.
pub async fn run(context: &Context) -> anyhow::Result<()> {
    output::progress("looking");
    let mut checks = machine::checks(context).await;
    checks.extend(suite::checks(context).await);
    let rows: Vec<Value> = checks.iter().map(Check::value).collect();
    output::list("checks", &rows, &COLUMNS, "nothing was checked");
    verdict(&checks)
}

fn verdict(checks: &[Check]) -> anyhow::Result<()> {
    let bad: Vec<&str> =
        checks.iter().filter(|check| check.state == State::Bad).map(|check| check.name.as_str()).collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(Problem::DoesNotHold(format!("not well: {}", bad.join(", "))).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_bad_fails() {
        let checks = [Check::good("a", "fine"), Check::doubtful("b", "hm", "look")];
        assert!(verdict(&checks).is_ok());
        let checks = [Check::bad("disk", "full", "make room"), Check::good("a", "fine")];
        let error = verdict(&checks).expect_err("refused");
        assert_eq!((error.to_string().as_str(), output::exit::code_of(&error)), ("not well: disk", 4));
    }

    #[test]
    fn a_check_has_its_shape() {
        let shown = Check::bad("disk", "full", "make room").value();
        assert_eq!(shown, json!({ "check": "disk", "state": "FAILED", "seen": "full", "to_do": "make room" }));
        assert_eq!(Check::good("disk", "empty").value()["to_do"], Value::Null);
    }
}
