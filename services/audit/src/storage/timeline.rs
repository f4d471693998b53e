//! A consultation's story, as far as row security lets the caller see it.

use std::fmt;

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

/// How many events a story is given with; the newest, should there be more.
const LIMIT: i64 = 5000;

/// An episode that the caller may see.
#[derive(Debug, Clone, FromRow)]
pub struct Seen {
    /// Which life.
    pub episode: i32,
    /// The practice, by ODS code.
    pub practice_ods: Option<String>,
    /// The last revision of its lifecycle trace that was exported; 0 for none.
    pub exported_revision: i32,
}

/// The episodes of a consultation; none when it is not there or not the caller's.
pub async fn episodes(tx: &mut Tx, consultation: ConsultationId) -> Result<Vec<Seen>, StorageError> {
    Ok(sqlx::query_as(
        "/* timeline.episodes */ select episode, practice_ods, exported_revision from audit.consultation \
          where consultation = $1 order by episode",
    )
    .bind(consultation.uuid())
    .fetch_all(tx.conn())
    .await?)
}

/// One line of the story.
#[derive(Clone, FromRow)]
pub struct Line {
    /// The event.
    pub id: Uuid,
    /// When it became true.
    pub at: OffsetDateTime,
    /// The service that said so.
    pub source: String,
    /// What.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// Who.
    pub actor: String,
    /// Their name.
    pub actor_name: String,
    /// Their role.
    pub actor_role: String,
    /// Their organisation.
    pub organisation_ods: String,
    /// On whose behalf.
    pub on_behalf_of_ods: String,
    /// Another resource it concerns.
    pub subject: String,
    /// A detail.
    pub detail: String,
    /// Its place in the log.
    pub seq: Option<i64>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of people stay out of logs.
        f.debug_struct("Line").field("action", &self.action).finish_non_exhaustive()
    }
}

/// The story, oldest first.
pub async fn lines(tx: &mut Tx, consultation: ConsultationId) -> Result<Vec<Line>, StorageError> {
    let mut lines: Vec<Line> = sqlx::query_as(
        "/* timeline.lines */ select e.id, e.at, e.source, e.action, e.outcome, e.actor, e.actor_name, e.actor_role, \
                e.organisation_ods, e.on_behalf_of_ods, e.subject, e.detail, e.seq \
           from audit.mention m join audit.event e on e.id = m.event_id \
          where m.consultation = $1 order by e.at desc, e.id desc limit $2",
    )
    .bind(consultation.uuid())
    .bind(LIMIT)
    .fetch_all(tx.conn())
    .await?;
    lines.reverse();
    Ok(lines)
}
