//! Subscribers that have heard more than was ever said here: this database came back from an older copy.
//!
//! Each such stream is noted in the database, for whoever gives out what rests on it, and stays noted until as much has been
//! said here, or until the subscriber answers for that stream again and is level: a batch says nothing of the streams it
//! does not hold.

use std::collections::HashSet;

use ehub_postgres::{Db, StorageError};
use ehub_proto::internal::v1::Verdict;
use sqlx::PgConnection;
use uuid::Uuid;

/// The streams a subscriber is noted to be ahead in, as the table has them; read again after every failure and every loss of
/// the lease, because others may have written it.
#[derive(Debug, Default)]
pub(crate) struct Ahead(Option<HashSet<Uuid>>);

impl Ahead {
    /// In how many streams the subscriber is known to be ahead.
    pub(crate) fn streams(&self) -> usize {
        self.0.as_ref().map_or(0, HashSet::len)
    }

    /// Whether it is known to be ahead in none.
    pub(crate) fn is_level(&self) -> bool {
        self.0.as_ref().is_some_and(HashSet::is_empty)
    }

    /// Looks at the streams just sent, and notes what is new of them; gives in how many the subscriber has heard of a later
    /// version than the last one written here.
    pub(crate) async fn look(
        &mut self,
        db: &Db,
        subscriber: &str,
        sent: &[(Uuid, i64)],
        verdicts: &[Verdict],
    ) -> Result<usize, StorageError> {
        let heard: Vec<(Uuid, i64)> = sent
            .iter()
            .zip(verdicts)
            .filter(|((_, version), verdict)| verdict.last_version > *version)
            .map(|((stream, _), verdict)| (*stream, verdict.last_version))
            .collect();
        if heard.is_empty() && self.is_level() {
            return Ok(0);
        }
        let mut conn = db.lend().await?;
        let ahead: Vec<(Uuid, i64)> = if heard.is_empty() { Vec::new() } else { beyond(&mut conn, heard).await? };
        let streams: HashSet<Uuid> = ahead.iter().map(|(stream, _)| *stream).collect();
        let level: Vec<Uuid> = sent.iter().map(|(stream, _)| *stream).filter(|one| !streams.contains(one)).collect();
        self.0 = Some(note(&mut conn, subscriber, ahead, level).await?);
        conn.give_back();
        Ok(streams.len())
    }
}

/// Those of which less was ever said here, with the version heard of.
async fn beyond(conn: &mut PgConnection, heard: Vec<(Uuid, i64)>) -> Result<Vec<(Uuid, i64)>, StorageError> {
    let (streams, versions): (Vec<Uuid>, Vec<i64>) = heard.into_iter().unzip();
    Ok(sqlx::query_as(
        "/* outbox.ahead */ select h.stream, max(h.version) from unnest($1::uuid[], $2::bigint[]) as h(stream, version) \
           left join ehub.outbox_stream s on s.stream = h.stream \
          where h.version > coalesce(s.version, 1) group by h.stream",
    )
    .bind(streams)
    .bind(versions)
    .fetch_all(conn)
    .await?)
}

/// Notes the ones that are ahead, forgets the ones that are level, and gives all that are noted then.
async fn note(
    conn: &mut PgConnection,
    subscriber: &str,
    ahead: Vec<(Uuid, i64)>,
    level: Vec<Uuid>,
) -> Result<HashSet<Uuid>, StorageError> {
    let (streams, versions): (Vec<Uuid>, Vec<i64>) = ahead.into_iter().unzip();
    let others: Vec<Uuid> = sqlx::query_scalar(
        "/* outbox.note_ahead */ with \
           over as (delete from ehub.outbox_ahead a where a.subscriber = $1 and (a.stream = any ($4) \
             or a.heard <= (select s.version from ehub.outbox_stream s where s.stream = a.stream)) returning a.stream), \
           noted as (insert into ehub.outbox_ahead as a (subscriber, stream, heard, since) \
             select $1, stream, heard, ehub.app_now() from unnest($2::uuid[], $3::bigint[]) as n (stream, heard) \
                 on conflict (subscriber, stream) do update set heard = greatest(a.heard, excluded.heard)) \
         select stream from ehub.outbox_ahead where subscriber = $1 and stream <> all ($2) and stream not in (select stream from over)",
    )
    .bind(subscriber)
    .bind(&streams)
    .bind(versions)
    .bind(level)
    .fetch_all(conn)
    .await?;
    Ok(streams.into_iter().chain(others).collect())
}
