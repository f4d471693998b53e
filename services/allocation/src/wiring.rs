//! Builds allocation: the only place that knows everything.

use std::sync::Arc;

use anyhow::Context as _;
use ehub_auth::GrantSigner;
use ehub_host::{Built, Host, Profile, Worker, tell_queues};
use ehub_outbox::Sink;
use ehub_proto::{
    allocation::v1::{
        allocation_service_server::AllocationServiceServer, register_service_server::RegisterServiceServer,
    },
    internal::v1::{
        claim_guard_client::ClaimGuardClient, event_sink_server::EventSinkServer, roots_server::RootsServer,
    },
};
use ehub_roots::RootsService;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::{
    MIGRATIONS,
    config::{Adapter, Settings},
    duty::{Duty, LogDuty, Webhook},
    operations::measure::{Measure, QUEUES},
    pathway::{HUB_FIRST, Pathway},
    peers::{Guard, Guards},
    rpc::{AllocationRpc, Parts, RegisterRpc, event_sink::Events},
    workers::{AlertWorker, QueueWorker, UpkeepWorker},
};

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Allocation;

/// The services whose guards are told and asked; the order in which they are asked to seal.
const GUARDED: [&str; 3] = ["prescribing", "writeback", "intake"];

/// A batch of events may be larger than a public message.
const BATCH_BYTES: usize = 16 << 20;

impl ehub_host::Service for Allocation {
    const NAME: &'static str = "allocation";
    const SERVICES: &'static [&'static str] =
        &["ehub.allocation.v1.AllocationService", "ehub.allocation.v1.RegisterService"];
    type Settings = Settings;

    fn migrations() -> &'static Migrator {
        &MIGRATIONS
    }

    fn check(settings: &Settings, profile: Profile) -> Vec<String> {
        let mut faults = settings.faults();
        match pathway(settings) {
            Ok(pathway) if profile == Profile::Production && pathway.approved_by().is_none() => {
                faults.push("service.pathway_file has no recorded clinical approval (H33)".to_owned());
            }
            Ok(_) => {}
            Err(error) => faults.push(format!("service.pathway_file: {error:#}")),
        }
        if let Err(error) = signer(settings) {
            faults.push(format!("service.grants: {error:#}"));
        }
        if profile == Profile::Production {
            faults.extend(settings.production_faults());
        }
        faults
    }

    fn build(host: &Host, settings: Settings) -> anyhow::Result<Built> {
        let policy = settings.policy();
        let rpc = AllocationRpc::new(Parts {
            calls: host.calls.clone(),
            tokens: Arc::clone(&host.page_tokens),
            guards: guards(host, &settings)?,
            signer: signer(&settings)?,
            policy,
            watch: settings.watch.clone(),
            end_streams: host.end_streams.clone(),
        });
        let register = RegisterRpc::new(host.calls.clone(), Arc::clone(&host.page_tokens));
        let events = Sink::new(host.db.clone(), Events::new(Arc::new(pathway(&settings)?), policy));
        let roots = RootsService::new(host.db.clone());
        let most = host.message_bytes;
        let public = Routes::new(AllocationServiceServer::new(rpc).max_decoding_message_size(most))
            .add_service(RegisterServiceServer::new(register).max_decoding_message_size(most));
        let internal = Routes::new(EventSinkServer::new(events).max_decoding_message_size(BATCH_BYTES))
            .add_service(RootsServer::new(roots).max_encoding_message_size(BATCH_BYTES));
        Ok(Built { public, internal, workers: workers(host, &settings)? })
    }
}

fn pathway(settings: &Settings) -> anyhow::Result<Pathway> {
    let Some(file) = &settings.pathway_file else {
        return Pathway::parse(HUB_FIRST).context("the sample pathway");
    };
    let json = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Pathway::parse(&json).with_context(|| format!("{} is not a pathway", file.display()))
}

fn signer(settings: &Settings) -> anyhow::Result<GrantSigner> {
    let grants = &settings.grants;
    GrantSigner::from_pkcs8_pem(&grants.kid, grants.key.reveal().as_bytes(), &grants.audience)
        .context("the key cannot sign grants")
}

fn guards(host: &Host, settings: &Settings) -> anyhow::Result<Guards> {
    let mut guards: Vec<(&'static str, Arc<dyn Guard>)> = Vec::with_capacity(GUARDED.len());
    for name in GUARDED {
        guards.push((name, Arc::new(ClaimGuardClient::new(host.peer(name)?))));
    }
    Ok(Guards::new(guards, settings.guard_timeout.get()))
}

fn workers(host: &Host, settings: &Settings) -> anyhow::Result<Vec<Worker>> {
    let duty: Arc<dyn Duty> = match settings.duty.adapter {
        Adapter::Log => Arc::new(LogDuty),
        Adapter::Webhook => Arc::new(Webhook::new(settings.duty.contacts.clone(), settings.duty.timeout.get())?),
    };
    let poll = settings.poll.get();
    let alerts = AlertWorker::new(host.work_db.clone(), duty, settings.duty.clone(), poll);
    let queue = QueueWorker::new(host.work_db.clone(), settings.policy(), poll);
    let upkeep = UpkeepWorker::new(host.work_db.clone());
    let relay = host.relay(&["intake", "writeback", "prescribing", "audit"])?;
    Ok(vec![
        relay,
        Worker::new("alerts", move |stop| alerts.run(stop)),
        Worker::new("queue", move |stop| queue.run(stop)),
        Worker::new("upkeep", move |stop| upkeep.run(stop)),
        host.measure("measure", Measure, |waiting| tell_queues(&QUEUES, waiting)),
    ])
}
