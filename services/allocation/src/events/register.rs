//! Events of the register, and its messages as the contract has them.

use ehub_identifiers::OrganisationId;
use ehub_postgres::Draft;
use ehub_proto::allocation::{
    event::v1::{AccessPublished, AccessRow, OrganisationPut},
    v1::{Organisation as Proto, OrganisationKind as ProtoKind},
};
use prost::Message;
use time::Date;

use crate::domain::{access::Right, register::Organisation};

/// `YYYY-MM-DD`.
#[must_use]
pub fn day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// An organisation as the contract has it.
#[must_use]
pub fn organisation(organisation: &Organisation) -> Proto {
    Proto {
        name: organisation.org.name(),
        ods: organisation.ods.to_string(),
        kind: ProtoKind::from_str_name(organisation.kind.as_str()).unwrap_or(ProtoKind::Unspecified).into(),
        display_name: organisation.display_name.clone(),
        icb_ods: organisation.icb_ods.as_ref().map(ToString::to_string).unwrap_or_default(),
        mesh_mailbox: organisation.mesh_mailbox.clone(),
        from_date: day(organisation.from),
    }
}

/// Rights as the rows that are published.
#[must_use]
pub fn rows(rights: &[Right]) -> Vec<AccessRow> {
    let row = |right: &Right| AccessRow {
        practice: right.practice.to_string(),
        person: right.person.clone(),
        capability: right.capability.clone(),
        from_date: day(right.days.from),
        to_date: right.days.to.map(day).unwrap_or_default(),
    };
    rights.iter().map(row).collect()
}

/// An organisation's attributes.
#[must_use]
pub fn organisation_put(put: &Organisation) -> Draft {
    let event = OrganisationPut { organisation: Some(organisation(put)) };
    let kind = "ehub.allocation.event.v1.OrganisationPut";
    Draft { stream: Some(put.org.uuid()), kind, body: event.encode_to_vec(), consultation: None }
}

/// Everything an organisation may reach.
#[must_use]
pub fn access_published(org: OrganisationId, version: i64, rows: Vec<AccessRow>) -> Draft {
    let event = AccessPublished { organisation: org.to_string(), access_version: version, rows };
    let kind = "ehub.allocation.event.v1.AccessPublished";
    Draft { stream: Some(org.uuid()), kind, body: event.encode_to_vec(), consultation: None }
}
