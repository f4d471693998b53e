//! Which episodes are ready for their trace, what they are made of, and what was exported.

use std::time::Duration;

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::lifecycle::Line;

/// An episode whose trace is due.
#[derive(Debug, Clone, FromRow)]
pub struct Due {
    /// The consultation.
    pub consultation: Uuid,
    /// Which life.
    pub episode: i32,
    /// When the patient made contact.
    pub first_contact_at: Option<OffsetDateTime>,
    /// Up to when it was heard of.
    pub heard_at: OffsetDateTime,
    /// The last revision exported; 0 for none.
    pub exported_revision: i32,
    /// SHA-256 of what was exported.
    pub exported_digest: Option<Vec<u8>>,
    /// Whether things of its manifest have no outcome, nor a task.
    pub open: bool,
}

/// Closed episodes of which nothing was heard for `quiet` and whose manifest is settled, or that
/// have waited for `patience`; at most 100.
pub async fn due(tx: &mut Tx, quiet: Duration, patience: Duration) -> Result<Vec<Due>, StorageError> {
    Ok(sqlx::query_as(
        "/* lifecycle.due */ select * from (\
            select c.consultation, c.episode, c.first_contact_at, c.heard_at, c.exported_revision, c.exported_digest, \
                   c.completed_at, exists (\
                     select from audit.manifest_item m left join audit.deliverable d on d.name = m.name \
                      where m.consultation = c.consultation and m.episode = c.episode \
                        and (d.state is null or d.state not in ('ACKNOWLEDGED', 'SETTLED', 'ISSUED', 'CANCELLED')) \
                        and not (d.state in ('REJECTED', 'UNDELIVERED', 'NEEDS_ATTENTION', 'REFUSED') \
                          and exists (select from audit.task t where t.subject = m.name))) as open \
              from audit.consultation c \
             where c.completed_at is not null and c.heard_at <= ehub.app_now() - make_interval(secs => $1) \
               and (c.examined_at is null or c.examined_at < c.heard_at)) ready \
          where not open or completed_at <= ehub.app_now() - make_interval(secs => $2) order by heard_at limit 100",
    )
    .bind(quiet.as_secs_f64())
    .bind(patience.as_secs_f64())
    .fetch_all(tx.conn())
    .await?)
}

/// The facts of an episode, oldest first. Facts that name no episode belong to the one whose
/// manifest names their subject, and to the first otherwise.
pub async fn lines(tx: &mut Tx, consultation: ConsultationId, episode: i32) -> Result<Vec<Line>, StorageError> {
    let rows: Vec<(String, String, OffsetDateTime, String, String, Option<String>)> = sqlx::query_as(
        "/* lifecycle.lines */ select e.source, e.kind, e.at, e.subject, e.detail, e.traceparent \
           from audit.mention m join audit.event e on e.id = m.event_id \
          where m.consultation = $1 and e.kind <> 'ehub.audit.event.v1.AccessRecorded' \
            and coalesce(e.episode, \
                  (select max(i.episode) from audit.manifest_item i where i.consultation = $1 and i.name = e.subject), 1) = $2 \
          order by e.at, e.id limit 2000",
    )
    .bind(consultation.uuid())
    .bind(episode)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(source, kind, at, subject, detail, traceparent)| Line {
            source,
            kind: kind.rsplit('.').next().unwrap_or_default().to_owned(),
            at,
            subject,
            detail,
            traceparent,
        })
        .collect())
}

/// Notes that an episode was looked at up to what had been heard, and what was exported of it.
pub async fn examined(tx: &mut Tx, due: &Due, exported: Option<(i32, &[u8])>) -> Result<(), StorageError> {
    sqlx::query(
        "/* lifecycle.examined */ update audit.consultation set examined_at = $3, \
                exported_revision = coalesce($4, exported_revision), exported_digest = coalesce($5, exported_digest) \
          where consultation = $1 and episode = $2 and exported_revision = $6",
    )
    .bind(due.consultation)
    .bind(due.episode)
    .bind(due.heard_at)
    .bind(exported.map(|(revision, _)| revision))
    .bind(exported.map(|(_, digest)| digest))
    .bind(due.exported_revision)
    .execute(tx.conn())
    .await?;
    Ok(())
}
