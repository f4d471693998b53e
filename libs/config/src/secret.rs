//! Values that must not be seen: passwords, keys.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// A text that shows itself only when asked by [`Secret::reveal`].
///
/// In the configuration it is either a string or `{ file = "/path" }`, as Kubernetes mounts secrets; one line break at the end is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// More than any key or password needs, and little enough that a wrong path does no harm.
const MAX_FILE_BYTES: u64 = 64 * 1024;

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn from_file<E: de::Error>(path: &Path) -> Result<Self, E> {
        let failed =
            |why: &dyn fmt::Display| E::custom(format_args!("cannot read the secret file {}: {why}", path.display()));
        let size = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
        if size > MAX_FILE_BYTES {
            return Err(failed(&"it is larger than 64 KiB"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(failed(&"it is empty"));
        }
        Ok(Self::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asking for a string keeps a password of digits from becoming a number on its way out of the environment.
        deserializer.deserialize_string(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or { file = \"/path\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        if text.is_empty() {
            return Err(E::custom("must not be empty"));
        }
        Ok(Secret::new(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let Some((key, path)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::missing_field("file"));
        };
        if key != "file" {
            return Err(de::Error::unknown_field(&key, &["file"]));
        }
        if let Some(other) = map.next_key::<String>()? {
            return Err(de::Error::unknown_field(&other, &["file"]));
        }
        Secret::from_file(Path::new(&path))
    }
}
