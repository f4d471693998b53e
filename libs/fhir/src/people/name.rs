//! Names and addresses.

use std::fmt;

use serde_json::{Value, json};

use crate::json::{list, owned, prune, text};

/// A person's name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HumanName {
    /// Family name.
    pub family: String,
    /// Given names in order.
    pub given: Vec<String>,
    /// Titles.
    pub prefix: Vec<String>,
}

/// A postal address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Street lines.
    pub lines: Vec<String>,
    /// Town.
    pub city: Option<String>,
    /// County.
    pub district: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
}

impl fmt::Debug for HumanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HumanName(***)")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(***)")
    }
}

impl HumanName {
    pub(crate) fn write(&self, purpose: Option<&str>) -> Value {
        prune(json!({"use": purpose, "family": self.family, "given": self.given, "prefix": self.prefix}))
    }
}

/// The name in use: `usual`, `official`, then the first that is not `old`.
pub(crate) fn current_name(person: &Value) -> Option<HumanName> {
    let names = list(person, "name");
    let of_use = |wanted| names.iter().find(|name| text(name, "/use") == Some(wanted));
    let name = of_use("usual").or_else(|| of_use("official"));
    let name = name.or_else(|| names.iter().find(|name| text(name, "/use") != Some("old")))?;
    Some(HumanName { family: owned(name, "/family")?, given: strings(name, "given"), prefix: strings(name, "prefix") })
}

impl Address {
    pub(crate) fn write(&self, purpose: &str) -> Value {
        prune(json!({
            "use": purpose,
            "line": self.lines,
            "city": self.city,
            "district": self.district,
            "postalCode": self.postcode,
        }))
    }

    /// The address in use: the home address, else the first that is not old.
    pub(crate) fn current(owner: &Value) -> Option<Self> {
        let all = list(owner, "address");
        let home = all.iter().find(|address| text(address, "/use") == Some("home"));
        let address = home.or_else(|| all.iter().find(|address| text(address, "/use") != Some("old")))?;
        Some(Self {
            lines: strings(address, "line"),
            city: owned(address, "/city"),
            district: owned(address, "/district"),
            postcode: owned(address, "/postalCode"),
        })
    }
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
