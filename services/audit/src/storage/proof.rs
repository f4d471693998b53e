//! Counting for the proof of no loss, and `audit.no_loss`: the newest one.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{
    no_loss::{Breach, BreachKind, Counts, NoLoss, OpenThing},
    outcome::{Task, standing},
};

#[derive(FromRow)]
struct CountsRow {
    received: i64,
    in_transit: i64,
    held: i64,
    closed: i64,
    quarantined: i64,
    rejected: i64,
}

/// Counts both sides of the equation in one statement, and so in one snapshot.
///
/// The left side is counted in the log of events, the right side in what was folded from them. A
/// consultation made of a quarantined message is received once: as that message.
pub async fn counts(tx: &mut Tx) -> Result<Counts, StorageError> {
    let row: CountsRow = sqlx::query_as(
        "/* proof.counts */ with told as (\
            select count(*) filter (where kind = 'ehub.intake.event.v1.ConsultationAccepted') as accepted, \
                   count(*) filter (where kind = 'ehub.intake.event.v1.MessageRejected') as rejected \
              from audit.event where kind in ('ehub.intake.event.v1.ConsultationAccepted', 'ehub.intake.event.v1.MessageRejected')), \
         folded as (\
            select count(*) filter (where quarantined is not null) as converted, \
                   count(*) filter (where routed_at is null) as in_transit, \
                   count(*) filter (where routed_at is not null and completed_at is null) as held, \
                   count(*) filter (where completed_at is not null) as closed \
              from audit.consultation where accepted_at is not null), \
         kept as (\
            select count(*) as all_kept, \
                   count(*) filter (where exists (select from audit.rejected r where r.message = q.message)) as rejected_later, \
                   count(*) filter (where not exists (select from audit.rejected r where r.message = q.message) \
                     and not exists (select from audit.consultation c where c.quarantined = q.message and c.accepted_at is not null)) as waiting \
              from audit.quarantine q), \
         refused as (select count(*) as rejected from audit.rejected) \
         select told.accepted - folded.converted + kept.all_kept + told.rejected - kept.rejected_later as received, \
                folded.in_transit, folded.held, folded.closed, kept.waiting as quarantined, refused.rejected \
           from told, folded, kept, refused",
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Counts {
        received: row.received,
        in_transit: row.in_transit,
        held: row.held,
        closed: row.closed,
        quarantined: row.quarantined,
        rejected: row.rejected,
    })
}

/// Accepted consultations without a holder, oldest first, at most 1000.
pub async fn in_transit(tx: &mut Tx) -> Result<Vec<(String, OffsetDateTime)>, StorageError> {
    let rows: Vec<(Uuid, OffsetDateTime)> = sqlx::query_as(
        "/* proof.in_transit */ select consultation, accepted_at from audit.consultation \
          where routed_at is null and accepted_at is not null order by accepted_at limit 1000",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|(id, since)| (ConsultationId::new(id).name(), since)).collect())
}

/// Name, state and since when, when it was completed, whether a task is open.
type OpenRow = (String, Option<String>, Option<OffsetDateTime>, OffsetDateTime, bool);

/// Things of manifests without a good terminal outcome.
pub async fn open_things(tx: &mut Tx) -> Result<Vec<OpenThing>, StorageError> {
    let rows: Vec<OpenRow> = sqlx::query_as(
        "/* proof.open_things */ select m.name, d.state, d.stated_at, c.completed_at, \
                exists (select from audit.task t where t.subject = m.name) as tasked \
           from audit.manifest_item m \
           join audit.consultation c on c.consultation = m.consultation and c.episode = m.episode \
           left join audit.deliverable d on d.name = m.name \
          where c.completed_at is not null \
            and (d.state is null or d.state not in ('ACKNOWLEDGED', 'SETTLED', 'ISSUED', 'CANCELLED')) \
          order by c.completed_at limit 10000",
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(name, state, stated_at, completed_at, tasked)| OpenThing {
            name,
            standing: standing(state.as_deref(), if tasked { Task::Raised } else { Task::None }),
            since: stated_at.map_or(completed_at, |at| at.max(completed_at)),
            completed_at,
        })
        .collect())
}

#[derive(Serialize, Deserialize)]
struct StoredBreach {
    kind: String,
    subject: String,
    /// Microseconds since 1970.
    since: i64,
}

/// Keeps the newest proof; gives the time it is of.
pub async fn put(tx: &mut Tx, proof: &NoLoss) -> Result<OffsetDateTime, StorageError> {
    let at = tx.at();
    let breaches: Vec<StoredBreach> = proof
        .breaches
        .iter()
        .map(|breach| StoredBreach {
            kind: breach.kind.as_str().to_owned(),
            subject: breach.subject.clone(),
            since: i64::try_from(breach.since.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX),
        })
        .collect();
    let counts = proof.counts;
    sqlx::query(
        "/* proof.put */ insert into audit.no_loss \
         (received, in_transit, held, closed, quarantined, rejected, manifest_open, breaches, computed_at, compared_since) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (only_row) do update set \
           received = excluded.received, in_transit = excluded.in_transit, held = excluded.held, closed = excluded.closed, \
           quarantined = excluded.quarantined, rejected = excluded.rejected, manifest_open = excluded.manifest_open, \
           breaches = excluded.breaches, computed_at = excluded.computed_at, compared_since = excluded.compared_since \
         where no_loss.computed_at <= excluded.computed_at",
    )
    .bind(counts.received)
    .bind(counts.in_transit)
    .bind(counts.held)
    .bind(counts.closed)
    .bind(counts.quarantined)
    .bind(counts.rejected)
    .bind(proof.manifest_open)
    .bind(Json(breaches))
    .bind(at)
    .bind(proof.compared_since)
    .execute(tx.conn())
    .await?;
    Ok(at)
}

#[derive(FromRow)]
struct ProofRow {
    received: i64,
    in_transit: i64,
    held: i64,
    closed: i64,
    quarantined: i64,
    rejected: i64,
    manifest_open: i64,
    breaches: Json<Vec<StoredBreach>>,
    computed_at: OffsetDateTime,
    compared_since: Option<OffsetDateTime>,
}

/// The newest proof, and when it was computed.
pub async fn newest(tx: &mut Tx) -> Result<Option<(NoLoss, OffsetDateTime)>, StorageError> {
    let row: Option<ProofRow> = sqlx::query_as(
        "/* proof.newest */ select received, in_transit, held, closed, quarantined, rejected, manifest_open, breaches, computed_at, \
           compared_since from audit.no_loss",
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let bad = StorageError::Inconsistent { table: "audit.no_loss", what: "breaches" };
    let breaches = row.breaches.0.into_iter().map(breach).collect::<Option<Vec<Breach>>>().ok_or(bad)?;
    let counts = Counts {
        received: row.received,
        in_transit: row.in_transit,
        held: row.held,
        closed: row.closed,
        quarantined: row.quarantined,
        rejected: row.rejected,
    };
    let proof = NoLoss { counts, manifest_open: row.manifest_open, breaches, compared_since: row.compared_since };
    Ok(Some((proof, row.computed_at)))
}

fn breach(stored: StoredBreach) -> Option<Breach> {
    let since = OffsetDateTime::from_unix_timestamp_nanos(i128::from(stored.since) * 1000).ok()?;
    Some(Breach { kind: BreachKind::parse(&stored.kind)?, subject: stored.subject, since })
}
