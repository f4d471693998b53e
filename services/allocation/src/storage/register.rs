//! The register: organisations, rosters, agreements.

use ehub_identifiers::{OdsCode, OrganisationId};
use ehub_postgres::{StorageError, Tx};
use time::Date;
use uuid::Uuid;

use crate::{
    domain::{
        access::{Agreement, Days, RosterEntry},
        register::Organisation,
        words::OrganisationKind,
    },
    storage::inconsistent,
};

#[derive(sqlx::FromRow)]
struct Row {
    org: Uuid,
    ods: String,
    kind: String,
    display_name: String,
    icb_ods: Option<String>,
    mesh_mailbox: Option<String>,
    valid_from: Date,
}

impl TryFrom<Row> for Organisation {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let code = |text: &str| OdsCode::parse(text).map_err(|_| inconsistent("ehub.organisation", "ODS code"));
        Ok(Self {
            org: OrganisationId::new(row.org),
            ods: code(&row.ods)?,
            kind: OrganisationKind::parse(&row.kind).map_err(|_| inconsistent("ehub.organisation", "kind"))?,
            display_name: row.display_name,
            icb_ods: row.icb_ods.as_deref().map(code).transpose()?,
            mesh_mailbox: row.mesh_mailbox.unwrap_or_default(),
            from: row.valid_from,
        })
    }
}

/// Makes writers of the register take turns: what they compute depends on each other's rows.
pub async fn take_turn(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query("/* register.take_turn */ select pg_advisory_xact_lock(hashtextextended('allocation.register', 0))")
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether an organisation is there.
pub async fn exists(tx: &mut Tx, org: OrganisationId) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar("/* register.exists */ select exists (select from ehub.organisation where org = $1)")
        .bind(org.uuid())
        .fetch_one(tx.conn())
        .await?)
}

/// Whether another organisation bears a code on one of the days for which these attributes would
/// stand: from their first day to the organisation's next change.
pub async fn code_is_taken(tx: &mut Tx, organisation: &Organisation) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar(
        "/* register.code_is_taken */ with borne as (\
            select org, ods, valid_from, lead(valid_from) over (partition by org order by valid_from) as valid_to from ehub.organisation), \
          wanted as (select min(valid_from) as valid_to from ehub.organisation where org = $1 and valid_from > $3) \
          select exists (select from borne, wanted where borne.ods = $2 and borne.org <> $1 \
            and (borne.valid_to is null or borne.valid_to > $3) and (wanted.valid_to is null or wanted.valid_to > borne.valid_from))",
    )
    .bind(organisation.org.uuid())
    .bind(organisation.ods.as_str())
    .bind(organisation.from)
    .fetch_one(tx.conn())
    .await?)
}

const NEWEST: &str = "select distinct on (org) org, ods, kind, display_name, icb_ods, mesh_mailbox, valid_from from ehub.organisation \
     order by org, (valid_from > ehub.today()), valid_from desc";

/// The organisation that bears a code today.
pub async fn by_code(tx: &mut Tx, ods: &OdsCode) -> Result<Option<Organisation>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* register.by_code */ select * from ({NEWEST}) as newest where ods = $1 order by valid_from desc limit 1"
    );
    let row: Option<Row> = sqlx::query_as(SQL).bind(ods.as_str()).fetch_optional(tx.conn()).await?;
    row.map(Organisation::try_from).transpose()
}

/// A page of organisations by code, as they stand today.
pub async fn page(tx: &mut Tx, after: Option<&(String, Uuid)>, size: i64) -> Result<Vec<Organisation>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* register.page */ select * from ({NEWEST}) as newest where $1::text is null or (ods, org) > ($1, $2) order by ods, org limit $3"
    );
    let rows: Vec<Row> = sqlx::query_as(SQL)
        .bind(after.map(|(ods, _)| ods))
        .bind(after.map(|(_, org)| org))
        .bind(size)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Organisation::try_from).collect()
}

