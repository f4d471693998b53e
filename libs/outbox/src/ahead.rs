//! Subscribers that have heard more than was ever said here: this database came back from an older copy.

use ehub_postgres::{Db, StorageError};
use ehub_proto::internal::v1::Verdict;
use uuid::Uuid;

/// In how many of the streams just sent the subscriber has heard of a later version than the last one written here. Notes
/// it for whoever gives out what rests on this database, when it is not what was noted last.
pub(crate) async fn look(
    db: &Db,
    subscriber: &str,
    noted: &mut Option<i64>,
    sent: &[(Uuid, i64)],
    verdicts: &[Verdict],
) -> Result<i64, StorageError> {
    let heard: Vec<(Uuid, i64)> = sent
        .iter()
        .zip(verdicts)
        .filter(|((_, version), verdict)| verdict.last_version > *version)
        .map(|((stream, _), verdict)| (*stream, verdict.last_version))
        .collect();
    let ahead = if heard.is_empty() { 0 } else { count(db, heard).await? };
    if *noted != Some(ahead) {
        note(db, subscriber, ahead).await?;
        *noted = Some(ahead);
    }
    Ok(ahead)
}

async fn count(db: &Db, heard: Vec<(Uuid, i64)>) -> Result<i64, StorageError> {
    let (streams, versions): (Vec<Uuid>, Vec<i64>) = heard.into_iter().unzip();
    let mut conn = db.lend().await?;
    let found = sqlx::query_scalar(
        "/* outbox.ahead */ select count(distinct h.stream) from unnest($1::uuid[], $2::bigint[]) as h(stream, version) \
           left join ehub.outbox_stream s on s.stream = h.stream \
          where h.version > coalesce(s.version, 1)",
    )
    .bind(streams)
    .bind(versions)
    .fetch_one(&mut *conn)
    .await?;
    conn.give_back();
    Ok(found)
}

async fn note(db: &Db, subscriber: &str, streams: i64) -> Result<(), StorageError> {
    let mut conn = db.lend().await?;
    let noted = if streams > 0 {
        sqlx::query(
            "/* outbox.note_ahead */ insert into ehub.outbox_ahead (subscriber, streams, since) values ($1, $2, ehub.app_now()) \
             on conflict (subscriber) do update set streams = excluded.streams",
        )
        .bind(subscriber)
        .bind(streams)
    } else {
        sqlx::query("/* outbox.note_level */ delete from ehub.outbox_ahead where subscriber = $1").bind(subscriber)
    };
    noted.execute(&mut *conn).await?;
    conn.give_back();
    Ok(())
}
