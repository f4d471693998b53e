//! How a transaction begins: everything it needs to know first, in one round trip.
//!
//! One message holds BEGIN, the settings that row security reads, and what the work will ask first: whether the request
//! was answered before, or which version of a stream came last. The statements are prepared once for each connection
//! and called by name; texts travel as hexadecimal digits, so that no character of theirs can mean anything.
//!
//! What is asked first stands in a statement of its own, after the one that waits for its turn: a statement sees what
//! was committed when it began, and so the second caller sees what the first has done.

use std::{collections::HashMap, fmt::Write as _};

use ehub_clock::Clock;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Either, Executor as _, PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{
    IdempotencyKey, Recorded, Scope, ScopeKind, StorageError,
    connections::Lent,
    literal::{array, literal},
};

/// Prepared once for each connection.
const PREPARE: &str = "\
    prepare ehub_enter (text, text, text, text, text, text, bigint[]) as \
    select nullif(set_config('app.org', coalesce(\
             (select org::text from ehub.organisation where ods = $4 and valid_from <= ehub.today() \
               order by valid_from desc limit 1), ''), true), ''), \
           (select extract(epoch from ehub.app_now() - fresh_at)::text from ehub.access_freshness) \
      from (select set_config('app.kind', $1, true), set_config('app.person', $2, true), \
         set_config('app.client', $3, true), set_config('statement_timeout', $5, true), \
         set_config('app.now', $6, true), \
         case when $7 is not null then (select count(pg_advisory_xact_lock(turn)::text)::text from unnest($7) as turn) end) as settings; \
    prepare ehub_answered (text, text, text, uuid) as \
    select digest, answer from ehub.idempotency where client = $1 and subject = $2 and method = $3 and request_id = $4; \
    prepare ehub_heard (text, uuid[]) as \
    select stream, version from ehub.inbox where source = $1 and stream = any ($2); \
    prepare ehub_remember (text, bigint, uuid[], bigint[]) as \
    insert into ehub.inbox (source, incarnation, stream, version) \
    select $1, $2, stream, version from unnest($3, $4) as h (stream, version) \
        on conflict (source, stream) do update set version = excluded.version, incarnation = excluded.incarnation; ";

/// What a transaction asks first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What was answered under a key.
    Answered(IdempotencyKey),
    /// Which version of each of a source's streams came last.
    Heard {
        /// The source.
        source: String,
        /// Its streams.
        streams: Vec<Uuid>,
    },
}

/// What it was told.
#[derive(Debug)]
pub(crate) enum Told {
    /// The record, if there is one.
    Answered(IdempotencyKey, Option<Recorded>),
    /// The versions of those streams that were asked for and have one.
    Heard { source: String, streams: Vec<Uuid>, versions: HashMap<Uuid, i64> },
}

/// What is known when a transaction has begun.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The caller's organisation.
    pub organisation: Option<Uuid>,
    /// How long ago, in seconds, access was known to be complete.
    pub access_age: Option<f64>,
    /// The answer to the question.
    pub told: Option<Told>,
}

/// Begins.
pub(crate) async fn open(conn: &mut Lent, scope: &Scope, clock: &Clock) -> Result<Opened, StorageError> {
    let mut text = String::with_capacity(1024);
    if !conn.prepare_once() {
        text.push_str(PREPARE);
    }
    // A session's settings are nobody's: whoever set one, by mistake, set it until here.
    text.push_str("reset all; begin; ");
    enter(&mut text, scope, clock);
    if let Some(question) = &scope.question {
        ask(&mut text, question);
    }
    let mut answers = answers(conn, text).await?.into_iter();
    let mut opened = Opened::default();
    if let Some(row) = answers.next().filter(|row| row.len() == 2) {
        let organisation: Option<String> = row.try_get(0)?;
        let age: Option<String> = row.try_get(1)?;
        opened.organisation = organisation.and_then(|text| Uuid::parse_str(&text).ok());
        opened.access_age = age.and_then(|text| text.parse().ok());
    }
    opened.told = scope.question.clone().map(|question| told(question, answers)).transpose()?;
    Ok(opened)
}

/// Every row that comes, in order.
#[expect(clippy::disallowed_methods, reason = "made of prepared statements, numbers and hexadecimal digits only")]
async fn answers(conn: &mut PgConnection, text: String) -> Result<Vec<PgRow>, sqlx::Error> {
    let mut rows = Vec::with_capacity(2);
    let mut answers = conn.fetch_many(sqlx::raw_sql(AssertSqlSafe(text)));
    while let Some(answer) = answers.try_next().await? {
        if let Either::Right(row) = answer {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn enter(text: &mut String, scope: &Scope, clock: &Clock) {
    let fixed_now = if clock.is_manual() { ehub_clock::rfc3339(clock.now()) } else { String::new() };
    // A person's rights stand under their subject, a client's under the empty name.
    let person = if scope.kind == ScopeKind::Person { scope.subject.as_str() } else { "" };
    let remaining = scope.deadline.map(|deadline| deadline.saturating_duration_since(clock.monotonic()));
    // The role's own statement timeout (3 s) is the ceiling; a nearer deadline lowers it.
    let timeout_ms = remaining.map_or(3_000, |left| left.as_millis().clamp(1, 3_000));
    text.push_str("/* scope.enter */ execute ehub_enter(");
    for argument in [Some(scope.kind.setting()), Some(person), Some(&scope.client), scope.organisation.as_deref()] {
        literal(text, argument);
        text.push_str(", ");
    }
    literal(text, Some(&timeout_ms.to_string()));
    text.push_str(", ");
    literal(text, Some(&fixed_now));
    text.push_str(", ");
    if scope.turns.is_empty() {
        text.push_str("null")
    } else {
        array(text, &scope.turns)
    }
    text.push_str(");");
}

fn ask(text: &mut String, question: &Question) {
    match question {
        Question::Answered(key) => {
            text.push_str(" /* idempotency.find */ execute ehub_answered(");
            for argument in [&key.client, &key.subject, key.method] {
                literal(text, Some(argument));
                text.push_str(", ");
            }
            let _ = write!(text, "'{}'::uuid);", key.request_id);
        }
        Question::Heard { source, streams } => {
            text.push_str(" /* inbox.last_versions */ execute ehub_heard(");
            literal(text, Some(source));
            text.push_str(", ");
            array(text, streams);
            text.push_str(");");
        }
    }
}

fn told(question: Question, mut rows: impl Iterator<Item = PgRow>) -> Result<Told, StorageError> {
    Ok(match question {
        Question::Answered(key) => {
            let recorded = match rows.next() {
                Some(row) => Some(Recorded { digest: row.try_get(0)?, answer: row.try_get(1)? }),
                None => None,
            };
            Told::Answered(key, recorded)
        }
        Question::Heard { source, streams } => {
            let versions =
                rows.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()?;
            Told::Heard { source, streams, versions }
        }
    })
}
