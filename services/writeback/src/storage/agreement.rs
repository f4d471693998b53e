//! Agreements.

use ehub_identifiers::OdsCode;
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::Date;
use uuid::Uuid;

use crate::domain::{Agreement, AgreementTerms};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    from_ods: String,
    to_ods: String,
    mesh_mailbox: String,
    third_party_entries: bool,
    from_date: Date,
    to_date: Option<Date>,
    version: i64,
}

impl Row {
    fn into_agreement(self) -> Result<Agreement, StorageError> {
        let ods = |text: &str| {
            OdsCode::parse(text).map_err(|_| StorageError::Inconsistent { table: "writeback.agreement", what: "ods" })
        };
        Ok(Agreement {
            id: self.id,
            terms: AgreementTerms {
                from: ods(&self.from_ods)?,
                to: ods(&self.to_ods)?,
                mesh_mailbox: self.mesh_mailbox,
                third_party_entries: self.third_party_entries,
                from_date: self.from_date,
                to_date: self.to_date,
            },
            version: self.version,
        })
    }
}

/// Writes a new agreement.
pub async fn insert(tx: &mut Tx, agreement: &Agreement, from_org: Uuid, to_org: Uuid) -> Result<(), StorageError> {
    let at = tx.at();
    let terms = &agreement.terms;
    sqlx::query(
        "/* agreement.insert */ insert into writeback.agreement (id, from_org, from_ods, to_org, to_ods, mesh_mailbox, \
           third_party_entries, from_date, to_date, version, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10)",
    )
    .bind(agreement.id)
    .bind(from_org)
    .bind(terms.from.as_str())
    .bind(to_org)
    .bind(terms.to.as_str())
    .bind(&terms.mesh_mailbox)
    .bind(terms.third_party_entries)
    .bind(terms.from_date)
    .bind(terms.to_date)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The version of an agreement of the caller's organisation, kept against change.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<i64>, StorageError> {
    Ok(sqlx::query_scalar("/* agreement.lock */ select version from writeback.agreement where id = $1 for update")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?)
}

/// Replaces an agreement; `agreement.version` is the new one.
pub async fn replace(tx: &mut Tx, agreement: &Agreement, to_org: Uuid) -> Result<(), StorageError> {
    let at = tx.at();
    let terms = &agreement.terms;
    let done = sqlx::query(
        "/* agreement.replace */ update writeback.agreement set from_ods = $2, to_org = $3, to_ods = $4, mesh_mailbox = $5, \
           third_party_entries = $6, from_date = $7, to_date = $8, version = $9, changed_at = $10 \
          where id = $1 and version = $9 - 1",
    )
    .bind(agreement.id)
    .bind(terms.from.as_str())
    .bind(to_org)
    .bind(terms.to.as_str())
    .bind(&terms.mesh_mailbox)
    .bind(terms.third_party_entries)
    .bind(terms.from_date)
    .bind(terms.to_date)
    .bind(agreement.version)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("agreement.replace", done.rows_affected())
}

/// The agreements of the caller's organisation after an id, in order of id.
pub async fn list(tx: &mut Tx, after: Option<Uuid>, limit: i64) -> Result<Vec<Agreement>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(
        "/* agreement.list */ select id, from_ods, to_ods, mesh_mailbox, third_party_entries, from_date, to_date, version \
           from writeback.agreement where $1::uuid is null or id > $1 order by id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Row::into_agreement).collect()
}

/// The mailbox an organisation may write to for a practice today; `None` is the default: deny.
pub async fn mailbox_today(tx: &mut Tx, from_org: Uuid, to_org: Uuid) -> Result<Option<String>, StorageError> {
    Ok(sqlx::query_scalar(
        "/* agreement.mailbox_today */ select mesh_mailbox from writeback.agreement \
          where from_org = $1 and to_org = $2 and from_date <= ehub.app_now()::date \
            and (to_date is null or to_date > ehub.app_now()::date) order by from_date desc, id desc limit 1",
    )
    .bind(from_org)
    .bind(to_org)
    .fetch_optional(tx.conn())
    .await?)
}
