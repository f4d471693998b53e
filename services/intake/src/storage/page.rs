//! Emergencies that intake itself pages about.

use ehub_postgres::{StorageError, Tx};
use serde_json::Value;
use sqlx::FromRow;
use time::Duration;
use uuid::Uuid;

/// A page that is due.
#[derive(Debug, Clone, FromRow)]
pub struct Page {
    /// A consultation or a quarantined message.
    pub subject: Uuid,
    /// Where to.
    pub duty_contact: String,
    /// What is said: names and times of ours, nothing of the patient.
    pub body: Value,
    /// Tries that were begun, this one included.
    pub attempts: i32,
}

impl Page {
    /// The consultation it is about, if it is about one.
    pub fn consultation(&self) -> Option<Uuid> {
        self.body.get("consultation").map(|_| self.subject)
    }
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A consultation.
    Consultation,
    /// A quarantined message.
    Quarantined,
}

/// Plans a page, to be sent unless it is stood down in time.
pub async fn plan(tx: &mut Tx, about: About, page: &Page, after: Duration) -> Result<(), StorageError> {
    let due = tx.at() + after;
    let kind = match about {
        About::Consultation => "CONSULTATION",
        About::Quarantined => "QUARANTINED",
    };
    sqlx::query(
        "/* page.plan */ insert into intake.page (subject, kind, duty_contact, body, state, next_at) values ($1, $2, $3, $4, 'WAITING', $5)",
    )
    .bind(page.subject)
    .bind(kind)
    .bind(&page.duty_contact)
    .bind(&page.body)
    .bind(due)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the next page that is due; it comes up again after `retry` when nobody took it.
pub async fn take(tx: &mut Tx, retry: Duration) -> Result<Option<Page>, StorageError> {
    let again = tx.at() + retry;
    Ok(sqlx::query_as(
        "/* page.take */ update intake.page set attempts = attempts + 1, next_at = $1 \
         where subject = (select subject from intake.page where state = 'WAITING' and next_at <= ehub.app_now() \
                          order by next_at limit 1 for update skip locked) \
         returning subject, duty_contact, body, attempts",
    )
    .bind(again)
    .fetch_optional(tx.conn())
    .await?)
}

/// Notes that the duty contact took a page. One that was stood down meanwhile stays so.
pub async fn sent(tx: &mut Tx, subject: Uuid) -> Result<(), StorageError> {
    end(tx, subject, "SENT").await
}

/// Allocation has taken the emergency over: no page, or no further one.
pub async fn stand_down(tx: &mut Tx, subject: Uuid) -> Result<(), StorageError> {
    end(tx, subject, "STOOD_DOWN").await
}

async fn end(tx: &mut Tx, subject: Uuid, state: &str) -> Result<(), StorageError> {
    sqlx::query("/* page.end */ update intake.page set state = $2 where subject = $1 and state = 'WAITING'")
        .bind(subject)
        .bind(state)
        .execute(tx.conn())
        .await?;
    Ok(())
}
