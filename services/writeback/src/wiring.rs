//! How the service is put together: the only place that knows everything.

use anyhow::Context as _;
use ehub_host::{Built, Host, Profile, Service, Worker};
use ehub_mesh::MeshClient;
use ehub_outbox::Sink;
use ehub_proto::{
    internal::v1::{
        claim_guard_server::ClaimGuardServer, event_sink_server::EventSinkServer, patients_client::PatientsClient,
        roots_server::RootsServer,
    },
    writeback::v1::writeback_service_server::WritebackServiceServer,
};
use ehub_roots::RootsService;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::{
    MIGRATIONS,
    config::Settings,
    document::Sender,
    mesh::Outbox,
    operations::{mark_overdue::MarkOverdue, prepare_document::TestPatients, release_entries::ReleaseEntries},
    peers::Patients,
    rpc::{WritebackRpc, claim_guard::Guard, event_sink::Events},
    workers::{Housekeeping, Overdue, Receive, Send},
};

/// A batch of events may be larger than tonic's default of 4 MiB.
const MAX_BATCH: usize = 16 << 20;

/// The write-back service.
#[derive(Debug)]
pub struct Writeback;

impl Service for Writeback {
    const NAME: &'static str = "writeback";
    const SERVICES: &'static [&'static str] = &["ehub.writeback.v1.WritebackService"];
    type Settings = Settings;

    fn migrations() -> &'static Migrator {
        &MIGRATIONS
    }

    fn check(settings: &Settings, profile: Profile) -> Vec<String> {
        settings.check(profile).err().unwrap_or_default()
    }

    fn build(host: &Host, settings: Settings) -> anyhow::Result<Built> {
        let rpc = WritebackRpc::new(host.calls.clone(), host.page_tokens.clone());
        let public = Routes::new(WritebackServiceServer::new(rpc).max_decoding_message_size(host.message_bytes));
        let sink = EventSinkServer::new(Sink::new(host.db.clone(), Events)).max_decoding_message_size(MAX_BATCH);
        let internal = Routes::new(sink)
            .add_service(ClaimGuardServer::new(Guard::new(host.calls.clone())))
            .add_service(RootsServer::new(RootsService::new(host.db.clone())));
        Ok(Built { public, internal, workers: workers(host, settings)? })
    }
}

fn workers(host: &Host, settings: Settings) -> anyhow::Result<Vec<Worker>> {
    let client = MeshClient::new(&settings.mesh, host.clock.clone()).context("service.mesh")?;
    let db = &host.work_db;
    let test_patients = if settings.send_test_patients { TestPatients::Sent } else { TestPatients::Held };
    let send = Send {
        db: db.clone(),
        patients: Patients::new(PatientsClient::new(host.peer("intake")?)),
        outbox: Outbox {
            client: client.clone(),
            workflow: settings.workflow,
            local_id: settings.sender_ods.clone(),
            retry_after: settings.retry_after.get(),
        },
        sender: Sender { ods: settings.sender_ods, name: settings.sender_name, mailbox: settings.mesh.mailbox },
        release: ReleaseEntries {
            edit_window: settings.edit_window.get(),
            interim_after: settings.interim_after.get(),
        },
        poll: settings.send_poll.get(),
        retry_after: settings.retry_after.get(),
        resend_after: settings.resend_after.get(),
        max_document_bytes: settings.max_document_bytes,
        test_patients,
    };
    let receive = Receive { db: db.clone(), client, poll: settings.receive_poll.get() };
    let limits = MarkOverdue {
        infrastructure: settings.infrastructure_deadline.get(),
        business: settings.business_deadline.get(),
    };
    let overdue = Overdue { db: db.clone(), limits, poll: settings.overdue_poll.get() };
    let housekeeping = Housekeeping { db: db.clone() };
    Ok(vec![
        Worker::new("send", move |stop| send.run(stop)),
        Worker::new("receive", move |stop| receive.run(stop)),
        Worker::new("overdue", move |stop| overdue.run(stop)),
        Worker::new("housekeeping", move |stop| housekeeping.run(stop)),
        host.relay(&["allocation", "audit"])?,
    ])
}
