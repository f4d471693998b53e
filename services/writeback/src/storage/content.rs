//! Content as it lies in the database: JSON, read strictly.

use std::collections::BTreeMap;

use ehub_identifiers::Sctid;
use ehub_postgres::StorageError;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::domain::{CodedItem, Content, Decimal, FitNote, Heading, ItemKind, Observation, Unit};

#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    headings: BTreeMap<String, String>,
    items: Vec<StoredItem>,
    observations: Vec<StoredObservation>,
    follow_up: String,
    fit_note: Option<StoredFitNote>,
    hide_from_online_record: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredItem {
    kind: String,
    concept: String,
    description: Option<String>,
    term: String,
}

#[derive(Serialize, Deserialize)]
struct StoredObservation {
    concept: String,
    term: String,
    value: String,
    unit: String,
}

#[derive(Serialize, Deserialize)]
struct StoredFitNote {
    issuer: String,
    system: String,
    from: Date,
    to: Date,
}

impl Stored {
    pub(super) fn of(content: &Content) -> Self {
        let item = |item: &CodedItem| StoredItem {
            kind: item.kind.as_str().to_owned(),
            concept: item.concept.as_str().to_owned(),
            description: item.description.as_ref().map(|id| id.as_str().to_owned()),
            term: item.term.clone(),
        };
        let observation = |seen: &Observation| StoredObservation {
            concept: seen.concept.as_str().to_owned(),
            term: seen.term.clone(),
            value: seen.value.as_str().to_owned(),
            unit: seen.unit.as_str().to_owned(),
        };
        Self {
            headings: content.headings.iter().map(|(heading, text)| (heading.key().to_owned(), text.clone())).collect(),
            items: content.items.iter().map(item).collect(),
            observations: content.observations.iter().map(observation).collect(),
            follow_up: content.follow_up.clone(),
            fit_note: content.fit_note.as_ref().map(|note| StoredFitNote {
                issuer: note.issuer.clone(),
                system: note.system.clone(),
                from: note.from,
                to: note.to,
            }),
            hide_from_online_record: content.hide_from_online_record,
        }
    }

    pub(super) fn into_content(self) -> Result<Content, StorageError> {
        self.read().ok_or(StorageError::Inconsistent { table: "writeback.entry_version", what: "content" })
    }

    fn read(self) -> Option<Content> {
        let headings = self.headings.into_iter().map(|(key, text)| Some((Heading::read(&key)?, text)));
        let items = self.items.into_iter().map(|item| {
            Some(CodedItem {
                kind: ItemKind::read(&item.kind)?,
                concept: Sctid::concept(&item.concept).ok()?,
                description: match item.description {
                    Some(id) => Some(Sctid::description(&id).ok()?),
                    None => None,
                },
                term: item.term,
            })
        });
        let observations = self.observations.into_iter().map(|seen| {
            Some(Observation {
                concept: Sctid::concept(&seen.concept).ok()?,
                term: seen.term,
                value: Decimal::parse(&seen.value).ok()?,
                unit: Unit::parse(&seen.unit).ok()?,
            })
        });
        Some(Content {
            headings: headings.collect::<Option<_>>()?,
            items: items.collect::<Option<_>>()?,
            observations: observations.collect::<Option<_>>()?,
            follow_up: self.follow_up,
            fit_note: self.fit_note.map(|note| FitNote {
                issuer: note.issuer,
                system: note.system,
                from: note.from,
                to: note.to,
            }),
            hide_from_online_record: self.hide_from_online_record,
        })
    }
}
