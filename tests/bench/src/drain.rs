//! Whether everything has arrived: read past the services, with read-only SQL.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::suite::World;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);
/// How long everything may take to arrive.
const PATIENCE: Duration = Duration::from_secs(180);

/// Looks into the five databases.
pub struct Drain {
    pools: BTreeMap<String, PgPool>,
}

/// What has not arrived.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waiting {
    /// Events that a subscriber has not had, and streams held back.
    pub events: i64,
    /// Audit events without a leaf.
    pub leaves: i64,
    /// Consultations whose patient has not been traced.
    pub traces: i64,
    /// Entries of closed consultations that the practice has not acknowledged.
    pub entries: i64,
}

impl Waiting {
    fn nothing(self) -> bool {
        self.events + self.leaves + self.traces + self.entries == 0
    }
}

impl Drain {
    /// Connects, as the superuser.
    pub async fn open(world: &World, admin: &str) -> anyhow::Result<Self> {
        let server = admin.rsplit_once('/').context("the superuser's URL")?.0;
        let mut pools = BTreeMap::new();
        for (service, url) in &world.databases {
            let name = url.rsplit_once('/').context("a database URL")?.1;
            let pool = PgPoolOptions::new().max_connections(1).connect(&format!("{server}/{name}")).await?;
            pools.insert(service.clone(), pool);
        }
        Ok(Self { pools })
    }

    /// What has not arrived now.
    pub async fn waiting(&self) -> anyhow::Result<Waiting> {
        let mut waiting = Waiting::default();
        for (service, pool) in &self.pools {
            waiting.events += number(
                pool,
                "select (select count(*) from ehub.outbox_cursor c join ehub.outbox o \
                          on o.shard_group = c.shard_group and (o.xid, o.id) > (c.xid, c.id) \
                         and (c.subscriber = 'audit' or o.kind <> 'ehub.audit.event.v1.AccessRecorded')) \
                      + (select count(*) from ehub.outbox_held)",
            )
            .await?;
            match service.as_str() {
                "audit" => {
                    waiting.leaves += number(pool, "select count(*) from audit.event where seq is null").await?;
                }
                "intake" => waiting.traces += number(pool, "select count(*) from intake.trace_queue").await?,
                "writeback" => {
                    waiting.entries += number(
                        pool,
                        "select count(*) from writeback.entry e join writeback.completion c using (consultation) \
                          where e.state not in ('ACKNOWLEDGED', 'SETTLED', 'NEEDS_ATTENTION')",
                    )
                    .await?;
                }
                _ => {}
            }
        }
        Ok(waiting)
    }

    /// Returns when nothing is on its way any more.
    pub async fn wait(&self) -> anyhow::Result<()> {
        let looks = PATIENCE.as_millis() / LOOK.as_millis();
        let mut last = Waiting::default();
        for _ in 0..looks {
            last = self.waiting().await?;
            if last.nothing() {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("not everything arrived in {} s: {last:?}", PATIENCE.as_secs());
    }
}

async fn number(pool: &PgPool, sql: &'static str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}
