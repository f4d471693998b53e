//! Enrolments.

use ehub_identifiers::{EnrolmentId, OdsCode};
use ehub_postgres::{StorageError, Tx, exactly_one};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, types::Json};
use time::Date;
use uuid::Uuid;

use super::inconsistent;
use crate::domain::{
    codes::{Need, Urgency},
    enrolment::{Enrolment, Terms},
    promise::Promise,
};

const TABLE: &str = "intake.enrolment";
const COLUMNS: &str = "id, practice, practice_ods, practice_name, practice_phone, hub_ods, hub_name, needs, from_date, to_date, \
     promises, duty_contact, if_worse, version";

#[derive(Serialize, Deserialize)]
struct PromiseJson {
    need: String,
    urgency: String,
    respond_minutes: u32,
    working_time: bool,
}

#[derive(FromRow)]
struct EnrolmentRow {
    id: Uuid,
    practice: Option<Uuid>,
    practice_ods: String,
    practice_name: String,
    practice_phone: String,
    hub_ods: String,
    hub_name: String,
    needs: Vec<String>,
    from_date: Date,
    to_date: Option<Date>,
    promises: Json<Vec<PromiseJson>>,
    duty_contact: String,
    if_worse: String,
    version: i64,
}

impl TryFrom<EnrolmentRow> for Enrolment {
    type Error = StorageError;

    fn try_from(row: EnrolmentRow) -> Result<Self, StorageError> {
        let ods = |code: &str| OdsCode::parse(code).map_err(|_| inconsistent(TABLE, "ods"));
        let need = |code: &str| Need::from_code(code).ok_or(inconsistent(TABLE, "need"));
        let promise = |row: &PromiseJson| {
            Ok::<_, StorageError>(Promise {
                need: need(&row.need)?,
                urgency: Urgency::from_code(&row.urgency).ok_or(inconsistent(TABLE, "urgency"))?,
                respond_minutes: row.respond_minutes,
                working_time: row.working_time,
            })
        };
        Ok(Self {
            id: EnrolmentId::new(row.id),
            practice: row.practice,
            terms: Terms {
                practice_ods: ods(&row.practice_ods)?,
                practice_name: row.practice_name,
                practice_phone: row.practice_phone,
                hub_ods: ods(&row.hub_ods)?,
                hub_name: row.hub_name,
                needs: row.needs.iter().map(|code| need(code)).collect::<Result<_, _>>()?,
                from_date: row.from_date,
                to_date: row.to_date,
                promises: row.promises.0.iter().map(promise).collect::<Result<_, _>>()?,
                duty_contact: row.duty_contact,
                if_worse: row.if_worse,
            },
            version: row.version,
        })
    }
}

/// The enrolment that covers a practice's need on a day, with the practice's internal id as the
/// register has it now.
pub async fn covering(
    tx: &mut Tx,
    practice_ods: &str,
    need: Need,
    on: Date,
) -> Result<Option<Enrolment>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* enrolment.covering */ select {COLUMNS} from intake.enrolment \
         where practice_ods = $1 and $2 = any(needs) and from_date <= $3 and (to_date is null or to_date > $3) \
         order by from_date desc limit 1"
    );
    one(tx, sqlx::query_as(SQL).bind(practice_ods).bind(need.code()).bind(on)).await
}

/// One enrolment of a hub, locked against change.
pub async fn lock(tx: &mut Tx, id: EnrolmentId, hub_ods: &str) -> Result<Option<Enrolment>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* enrolment.lock */ select {COLUMNS} from intake.enrolment where id = $1 and hub_ods = $2 for update"
    );
    one(tx, sqlx::query_as(SQL).bind(id.uuid()).bind(hub_ods)).await
}

type Query<'q> = sqlx::query::QueryAs<'q, sqlx::Postgres, EnrolmentRow, sqlx::postgres::PgArguments>;

