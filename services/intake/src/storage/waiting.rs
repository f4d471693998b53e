//! What waits in intake's queues, and since when.

use ehub_postgres::{StorageError, Tx};

/// How much waits and for how many seconds the oldest has: messages to read, messages in quarantine, patients to trace,
/// acknowledgements to send.
pub async fn waiting(tx: &mut Tx) -> Result<[(i64, f64); 4], StorageError> {
    let rows: Vec<(i64, f64)> = sqlx::query_as(
        "/* waiting.read */ select depth, coalesce(extract(epoch from ehub.app_now() - oldest), 0)::float8 from (\
            select 1 as place, count(*) as depth, min(receive_time) as oldest from intake.landed_message where state = 'LANDED' \
            union all select 2, count(*), min(receive_time) from intake.quarantined where settle_time is null \
            union all select 3, count(*), min(c.accept_time) from intake.trace_queue t join intake.consultation c on c.id = t.consultation \
            union all select 4, count(*), min(m.receive_time) from intake.outbound_message o \
                join intake.landed_message m on m.id = o.landed where o.state in ('READY', 'SENDING')) q order by place",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.try_into().map_err(|_| super::inconsistent("intake queues", "their number"))
}