/// Replaces a person's roster at an organisation.
pub async fn put_roster(tx: &mut Tx, org: OrganisationId, entry: &RosterEntry, role: &str) -> Result<(), StorageError> {
    sqlx::query(
        "/* register.put_roster */ insert into allocation.roster (subject, organisation, practices, role, valid_from, valid_to) \
         values ($1, $2, $3, $4, $5, $6) on conflict on constraint roster_key do update set practices = excluded.practices, \
           role = excluded.role, valid_from = excluded.valid_from, valid_to = excluded.valid_to",
    )
    .bind(&entry.subject)
    .bind(org.uuid())
    .bind(&entry.practices)
    .bind(role)
    .bind(entry.days.from)
    .bind(entry.days.to)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Replaces what an organisation may do for a practice's patients.
pub async fn put_agreement(tx: &mut Tx, org: OrganisationId, agreement: &Agreement) -> Result<(), StorageError> {
    sqlx::query(
        "/* register.put_agreement */ insert into allocation.access_agreement (organisation, practice, capabilities, valid_from, valid_to) \
         values ($1, $2, $3, $4, $5) on conflict on constraint access_agreement_key do update set capabilities = excluded.capabilities, \
           valid_from = excluded.valid_from, valid_to = excluded.valid_to",
    )
    .bind(org.uuid())
    .bind(agreement.practice)
    .bind(&agreement.capabilities)
    .bind(agreement.days.from)
    .bind(agreement.days.to)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What an organisation may do for others' patients.
pub async fn agreements(tx: &mut Tx, org: OrganisationId) -> Result<Vec<Agreement>, StorageError> {
    let rows: Vec<(Uuid, Vec<String>, Date, Option<Date>)> = sqlx::query_as(
        "/* register.agreements */ select practice, capabilities, valid_from, valid_to from allocation.access_agreement where organisation = $1",
    )
    .bind(org.uuid())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(practice, capabilities, from, to)| Agreement { practice, capabilities, days: Days { from, to } })
        .collect())
}

/// Who works for an organisation.
pub async fn roster(tx: &mut Tx, org: OrganisationId) -> Result<Vec<RosterEntry>, StorageError> {
    let rows: Vec<(String, Vec<Uuid>, Date, Option<Date>)> = sqlx::query_as(
        "/* register.roster */ select subject, practices, valid_from, valid_to from allocation.roster where organisation = $1",
    )
    .bind(org.uuid())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(subject, practices, from, to)| RosterEntry { subject, practices, days: Days { from, to } })
        .collect())
}

/// Whether an organisation is a practice.
pub async fn is_practice(tx: &mut Tx, org: OrganisationId) -> Result<bool, StorageError> {
    let kind: Option<String> = sqlx::query_scalar(
        "/* register.kind */ select kind from ehub.organisation where org = $1 \
          order by (valid_from > ehub.today()), valid_from desc limit 1",
    )
    .bind(org.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(kind.as_deref() == Some(OrganisationKind::Practice.as_str()))
}

/// The version of what was last published of an organisation's access.
pub async fn access_version(tx: &mut Tx, org: OrganisationId) -> Result<i64, StorageError> {
    let version: Option<i64> =
        sqlx::query_scalar("/* register.access_version */ select version from ehub.access_version where org = $1")
            .bind(org.uuid())
            .fetch_optional(tx.conn())
            .await?;
    Ok(version.unwrap_or(0))
}

/// Whether the caller may use `work` on a practice's patients today.
pub async fn may_work(tx: &mut Tx, practice: OrganisationId) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar(
        "/* register.may_work */ select exists (select from ehub.access a \
          where a.org = nullif(current_setting('app.org', true), '')::uuid and a.person = current_setting('app.person', true) \
            and a.practice = $1 and a.capability = 'work' \
            and a.valid_from <= ehub.today() and (a.valid_to is null or a.valid_to > ehub.today()))",
    )
    .bind(practice.uuid())
    .fetch_one(tx.conn())
    .await?)
}
