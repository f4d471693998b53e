//! Whether this replica should be sent calls: database, schema, clock, keys.

use std::{sync::Arc, time::Duration};

use ehub_auth::Verifier;
use ehub_postgres::{Db, Schema, schema};
use ehub_server::{Condition, Readiness};
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;

/// How far our clock may be from the database's, in seconds.
const SKEW: f64 = 5.0;
/// How often the conditions are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How often while something still lacks at the start.
const SOON: Duration = Duration::from_millis(100);

/// Watches what must hold before calls are wanted.
pub(crate) struct Watch {
    database: Condition,
    schema: Condition,
    clock: Condition,
    keys: Condition,
    readiness: Readiness,
    db: Db,
    url: String,
    migrations: &'static Migrator,
    require_durable: bool,
    verifier: Arc<Verifier>,
}

impl Watch {
    pub(crate) fn new(
        readiness: &Readiness,
        db: Db,
        url: String,
        migrations: &'static Migrator,
        require_durable: bool,
        verifier: Arc<Verifier>,
    ) -> Self {
        Self {
            database: readiness.condition("database"),
            schema: readiness.condition("schema"),
            clock: readiness.condition("clock"),
            keys: readiness.condition("keys"),
            readiness: readiness.clone(),
            db,
            url,
            migrations,
            require_durable,
            verifier,
        }
    }

    /// Looks until told to stop. The schema is asked for only until it has come: a later version
    /// does not unmake it.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut schema_is_there = false;
        loop {
            self.keys.observe(self.verifier.ready());
            let reachable = self.db.check(self.require_durable).await.is_ok();
            self.database.observe(reachable);
            if reachable {
                if let Ok(skew) = self.db.clock_skew().await {
                    self.clock.observe(skew <= SKEW);
                }
                if !schema_is_there {
                    schema_is_there = matches!(schema(&self.url, self.migrations).await, Ok(Schema { pending: 0, .. }));
                    self.schema.set(schema_is_there);
                    if schema_is_there && matches!(self.db.log_quotes_rows().await, Ok(true)) {
                        tracing::warn!(
                            "log_error_verbosity of the database is not terse: its log will quote rows, which hold patients' data"
                        );
                    }
                }
            }
            let pause = if self.readiness.is_ready() { EVERY } else { SOON };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
