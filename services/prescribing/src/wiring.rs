//! Puts the service together: the only place that knows everything.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ehub_calls::Calls;
use ehub_host::{Built, Host, Profile, Service, Worker};
use ehub_outbox::Sink;
use ehub_postgres::{Db, PageTokens};
use ehub_proto::{
    internal::v1::{
        claim_guard_server::ClaimGuardServer, event_sink_server::EventSinkServer, roots_server::RootsServer,
    },
    prescribing::v1::prescribing_service_server::PrescribingServiceServer,
};
use ehub_roots::RootsService;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::{
    config::{Live, Settings},
    eps::Eps,
    operations::{
        send_order::{Backoff, Sender},
        sign_prescription::SigningRules,
    },
    patient_key::PatientKey,
    peers::{PatientSource, Patients},
    rpc::{Facts, Guard, Rpc},
    signature::Authorities,
    workers::{housekeeping::Housekeeping, issue::IssueWorker},
};

/// How much longer than one request to EPS may take an order is left to whoever sends it.
const MARGIN: Duration = Duration::from_secs(10);

/// The prescribing service.
#[derive(Debug)]
pub struct Prescribing;

/// The parts of the service, so that tests can put them on a database of their own.
#[derive(Debug)]
pub struct Parts {
    /// The public service.
    pub rpc: Rpc,
    /// The guard of claims.
    pub guard: Guard,
    /// Sends again.
    pub issue: IssueWorker,
    /// Looks after the rest.
    pub housekeeping: Housekeeping,
}

impl Parts {
    /// Parts on two pools of one database.
    pub fn new(
        settings: &Settings,
        live: Live,
        (calls, work): (Calls, Db),
        pages: Arc<PageTokens>,
        patients: Arc<dyn PatientSource>,
    ) -> anyhow::Result<Self> {
        let eps = Eps::new(&settings.eps)?;
        let backoff = Backoff {
            first: settings.eps.retry_first.get(),
            most: settings.eps.retry_most.get(),
            hold: settings.eps.timeout.get() + MARGIN,
        };
        let high_risk = settings.high_risk().context("service.high_risk_medicines")?;
        let authorities = Authorities::read(&settings.eps.authorities)?;
        let sender = Sender { db: calls.db().clone(), eps, backoff };
        let guard = Guard(calls.db().clone());
        let issue = IssueWorker { sender: Sender { db: work.clone(), ..sender.clone() }, poll: settings.poll.get() };
        let rpc = Rpc {
            calls,
            pages,
            patients,
            patient_key: PatientKey::new(&settings.patient_key),
            sender,
            signing: SigningRules { high_risk: high_risk.into(), authorities: Arc::new(authorities) },
            sign_within: settings.sign_within.get(),
            answer_within: settings.eps.answer_within.get(),
            live,
        };
        Ok(Self { rpc, guard, issue, housekeeping: Housekeeping { db: work } })
    }
}

fn live(profile: Profile) -> Live {
    match profile {
        Profile::Production => Live::Yes,
        Profile::Development => Live::No,
    }
}

impl Service for Prescribing {
    const NAME: &'static str = "prescribing";
    const SERVICES: &'static [&'static str] = &["ehub.prescribing.v1.PrescribingService"];
    type Settings = Settings;

    fn migrations() -> &'static Migrator {
        &crate::MIGRATIONS
    }

    fn check(settings: &Settings, profile: Profile) -> Vec<String> {
        settings.objections(live(profile))
    }

    fn build(host: &Host, settings: Settings) -> anyhow::Result<Built> {
        let patients = Arc::new(Patients::new(host.peer("intake")?));
        let pools = (host.calls.clone(), host.work_db.clone());
        let parts = Parts::new(&settings, live(host.profile), pools, Arc::clone(&host.page_tokens), patients)?;
        let Parts { rpc, guard, issue, housekeeping } = parts;
        let sink = Sink::new(host.db.clone(), Facts);
        let roots = RootsService::new(host.db.clone());
        let internal = Routes::new(EventSinkServer::new(sink))
            .add_service(ClaimGuardServer::new(guard))
            .add_service(RootsServer::new(roots));
        Ok(Built {
            public: Routes::new(PrescribingServiceServer::new(rpc).max_decoding_message_size(host.message_bytes)),
            internal,
            workers: vec![
                host.relay(&["writeback", "allocation", "audit"])?,
                Worker::new("issue", move |stop| issue.run(stop)),
                Worker::new("housekeeping", move |stop| housekeeping.run(stop)),
            ],
        })
    }
}
