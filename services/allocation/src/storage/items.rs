//! `allocation.work_item`.

use ehub_identifiers::{ConsultationId, OdsCode, OrganisationId};
use ehub_postgres::{StorageError, Tx, exactly_one};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::{
        closing::{Closing, ManifestEntry, Record, Safe},
        item::{Holding, Lease, Party, Pool, Withdrawal, WorkItem},
        words::{Need, PoolKind, SafeKind, Urgency},
    },
    storage::inconsistent,
};

const TABLE: &str = "allocation.work_item";

/// The columns of a work item, for queries of other modules that join.
pub(crate) const COLUMNS: &str = "w.consultation, w.reference, w.practice, w.practice_ods, w.hub, w.hub_ods, w.state, w.pool, w.pool_ods, \
     w.pool_kind, w.skill, w.urgency, w.need, w.topic, w.first_contact_at, w.accepted_at, w.respond_by, w.work_by, w.fair_due, \
     w.routed_by, w.episode, w.version, w.epoch, w.claimed_by, w.claimed_for, w.claim_until, w.transfer_reason, w.override_reason, \
     w.acknowledge_by, w.safe_kind, w.safe_at, w.withdraw_requested_at, w.withdraw_reason, w.related";

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    consultation: Uuid,
    reference: String,
    practice: Uuid,
    practice_ods: String,
    hub: Uuid,
    hub_ods: String,
    state: String,
    pool: Uuid,
    pool_ods: String,
    pool_kind: String,
    skill: String,
    urgency: String,
    need: String,
    topic: String,
    first_contact_at: OffsetDateTime,
    accepted_at: OffsetDateTime,
    respond_by: OffsetDateTime,
    work_by: OffsetDateTime,
    fair_due: OffsetDateTime,
    routed_by: String,
    episode: i32,
    version: i64,
    epoch: i64,
    claimed_by: Option<String>,
    claimed_for: Option<Uuid>,
    claim_until: Option<OffsetDateTime>,
    transfer_reason: Option<String>,
    override_reason: Option<String>,
    acknowledge_by: Option<OffsetDateTime>,
    safe_kind: Option<String>,
    safe_at: Option<OffsetDateTime>,
    withdraw_requested_at: Option<OffsetDateTime>,
    withdraw_reason: Option<String>,
    related: Vec<Uuid>,
}

fn party(org: Uuid, ods: &str) -> Result<Party, StorageError> {
    let ods = OdsCode::parse(ods).map_err(|_| inconsistent(TABLE, "ODS code"))?;
    Ok(Party { org: OrganisationId::new(org), ods })
}

impl TryFrom<Row> for WorkItem {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let holding = match (row.state.as_str(), row.claimed_by, row.claimed_for, row.claim_until) {
            ("QUEUED", None, None, None) => Holding::Queued,
            ("CLAIMED", Some(subject), Some(org), Some(until)) => {
                Holding::Claimed(Lease { subject, organisation: OrganisationId::new(org), until })
            }
            ("COMPLETED", ..) => Holding::Completed,
            ("WITHDRAWN", ..) => Holding::Withdrawn,
            _ => return Err(inconsistent(TABLE, "holder")),
        };
        let safe = match (row.safe_kind.as_deref().map(SafeKind::parse), row.safe_at) {
            (Some(Ok(kind)), Some(at)) => Some(Safe { kind, at }),
            (None, None) => None,
            _ => return Err(inconsistent(TABLE, "safe disposition")),
        };
        let kind = PoolKind::parse(&row.pool_kind).map_err(|_| inconsistent(TABLE, "pool kind"))?;
        Ok(Self {
            consultation: ConsultationId::new(row.consultation),
            reference: row.reference,
            practice: party(row.practice, &row.practice_ods)?,
            hub: party(row.hub, &row.hub_ods)?,
            pool: Pool { kind, party: party(row.pool, &row.pool_ods)? },
            skill: row.skill,
            urgency: Urgency::parse(&row.urgency).map_err(|_| inconsistent(TABLE, "urgency"))?,
            need: Need::parse(&row.need).map_err(|_| inconsistent(TABLE, "need"))?,
            topic: row.topic,
            first_contact_at: row.first_contact_at,
            accepted_at: row.accepted_at,
            respond_by: row.respond_by,
            work_by: row.work_by,
            fair_due: row.fair_due,
            routed_by: row.routed_by,
            episode: row.episode,
            version: row.version,
            epoch: row.epoch,
            holding,
            transfer_reason: row.transfer_reason,
            override_reason: row.override_reason,
            acknowledge_by: row.acknowledge_by,
            safe,
            withdrawal: row
                .withdraw_requested_at
                .zip(row.withdraw_reason)
                .map(|(at, reason)| Withdrawal { at, reason }),
            related: row.related.into_iter().map(ConsultationId::new).collect(),
        })
    }
}

