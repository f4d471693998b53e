//! Writing down what a delivery came to: cursors forward, streams held or freed, in one commit.

use std::collections::{BTreeSet, HashMap};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::verdicts::Fate;

/// After how many refusals an event is a dead letter.
const REFUSALS: i32 = 3;

/// What a delivery came to.
#[derive(Debug)]
pub(crate) struct Settle {
    pub subscriber: String,
    pub lease: Uuid,
    /// The furthest position of each group: (group, xid, id).
    pub cursors: Vec<(i16, String, i64)>,
    /// The fate of each stream, and of a held one whether all that waited was sent.
    pub fates: HashMap<Uuid, (Fate, Before)>,
}

/// How a stream stood before the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Delivered by its cursor.
    Flowing,
    /// Held, and more waits than was sent.
    HeldMore,
    /// Held, and all that waited was sent.
    HeldAll,
}

/// The lease was lost: another relay has some of the groups, and of those nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    #[error("another relay holds the cursors")]
    LeaseLost,
    #[error("the outcome of a delivery could not be written")]
    Storage(#[from] StorageError),
}

impl Work for Settle {
    const NAME: &'static str = "settle_delivery";
    type Output = ();
    type Error = SettleError;

    async fn run(&self, tx: &mut Tx) -> Result<(), SettleError> {
        self.require_lease(tx).await?;
        self.advance(tx.conn()).await?;
        for (stream, (fate, before)) in &self.fates {
            self.settle(tx, *stream, fate, *before).await?;
        }
        Ok(())
    }
}

impl Settle {
    /// Writes it down. When everything flowed, the cursors are all there is to move: one statement, which moves only
    /// those that are still leased, needs no transaction around it.
    pub(crate) async fn write(&self, db: &Db) -> Result<(), SettleError> {
        let flowed = |(fate, before): &(Fate, Before)| matches!((fate, before), (Fate::Applied(_), Before::Flowing));
        if !self.fates.values().all(flowed) {
            return db.run(&Scope::work(), self).await;
        }
        let mut conn = db.lend().await?;
        let advanced = self.advance(&mut conn).await;
        if !matches!(advanced, Err(SettleError::Storage(_))) {
            conn.give_back();
        }
        advanced
    }

    /// Moves the cursors forward.
    async fn advance(&self, conn: &mut PgConnection) -> Result<(), SettleError> {
        if self.cursors.is_empty() {
            return Ok(());
        }
        let groups: Vec<i16> = self.cursors.iter().map(|(group, ..)| *group).collect();
        let xids: Vec<&str> = self.cursors.iter().map(|(_, xid, _)| xid.as_str()).collect();
        let ids: Vec<i64> = self.cursors.iter().map(|(.., id)| *id).collect();
        let moved = sqlx::query(
            "/* outbox.advance */ update ehub.outbox_cursor c set xid = m.xid::xid8, id = m.id \
               from unnest($3::smallint[], $4::text[], $5::bigint[]) as m (shard_group, xid, id) \
              where c.subscriber = $1 and c.shard_group = m.shard_group and c.lease_token = $2",
        )
        .bind(&self.subscriber)
        .bind(self.lease)
        .bind(groups)
        .bind(xids)
        .bind(ids)
        .execute(conn)
        .await
        .map_err(StorageError::from)?;
        let all = u64::try_from(self.cursors.len()).unwrap_or(u64::MAX);
        if moved.rows_affected() == all { Ok(()) } else { Err(SettleError::LeaseLost) }
    }

    /// Checks that every group concerned is still ours, and keeps it so until the commit. A relay
    /// that slept past its lease would otherwise free a stream its successor holds, and lose what
    /// the successor's cursor has passed.
    async fn require_lease(&self, tx: &mut Tx) -> Result<(), SettleError> {
        let mut groups: BTreeSet<i16> = self.cursors.iter().map(|(group, ..)| *group).collect();
        // A group is sixteen shards; the shard is the stream's last byte.
        groups.extend(self.fates.keys().map(|stream| i16::from(stream.as_bytes()[15] >> 4)));
        let groups: Vec<i16> = groups.into_iter().collect();
        let ours = sqlx::query(
            "/* outbox.require_lease */ select from ehub.outbox_cursor \
              where subscriber = $1 and lease_token = $2 and shard_group = any($3) order by shard_group for update",
        )
        .bind(&self.subscriber)
        .bind(self.lease)
        .bind(&groups)
        .fetch_all(tx.conn())
        .await
        .map_err(StorageError::from)?;
        if ours.len() == groups.len() { Ok(()) } else { Err(SettleError::LeaseLost) }
    }

    async fn settle(&self, tx: &mut Tx, stream: Uuid, fate: &Fate, before: Before) -> Result<(), StorageError> {
        match (fate, before) {
            (Fate::Applied(_), Before::Flowing) => Ok(()),
            (Fate::Applied(_), Before::HeldAll) => self.free(tx, stream).await,
            (Fate::Applied(version), Before::HeldMore) => self.hold(tx, stream, version + 1, "CATCHING_UP", 0).await,
            (Fate::Wait { version, reason }, _) => self.hold(tx, stream, *version, reason, 0).await,
            (Fate::Refused { version, reason }, _) => self.hold(tx, stream, *version, reason, 1).await,
        }
    }

    async fn free(&self, tx: &mut Tx, stream: Uuid) -> Result<(), StorageError> {
        sqlx::query("/* outbox.free */ delete from ehub.outbox_held where subscriber = $1 and stream = $2")
            .bind(&self.subscriber)
            .bind(stream)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// Holds a stream back; a refusal counts, waiting does not. Tries again after 100 ms, then after
    /// pauses that double with the time spent at one version, up to half a minute; a stream that is
    /// catching up does not pause.
    async fn hold(
        &self,
        tx: &mut Tx,
        stream: Uuid,
        version: i64,
        reason: &str,
        refusals: i32,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "/* outbox.hold */ insert into ehub.outbox_held as h (subscriber, stream, version, reason, attempts, next_at, since, dead) \
             values ($1, $2, $3, $4, $5, ehub.app_now() + interval '100 milliseconds', ehub.app_now(), false) \
             on conflict (subscriber, stream) do update set \
               version = excluded.version, reason = excluded.reason, \
               attempts = case when h.version = excluded.version then h.attempts + excluded.attempts else excluded.attempts end, \
               dead = excluded.attempts > 0 and h.version = excluded.version and h.attempts + excluded.attempts >= $6, \
               since = case when h.version < excluded.version then excluded.since else h.since end, \
               next_at = ehub.app_now() + case \
                 when excluded.reason = 'CATCHING_UP' then interval '0' \
                 when h.version < excluded.version then interval '100 milliseconds' \
                 else interval '100 milliseconds' * power(2, least(8, extract(epoch from ehub.app_now() - h.since) * 2)) end",
        )
        .bind(&self.subscriber)
        .bind(stream)
        .bind(version)
        .bind(reason)
        .bind(refusals)
        .bind(REFUSALS)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}
