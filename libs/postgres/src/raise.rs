//! Events on their way into the outbox, written by the transaction that made them true.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::StorageError;

/// An event as an operation raises it: already rendered, not yet numbered.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The stream it belongs to; `None` makes it a stream of its own, where order means nothing.
    pub stream: Option<Uuid>,
    /// Full protobuf name of the body.
    pub kind: &'static str,
    /// The encoded body.
    pub body: Vec<u8>,
    /// The consultation it concerns.
    pub consultation: Option<Uuid>,
}

impl Draft {
    pub(crate) async fn write(
        &self,
        conn: &mut sqlx::PgConnection,
        event: Uuid,
        at: OffsetDateTime,
        traceparent: Option<&str>,
    ) -> Result<(), StorageError> {
        let stream = self.stream.unwrap_or(event);
        // A consultation's shard is its last byte; a group is sixteen shards.
        let shard_group = i16::from(stream.as_bytes()[15] >> 4);
        let version = match self.stream {
            None => 1,
            Some(stream) => next_version(conn, stream).await?,
        };
        sqlx::query(
            "/* outbox.insert */ insert into ehub.outbox \
             (shard_group, stream, version, kind, body, event, consultation, traceparent, at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(shard_group)
        .bind(stream)
        .bind(version)
        .bind(self.kind)
        .bind(&self.body)
        .bind(event)
        .bind(self.consultation)
        .bind(traceparent)
        .bind(at)
        .execute(conn)
        .await?;
        Ok(())
    }
}

async fn next_version(conn: &mut sqlx::PgConnection, stream: Uuid) -> Result<i64, StorageError> {
    Ok(sqlx::query_scalar(
        "/* outbox.next_version */ insert into ehub.outbox_stream (stream, version) values ($1, 1) \
         on conflict (stream) do update set version = outbox_stream.version + 1 returning version",
    )
    .bind(stream)
    .fetch_one(conn)
    .await?)
}
