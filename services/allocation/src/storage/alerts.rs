//! `allocation.alert`: clinical alerts.

use std::time::Duration;

use ehub_identifiers::{AlertId, ConsultationId, QuarantineId};
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::{
        alert::{Alert, AlertSubject},
        item::{Party, WorkItem},
    },
    storage::inconsistent,
};

const COLUMNS: &str =
    "alert, consultation, quarantined, reference, owner_ods, raised_at, calls, acknowledged_by, acknowledged_at";

#[derive(sqlx::FromRow)]
struct Row {
    alert: Uuid,
    consultation: Option<Uuid>,
    quarantined: Option<Uuid>,
    reference: String,
    owner_ods: String,
    raised_at: OffsetDateTime,
    calls: i32,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Alert {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let subject = match (row.consultation, row.quarantined) {
            (Some(id), None) => AlertSubject::Consultation(ConsultationId::new(id)),
            (None, Some(id)) => AlertSubject::Quarantined(QuarantineId::new(id)),
            _ => return Err(inconsistent("allocation.alert", "subject")),
        };
        Ok(Self {
            id: AlertId::new(row.alert),
            subject,
            reference: row.reference,
            owner_ods: row.owner_ods,
            raised_at: row.raised_at,
            calls: row.calls,
            acknowledged: row.acknowledged_by.zip(row.acknowledged_at),
        })
    }
}

/// Raises an alert about an item's pool; `None` when there is one already.
pub async fn raise_for_item(tx: &mut Tx, item: &WorkItem) -> Result<Option<AlertId>, StorageError> {
    let subject = AlertSubject::Consultation(item.consultation);
    raise(tx, subject, &item.reference, Some(&item.practice), item.pool.party.ods.as_str()).await
}

/// Raises an alert about a quarantined message; `None` when there is one already.
pub async fn raise_for_quarantined(
    tx: &mut Tx,
    id: QuarantineId,
    owner_ods: &str,
) -> Result<Option<AlertId>, StorageError> {
    raise(tx, AlertSubject::Quarantined(id), "", None, owner_ods).await
}

async fn raise(
    tx: &mut Tx,
    subject: AlertSubject,
    reference: &str,
    practice: Option<&Party>,
    owner_ods: &str,
) -> Result<Option<AlertId>, StorageError> {
    let (alert, at) = (tx.clock().uuid_v7(), tx.at());
    let (consultation, quarantined) = match subject {
        AlertSubject::Consultation(id) => (Some(id.uuid()), None),
        AlertSubject::Quarantined(id) => (None, Some(id.uuid())),
    };
    let done = sqlx::query(
        "/* alerts.raise */ insert into allocation.alert \
         (alert, consultation, quarantined, reference, practice, owner_ods, raised_at, calls, next_call_at) \
         values ($1, $2, $3, $4, $5, $6, $7, 0, ehub.app_now()) on conflict do nothing",
    )
    .bind(alert)
    .bind(consultation)
    .bind(quarantined)
    .bind(reference)
    .bind(practice.map(|practice| practice.org.uuid()))
    .bind(owner_ods)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok((done.rows_affected() == 1).then_some(AlertId::new(alert)))
}

/// An alert of an organisation that the caller may see, locked. A token's list of practices, when it
/// has one, narrows it further; an alert about a quarantined message has no practice yet.
pub async fn lock(
    tx: &mut Tx,
    id: AlertId,
    owner_ods: &str,
    practices: Option<&[String]>,
) -> Result<Option<Alert>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* alerts.lock */ select {COLUMNS} from allocation.alert where alert = $1 and owner_ods = $2 \
            and ($3::text[] is null or consultation is null or exists (select from allocation.work_item w \
                 where w.consultation = alert.consultation and w.practice_ods = any ($3))) for update"
    );
    let row: Option<Row> =
        sqlx::query_as(SQL).bind(id.uuid()).bind(owner_ods).bind(practices).fetch_optional(tx.conn()).await?;
    row.map(Alert::try_from).transpose()
}

/// The alert of a consultation that nobody has acknowledged.
pub async fn lock_open(tx: &mut Tx, consultation: ConsultationId) -> Result<Option<Alert>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* alerts.lock_open */ select {COLUMNS} from allocation.alert where consultation = $1 and acknowledged_at is null for update"
    );
    let row: Option<Row> = sqlx::query_as(SQL).bind(consultation.uuid()).fetch_optional(tx.conn()).await?;
    row.map(Alert::try_from).transpose()
}

/// Notes who acknowledged an alert.
pub async fn acknowledge(tx: &mut Tx, alert: &mut Alert, subject: &str) -> Result<(), StorageError> {
    let at = tx.at();
    let done = sqlx::query(
        "/* alerts.acknowledge */ update allocation.alert set acknowledged_by = $2, acknowledged_at = $3 \
          where alert = $1 and acknowledged_at is null",
    )
    .bind(alert.id.uuid())
    .bind(subject)
    .bind(at)
    .execute(tx.conn())
    .await?;
    exactly_one("alerts.acknowledge", done.rows_affected())?;
    alert.acknowledged = Some((subject.to_owned(), at));
    Ok(())
}

/// Where a page of alerts ended: acknowledged, microseconds of raising, id.
pub type After = (bool, i64, Uuid);

/// A page of an organisation's alerts, unacknowledged first, then oldest first.
pub async fn page(
    tx: &mut Tx,
    owner_ods: &str,
    practices: Option<&[String]>,
    after: Option<After>,
    size: i64,
) -> Result<Vec<Alert>, StorageError> {
    let (done, micros, id) =
        after.map_or((None, None, None), |(done, micros, id)| (Some(done), Some(micros), Some(id)));
    let raised = micros.and_then(|micros| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok());
    const SQL: &str = const_format::formatcp!(
        "/* alerts.page */ select {COLUMNS} from allocation.alert where owner_ods = $1 \
           and ($2::boolean is null or ((acknowledged_at is not null), raised_at, alert) > ($2, $3, $4)) \
           and ($6::text[] is null or consultation is null or exists (select from allocation.work_item w \
                where w.consultation = alert.consultation and w.practice_ods = any ($6))) \
          order by (acknowledged_at is not null), raised_at, alert limit $5"
    );
    let rows: Vec<Row> = sqlx::query_as(SQL)
        .bind(owner_ods)
        .bind(done)
        .bind(raised)
        .bind(id)
        .bind(size)
        .bind(practices)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Takes alerts whose duty person is to be called, and sets when to call again. The count is raised
/// before the call is made: a crash in between repeats a call, and never forgets one.
pub async fn take_due(tx: &mut Tx, repeat: Duration, limit: i64) -> Result<Vec<Alert>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* alerts.take_due */ update allocation.alert set calls = calls + 1, next_call_at = ehub.app_now() + make_interval(secs => $1) \
          where alert in (select alert from allocation.alert where acknowledged_at is null and next_call_at <= ehub.app_now() \
             order by next_call_at limit $2 for update skip locked) returning {COLUMNS}"
    );
    let rows: Vec<Row> = sqlx::query_as(SQL).bind(repeat.as_secs_f64()).bind(limit).fetch_all(tx.conn()).await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Calls again soon: the last call did not get through.
pub async fn call_again(tx: &mut Tx, id: AlertId, wait: Duration) -> Result<(), StorageError> {
    sqlx::query(
        "/* alerts.call_again */ update allocation.alert set next_call_at = ehub.app_now() + make_interval(secs => $2) \
          where alert = $1 and acknowledged_at is null",
    )
    .bind(id.uuid())
    .bind(wait.as_secs_f64())
    .execute(tx.conn())
    .await?;
    Ok(())
}
