//! One transaction, and the unit of work that runs in it.

use std::{error::Error, future::Future};

use ehub_clock::Clock;
use ehub_telemetry::metrics::{Counter, Histogram};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Draft, StorageError,
    closing::{Closing, With},
    connections::Lent,
    opening::{Opened, Told},
};

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
    conn: Lent,
    clock: Clock,
    at: OffsetDateTime,
    opened: Opened,
    traceparent: Option<String>,
    closing: Closing,
    consultations: Vec<Uuid>,
    subject: Option<String>,
    on_behalf_of: Option<String>,
    tallies: Vec<Tally>,
    left: Vec<&'static str>,
}

/// Something to be counted once it is true.
#[derive(Debug)]
struct Tally {
    metric: Metric,
    attributes: Vec<(&'static str, &'static str)>,
}

#[derive(Debug)]
enum Metric {
    Count(&'static Counter),
    Value(&'static Histogram, f64),
}

impl Tally {
    fn tell(&self) {
        match self.metric {
            Metric::Count(counter) => counter.add(1, &self.attributes),
            Metric::Value(histogram, value) => histogram.record(value, &self.attributes),
        }
    }
}

impl Tx {
    pub(crate) fn new(conn: Lent, clock: Clock, opened: Opened, traceparent: Option<String>) -> Self {
        let at = clock.now();
        Self {
            conn,
            clock,
            at,
            opened,
            traceparent,
            closing: Closing::default(),
            consultations: Vec::new(),
            subject: None,
            on_behalf_of: None,
            tallies: Vec::new(),
            left: Vec::new(),
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
        self.opened.organisation
    }

    /// How long ago, in seconds, access was last known to be complete; nothing when it never was.
    pub fn access_age(&self) -> Option<f64> {
        self.opened.access_age
    }

    /// What it was told when it began.
    pub(crate) fn told(&self) -> Option<&Told> {
        self.opened.told.as_ref()
    }

    /// What is written with the commit, beside events.
    pub(crate) fn closes_with(&mut self) -> &mut Option<With> {
        &mut self.closing.with
    }

    /// The connection; for `storage/` only.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.conn
    }

    /// Lets what follows read tables from end to end, which is best for what counts or lists all of one.
    pub async fn reads_whole_tables(&mut self) -> Result<(), StorageError> {
        self.conn.execute("/* whole_tables */ set local enable_seqscan = on").await?;
        Ok(())
    }

    /// Lets what follows read no further than it is asked to, in the order of an index: no plan that first collects a
    /// table, or all of it after a place, to sort it.
    pub async fn reads_in_order(&mut self) -> Result<(), StorageError> {
        self.conn.execute("/* in_order */ set local enable_bitmapscan = off; set local enable_sort = off").await?;
        Ok(())
    }

    /// Makes a fact known: it is written to the outbox when the work is done.
    pub fn raise(&mut self, event: impl Into<Draft>) {
        self.closing.drafts.push((event.into(), self.traceparent.clone()));
    }

    /// Wakes, once this is true, whoever listens for work of this name: it waits in a table, and no event tells of it.
    pub fn leaves(&mut self, work: &'static str) {
        self.left.push(work);
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

    /// Makes what is raised from here on continue `span`, or where nothing is traced its `cause`: for work that knows only
    /// inside its transaction what it is about.
    pub fn continues(&mut self, span: &tracing::Span, cause: Option<&str>) {
        self.traceparent = ehub_telemetry::traceparent_of(span).or_else(|| cause.map(str::to_owned));
    }

    /// Counts something, if this transaction commits: a unit of work may run more than once. Attributes come from
    /// closed sets.
    pub fn tally(&mut self, counter: &'static Counter, attributes: &[(&'static str, &'static str)]) {
        self.tallies.push(Tally { metric: Metric::Count(counter), attributes: attributes.to_vec() });
    }

    /// Records a value, if this transaction commits. Attributes come from closed sets.
    pub fn measure(&mut self, histogram: &'static Histogram, value: f64, attributes: &[(&'static str, &'static str)]) {
        self.tallies.push(Tally { metric: Metric::Value(histogram, value), attributes: attributes.to_vec() });
    }

    /// Writes what was noted and commits; gives the kinds of what was raised, and the names of what was left.
    pub(crate) async fn commit(mut self) -> Result<Vec<&'static str>, StorageError> {
        if let Some(text) = self.closing.heard_alone() {
            return self.commit_with(text).await;
        }
        if !self.closing.is_empty() {
            let clock = &self.clock;
            let written = self.closing.write(&mut self.conn, || clock.uuid_v7(), self.at).await;
            if let Err(error) = written {
                self.roll_back().await;
                return Err(error);
            }
        }
        // Whether a commit that fails has happened nobody knows: the connection is not used again.
        self.conn.execute("commit").await?;
        self.conn.give_back();
        self.tallies.iter().for_each(Tally::tell);
        self.left.extend(self.closing.drafts.iter().map(|(draft, _)| draft.kind));
        Ok(self.left)
    }

    /// Writes and commits in one message. What fails of it nobody knows: the connection is not used again.
    #[expect(clippy::disallowed_methods, reason = "made of a prepared statement, numbers and hexadecimal digits only")]
    async fn commit_with(mut self, text: String) -> Result<Vec<&'static str>, StorageError> {
        self.conn.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
        self.conn.give_back();
        self.tallies.iter().for_each(Tally::tell);
        Ok(self.left)
    }

    /// Undoes everything. When that cannot be said to have worked, the connection is closed, which undoes it too.
    pub(crate) async fn roll_back(mut self) {
        if self.conn.execute("rollback").await.is_ok() {
            self.conn.give_back();
        }
    }
}

/// Checks that a change of state touched exactly one row.
pub fn exactly_one(what: &'static str, rows: u64) -> Result<(), StorageError> {
    if rows == 1 { Ok(()) } else { Err(StorageError::NotOneRow { what, rows }) }
}
