//! The running suite: processes, addresses, healths, schemas and clocks.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use ehub_clock::Timestamp;
use ehub_postgres::Schema;
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::{net::TcpStream, time::timeout};

use super::Check;
use crate::{
    arguments::ServiceName,
    commands::{
        context::Context,
        migrate::{migrations, run_url},
    },
    dev::suite::is_serving,
    world::World,
};

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Clocks further apart than this are doubtful: tokens and grants live for minutes.
const APART: time::Duration = time::Duration::seconds(2);

/// Everything about the suite, if one runs.
pub async fn checks(context: &Context) -> Vec<Check> {
    let world = match context.world() {
        Ok(world) => world,
        Err(error) => return vec![Check::doubtful("suite", error.to_string(), "make run starts one")],
    };
    let mut checks = vec![processes(&world)];
    checks.push(peers(&world).await);
    for service in ServiceName::ALL {
        checks.push(ports(&world, service).await);
        checks.push(health(&world, service).await);
        checks.push(schema(&world, service).await);
    }
    checks.push(clock(context, &world).await);
    checks
}

fn processes(world: &World) -> Check {
    let gone: Vec<&str> = world
        .pids
        .iter()
        .filter(|(_, pid)| !Path::new(&format!("/proc/{pid}")).exists())
        .map(|(name, _)| name.as_str())
        .collect();
    if gone.is_empty() {
        return Check::good("processes", format!("{} run", world.pids.len()));
    }
    Check::bad(
        "processes",
        format!("ended: {}", gone.join(", ")),
        "look into .local/run/<name>.log, then make run again",
    )
}

async fn peers(world: &World) -> Check {
    let mut silent = Vec::new();
    for (name, url) in [
        ("issuer", &world.issuer),
        ("mesh", &world.mesh),
        ("eps", &world.eps),
        ("demographics", &world.demographics),
        ("practice", &world.practice),
        ("duty", &world.duty),
        ("otlp", &world.otlp),
    ] {
        if !answers(url).await {
            silent.push(name);
        }
    }
    if silent.is_empty() {
        return Check::good("issuer and peers", "all answer");
    }
    Check::bad("issuer and peers", format!("silent: {}", silent.join(", ")), "make run again")
}

async fn ports(world: &World, service: ServiceName) -> Check {
    let name = format!("{} ports", service.as_str());
    let Some(addresses) = world.services.get(service.as_str()) else {
        return Check::bad(name, "the run does not name it", "make run again");
    };
    let mut silent = Vec::new();
    for (port, url) in [("grpc", &addresses.grpc), ("internal", &addresses.internal), ("admin", &addresses.admin)] {
        if !answers(url).await {
            silent.push(port);
        }
    }
    if silent.is_empty() {
        return Check::good(name, format!("grpc at {}", addresses.grpc));
    }
    Check::bad(name, format!("silent: {}", silent.join(", ")), "look into its log in .local/run")
}

async fn health(world: &World, service: ServiceName) -> Check {
    let name = format!("{} health", service.as_str());
    let serving = match world.grpc(service.as_str()) {
        Ok(uri) => timeout(PATIENCE, is_serving(uri)).await.unwrap_or(false),
        Err(_) => false,
    };
    if serving {
        Check::good(name, "SERVING")
    } else {
        Check::bad(name, "not SERVING", "look at /readyz on its admin port")
    }
}

async fn schema(world: &World, service: ServiceName) -> Check {
    let name = format!("{} schema", service.as_str());
    let schema = async { anyhow::Ok(ehub_postgres::schema(run_url(world, service)?, migrations(service)).await?) };
    match schema.await {
        Ok(Schema { pending: 0, newer: 0 }) => Check::good(name, "newest"),
        Ok(Schema { pending: 0, newer }) => Check::good(name, format!("{newer} migrations of a later release")),
        Ok(Schema { pending: missing, .. }) => {
            Check::bad(name, format!("{missing} migrations are missing"), "ehub migrate")
        }
        // The cause may quote the URL with its password.
        Err(_) => Check::bad(name, "the database cannot be reached", "scripts/postgres start"),
    }
}

async fn clock(context: &Context, world: &World) -> Check {
    let apart = async {
        let options: PgConnectOptions = run_url(world, ServiceName::Audit)?.parse()?;
        let mut conn = timeout(PATIENCE, options.connect()).await.context("no answer")??;
        let theirs: Timestamp = sqlx::query_scalar("select clock_timestamp()").fetch_one(&mut conn).await?;
        let ours = context.clock.now();
        conn.close().await?;
        anyhow::Ok((theirs - ours).abs())
    };
    match apart.await {
        Ok(apart) if apart <= APART => {
            Check::good("clock", format!("{} ms from the database's", apart.whole_milliseconds()))
        }
        Ok(apart) => Check::doubtful(
            "clock",
            format!("{} s from the database's", apart.whole_seconds()),
            "set both clocks by NTP",
        ),
        Err(_) => Check::doubtful("clock", "the database's cannot be read", "scripts/postgres start"),
    }
}

/// Whether something listens at a URL's host and port.
async fn answers(url: &str) -> bool {
    let Some(address) = authority(url) else { return false };
    matches!(timeout(PATIENCE, TcpStream::connect(address)).await, Ok(Ok(_)))
}

fn authority(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split(['/', '?']).next().filter(|authority| authority.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_from_a_url() {
        assert_eq!(authority("http://127.0.0.1:80/path"), Some("127.0.0.1:80"));
        assert_eq!(authority("http://127.0.0.1:80"), Some("127.0.0.1:80"));
        assert_eq!(authority("127.0.0.1:80"), None);
        assert_eq!(authority("http://nowhere"), None);
    }
}
