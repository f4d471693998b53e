//! Which version of each stream of each source came last.

use std::collections::HashMap;

use sqlx::Row as _;
use uuid::Uuid;

use crate::{StorageError, Tx, closing::With, opening::Told};

/// The last version applied. Run in a scope made by [`crate::Scope::hearing`], or two deliveries at once may both find
/// the same.
pub async fn last_heard(tx: &mut Tx, source: &str, stream: Uuid) -> Result<Option<i64>, StorageError> {
    if let Some(Told::Heard { source: asked, streams, versions }) = tx.told()
        && asked == source
        && streams.contains(&stream)
    {
        return Ok(versions.get(&stream).copied());
    }
    let version =
        sqlx::query_scalar("/* inbox.last_version */ select version from ehub.inbox where source = $1 and stream = $2")
            .bind(source)
            .bind(stream)
            .fetch_optional(tx.conn())
            .await?;
    Ok(version)
}

/// Notes the last version applied of a stream: written with the commit, as are those of others of this source.
pub fn heard(tx: &mut Tx, source: &str, stream: Uuid, incarnation: i64, version: i64) {
    match tx.closes_with() {
        Some(With::Heard { source: of, streams, .. }) if of == source => streams.push((stream, version)),
        with => *with = Some(With::Heard { source: source.to_owned(), incarnation, streams: vec![(stream, version)] }),
    }
}

/// Consecutive versions of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The stream.
    pub stream: Uuid,
    /// The first of them.
    pub first: i64,
    /// The last.
    pub last: i64,
}

/// Notes that streams of a source went on to the last of these versions, where the first is the next or known: for
/// versions that change nothing here. Gives the last version known before, of the streams that had one.
///
/// Takes no turns with [`last_heard`]: no version goes back, and none is passed over, because only the next is noted.
pub async fn pass(
    tx: &mut Tx,
    source: &str,
    incarnation: i64,
    spans: &[Span],
) -> Result<HashMap<Uuid, i64>, StorageError> {
    let known = sqlx::query(
        "/* inbox.pass */ with given as (\
           select g.stream, g.first, g.last, i.version as known from unnest($3::uuid[], $4::bigint[], $5::bigint[]) as g (stream, first, last) \
             left join ehub.inbox i on i.source = $1 and i.stream = g.stream), \
         noted as (\
           insert into ehub.inbox as i (source, stream, incarnation, version) \
           select $1, stream, $2, last from given where last > coalesce(known, 0) and first <= coalesce(known, 0) + 1 order by stream \
               on conflict (source, stream) do update set version = excluded.version, incarnation = excluded.incarnation \
            where i.version < excluded.version) \
         select stream, known from given where known is not null",
    )
    .bind(source)
    .bind(incarnation)
    .bind(spans.iter().map(|span| span.stream).collect::<Vec<_>>())
    .bind(spans.iter().map(|span| span.first).collect::<Vec<_>>())
    .bind(spans.iter().map(|span| span.last).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await?;
    known.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
