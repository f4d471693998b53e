//! The content of an entry: a code that fails is refused, not turned into text.

use std::collections::BTreeMap;

use ehub_faults::{FieldPath, Fields};
use ehub_identifiers::Sctid;
use ehub_proto::writeback::v1::{
    CodedItem as ProtoItem, EntryContent, FitNote as ProtoFitNote, Observation as ProtoObservation,
};

use crate::{
    domain::{CodedItem, Content, Decimal, FitNote, Heading, ItemKind, Observation, Unit},
    rpc::times,
};

/// Free text under one heading, in characters.
const MAX_TEXT: usize = 20_000;
/// Coded items, and observations.
const MAX_ITEMS: usize = 50;
const MAX_TERM: usize = 255;
const MAX_FOLLOW_UP: usize = 2_000;
const MAX_NAME: usize = 200;

/// Reads content, naming every field that is wrong.
pub(super) fn content(fields: &mut Fields, given: EntryContent) -> Option<Content> {
    let root = FieldPath::from("content");
    if given.headings.is_empty() && given.items.is_empty() && given.observations.is_empty() {
        fields.wrong(root.field("headings"), "at least one heading, item or observation is required");
    }
    for (list, length) in [("items", given.items.len()), ("observations", given.observations.len())] {
        if !fields.list(root.field(list), length, MAX_ITEMS) {
            return None;
        }
    }
    let headings = headings(fields, &root.field("headings"), given.headings);
    let path = root.field("items");
    let items: Vec<Option<CodedItem>> =
        given.items.iter().enumerate().map(|(index, given)| item(fields, &path.index(index), given)).collect();
    let path = root.field("observations");
    let observations: Vec<Option<Observation>> = given
        .observations
        .iter()
        .enumerate()
        .map(|(index, given)| observation(fields, &path.index(index), given))
        .collect();
    let follow_up = fields.optional_text(root.field("follow_up"), &given.follow_up, MAX_FOLLOW_UP);
    let fit_note = match &given.fit_note {
        None => None,
        Some(given) => Some(fit_note(fields, &root.field("fit_note"), given)?),
    };
    Some(Content {
        headings: headings?,
        items: items.into_iter().collect::<Option<_>>()?,
        observations: observations.into_iter().collect::<Option<_>>()?,
        follow_up: follow_up?,
        fit_note,
        hide_from_online_record: given.hide_from_online_record,
    })
}

fn headings(
    fields: &mut Fields,
    path: &FieldPath,
    given: impl IntoIterator<Item = (String, String)>,
) -> Option<BTreeMap<Heading, String>> {
    let known = Heading::ALL.map(Heading::key).join(", ");
    let read: Vec<Option<(Heading, String)>> = given
        .into_iter()
        .map(|(key, text)| {
            // A key that is not known is the caller's own text and is not put into a path.
            let Some(heading) = Heading::read(&key) else {
                fields.wrong(path.clone(), format!("each key must be one of: {known}"));
                return None;
            };
            Some((heading, fields.text(path.field(heading.key()), &text, MAX_TEXT)?))
        })
        .collect();
    read.into_iter().collect()
}

fn item(fields: &mut Fields, path: &FieldPath, given: &ProtoItem) -> Option<CodedItem> {
    let kind = ItemKind::read(&given.kind).ok_or("must be PROBLEM, FINDING or PROCEDURE");
    let kind = fields.check(path.field("kind"), kind);
    let concept = fields.check(path.field("concept_id"), Sctid::concept(&given.concept_id));
    let description = match given.description_id.as_str() {
        "" => Some(None),
        text => fields.check(path.field("description_id"), Sctid::description(text)).map(Some),
    };
    let term = fields.text(path.field("term"), &given.term, MAX_TERM);
    Some(CodedItem { kind: kind?, concept: concept?, description: description?, term: term? })
}

fn observation(fields: &mut Fields, path: &FieldPath, given: &ProtoObservation) -> Option<Observation> {
    let concept = fields.check(path.field("concept_id"), Sctid::concept(&given.concept_id));
    let term = fields.text(path.field("term"), &given.term, MAX_TERM);
    let value = fields.check(path.field("value"), Decimal::parse(&given.value));
    let unit = fields.check(path.field("unit"), Unit::parse(&given.unit));
    Some(Observation { concept: concept?, term: term?, value: value?, unit: unit? })
}

fn fit_note(fields: &mut Fields, path: &FieldPath, given: &ProtoFitNote) -> Option<FitNote> {
    let issuer = fields.text(path.field("issuer"), &given.issuer, MAX_NAME);
    let system = fields.text(path.field("system"), &given.system, MAX_NAME);
    let from = fields.check(path.field("from_date"), times::day(&given.from_date));
    let to = fields.check(path.field("to_date"), times::day(&given.to_date));
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        fields.wrong(path.field("to_date"), "must not be before from_date");
    }
    Some(FitNote { issuer: issuer?, system: system?, from: from?, to: to? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(given: EntryContent) -> Vec<String> {
        let mut fields = Fields::new();
        let parsed = content(&mut fields, given);
        let status = fields.into_result(parsed).expect_err("wrong").into_status();
        let details = tonic_types::StatusExt::get_error_details(&status);
        let violations = &details.bad_request().expect("violations").field_violations;
        let mut paths: Vec<String> = violations.iter().map(|violation| violation.field.clone()).collect();
        paths.sort();
        paths
    }

    fn note(from_date: &str, to_date: &str) -> ProtoFitNote {
        ProtoFitNote { issuer: "Dr".into(), system: "S".into(), from_date: from_date.into(), to_date: to_date.into() }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let headings = [("plan", " "), ("diagnosis", "x")].map(|(key, text)| (key.to_owned(), text.to_owned()));
        let given = EntryContent {
            headings: headings.into_iter().collect(),
            items: vec![ProtoItem {
                kind: "ALLERGY".into(),
                concept_id: "703421001".into(),
                description_id: "703421000".into(),
                term: String::new(),
            }],
            observations: vec![ProtoObservation {
                concept_id: String::new(),
                term: "t".repeat(256),
                value: "1,5".into(),
                unit: "°C".into(),
            }],
            follow_up: "a".repeat(2_001),
            fit_note: Some(note("2026-02-30", "20260301")),
            hide_from_online_record: false,
        };
        let expected = [
            "content.fit_note.from_date",
            "content.fit_note.to_date",
            "content.follow_up",
            "content.headings",
            "content.headings.plan",
            "content.items[0].concept_id",
            "content.items[0].description_id",
            "content.items[0].kind",
            "content.items[0].term",
            "content.observations[0].concept_id",
            "content.observations[0].term",
            "content.observations[0].unit",
            "content.observations[0].value",
        ];
        assert_eq!(refused(given), expected);
    }

    #[test]
    fn nothing_recorded_is_refused_and_limits_hold() {
        assert_eq!(refused(EntryContent::default()), ["content.headings"]);
        let items = vec![ProtoItem::default(); 51];
        assert_eq!(refused(EntryContent { items, ..Default::default() }), ["content.items"]);
    }

    #[test]
    fn a_fit_note_does_not_end_before_it_begins() {
        let headings = [("plan".to_owned(), "rest".to_owned())].into_iter().collect();
        let given = EntryContent { headings, fit_note: Some(note("2026-03-02", "2026-03-01")), ..Default::default() };
        assert_eq!(refused(given), ["content.fit_note.to_date"]);
    }
}
