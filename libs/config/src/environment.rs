//! Environment variables as overrides of the file.

use crate::ConfigError;
use crate::tree::Node;

/// The process's variables that are UTF-8; others cannot be meant for us.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Lays every variable that begins with `prefix` and two underscores over `root`.
pub(crate) fn overlay(
    root: &mut Node,
    prefix: &str,
    env: impl Iterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    let prefix = format!("{}__", prefix.trim_end_matches('_'));
    let mut ours: Vec<_> = env.filter(|(name, _)| name.starts_with(&prefix)).collect();
    // The environment has no order; one that never varies makes a contradiction fail on every start, not on some.
    ours.sort();
    let mut set: Vec<String> = Vec::new();
    for (variable, value) in ours {
        let refuse = |problem| ConfigError::Variable { variable: variable.clone(), problem };
        let path = variable[prefix.len()..].to_lowercase();
        let steps: Vec<&str> = path.split("__").collect();
        if steps.iter().any(|step| step.is_empty()) {
            return Err(refuse("has an empty part between its underscores"));
        }
        let contradicts = |other: &String| {
            *other == path || other.starts_with(&format!("{path}__")) || path.starts_with(&format!("{other}__"))
        };
        if set.iter().any(contradicts) {
            return Err(refuse("sets a key that another variable sets as well, as a whole or in part"));
        }
        root.set(&steps, value);
        set.push(path);
    }
    Ok(())
}
