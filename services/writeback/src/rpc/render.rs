//! Answers.

use ehub_identifiers::{AgreementId, ConsultationId, EntryId};
use ehub_proto::{timestamp, writeback::v1 as proto};

use super::times::written;
use crate::{
    domain::{Agreement, Author, Content, Entry, Standing},
    events::state,
    operations::{file_entry::Filed, get_document, list_agreements, list_entries},
};

fn etag(version: i64) -> String {
    format!("v{version}")
}

pub(super) fn filed(filed: &Filed) -> proto::FileEntryResponse {
    proto::FileEntryResponse {
        name: filed.entry.name(),
        state: state(filed.standing.state).into(),
        etag: etag(filed.version),
        attention_reason: filed.standing.reason.to_string(),
    }
}

pub(super) fn got(entry: &Entry) -> proto::GetEntryResponse {
    proto::GetEntryResponse { entry: Some(self::entry(entry)) }
}

/// All of it in one; it leaves in pieces.
pub(super) fn document(content: &get_document::Content) -> proto::GetDocumentResponse {
    proto::GetDocumentResponse { piece: prost::bytes::Bytes::copy_from_slice(&content.0) }
}

pub(super) fn listed(page: &list_entries::Page) -> proto::ListEntriesResponse {
    proto::ListEntriesResponse { entries: page.entries.iter().map(entry).collect(), next_page_token: page.next.clone() }
}

pub(super) fn settled(standing: &Standing) -> proto::SettleEntryResponse {
    proto::SettleEntryResponse { state: state(standing.state).into() }
}

pub(super) fn agreement_put(put: &Agreement) -> proto::PutAgreementResponse {
    proto::PutAgreementResponse { agreement: Some(agreement(put)) }
}

pub(super) fn agreements_listed(page: &list_agreements::Page) -> proto::ListAgreementsResponse {
    proto::ListAgreementsResponse {
        agreements: page.agreements.iter().map(agreement).collect(),
        next_page_token: page.next.clone(),
    }
}

fn agreement(agreement: &Agreement) -> proto::Agreement {
    let terms = &agreement.terms;
    proto::Agreement {
        name: AgreementId::new(agreement.id).name(),
        from_ods: terms.from.to_string(),
        to_ods: terms.to.to_string(),
        mesh_mailbox: terms.mesh_mailbox.clone(),
        third_party_entries: terms.third_party_entries,
        from_date: written(terms.from_date),
        to_date: terms.to_date.map(written).unwrap_or_default(),
        version: agreement.version,
        etag: etag(agreement.version),
    }
}

fn entry(entry: &Entry) -> proto::Entry {
    proto::Entry {
        name: EntryId::new(entry.id).name(),
        consultation: ConsultationId::new(entry.consultation).name(),
        practice_ods: entry.practice_ods.clone(),
        state: state(entry.standing.state).into(),
        attention_reason: entry.standing.reason.to_string(),
        content: entry.content.as_ref().map(content),
        author: Some(author(&entry.author)),
        version: entry.version,
        file_time: Some(timestamp(entry.filed_at)),
        send_time: entry.sent_at.map(timestamp),
        deliver_time: entry.delivered_at.map(timestamp),
        acknowledge_time: entry.acknowledged_at.map(timestamp),
        etag: etag(entry.version),
    }
}

fn author(author: &Author) -> proto::Author {
    proto::Author {
        subject: author.subject.clone(),
        display_name: author.name.clone(),
        role: author.role.clone(),
        organisation_ods: author.organisation_ods.clone(),
        on_behalf_of_ods: author.on_behalf_of_ods.clone(),
    }
}

fn content(content: &Content) -> proto::EntryContent {
    proto::EntryContent {
        headings: content.headings.iter().map(|(heading, text)| (heading.key().to_owned(), text.clone())).collect(),
        items: content
            .items
            .iter()
            .map(|item| proto::CodedItem {
                kind: item.kind.as_str().to_owned(),
                concept_id: item.concept.as_str().to_owned(),
                description_id: item.description.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
                term: item.term.clone(),
            })
            .collect(),
        observations: content
            .observations
            .iter()
            .map(|seen| proto::Observation {
                concept_id: seen.concept.as_str().to_owned(),
                term: seen.term.clone(),
                value: seen.value.as_str().to_owned(),
                unit: seen.unit.as_str().to_owned(),
            })
            .collect(),
        follow_up: content.follow_up.clone(),
        fit_note: content.fit_note.as_ref().map(|note| proto::FitNote {
            issuer: note.issuer.clone(),
            system: note.system.clone(),
            from_date: written(note.from),
            to_date: written(note.to),
        }),
        hide_from_online_record: content.hide_from_online_record,
    }
}