/// Whether a consultation has its item.
pub async fn exists(tx: &mut Tx, id: ConsultationId) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar(
        "/* items.exists */ select exists (select from allocation.work_item where consultation = $1)",
    )
    .bind(id.uuid())
    .fetch_one(tx.conn())
    .await?)
}

/// An item the caller may see.
pub async fn find(tx: &mut Tx, id: ConsultationId) -> Result<Option<WorkItem>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* items.find */ select {COLUMNS} from allocation.work_item w where w.consultation = $1"
    );
    let row: Option<Row> = sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(tx.conn()).await?;
    row.map(WorkItem::try_from).transpose()
}

/// An item the caller may see, locked for a change. The queue's row is always locked first, as
/// picking does: two orders of locking would be a deadlock.
pub async fn lock(tx: &mut Tx, id: ConsultationId) -> Result<Option<WorkItem>, StorageError> {
    const SQL: &str = const_format::formatcp!(
        "/* items.lock */ select {COLUMNS} from allocation.work_item w where w.consultation = $1 for update"
    );
    sqlx::query("/* items.lock_place */ select 1 from allocation.open_item where consultation = $1 for update")
        .bind(id.uuid())
        .execute(tx.conn())
        .await?;
    let row: Option<Row> = sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(tx.conn()).await?;
    row.map(WorkItem::try_from).transpose()
}

