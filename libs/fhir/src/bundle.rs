//! Message bundles: entries, references, derived ids.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::json::{list, plain, text, urn};
use crate::systems;

/// A resource id derived from the message's id (name-based UUID, RFC 9562 section 5.5).
pub(crate) fn resource_id(message: &str, role: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{message}/{role}").as_bytes()).to_string()
}

pub(crate) fn entry(id: &str, resource: Value) -> Value {
    json!({"fullUrl": urn(id), "resource": resource})
}

/// A message bundle; the first entry is the header.
pub(crate) fn message(message_id: &str, entries: Vec<Value>) -> Value {
    json!({
        "resourceType": "Bundle",
        "id": resource_id(message_id, "bundle"),
        "identifier": {"system": systems::RFC4122, "value": message_id},
        "type": "message",
        "entry": entries,
    })
}

/// The resources of a bundle.
pub(crate) struct Index<'a> {
    entries: Vec<(Option<&'a str>, &'a Value)>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(bundle: &'a Value) -> Self {
        let entries = list(bundle, "entry")
            .iter()
            .filter_map(|entry| Some((text(entry, "/fullUrl"), entry.get("resource")?)))
            .collect();
        Self { entries }
    }

    pub(crate) fn all<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'a Value> + 's {
        self.entries.iter().map(|(_, r)| *r).filter(move |resource| text(resource, "/resourceType") == Some(kind))
    }

    pub(crate) fn first(&self, kind: &str) -> Option<&'a Value> {
        self.all(kind).next()
    }

    /// The resource of a kind that a `Reference` points to, by full URL or by id.
    pub(crate) fn follow(&self, from: &Value, kind: &str) -> Option<&'a Value> {
        let target = text(from, "/reference")?;
        let id = plain(target.rsplit('/').next().unwrap_or(target));
        self.entries
            .iter()
            .filter(|(_, resource)| text(resource, "/resourceType") == Some(kind))
            .find(|(url, resource)| *url == Some(target) || text(resource, "/id") == Some(&id))
            .map(|(_, resource)| *resource)
    }
}
