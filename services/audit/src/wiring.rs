//! How audit is put together: the only place that knows everything.

use std::sync::Arc;

use anyhow::Context as _;
use ehub_host::{Built, Host, Profile, Worker, tell_queues};
use ehub_outbox::Sink;
use ehub_postgres::Scope;
use ehub_proto::{
    audit::v1::audit_service_server::AuditServiceServer, internal::v1::event_sink_server::EventSinkServer,
};
use ehub_telemetry::lifecycle::LifecycleExporter;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::{
    config::Settings,
    note::Signer,
    operations::{
        conclude::Prover,
        measure::{Measure, QUEUES},
    },
    peers::roots::{RemoteRoots, RootsPeer},
    rpc::{AuditRpc, event_sink::Everything},
    workers::{append::Appender, housekeeping::keep_house, lifecycle::LifecycleWorker, no_loss::NoLossWorker},
};

/// The audit service.
#[derive(Debug)]
pub struct Audit;

/// The services whose roots are compared with their events.
const COMPARED: [&str; 4] = ["intake", "allocation", "writeback", "prescribing"];
/// The largest batch of events a relay sends.
const BATCH_BYTES: usize = 16 << 20;

impl ehub_host::Service for Audit {
    const NAME: &'static str = "audit";
    const SERVICES: &'static [&'static str] = &["ehub.audit.v1.AuditService"];
    type Settings = Settings;

    fn migrations() -> &'static Migrator {
        &crate::MIGRATIONS
    }

    fn check(settings: &Settings, profile: Profile) -> Vec<String> {
        settings.check(profile)
    }

    fn build(host: &Host, settings: Settings) -> anyhow::Result<Built> {
        let pem = std::fs::read_to_string(&settings.key_file).context("service.key_file cannot be read")?;
        let signer = Signer::from_pkcs8_pem(settings.key_name(), &pem).context("service.key_file")?;
        let signer = Arc::new(signer);
        let verifier_key = signer.verifier_key();

        let mut peers: Vec<Arc<dyn RootsPeer>> = Vec::with_capacity(COMPARED.len());
        for source in COMPARED {
            peers.push(Arc::new(RemoteRoots::new(source, host.peer(source)?)));
        }
        let peers: Arc<[Arc<dyn RootsPeer>]> = peers.into();
        // Calls run on the pool of calls, background work on its own.
        let on_demand = Prover::new(host.db.clone(), Scope::service(), Arc::clone(&peers), settings.limits());
        let steadily = Prover::new(host.work_db.clone(), Scope::work(), peers, settings.limits());

        let appender = Appender::new(
            host.work_db.clone(),
            settings.origin.clone(),
            signer,
            settings.batch_interval.get(),
            settings.batch_size,
        );
        let no_loss = NoLossWorker::new(steadily, settings.no_loss.every.get());
        let house = host.work_db.clone();
        let mut workers = vec![
            host.relay(&["audit"])?,
            Worker::new("append", move |stop| appender.run(stop)),
            Worker::new("no_loss", move |stop| no_loss.run(stop)),
            Worker::new("housekeeping", move |stop| keep_house(house, stop)),
            host.measure("measure", Measure, |waiting| tell_queues(&QUEUES, waiting)),
        ];
        if let Some(exporter) = LifecycleExporter::of_process() {
            let lifecycle = LifecycleWorker::new(host.work_db.clone(), exporter, settings.lifecycle.quiet.get());
            workers.push(Worker::new("lifecycle", move |stop| lifecycle.run(stop)));
        }

        let rpc = AuditRpc::new(host.calls.clone(), on_demand, verifier_key);
        let sink = EventSinkServer::new(Sink::new(host.db.clone(), Everything)).max_decoding_message_size(BATCH_BYTES);
        let public = Routes::new(AuditServiceServer::new(rpc).max_decoding_message_size(host.message_bytes));
        Ok(Built { public, internal: Routes::new(sink), workers })
    }
}
