//! `ehub file`: the coded entry of a claimed consultation.

use ehub_proto::writeback::v1::{CodedItem, EntryContent, EntryState, FileEntryRequest, Observation};
use serde_json::json;

use super::{
    content,
    context::Context,
    held,
    views::{text, word},
};
use crate::{
    arguments::FileEntry,
    output,
    session::new_id,
    waiting::{Patience, patiently},
};

/// Files it and shows where it stands.
pub async fn run(context: &Context, entry: FileEntry) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let held = held::grant(context, &session, entry.consultation.as_deref()).await?;
    let request = FileEntryRequest {
        request_id: new_id(),
        name: entry.replace.clone().unwrap_or_else(|| format!("entries/{}", new_id())),
        consultation: held.consultation.clone(),
        etag: entry.etag.clone().unwrap_or_default(),
        content: Some(filled(entry)?),
    };
    let filed = patiently(
        Patience::EVENT,
        |_| {},
        || async {
            let request = session.granted(request.clone(), &held.grant).await?;
            Ok(session.writeback().file_entry(request).await?.into_inner())
        },
    )
    .await?;
    output::record(&json!({
        "entry": filed.name,
        "consultation": held.consultation,
        "state": word!(EntryState, "ENTRY_STATE_", filed.state),
        "attention_reason": text(&filed.attention_reason),
        "etag": filed.etag,
    }));
    output::note("next: ehub complete; the entry is sent after that, and ehub show says how far it is");
    Ok(())
}

fn filled(said: FileEntry) -> anyhow::Result<EntryContent> {
    let typed = !(said.headings.is_empty()
        && said.problems.is_empty()
        && said.findings.is_empty()
        && said.procedures.is_empty());
    let mut content = match &said.file {
        Some(file) => content::entry_content(file)?,
        None if typed => EntryContent::default(),
        None => sample(),
    };
    content.headings.extend(said.headings);
    for (kind, pairs) in [("PROBLEM", said.problems), ("FINDING", said.findings), ("PROCEDURE", said.procedures)] {
        content.items.extend(pairs.into_iter().map(|(concept, term)| coded(kind, &concept, &term)));
    }
    if let Some(follow_up) = said.follow_up {
        content.follow_up = follow_up;
    }
    content.hide_from_online_record |= said.hide;
    Ok(content)
}

fn coded(kind: &str, concept: &str, term: &str) -> CodedItem {
    CodedItem {
        kind: kind.to_owned(),
        concept_id: concept.to_owned(),
        description_id: String::new(),
        term: term.to_owned(),
    }
}

/// A made-up entry.
fn sample() -> EntryContent {
    let headings = [
        ("presenting-complaint", "As in the online consultation."),
        ("assessment", "Likely viral; no red flags."),
        ("plan", "Rest, fluids, simple pain relief."),
        ("safety-net", "To call 111 if worse or no better in a week."),
    ];
    EntryContent {
        headings: headings.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect(),
        items: vec![coded("FINDING", "386661006", "Fever")],
        observations: vec![Observation {
            concept_id: "386725007".to_owned(),
            term: "Body temperature".to_owned(),
            value: "37.9".to_owned(),
            unit: "Cel".to_owned(),
        }],
        follow_up: "None planned.".to_owned(),
        ..EntryContent::default()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use ehub_identifiers::Sctid;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn said(line: &str) -> FileEntry {
        match Arguments::try_parse_from(line.split('|')).expect("good").command {
            Command::File(entry) => entry,
            _ => panic!("not file"),
        }
    }

    #[test]
    fn the_sample_has_good_codes() {
        let content = filled(said("ehub|file")).expect("content");
        let codes = content.items.iter().map(|item| &item.concept_id);
        for code in codes.chain(content.observations.iter().map(|seen| &seen.concept_id)) {
            assert!(Sctid::concept(code).is_ok(), "{code}");
        }
        assert!(content.headings.contains_key("assessment"));
    }

    #[test]
    fn what_is_typed_stands_without_the_sample() {
        let content = filled(said("ehub|file|--heading|plan=Rest|--problem|195662009=Viral pharyngitis|--hide"))
            .expect("content");
        assert_eq!(content.headings.len(), 1);
        assert_eq!((content.items[0].kind.as_str(), content.items[0].term.as_str()), ("PROBLEM", "Viral pharyngitis"));
        assert!(content.observations.is_empty() && content.hide_from_online_record);
    }

    #[test]
    fn a_detail_alone_completes_the_sample() {
        let content = filled(said("ehub|file|--follow-up|In a week")).expect("content");
        assert_eq!(content.follow_up, "In a week");
        assert!(!content.headings.is_empty());
    }
}
