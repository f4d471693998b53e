//! Why a configuration was refused.

use std::fmt::Display;
use std::path::PathBuf;

use serde::de;

/// What stopped the start; no variant holds a configured value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be opened or is not UTF-8.
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} line {line} is not TOML: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1; 0 when unknown.
        line: usize,
        /// What the parser expected.
        problem: String,
    },
    /// A variable has an empty part between its underscores, or sets a key inside something another has set as a value.
    #[error("environment variable {variable}: {problem}")]
    Variable {
        /// The variable's name.
        variable: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A key is missing, unknown or holds the wrong thing.
    #[error("configuration key {key}: {problem}")]
    Key {
        /// Its place, such as `database.url` or `issuers[1].jwks`.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

/// A refused value on its way up to where its key is known.
#[derive(Debug)]
pub(crate) struct Refused {
    key: Option<String>,
    problem: String,
}

impl Refused {
    /// Adds the place, unless a deeper one is already known.
    pub(crate) fn at(mut self, key: &str) -> Self {
        self.key.get_or_insert_with(|| key.to_owned());
        self
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for ConfigError {
    fn from(refused: Refused) -> Self {
        let key = refused.key.filter(|key| !key.is_empty()).unwrap_or_else(|| "(top level)".to_owned());
        Self::Key { key, problem: refused.problem }
    }
}

// serde's default messages quote what was found; these say only what was expected.
impl de::Error for Refused {
    fn custom<T: Display>(problem: T) -> Self {
        Self { key: None, problem: problem.to_string() }
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be one of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("\"{field}\" is not known; known are {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("\"{field}\" is missing"))
    }
}
