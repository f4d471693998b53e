//! What waits in the pools, and since when.

use ehub_postgres::{StorageError, Tx};

/// How much waits and for how many seconds the oldest has: in hubs' pools, in practices' pools, with a person; and what
/// is open past its promise, by how much.
pub async fn waiting(tx: &mut Tx) -> Result<[(i64, f64); 4], StorageError> {
    let rows: Vec<(i64, f64)> = sqlx::query_as(
        "/* waiting.read */ with counted as (\
             select count(*) filter (where state = 'QUEUED' and pool_kind = 'HUB') as hub, \
                    min(accepted_at) filter (where state = 'QUEUED' and pool_kind = 'HUB') as hub_since, \
                    count(*) filter (where state = 'QUEUED' and pool_kind = 'PRACTICE') as practice, \
                    min(accepted_at) filter (where state = 'QUEUED' and pool_kind = 'PRACTICE') as practice_since, \
                    count(*) filter (where state = 'CLAIMED') as claimed, \
                    min(accepted_at) filter (where state = 'CLAIMED') as claimed_since, \
                    count(*) filter (where respond_by < ehub.app_now()) as late, \
                    min(respond_by) filter (where respond_by < ehub.app_now()) as late_since \
               from (select w.state, w.pool_kind, w.accepted_at, w.respond_by from allocation.open_item o \
                       join allocation.work_item w on w.consultation = o.consultation \
                      union all select state, pool_kind, accepted_at, respond_by from allocation.work_item where state = 'CLAIMED') o) \
         select depth, coalesce(extract(epoch from ehub.app_now() - since), 0)::float8 \
           from counted, lateral (values (1, hub, hub_since), (2, practice, practice_since), (3, claimed, claimed_since), \
                (4, late, late_since)) as q (place, depth, since) order by place",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.try_into().map_err(|_| super::inconsistent("allocation.work_item", "queues"))
}
