//! Configuration: one TOML file, overridden by environment variables, refused as a whole when any key is unknown or wrong.
//!
//! Errors name the key and what it should hold, never the value that was found: it may be a password.

mod duration;
mod environment;
mod error;
mod secret;
mod tree;

use std::path::Path;

use serde::de::DeserializeOwned;

pub use duration::{HumanDuration, Millis, NotADuration};
pub use environment::environment;
pub use error::ConfigError;
pub use secret::Secret;

/// Reads `T` from `file` (if any) and the variables of `env` that begin with `env_prefix` and two underscores.
///
/// `EHUB_INTAKE__DATABASE__URL=…` sets `database.url` for the prefix `EHUB_INTAKE`: two underscores step into a table, letters
/// become small. A variable is read as what the key wants: text as it stands, numbers and booleans parsed, lists and tables as
/// TOML. Variables with one underscore after the prefix are left alone, for Kubernetes writes its own there (`…_PORT`).
///
/// `T` refuses unknown keys by `#[serde(deny_unknown_fields)]`, on itself and every table inside.
///
/// # Errors
/// When the file cannot be read or is not TOML, a variable contradicts another, or a key is missing, unknown or wrong.
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    env_prefix: &str,
    env: impl Iterator<Item = (String, String)>,
) -> Result<T, ConfigError> {
    let table = match file {
        Some(path) => read(path)?,
        None => toml::Table::new(),
    };
    let mut root = tree::Node::from(toml::Value::Table(table));
    environment::overlay(&mut root, env_prefix, env)?;
    T::deserialize(tree::At::root(root)).map_err(ConfigError::from)
}

fn read(path: &Path) -> Result<toml::Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    text.parse().map_err(|error: toml::de::Error| {
        // The error's own Display quotes the line, which may hold a secret: only its message and place go out.
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigError::Syntax { path: path.to_owned(), line, problem: error.message().to_owned() }
    })
}

#[cfg(test)]
mod tests;
