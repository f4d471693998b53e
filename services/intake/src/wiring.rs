//! How intake is put together: the only place that knows everything.

use std::sync::Arc;

use anyhow::Context as _;
use ehub_calendar::Hours;
use ehub_host::{Built, Host, Profile, Worker, tell_queues};
use ehub_outbox::Sink;
use ehub_proto::{
    intake::v1::intake_service_server::IntakeServiceServer,
    internal::v1::{
        claim_guard_server::ClaimGuardServer, event_sink_server::EventSinkServer, patients_server::PatientsServer,
        roots_server::RootsServer,
    },
};
use ehub_roots::RootsService;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::{
    config::{MeshSettings, Settings, duty_contacts},
    demographics::{Demographics, TestPatients},
    mesh::Answering,
    operations::{
        accept::Acceptor,
        measure::{Measure, QUEUES},
        read_message::{Mailbox, ReadMessage},
    },
    patient_keys::PatientKeys,
    rpc::{IntakeRpc, claim_guard::Guard, event_sink::Projection, patients::PatientsRpc},
    screening::Screener,
    workers::{
        emergency_page::EmergencyPages, housekeeping::Housekeeping, mesh_poll::MeshPoll, mesh_send::MeshSend,
        read_landed::ReadLanded, trace::Tracing,
    },
};

/// The intake service.
#[derive(Debug, Clone, Copy)]
pub struct Intake;

/// How many times as large as others a message to intake may be: 200 answers of 4,000 characters each, in any script.
const QUESTIONNAIRE: usize = 4;
/// Largest batch of events taken.
const BATCH_BYTES: usize = 16 << 20;

impl ehub_host::Service for Intake {
    const NAME: &'static str = "intake";
    const SERVICES: &'static [&'static str] = &["ehub.intake.v1.IntakeService"];
    type Settings = Settings;

    fn migrations() -> &'static Migrator {
        &crate::MIGRATIONS
    }

    fn check(settings: &Settings, profile: Profile) -> Vec<String> {
        settings.objections(profile)
    }

    fn build(host: &Host, settings: Settings) -> anyhow::Result<Built> {
        let acceptor = Arc::new(Acceptor {
            screener: Screener::load(&settings.screening.rules_file)?,
            keys: PatientKeys::new(&settings.patient_key),
            core: Hours::core(),
            page_after: time::Duration::try_from(settings.paging.after.get()).context("paging.after")?,
        });
        let test_patients = match host.profile {
            Profile::Development => TestPatients::Asked,
            Profile::Production => TestPatients::KeptHere,
        };
        let demographics = match &settings.demographics {
            Some(port) => {
                let http =
                    crate::http::client(port.timeout.get(), settings.ca_file.as_deref()).context("demographics")?;
                Some(Demographics::new(http, port, test_patients, host.clock.clone()))
            }
            None => None,
        };
        let rpc = IntakeRpc {
            calls: host.calls.clone(),
            tokens: Arc::clone(&host.page_tokens),
            acceptor: Arc::clone(&acceptor),
            duty_contacts: duty_contacts(host.profile),
        };
        let patients = PatientsRpc { calls: host.calls.clone(), demographics: demographics.clone() };
        let sink = EventSinkServer::new(Sink::new(host.db.clone(), Projection)).max_decoding_message_size(BATCH_BYTES);
        Ok(Built {
            public: Routes::new(
                IntakeServiceServer::new(rpc).max_decoding_message_size(host.message_bytes * QUESTIONNAIRE),
            ),
            internal: Routes::new(sink)
                .add_service(ClaimGuardServer::new(Guard(host.calls.clone())))
                .add_service(PatientsServer::new(patients))
                .add_service(RootsServer::new(RootsService::new(host.db.clone()))),
            workers: workers(host, &settings, &acceptor, demographics)?,
        })
    }
}

fn workers(
    host: &Host,
    settings: &Settings,
    acceptor: &Arc<Acceptor>,
    demographics: Option<Demographics>,
) -> anyhow::Result<Vec<Worker>> {
    let poll = settings.workers.poll.get();
    let mut workers = vec![host.relay(&["allocation", "writeback", "prescribing", "audit"])?];
    let pages = EmergencyPages {
        db: host.work_db.clone(),
        http: crate::http::client(settings.paging.timeout.get(), settings.ca_file.as_deref()).context("paging")?,
        duty_contacts: duty_contacts(host.profile),
        poll,
        retry: settings.paging.retry.get(),
    };
    workers.push(Worker::new("emergency_page", |stop| pages.run(stop)));
    let keep_raw =
        settings.mesh.as_ref().map_or(std::time::Duration::from_secs(35 * 86_400), |mesh| mesh.keep_raw.get());
    let tidy = Housekeeping {
        db: host.work_db.clone(),
        every: settings.workers.housekeeping.get(),
        keep_raw: time::Duration::try_from(keep_raw).context("mesh.keep_raw")?,
    };
    workers.push(Worker::new("housekeeping", |stop| tidy.run(stop)));
    workers.push(host.measure("measure", Measure, |waiting| tell_queues(&QUEUES, waiting)));
    if let Some(demographics) = demographics {
        let tracing = Tracing { db: host.work_db.clone(), demographics, poll };
        workers.push(Worker::new("trace", |stop| tracing.run(stop)));
    }
    if let Some(mesh) = &settings.mesh {
        mesh_workers(host, mesh, poll, acceptor, &mut workers)?;
    }
    Ok(workers)
}

fn mesh_workers(
    host: &Host,
    settings: &MeshSettings,
    poll: std::time::Duration,
    acceptor: &Arc<Acceptor>,
    workers: &mut Vec<Worker>,
) -> anyhow::Result<()> {
    let client = || ehub_mesh::MeshClient::new(&settings.connection, host.clock.clone());
    let fetch = MeshPoll {
        db: host.work_db.clone(),
        mesh: client()?,
        poll: settings.poll.get(),
        handshake: settings.handshake.get(),
        clock: host.clock.clone(),
    };
    workers.push(Worker::new("mesh_poll", |stop| fetch.run(stop)));
    let answering = Answering {
        owner_ods: settings.owner_ods.clone(),
        owner_name: settings.owner_name.clone(),
        mailbox: settings.connection.mailbox.clone(),
    };
    let mailbox =
        Mailbox { answering, ack_workflow: settings.ack_workflow.clone(), duty_contact: settings.duty_contact.clone() };
    let read =
        ReadLanded { db: host.work_db.clone(), reader: ReadMessage { acceptor: Arc::clone(acceptor), mailbox }, poll };
    workers.push(Worker::new("read_landed", |stop| read.run(stop)));
    let send = MeshSend {
        db: host.work_db.clone(),
        mesh: client()?,
        poll,
        resend_after: settings.resend_after.get(),
        clock: host.clock.clone(),
    };
    workers.push(Worker::new("mesh_send", |stop| send.run(stop)));
    Ok(())
}