/// Writes a routed item.
pub async fn insert(tx: &mut Tx, item: &WorkItem) -> Result<(), StorageError> {
    let related: Vec<Uuid> = item.related.iter().map(ConsultationId::uuid).collect();
    sqlx::query(
        "/* items.insert */ insert into allocation.work_item (consultation, reference, practice, practice_ods, hub, hub_ods, state, \
         pool, pool_ods, pool_kind, skill, urgency, need, topic, first_contact_at, accepted_at, respond_by, work_by, fair_due, \
         routed_by, episode, version, epoch, related) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)",
    )
    .bind(item.consultation.uuid())
    .bind(&item.reference)
    .bind(item.practice.org.uuid())
    .bind(item.practice.ods.as_str())
    .bind(item.hub.org.uuid())
    .bind(item.hub.ods.as_str())
    .bind(item.holding.state())
    .bind(item.pool.party.org.uuid())
    .bind(item.pool.party.ods.as_str())
    .bind(item.pool.kind.as_str())
    .bind(&item.skill)
    .bind(item.urgency.as_str())
    .bind(item.need.as_str())
    .bind(&item.topic)
    .bind(item.first_contact_at)
    .bind(item.accepted_at)
    .bind(item.respond_by)
    .bind(item.work_by)
    .bind(item.fair_due)
    .bind(&item.routed_by)
    .bind(item.episode)
    .bind(item.version)
    .bind(item.epoch)
    .bind(related)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes what custody changed since the item was read, and counts its version. The clock's columns
/// are not among what can be written.
pub async fn save(tx: &mut Tx, item: &mut WorkItem) -> Result<(), StorageError> {
    let lease = match &item.holding {
        Holding::Claimed(lease) => Some(lease),
        _ => None,
    };
    let done = sqlx::query(
        "/* items.save */ update allocation.work_item set version = version + 1, state = $3, pool = $4, pool_ods = $5, \
         pool_kind = $6, epoch = $7, claimed_by = $8, claimed_for = $9, claim_until = $10, transfer_reason = $11, \
         override_reason = $12, acknowledge_by = $13, safe_kind = $14, safe_at = $15, \
         withdraw_requested_at = $16, withdraw_reason = $17 \
         where consultation = $1 and version = $2 and state in ('QUEUED', 'CLAIMED')",
    )
    .bind(item.consultation.uuid())
    .bind(item.version)
    .bind(item.holding.state())
    .bind(item.pool.party.org.uuid())
    .bind(item.pool.party.ods.as_str())
    .bind(item.pool.kind.as_str())
    .bind(item.epoch)
    .bind(lease.map(|lease| lease.subject.as_str()))
    .bind(lease.map(|lease| lease.organisation.uuid()))
    .bind(lease.map(|lease| lease.until))
    .bind(&item.transfer_reason)
    .bind(&item.override_reason)
    .bind(item.acknowledge_by)
    .bind(item.safe.map(|safe| safe.kind.as_str()))
    .bind(item.safe.map(|safe| safe.at))
    .bind(item.withdrawal.as_ref().map(|wish| wish.at))
    .bind(item.withdrawal.as_ref().map(|wish| wish.reason.as_str()))
    .execute(tx.conn())
    .await?;
    exactly_one("items.save", done.rows_affected())?;
    item.version += 1;
    Ok(())
}

/// Closes a claimed item.
pub async fn close(
    tx: &mut Tx,
    item: &mut WorkItem,
    closing: &Closing,
    subject: &str,
    manifest: &[ManifestEntry],
) -> Result<(), StorageError> {
    let (source, seen_at, not_seen) = match &closing.record {
        Some(Record::Seen { source, at }) => (Some(source.as_str()), Some(*at), None),
        Some(Record::NotSeen(why)) => (None, None, Some(why.as_str())),
        None => (None, None, None),
    };
    let at = tx.at();
    let done = sqlx::query(
        "/* items.close */ update allocation.work_item set version = version + 1, state = 'COMPLETED', claimed_by = null, \
         claimed_for = null, claim_until = null, acknowledge_by = null, outcome = $3, outcome_note = $4, told_at = $5, \
         told_channel = $6, record_source = $7, record_seen_at = $8, record_not_seen = $9, safe_kind = $10, safe_at = $11, \
         completed_at = $12, completed_by = $13, in_time = $14 \
         where consultation = $1 and version = $2 and state = 'CLAIMED'",
    )
    .bind(item.consultation.uuid())
    .bind(item.version)
    .bind(closing.outcome.as_str())
    .bind(&closing.note)
    .bind(closing.told_at)
    .bind(closing.told_by.as_str())
    .bind(source)
    .bind(seen_at)
    .bind(not_seen)
    .bind(item.safe.map(|safe| safe.kind.as_str()))
    .bind(item.safe.map(|safe| safe.at))
    .bind(at)
    .bind(subject)
    .bind(closing.in_time(item.respond_by))
    .execute(tx.conn())
    .await?;
    exactly_one("items.close", done.rows_affected())?;
    item.version += 1;
    for entry in manifest {
        sqlx::query(
            "/* items.manifest */ insert into allocation.manifest_item (consultation, practice, name, version) values ($1, $2, $3, $4)",
        )
        .bind(item.consultation.uuid())
        .bind(item.practice.org.uuid())
        .bind(&entry.name)
        .bind(entry.version)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Counts a version without a change of custody, so that watchers see what hangs on the item.
pub async fn touch(tx: &mut Tx, id: ConsultationId) -> Result<(), StorageError> {
    sqlx::query("/* items.touch */ update allocation.work_item set version = version + 1 where consultation = $1")
        .bind(id.uuid())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Claims whose lease has run out, by PostgreSQL's clock.
pub async fn run_out(tx: &mut Tx, limit: i64) -> Result<Vec<ConsultationId>, StorageError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "/* items.run_out */ select consultation from allocation.work_item \
         where state = 'CLAIMED' and claim_until <= ehub.app_now() order by claim_until limit $1",
    )
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.into_iter().map(ConsultationId::new).collect())
}

/// Transfers nobody acknowledged in time.
pub async fn unacknowledged(tx: &mut Tx, limit: i64) -> Result<Vec<ConsultationId>, StorageError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "/* items.unacknowledged */ select consultation from allocation.work_item \
         where state = 'QUEUED' and acknowledge_by <= ehub.app_now() order by acknowledge_by limit $1",
    )
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.into_iter().map(ConsultationId::new).collect())
}