async fn one(tx: &mut Tx, query: Query<'_>) -> Result<Option<Enrolment>, StorageError> {
    query.fetch_optional(tx.conn()).await?.map(Enrolment::try_from).transpose()
}

/// Takes turns with everybody who changes enrolments of a practice: overlaps are judged in turn.
pub async fn take_turn(tx: &mut Tx, practice_ods: &str) -> Result<(), StorageError> {
    sqlx::query(
        "/* enrolment.take_turn */ select pg_advisory_xact_lock(hashtextextended('intake.enrolment|' || $1, 0))",
    )
    .bind(practice_ods)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Another enrolment of the practice that covers one of the needs on one of the days.
pub async fn overlapping(tx: &mut Tx, but: EnrolmentId, terms: &Terms) -> Result<Option<EnrolmentId>, StorageError> {
    let needs: Vec<&str> = terms.needs.iter().map(|need| need.code()).collect();
    let found: Option<Uuid> = sqlx::query_scalar(
        "/* enrolment.overlapping */ select id from intake.enrolment where practice_ods = $1 and id <> $2 and needs && $3::text[] \
         and daterange(from_date, to_date) && daterange($4, $5) limit 1",
    )
    .bind(terms.practice_ods.as_str())
    .bind(but.uuid())
    .bind(needs)
    .bind(terms.from_date)
    .bind(terms.to_date)
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.map(EnrolmentId::new))
}

/// Writes an enrolment: new at version 1, or one version on.
pub async fn put(tx: &mut Tx, enrolment: &Enrolment) -> Result<(), StorageError> {
    let terms = &enrolment.terms;
    let needs: Vec<&str> = terms.needs.iter().map(|need| need.code()).collect();
    let promises: Vec<PromiseJson> = terms
        .promises
        .iter()
        .map(|row| PromiseJson {
            need: row.need.code().to_owned(),
            urgency: row.urgency.code().to_owned(),
            respond_minutes: row.respond_minutes,
            working_time: row.working_time,
        })
        .collect();
    let done = sqlx::query(
        "/* enrolment.put */ insert into intake.enrolment as e (id, practice, practice_ods, practice_name, practice_phone, hub_ods, \
         hub_name, needs, from_date, to_date, promises, duty_contact, if_worse, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         on conflict (id) do update set practice = excluded.practice, practice_ods = excluded.practice_ods, \
         practice_name = excluded.practice_name, practice_phone = excluded.practice_phone, hub_name = excluded.hub_name, \
         needs = excluded.needs, from_date = excluded.from_date, to_date = excluded.to_date, promises = excluded.promises, \
         duty_contact = excluded.duty_contact, if_worse = excluded.if_worse, version = excluded.version \
         where e.version = excluded.version - 1",
    )
    .bind(enrolment.id.uuid())
    .bind(enrolment.practice)
    .bind(terms.practice_ods.as_str())
    .bind(&terms.practice_name)
    .bind(&terms.practice_phone)
    .bind(terms.hub_ods.as_str())
    .bind(&terms.hub_name)
    .bind(needs)
    .bind(terms.from_date)
    .bind(terms.to_date)
    .bind(Json(promises))
    .bind(&terms.duty_contact)
    .bind(&terms.if_worse)
    .bind(enrolment.version)
    .execute(tx.conn())
    .await?;
    exactly_one("enrolment.put", done.rows_affected())
}

/// A page of the enrolments with an organisation, as hub or as practice, oldest first.
pub async fn list(tx: &mut Tx, ods: &str, after: Option<Uuid>, limit: i64) -> Result<Vec<Enrolment>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* enrolment.list */ select {COLUMNS} from intake.enrolment where (hub_ods = $1 or practice_ods = $1) \
         and ($2::uuid is null or id > $2) order by id limit $3"
    );
    let rows: Vec<EnrolmentRow> = sqlx::query_as(SQL).bind(ods).bind(after).bind(limit).fetch_all(tx.conn()).await?;
    rows.into_iter().map(Enrolment::try_from).collect()
}
