//! What waits in the pools, and since when.

use ehub_postgres::{StorageError, Tx};

/// How much waits and for how many seconds the oldest has: in hubs' pools, in practices' pools, with a person; and what
/// is open past its promise, by how much.
pub async fn waiting(tx: &mut Tx) -> Result<[(i64, f64); 4], StorageError> {
    let rows: Vec<(i64, f64)> = sqlx::query_as(
        "/* waiting.read */ with open as (\
                select w.state, w.pool_kind, w.accepted_at, w.respond_by from allocation.open_item o \
                  join allocation.work_item w on w.consultation = o.consultation \
                union all select state, pool_kind, accepted_at, respond_by from allocation.work_item where state = 'CLAIMED') \
         select depth, coalesce(extract(epoch from ehub.app_now() - oldest), 0)::float8 from (\
            select 1 as place, count(*) as depth, min(accepted_at) as oldest from open where state = 'QUEUED' and pool_kind = 'HUB' \
            union all select 2, count(*), min(accepted_at) from open where state = 'QUEUED' and pool_kind = 'PRACTICE' \
            union all select 3, count(*), min(accepted_at) from open where state = 'CLAIMED' \
            union all select 4, count(*), min(respond_by) from open where respond_by < ehub.app_now()) q order by place",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.try_into().map_err(|_| super::inconsistent("allocation.work_item", "queues"))
}
