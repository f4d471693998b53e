//! Projecting what allocation publishes.

use ehub_outbox::{Received, Refusal};
use ehub_postgres::{StorageError, Tx};
use ehub_proto::allocation::{
    event::v1::{AccessPublished, AccessRow, OrganisationPut},
    v1::Organisation,
};
use prost::Message;
use time::{Date, OffsetDateTime, format_description::well_known::Iso8601};
use uuid::Uuid;

/// The event kinds [`apply`] takes.
pub const KINDS: [&str; 2] = ["ehub.allocation.event.v1.OrganisationPut", "ehub.allocation.event.v1.AccessPublished"];

/// Applies an event of the register; tells whether it was one.
pub async fn apply(tx: &mut Tx, event: &Received) -> Result<bool, Refusal> {
    if event.kind == KINDS[0] {
        let put = OrganisationPut::decode(event.body.as_slice()).map_err(|_| Refusal::Never("UNREADABLE"))?;
        let organisation = put.organisation.ok_or(Refusal::Never("UNREADABLE"))?;
        let org = organisation.name.strip_prefix("organisations/").and_then(|id| Uuid::parse_str(id).ok());
        put_organisation(tx, org.ok_or(Refusal::Never("UNREADABLE"))?, &organisation).await?;
        Ok(true)
    } else if event.kind == KINDS[1] {
        let published = AccessPublished::decode(event.body.as_slice()).map_err(|_| Refusal::Never("UNREADABLE"))?;
        let org = Uuid::parse_str(&published.organisation).map_err(|_| Refusal::Never("UNREADABLE"))?;
        replace_access(tx, org, published.access_version, &published.rows).await?;
        Ok(true)
    } else {
        Ok(false)
    }
}

/// Notes that everything the register published before a time is here.
pub async fn caught_up(tx: &mut Tx, read_time: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "/* access.caught_up */ insert into ehub.access_freshness (fresh_at) values ($1) \
         on conflict (only_row) do update set fresh_at = greatest(access_freshness.fresh_at, excluded.fresh_at)",
    )
    .bind(read_time)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes an organisation's attributes from their first day on.
pub async fn put_organisation(tx: &mut Tx, org: Uuid, organisation: &Organisation) -> Result<(), StorageError> {
    let from = date(&organisation.from_date)?.ok_or(BAD_DATE)?;
    sqlx::query(
        "/* access.put_organisation */ insert into ehub.organisation \
         (org, ods, kind, display_name, icb_ods, mesh_mailbox, valid_from) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (org, valid_from) do update set ods = excluded.ods, kind = excluded.kind, \
           display_name = excluded.display_name, icb_ods = excluded.icb_ods, mesh_mailbox = excluded.mesh_mailbox",
    )
    .bind(org)
    .bind(&organisation.ods)
    .bind(organisation.kind().as_str_name())
    .bind(&organisation.display_name)
    .bind(given(&organisation.icb_ods))
    .bind(given(&organisation.mesh_mailbox))
    .bind(from)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Replaces everything an organisation may reach, unless something newer is here.
pub async fn replace_access(tx: &mut Tx, org: Uuid, version: i64, rows: &[AccessRow]) -> Result<(), StorageError> {
    let newer = sqlx::query(
        "/* access.version */ insert into ehub.access_version (org, version) values ($1, $2) \
         on conflict (org) do update set version = excluded.version where access_version.version < excluded.version",
    )
    .bind(org)
    .bind(version)
    .execute(tx.conn())
    .await?;
    if newer.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query("/* access.clear */ delete from ehub.access where org = $1").bind(org).execute(tx.conn()).await?;
    for row in rows {
        let practice = Uuid::parse_str(&row.practice)
            .map_err(|_| StorageError::Inconsistent { table: "ehub.access", what: "practice" })?;
        sqlx::query(
            "/* access.insert */ insert into ehub.access (org, practice, person, capability, valid_from, valid_to) \
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(org)
        .bind(practice)
        .bind(&row.person)
        .bind(&row.capability)
        .bind(date(&row.from_date)?.ok_or(BAD_DATE)?)
        .bind(date(&row.to_date)?)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

const BAD_DATE: StorageError = StorageError::Inconsistent { table: "ehub.access", what: "date" };

fn date(text: &str) -> Result<Option<Date>, StorageError> {
    if text.is_empty() {
        return Ok(None);
    }
    Date::parse(text, &Iso8601::DATE).map(Some).map_err(|_| BAD_DATE)
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
