//! One transaction, and the unit of work that runs in it.

use std::{error::Error, future::Future};

use ehub_clock::Clock;
use sqlx::{PgConnection, Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Draft, StorageError};

/// A unit of work: what happens in one transaction.
///
/// It **may run more than once** (after a collision), which is why it takes `&self` and may have
/// no effect outside the transaction.
pub trait Work: Send + Sync {
    /// The transaction's name in metrics, spans and PostgreSQL's logs.
    const NAME: &'static str;
    /// What it gives.
    type Output: Send;
    /// Why it does not.
    type Error: From<StorageError> + Error + Send + Sync + 'static;

    /// The work.
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// A transaction that knows its time, its caller's organisation, and what it has made true.
#[derive(Debug)]
pub struct Tx {
    pub(crate) inner: Transaction<'static, Postgres>,
    pub(crate) clock: Clock,
    pub(crate) at: OffsetDateTime,
    pub(crate) organisation: Option<Uuid>,
    pub(crate) traceparent: Option<String>,
    drafts: Vec<Draft>,
    consultations: Vec<Uuid>,
    subject: Option<String>,
    on_behalf_of: Option<String>,
}

impl Tx {
    pub(crate) fn new(
        inner: Transaction<'static, Postgres>,
        clock: Clock,
        organisation: Option<Uuid>,
        traceparent: Option<String>,
    ) -> Self {
        let at = clock.now();
        Self {
            inner,
            clock,
            at,
            organisation,
            traceparent,
            drafts: Vec::new(),
            consultations: Vec::new(),
            subject: None,
            on_behalf_of: None,
        }
    }

    /// The one time of this transaction.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// Where ids and randomness come from.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The caller's organisation, when the register knows its code.
    pub fn organisation(&self) -> Option<Uuid> {
        self.organisation
    }

    /// The connection; for `storage/` only.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Makes a fact known: it is written to the outbox when the work is done.
    pub fn raise(&mut self, event: impl Into<Draft>) {
        self.drafts.push(event.into());
    }

    /// Names a consultation this call concerns, for its audit event.
    pub fn concerns(&mut self, consultation: Uuid) {
        if !self.consultations.contains(&consultation) {
            self.consultations.push(consultation);
        }
    }

    /// Names another resource this call concerns, for its audit event.
    pub fn about(&mut self, resource: impl Into<String>) {
        self.subject = Some(resource.into());
    }

    /// Names the practice this call is made on behalf of, by ODS code, for its audit event.
    pub fn on_behalf_of(&mut self, practice_ods: impl Into<String>) {
        self.on_behalf_of = Some(practice_ods.into());
    }

    /// What was named so far: consultations, other resource, practice.
    pub fn named(&self) -> (&[Uuid], Option<&str>, Option<&str>) {
        (&self.consultations, self.subject.as_deref(), self.on_behalf_of.as_deref())
    }

    /// Writes what was raised and commits; tells whether anything was raised.
    pub(crate) async fn commit(mut self) -> Result<bool, StorageError> {
        let drafts = std::mem::take(&mut self.drafts);
        for draft in &drafts {
            let event = self.clock.uuid_v7();
            draft.write(&mut self.inner, event, self.at, self.traceparent.as_deref()).await?;
        }
        self.inner.commit().await?;
        Ok(!drafts.is_empty())
    }
}

/// Checks that a change of state touched exactly one row.
pub fn exactly_one(what: &'static str, rows: u64) -> Result<(), StorageError> {
    if rows == 1 { Ok(()) } else { Err(StorageError::NotOneRow { what, rows }) }
}
