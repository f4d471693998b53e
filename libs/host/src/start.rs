//! From arguments to a drained process.

use std::{ffi::OsString, fmt::Debug, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use ehub_auth::{AuthLayer, Rules, Verifier, client::TokenSource};
use ehub_calls::{Calls, Refusals};
use ehub_clock::Clock;
use ehub_postgres::{Db, PageTokens, Role};
use ehub_proto::internal::v1::streams_server::StreamsServer;
use ehub_server::{Readiness, Worker};
use ehub_streams::StreamsService;
use serde::de::DeserializeOwned;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;

use crate::{
    Built, CommonConfig, Config, Host, Profile,
    config::page_key,
    horizon::{Horizon, tell_horizon},
    measure::{AccessAge, tell_access_age},
    readiness::Watch,
};

/// `EX_USAGE` of sysexits.h: the configuration is wrong.
const EXIT_CONFIG: u8 = 64;

/// How long what still runs when everything is drained and flushed is waited for.
const LAST_WAIT: Duration = Duration::from_millis(200);

/// What one of the five services is.
pub trait Service: 'static {
    /// Its name: in configuration, roles, tokens and telemetry.
    const NAME: &'static str;
    /// The full names of its public gRPC services.
    const SERVICES: &'static [&'static str];
    /// Its own settings, the section `[service]`.
    type Settings: DeserializeOwned + Debug + Send;

    /// Its migrations, after the foundation's.
    fn migrations() -> &'static Migrator;

    /// What is wrong with settings that could be read: ranges, and what production refuses.
    fn check(settings: &Self::Settings, profile: Profile) -> Vec<String>;

    /// Builds it. The only place that knows everything.
    fn build(host: &Host, settings: Self::Settings) -> anyhow::Result<Built>;
}

#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    /// The configuration file (TOML). Environment variables EHUB_<SERVICE>__SECTION__KEY override it.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Only say whether the configuration is good.
    #[arg(long, global = true)]
    check_config: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Serve calls until told to stop (the default).
    Serve,
    /// Bring the database to the newest schema, as its owner, and end.
    Migrate,
}

/// Runs a service's binary.
pub fn main<S: Service>() -> ExitCode {
    main_from::<S>(std::env::args_os())
}

/// Runs a service's binary with given arguments, the program's name first.
pub fn main_from<S: Service>(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(usage) => {
            let wrong = usage.use_stderr();
            // Nothing is left to tell when the terminal is gone.
            let _ = usage.print();
            return if wrong { ExitCode::from(EXIT_CONFIG) } else { ExitCode::SUCCESS };
        }
    };
    let config = match Config::<S::Settings>::load(S::NAME, arguments.config.as_deref(), ehub_config::environment()) {
        Ok(config) => config,
        Err(error) => return wrong_config(S::NAME, &[chain(&error.into())]),
    };
    let mut wrong = config.objections();
    wrong.extend(S::check(&config.service, config.profile));
    if !wrong.is_empty() {
        return wrong_config(S::NAME, &wrong);
    }
    if arguments.check_config {
        return ExitCode::SUCCESS;
    }
    match run::<S>(config, arguments.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{}: {}", S::NAME, chain(&error)));
            ExitCode::FAILURE
        }
    }
}

fn wrong_config(name: &str, wrong: &[String]) -> ExitCode {
    for line in wrong {
        complain(&format!("{name}: {line}"));
    }
    ExitCode::from(EXIT_CONFIG)
}

/// Says something before logging is set up, or after it has ended.
#[expect(clippy::print_stderr, reason = "there is no log yet, or no longer")]
fn complain(line: &str) {
    eprintln!("{line}");
}

fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

