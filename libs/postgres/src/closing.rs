//! How a transaction ends: everything that was noted while it ran, in one statement before the commit.
//!
//! Events get the next versions of their streams, and stand in the outbox in the order they were raised in. The record
//! of an answer, or the version of a stream that was applied, goes with them.

use std::fmt::Write as _;

use const_format::concatcp;
use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Draft, IdempotencyKey, StorageError,
    literal::{array, literal},
};

/// What is written at the end: events, each with the `traceparent` it was raised under, and what goes with them.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    pub drafts: Vec<(Draft, Option<String>)>,
    pub with: Option<With>,
}

/// What goes with the events.
#[derive(Debug)]
pub(crate) enum With {
    /// What is answered under a key.
    Answer { key: IdempotencyKey, digest: Vec<u8>, answer: Vec<u8> },
    /// The versions of a source's streams that were applied.
    Heard { source: String, incarnation: i64, streams: Vec<(Uuid, i64)> },
}

const ANSWER: &str = "answer as (insert into ehub.idempotency (client, subject, method, request_id, digest, answer, at) \
    values ($9, $10, $11, $12, $13, $14, $8)) ";
const HEARD: &str = "insert into ehub.inbox (source, incarnation, stream, version) \
    select $9, $10, stream, version from unnest($11::uuid[], $12::bigint[]) as h (stream, version) \
    on conflict (source, stream) do update set version = excluded.version, incarnation = excluded.incarnation";
/// $1–$7 say one thing each of every event; $8 holds for all. A stream's row is locked by counting it up, which
/// makes its versions gapless and in the order of commits; streams in the order of their ids, whoever locks them.
const RAISE: &str = "given as (select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::uuid[], $6::bool[], $7::text[]) \
        with ordinality as g (event, stream, kind, body, consultation, alone, traceparent, place)), \
    counted as (insert into ehub.outbox_stream as s (stream, version) \
        select stream, count(*) from given where not alone group by stream order by stream \
        on conflict (stream) do update set version = s.version + excluded.version returning stream, version) \
    insert into ehub.outbox (shard_group, stream, version, kind, body, event, consultation, traceparent, at) \
    select get_byte(uuid_send(g.stream), 15) >> 4, g.stream, \
           coalesce(c.version - count(*) over (partition by g.stream) + row_number() over (partition by g.stream order by g.place), 1), \
           g.kind, g.body, g.event, g.consultation, g.traceparent, $8::timestamptz \
      from given g left join counted c using (stream) order by g.place";

impl Closing {
    pub(crate) fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.with.is_none()
    }

    /// Writes it; `event` makes ids.
    pub(crate) async fn write(
        &self,
        conn: &mut PgConnection,
        event: impl Fn() -> Uuid,
        at: OffsetDateTime,
    ) -> Result<(), StorageError> {
        const RAISE_ALONE: &str = concatcp!("/* outbox.raise */ with ", RAISE);
        const RAISE_AND_ANSWER: &str = concatcp!("/* outbox.raise, idempotency.record */ with ", ANSWER, ", ", RAISE);
        const RAISE_AND_HEARD: &str =
            concatcp!("/* outbox.raise, inbox.remember */ with heard as (", HEARD, "), ", RAISE);
        let with = self.with.as_ref();
        let statement = match with {
            None => RAISE_ALONE,
            Some(With::Answer { .. }) => RAISE_AND_ANSWER,
            Some(With::Heard { .. }) => RAISE_AND_HEARD,
        };
        let query = self.bind_events(sqlx::query(statement), event).bind(at);
        let query = match with {
            None => query,
            Some(With::Answer { key, digest, answer }) => query
                .bind(&key.client)
                .bind(&key.subject)
                .bind(key.method)
                .bind(key.request_id)
                .bind(digest)
                .bind(answer),
            Some(With::Heard { source, incarnation, streams }) => {
                let (streams, versions) = in_order(streams);
                query.bind(source).bind(incarnation).bind(streams).bind(versions)
            }
        };
        query.execute(conn).await?;
        Ok(())
    }

    /// The versions alone, as text that ends with the commit: most deliveries raise nothing, and save a round trip so.
    pub(crate) fn heard_alone(&self) -> Option<String> {
        let Some(With::Heard { source, incarnation, streams }) = &self.with else { return None };
        if !self.drafts.is_empty() {
            return None;
        }
        let mut text = String::from("/* inbox.remember */ execute ehub_remember(");
        literal(&mut text, Some(source));
        let _ = write!(text, ", {incarnation}, ");
        let (streams, versions) = in_order(streams);
        array(&mut text, &streams);
        text.push_str(", ");
        array(&mut text, &versions);
        text.push_str("); commit");
        Some(text)
    }

    fn bind_events<'q>(
        &'q self,
        query: Query<'q, Postgres, PgArguments>,
        event: impl Fn() -> Uuid,
    ) -> Query<'q, Postgres, PgArguments> {
        let drafts = || self.drafts.iter().map(|(draft, _)| draft);
        let ids: Vec<Uuid> = drafts().map(|_| event()).collect();
        let streams: Vec<Uuid> = drafts().zip(&ids).map(|(draft, event)| draft.stream.unwrap_or(*event)).collect();
        query
            .bind(ids)
            .bind(streams)
            .bind(drafts().map(|draft| draft.kind).collect::<Vec<_>>())
            .bind(drafts().map(|draft| draft.body.as_slice()).collect::<Vec<_>>())
            .bind(drafts().map(|draft| draft.consultation).collect::<Vec<_>>())
            .bind(drafts().map(|draft| draft.stream.is_none()).collect::<Vec<_>>())
            .bind(self.drafts.iter().map(|(_, traceparent)| traceparent.as_deref()).collect::<Vec<_>>())
    }
}

/// Streams and versions in the order of the streams, in which everybody locks them.
fn in_order(streams: &[(Uuid, i64)]) -> (Vec<Uuid>, Vec<i64>) {
    let mut streams = streams.to_vec();
    streams.sort_unstable();
    streams.into_iter().unzip()
}
