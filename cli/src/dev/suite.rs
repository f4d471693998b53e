//! Starts the suite: cluster, peers, keys, the five real binaries; and stops it in order.

use std::{collections::BTreeMap, fs, net::TcpListener, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use ehub_clock::Clock;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::{
    config,
    databases::{Databases, SERVICES},
    issuer::Issuer,
    keys::{self, Signer},
    otlp::Receiver,
    paths::Paths,
    processes::{Process, ready_file},
    world::{
        HUB, INTAKE_MAILBOX, MAILBOX_PASSWORD, MESH_SHARED_KEY, SUPPLIER, SUPPLIER_MAILBOX, WRITEBACK_MAILBOX,
        practices,
    },
};
use crate::{
    arguments::DevOptions,
    output,
    waiting::{deadline, expired},
    world::{ServiceAddresses, World},
};

/// The suite while it runs.
pub struct Running {
    pub world: World,
    pub paths: Paths,
    pub clock: Clock,
    pub receiver: Receiver,
    /// How long from the start to five SERVING healths.
    pub serving_after: Duration,
    services: Vec<Process>,
    peers: Vec<Process>,
    stop: CancellationToken,
}

/// What the peers answered on.
struct PeerAddresses {
    mesh: String,
    eps: String,
    demographics: String,
    practice: String,
    duty: String,
}

/// Starts everything and waits until all five services are SERVING.
pub async fn start(paths: &Paths, options: &DevOptions) -> anyhow::Result<Running> {
    let clock = Clock::system();
    let began = clock.monotonic();
    let _ = fs::remove_dir_all(&paths.run);
    fs::create_dir_all(&paths.run)?;
    let stop = CancellationToken::new();

    output::progress("starting the database cluster, the peers and the issuer");
    let keys_folder = paths.run.join("keys");
    keys::write(&keys_folder, &clock)?;
    let signer = Signer::kept_in(&paths.local.join("prescriber"))?;
    let (issuer, issuer_address) = Issuer::start(clock.clone(), stop.clone()).await?;
    fs::write(keys_folder.join("jwks.json"), issuer.jwks())?;
    issuer.clone().keep_service_tokens(&paths.run.join("tokens"), &SERVICES, stop.clone()).await?;
    let (receiver, otlp) = Receiver::start(stop.clone()).await?;

    let mut peers = Vec::new();
    let databases = async {
        let databases = Databases::start(paths).await?;
        databases.prepare(options.keep).await?;
        anyhow::Ok(databases)
    };
    let (databases, addresses) = tokio::try_join!(databases, start_peers(paths, &signer, &mut peers))?;

    let services = allot_ports()?;
    let world = World {
        run_id: clock.uuid_v7().to_string(),
        services: services.clone(),
        issuer: format!("http://{issuer_address}"),
        mesh: addresses.mesh,
        eps: addresses.eps,
        demographics: addresses.demographics,
        practice: addresses.practice,
        duty: addresses.duty,
        otlp: format!("http://{otlp}"),
        audit_verifier_key: None,
        databases: SERVICES.iter().map(|service| ((*service).to_owned(), databases.url(service, "run"))).collect(),
        pids: BTreeMap::new(),
        signer: paths.local.join("prescriber").display().to_string(),
    };
    let mut running = Running {
        world,
        paths: paths.clone(),
        clock: clock.clone(),
        receiver,
        serving_after: Duration::ZERO,
        services: Vec::new(),
        peers,
        stop,
    };
    output::progress("starting the five services");
    for service in SERVICES {
        let file = paths.run.join(format!("{service}.toml"));
        fs::write(&file, config::of(service, &running.world, &databases, paths)?)?;
        let mut command = Command::new(Paths::service_binary(service)?);
        command.arg("--config").arg(&file).current_dir(&paths.root);
        running.services.push(Process::start(service, command, &paths.run)?);
    }
    running.wait_until_serving().await?;
    running.serving_after = clock.monotonic() - began;
    running.world.pids = running
        .services
        .iter()
        .chain(&running.peers)
        .filter_map(|process| Some((process.name.clone(), process.pid()?)))
        .collect();
    running.world.save(&paths.world_file())?;
    output::progress(&format!("five services SERVING after {:.1} s", running.serving_after.as_secs_f64()));
    Ok(running)
}

impl Running {
    async fn wait_until_serving(&mut self) -> anyhow::Result<()> {
        let end = deadline(Duration::from_secs(30));
        for process in &mut self.services {
            let uri = self.world.grpc(&process.name)?.to_owned();
            loop {
                process.check()?;
                if is_serving(&uri).await {
                    break;
                }
                if expired(end) {
                    bail!("{} was not SERVING in 30 s; see {}", process.name, process.log.display());
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        Ok(())
    }

    /// Resolves when a process of the suite ends by itself, with what it said last.
    pub async fn watch(&mut self) -> anyhow::Error {
        loop {
            for process in self.services.iter_mut().chain(&mut self.peers) {
                if let Err(error) = process.check() {
                    return error;
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Stops the services, then what they lean on; the cluster stays for the next start.
    pub async fn stop(self) {
        output::progress("stopping");
        futures_util::future::join_all(self.services.into_iter().map(Process::stop)).await;
        futures_util::future::join_all(self.peers.into_iter().map(Process::stop)).await;
        self.stop.cancel();
        let _ = fs::remove_file(self.paths.world_file());
    }
}

/// Whether a service says that calls are wanted.
pub async fn is_serving(uri: &str) -> bool {
    let Ok(endpoint) = tonic::transport::Endpoint::from_shared(uri.to_owned()) else { return false };
    let Ok(channel) = endpoint.connect_timeout(Duration::from_millis(500)).connect().await else { return false };
    let answer = HealthClient::new(channel).check(HealthCheckRequest { service: String::new() }).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}

/// Three free loopback ports for each service. Taken and freed again: the services bind them next.
fn allot_ports() -> anyhow::Result<BTreeMap<String, ServiceAddresses>> {
    let mut held = Vec::new();
    let mut services = BTreeMap::new();
    for service in SERVICES {
        let mut ports = [0; 3];
        for port in &mut ports {
            let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
            *port = listener.local_addr()?.port();
            held.push(listener);
        }
        let address = |port| format!("http://127.0.0.1:{port}");
        services.insert(
            service.to_owned(),
            ServiceAddresses { grpc: address(ports[0]), internal: address(ports[1]), admin: address(ports[2]) },
        );
    }
    Ok(services)
}

async fn start_peers(paths: &Paths, signer: &Signer, peers: &mut Vec<Process>) -> anyhow::Result<PeerAddresses> {
    let python = paths.local.join("venv/bin/python");
    if !python.is_file() {
        bail!("{} is missing: `scripts/setup` makes it (`make run` does so by itself)", python.display());
    }
    let mesh_config = paths.run.join("mesh.json");
    fs::write(&mesh_config, serde_json::to_vec_pretty(&json!({ "mesh": mesh_config_of() }))?)?;
    let mut mesh = peer(paths, &python, "mesh", &mesh_config, "mesh")?;
    let ready = ready_file(&mut mesh, &paths.run.join("mesh.ready")).await?;
    let mesh_url = address(&ready, "mesh")?;
    peers.push(mesh);

    let config = json!({
        "mesh": { "url": mesh_url, "shared_key": MESH_SHARED_KEY },
        "practice": { "poll_ms": 300, "documents_dir": paths.run.join("documents"), "mailboxes": practice_mailboxes() },
        "eps": { "certificates": [signer.certificate_base64()] },
        "demographics": { "patients": [] },
        "duty": {},
    });
    let peers_config = paths.run.join("peers.json");
    fs::write(&peers_config, serde_json::to_vec_pretty(&config)?)?;
    let mut all = peer(paths, &python, "all", &peers_config, "peers")?;
    let ready = ready_file(&mut all, &paths.run.join("peers.ready")).await?;
    peers.push(all);
    Ok(PeerAddresses {
        mesh: mesh_url,
        eps: address(&ready, "eps")?,
        demographics: address(&ready, "demographics")?,
        practice: address(&ready, "practice")?,
        duty: address(&ready, "duty")?,
    })
}

fn peer(paths: &Paths, python: &Path, what: &str, config: &Path, name: &str) -> anyhow::Result<Process> {
    let mut command = Command::new(python);
    command
        .args(["-m", "ehub_peers", what, "--exit-with-parent", "--config"])
        .arg(config)
        .arg("--ready")
        .arg(paths.run.join(format!("{name}.ready")))
        .env("PYTHONPATH", paths.root.join("tests/peers"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&paths.root);
    Process::start(name, command, &paths.run)
}

fn address(ready: &Value, peer: &str) -> anyhow::Result<String> {
    Ok(ready[peer].as_str().with_context(|| format!("the ready file names no {peer}"))?.to_owned())
}

fn practice_mailboxes() -> Vec<Value> {
    practices()
        .map(|practice| json!({ "mailbox": practice.mailbox, "password": MAILBOX_PASSWORD, "ods": practice.ods, "name": practice.name }))
        .collect()
}

fn mesh_config_of() -> Value {
    let mut mailboxes = practice_mailboxes();
    for (mailbox, ods, name) in [
        (INTAKE_MAILBOX, HUB, "Hub intake"),
        (WRITEBACK_MAILBOX, HUB, "Hub write-back"),
        (SUPPLIER_MAILBOX, SUPPLIER, "Supplier"),
    ] {
        mailboxes.push(json!({ "mailbox": mailbox, "password": MAILBOX_PASSWORD, "ods": ods, "name": name }));
    }
    json!({ "shared_key": MESH_SHARED_KEY, "mailboxes": mailboxes })
}
