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

/// Where the peers listen.
struct PeerAddresses {
    mesh: u16,
    eps: u16,
    demographics: u16,
    practice: u16,
    duty: u16,
}

/// Starts everything and waits until all five services are SERVING.
pub async fn start(paths: &Paths, options: &DevOptions) -> anyhow::Result<Running> {
    let clock = Clock::system();
    let began = clock.monotonic();
    let issuers = config::issuers(&options.issuer)?;
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

    let mut ports = Ports::default();
    let services = service_addresses(&mut ports)?;
    let addresses = PeerAddresses::allot(&mut ports)?;
    drop(ports);
    // The peers come up while the services do; nobody plays before both are there.
    let peers = start_peers(paths, &signer, &addresses)?;
    let databases = Databases::start(paths).await?;
    databases.prepare(options.keep).await?;

    let world = World {
        run_id: clock.uuid_v7().to_string(),
        services: services.clone(),
        issuer: format!("http://{issuer_address}"),
        mesh: uri(addresses.mesh),
        eps: uri(addresses.eps),
        demographics: uri(addresses.demographics),
        practice: uri(addresses.practice),
        duty: uri(addresses.duty),
        otlp: format!("http://{otlp}"),
        audit_verifier_key: Some(keys::audit_verifier_key(&keys_folder, config::AUDIT_ORIGIN)?),
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
        fs::write(&file, config::of(service, &running.world, &databases, paths, &issuers)?)?;
        let mut command = Command::new(Paths::service_binary(service)?);
        command.arg("--config").arg(&file).current_dir(&paths.root);
        running.services.push(Process::start(service, command, &paths.run)?);
    }
    running.wait_until_serving().await?;
    running.serving_after = clock.monotonic() - began;
    running.tell().await?;
    output::progress(&format!("five services SERVING after {:.1} s", running.serving_after.as_secs_f64()));
    Ok(running)
}

impl Running {
    /// Notes what runs, for the other commands, when the peers are there too.
    async fn tell(&mut self) -> anyhow::Result<()> {
        for peer in &mut self.peers {
            let file = self.paths.run.join(format!("{}.ready", peer.name));
            ready_file(peer, &file).await?;
        }
        let processes = self.services.iter().chain(&self.peers);
        self.world.pids = processes.filter_map(|process| Some((process.name.clone(), process.pid()?))).collect();
        self.world.save(&self.paths.world_file())
    }

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

    /// Resolves when a process of the suite ends by itself, with what it said last; or, when they are to be started
    /// again as an orchestrator would, only when one cannot be.
    pub async fn watch(&mut self, restart: bool) -> anyhow::Error {
        loop {
            for process in self.services.iter_mut().chain(&mut self.peers) {
                let Err(ended) = process.check() else { continue };
                if !restart {
                    return ended;
                }
                output::note(&format!("{} has ended and is started again", process.name));
                if let Err(error) = process.restart() {
                    return error;
                }
                self.world.pids.extend(process.pid().map(|pid| (process.name.clone(), pid)));
                if let Err(error) = self.world.save(&self.paths.world_file()) {
                    return error;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
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

/// Free loopback ports. Held until all are found, then freed: the processes bind them next.
#[derive(Default)]
struct Ports(Vec<TcpListener>);

impl Ports {
    fn next(&mut self) -> anyhow::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
        let port = listener.local_addr()?.port();
        self.0.push(listener);
        Ok(port)
    }
}

fn uri(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn service_addresses(ports: &mut Ports) -> anyhow::Result<BTreeMap<String, ServiceAddresses>> {
    let mut services = BTreeMap::new();
    for service in SERVICES {
        let addresses =
            ServiceAddresses { grpc: uri(ports.next()?), internal: uri(ports.next()?), admin: uri(ports.next()?) };
        services.insert(service.to_owned(), addresses);
    }
    Ok(services)
}

impl PeerAddresses {
    fn allot(ports: &mut Ports) -> anyhow::Result<Self> {
        Ok(Self {
            mesh: ports.next()?,
            eps: ports.next()?,
            demographics: ports.next()?,
            practice: ports.next()?,
            duty: ports.next()?,
        })
    }
}

fn start_peers(paths: &Paths, signer: &Signer, ports: &PeerAddresses) -> anyhow::Result<Vec<Process>> {
    let python = paths.python();
    if !python.is_file() {
        bail!("{} is missing: `scripts/setup` makes it (`make run` does so by itself)", python.display());
    }
    let mesh_config = paths.run.join("mesh.json");
    fs::write(&mesh_config, serde_json::to_vec_pretty(&json!({ "mesh": mesh_config_of(ports.mesh) }))?)?;
    let config = json!({
        "mesh": { "url": uri(ports.mesh), "shared_key": MESH_SHARED_KEY },
        "practice": {
            "port": ports.practice,
            "poll_ms": 300,
            "documents_dir": paths.run.join("documents"),
            "mailboxes": practice_mailboxes(),
        },
        "eps": { "port": ports.eps, "certificates": [signer.certificate_base64()] },
        "demographics": { "port": ports.demographics, "patients": [] },
        "duty": { "port": ports.duty },
    });
    let peers_config = paths.run.join("peers.json");
    fs::write(&peers_config, serde_json::to_vec_pretty(&config)?)?;
    Ok(vec![peer(paths, &python, "mesh", &mesh_config, "mesh")?, peer(paths, &python, "all", &peers_config, "peers")?])
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

fn practice_mailboxes() -> Vec<Value> {
    practices()
        .map(|practice| json!({ "mailbox": practice.mailbox, "password": MAILBOX_PASSWORD, "ods": practice.ods, "name": practice.name }))
        .collect()
}

fn mesh_config_of(port: u16) -> Value {
    let mut mailboxes = practice_mailboxes();
    for (mailbox, ods, name) in [
        (INTAKE_MAILBOX, HUB, "Hub intake"),
        (WRITEBACK_MAILBOX, HUB, "Hub write-back"),
        (SUPPLIER_MAILBOX, SUPPLIER, "Supplier"),
    ] {
        mailboxes.push(json!({ "mailbox": mailbox, "password": MAILBOX_PASSWORD, "ods": ods, "name": name }));
    }
    json!({ "port": port, "shared_key": MESH_SHARED_KEY, "mailboxes": mailboxes })
}