fn run<S: Service>(config: Config<S::Settings>, command: Command) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))?;
    // Two threads at least: on one, an exporter that waits for itself would wait for ever.
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 16));
    ehub_server::quiet_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let done = runtime.block_on(async {
        match command {
            Command::Serve => {
                let stop = ehub_server::stop_signal().context("signals cannot be watched")?;
                serve::<S>(config, Clock::system(), stop).await
            }
            Command::Migrate => {
                let url = config.database.migrate_url.context("database.migrate_url is not configured")?;
                ehub_postgres::migrate(url.reveal(), S::migrations()).await.context("the migration failed")
            }
        }
    });
    // Not dropped: that would wait, without end, for a thread that waits for a collector.
    runtime.shutdown_timeout(LAST_WAIT);
    done
}

/// Serves until `stop` resolves, then drains.
pub async fn serve<S: Service>(
    config: Config<S::Settings>,
    clock: Clock,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let telemetry =
        ehub_telemetry::init(S::NAME, env!("CARGO_PKG_VERSION"), &config.telemetry, ehub_config::environment())?;
    let served = serve_observed::<S>(config, clock, telemetry.filter_handle(), stop).await;
    telemetry.shutdown().await;
    served
}

async fn serve_observed<S: Service>(
    config: Config<S::Settings>,
    clock: Clock,
    filter: ehub_telemetry::FilterHandle,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let Config { profile, server, database, auth, telemetry: _, identity, peers, outbox, pages_key, service } = config;
    let rules = Rules::from_descriptor(ehub_proto::DESCRIPTOR_SET).context("the contract lacks access rules")?;
    let verifier = Verifier::start(&auth, clock.clone()).await.context("auth")?;
    let db = Db::open(&database, Role::Run, clock.clone()).context("database.run_url")?;
    let work_db = db.open_beside(&database, Role::Work).context("database.work_url")?;
    db.observe("run");
    work_db.observe("work");
    let calls = Calls::new(db.clone());
    let refusals = Refusals::new(calls.clone());
    let layer = AuthLayer::new(Arc::clone(&verifier), Arc::new(rules), Arc::new(refusals));
    let key = page_key(&pages_key).context("pages_key")?;
    let host = Host {
        name: S::NAME,
        calls,
        page_tokens: Arc::new(PageTokens::new(&key, clock.clone())),
        profile,
        message_bytes: server.limits.message_bytes,
        end_streams: CancellationToken::new(),
        token: TokenSource::file(identity.token_file, clock.clone()),
        common: CommonConfig { profile, peers, outbox },
        db: db.clone(),
        work_db: work_db.clone(),
        clock,
    };
    let built = S::build(&host, service).context("the service cannot be built")?;

    let access_age = host.measure("access_age", AccessAge, tell_access_age);
    let horizon = host.measure("horizon", Horizon, tell_horizon);
    let readiness = Readiness::new();
    let url = database.run_url.reveal().to_owned();
    let watch =
        Watch::new(&readiness, db.clone(), url, S::migrations(), database.require_durable, Arc::clone(&verifier));
    let mut running = ehub_server::Built::new(built.public)
        .internal(built.internal.add_service(StreamsServer::new(StreamsService::new(host.calls.clone()))))
        .readiness(readiness)
        .services(S::SERVICES.iter().copied())
        .descriptors(ehub_proto::DESCRIPTOR_SET)
        .end_streams_by(host.end_streams.clone())
        .log_filter(move |directives| filter.set(directives).map_err(|error| error.to_string()))
        .worker(access_age)
        .worker(horizon)
        .worker(Worker::new("readiness", move |stop| watch.run(stop)))
        .worker(Worker::new("keys", move |stop| verifier.keep_fresh(stop)));
    for worker in built.workers {
        running = running.worker(worker);
    }
    let on_bound = |bound: ehub_server::Bound| {
        tracing::info!(grpc = %bound.grpc, internal = ?bound.internal, admin = %bound.admin, "listening");
    };
    let served = ehub_server::run(&server, S::NAME, running, layer, on_bound, stop).await;
    // Calls whose caller has gone still finish their transaction.
    host.calls.tasks().close();
    let _ = tokio::time::timeout(server.drain.hard_stop.get(), host.calls.tasks().wait()).await;
    Ok(served?)
}
