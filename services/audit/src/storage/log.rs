//! `audit.event` and `audit.mention`: what happened.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::heard::Heard;

/// Logs an event with the consultations it names; tells whether it is new.
pub async fn insert(tx: &mut Tx, heard: &Heard) -> Result<Seen, StorageError> {
    let act = &heard.act;
    let consultations: Vec<Uuid> = heard.consultations.iter().map(ConsultationId::uuid).collect();
    let new: i64 = sqlx::query_scalar(
        "/* log.insert */ with logged as (insert into audit.event \
         (id, source, stream, version, kind, at, heard_at, episode, request_id, actor, actor_name, actor_role, \
          organisation_ods, client, on_behalf_of_ods, action, outcome, subject, detail, traceparent) \
         values ($1, $2, $3, $4, $5, $6, ehub.app_now(), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
         on conflict (id) do nothing returning id), \
         mentioned as (insert into audit.mention (event_id, consultation) \
         select logged.id, c from logged, unnest($20::uuid[]) c on conflict do nothing) \
         select count(*) from logged",
    )
    .bind(heard.id.uuid())
    .bind(&heard.source)
    .bind(heard.stream)
    .bind(heard.version)
    .bind(&heard.kind)
    .bind(heard.at)
    .bind(heard.fact.episode().and_then(|episode| i32::try_from(episode).ok()))
    .bind(&act.request_id)
    .bind(&act.actor)
    .bind(&act.actor_name)
    .bind(&act.actor_role)
    .bind(&act.organisation_ods)
    .bind(&act.client)
    .bind(&act.on_behalf_of_ods)
    .bind(&act.action)
    .bind(&act.outcome)
    .bind(&act.subject)
    .bind(&act.detail)
    .bind(&heard.traceparent)
    .bind(&consultations)
    .fetch_one(tx.conn())
    .await?;
    Ok(if new == 0 { Seen::Before } else { Seen::New })
}

/// Whether an event was logged already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is logged now.
    New,
    /// It was logged before.
    Before,
}

/// What of an event goes into its leaf.
#[derive(Debug, Clone, FromRow)]
pub struct Logged {
    /// The event's id.
    pub id: Uuid,
    /// When it became true.
    pub at: OffsetDateTime,
    /// The caller's request id.
    pub request_id: String,
    /// Who.
    pub actor: String,
    /// Their role.
    pub actor_role: String,
    /// Their organisation.
    pub organisation_ods: String,
    /// On whose behalf.
    pub on_behalf_of_ods: String,
    /// What.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// The consultations it concerns, in order of their ids.
    pub consultations: Vec<Uuid>,
}

/// Events without a place in the log, oldest first.
pub async fn unappended(tx: &mut Tx, limit: i64) -> Result<Vec<Logged>, StorageError> {
    Ok(sqlx::query_as(
        "/* log.unappended */ select e.id, e.at, e.request_id, e.actor, e.actor_role, e.organisation_ods, \
                e.on_behalf_of_ods, e.action, e.outcome, \
                array(select m.consultation from audit.mention m where m.event_id = e.id order by m.consultation) as consultations \
           from audit.event e where e.seq is null order by e.at, e.id limit $1",
    )
    .bind(limit)
    .fetch_all(tx.conn())
    .await?)
}

/// How many events wait for their place, and since when the oldest does.
pub async fn backlog(tx: &mut Tx) -> Result<(i64, Option<OffsetDateTime>), StorageError> {
    Ok(sqlx::query_as("/* log.backlog */ select count(*), min(heard_at) from audit.event where seq is null")
        .fetch_one(tx.conn())
        .await?)
}

/// Gives events their places: `ids[i]` gets `seqs[i]`.
pub async fn place(tx: &mut Tx, ids: &[Uuid], seqs: &[i64]) -> Result<(), StorageError> {
    let done = sqlx::query(
        "/* log.place */ update audit.event e set seq = p.seq \
           from unnest($1::uuid[], $2::bigint[]) p(id, seq) where e.id = p.id and e.seq is null",
    )
    .bind(ids)
    .bind(seqs)
    .execute(tx.conn())
    .await?;
    let wanted = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    if done.rows_affected() == wanted {
        Ok(())
    } else {
        Err(StorageError::Inconsistent { table: "audit.event", what: "an event got its place twice" })
    }
}
