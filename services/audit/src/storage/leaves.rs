//! `audit.leaf` and `audit.subject_key`: what is hashed, and what opens its commitments.

use std::fmt;

use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

/// How many leaves there are.
pub async fn size(tx: &mut Tx) -> Result<i64, StorageError> {
    Ok(sqlx::query_scalar("/* leaves.size */ select coalesce(max(seq) + 1, 0) from audit.leaf")
        .fetch_one(tx.conn())
        .await?)
}

/// Writes leaves; a place that is taken is an error.
pub async fn insert(tx: &mut Tx, seqs: &[i64], events: &[Uuid], bytes: &[Vec<u8>]) -> Result<(), StorageError> {
    sqlx::query(
        "/* leaves.insert */ insert into audit.leaf (seq, event, bytes) \
         select * from unnest($1::bigint[], $2::uuid[], $3::bytea[])",
    )
    .bind(seqs)
    .bind(events)
    .bind(bytes)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Leaves as stored, from a place on.
pub async fn export(tx: &mut Tx, start: i64, limit: i64) -> Result<Vec<Vec<u8>>, StorageError> {
    Ok(sqlx::query_scalar("/* leaves.export */ select bytes from audit.leaf where seq >= $1 order by seq limit $2")
        .bind(start)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?)
}

/// The leaf of an event: its place and bytes.
pub async fn of_event(tx: &mut Tx, event: Uuid) -> Result<Option<(i64, Vec<u8>)>, StorageError> {
    Ok(sqlx::query_as("/* leaves.of_event */ select seq, bytes from audit.leaf where event = $1")
        .bind(event)
        .fetch_optional(tx.conn())
        .await?)
}

/// The keys of consultations, in the order given; those without one get it now.
pub async fn keys(tx: &mut Tx, consultations: &[Uuid]) -> Result<Vec<(Uuid, Vec<u8>)>, StorageError> {
    let fresh: Vec<Vec<u8>> = consultations.iter().map(|_| tx.clock().random::<32>().to_vec()).collect();
    sqlx::query(
        "/* keys.ensure */ insert into audit.subject_key (consultation, key) \
         select * from unnest($1::uuid[], $2::bytea[]) on conflict (consultation) do nothing",
    )
    .bind(consultations)
    .bind(&fresh)
    .execute(tx.conn())
    .await?;
    Ok(sqlx::query_as(
        "/* keys.read */ select k.consultation, k.key from audit.subject_key k where k.consultation = any($1)",
    )
    .bind(consultations)
    .fetch_all(tx.conn())
    .await?)
}

/// A leaf beside the event it was made of.
#[derive(FromRow)]
pub struct Stored {
    /// Its place.
    pub seq: i64,
    /// As hashed.
    pub bytes: Vec<u8>,
    /// The event it names in its row.
    pub event: Uuid,
    /// The place the event's row has; null when there is no such event any more.
    pub event_seq: Option<i64>,
    /// When the event became true.
    pub at: Option<OffsetDateTime>,
    /// The event's request id.
    pub request_id: Option<String>,
    /// Who.
    pub actor: Option<String>,
    /// Their role.
    pub actor_role: Option<String>,
    /// Their organisation.
    pub organisation_ods: Option<String>,
    /// On whose behalf.
    pub on_behalf_of_ods: Option<String>,
    /// What.
    pub action: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The consultations it concerns, in order of their ids.
    pub consultations: Vec<Uuid>,
    /// Their keys in the same order; null where one was destroyed.
    pub keys: Vec<Option<Vec<u8>>>,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It holds keys.
        f.debug_struct("Stored").field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// Reads leaves back with their events, from a place on.
pub async fn beside_events(tx: &mut Tx, start: i64, limit: i64) -> Result<Vec<Stored>, StorageError> {
    Ok(sqlx::query_as(
        "/* leaves.beside_events */ select l.seq, l.bytes, l.event, e.seq as event_seq, e.at, e.request_id, e.actor, \
                e.actor_role, e.organisation_ods, e.on_behalf_of_ods, e.action, e.outcome, \
                array(select m.consultation from audit.mention m where m.event_id = l.event order by m.consultation) as consultations, \
                array(select (select k.key from audit.subject_key k where k.consultation = m.consultation) \
                        from audit.mention m where m.event_id = l.event order by m.consultation) as keys \
           from audit.leaf l left join audit.event e on e.id = l.event \
          where l.seq >= $1 order by l.seq limit $2",
    )
    .bind(start)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?)
}
