//! What holds back the oldest transaction that PostgreSQL must still remember.
//!
//! Old row versions are not removed while somebody could see them, and relays deliver only what is older than every
//! running transaction: a session left open, a forgotten slot or a prepared transaction stops both, slowly and silently.

use ehub_postgres::{StorageError, Tx, Work};
use ehub_telemetry::metrics::{Gauge, gauge};

static AGE: Gauge = gauge(
    "ehub.db.xmin_age",
    "{transaction}",
    "How many transactions began since the oldest that the database must still remember, by what holds it.",
);

/// Who may hold it, in the order of [`Horizon`]'s numbers.
const HOLDERS: [&str; 3] = ["session", "slot", "prepared"];

/// Looks how far behind the oldest of each holder is.
#[derive(Debug)]
pub(crate) struct Horizon;

impl Work for Horizon {
    const NAME: &'static str = "horizon";
    type Output = [i32; 3];
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<[i32; 3], StorageError> {
        let (session, slot, prepared) = sqlx::query_as(
            "/* horizon */ select \
               (select coalesce(max(age(backend_xmin)), 0) from pg_stat_activity where pid <> pg_backend_pid()), \
               (select coalesce(max(greatest(age(xmin), age(catalog_xmin))), 0) from pg_replication_slots), \
               (select coalesce(max(age(transaction)), 0) from pg_prepared_xacts)",
        )
        .fetch_one(tx.conn())
        .await?;
        Ok([session, slot, prepared])
    }
}

/// Tells it.
pub(crate) fn tell_horizon(ages: &[i32; 3]) {
    for (holder, age) in HOLDERS.iter().zip(ages) {
        AGE.set(f64::from(*age), &[("ehub.db.xmin.holder", holder)]);
    }
}

#[cfg(test)]
mod tests {
    use ehub_clock::Clock;
    use ehub_postgres::Scope;
    use ehub_test_support::TestDb;
    use sqlx::{Executor as _, migrate::Migrator};

    use super::*;

    static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;

    #[tokio::test]
    async fn a_session_left_open_is_seen_by_the_role_that_looks() {
        let db = TestDb::create("intake", &FOUNDATION_ONLY, Clock::system()).await;
        let (mut forgotten, mut others) = (db.admin().await, db.admin().await);
        forgotten.execute("begin isolation level repeatable read; select 1").await.expect("left open");
        for _ in 0..25 {
            others.execute("select pg_current_xact_id()").await.expect("a transaction");
        }
        let [session, ..] = db.work.run(&Scope::work(), &Horizon).await.expect("looks");
        assert!(session >= 25, "{session}");
    }
}
