//! A tiny service, and a server around it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ehub_clock::Clock;
use ehub_config::HumanDuration;
use ehub_faults::Fault;
use ehub_server::{Bound, Built, Deadline, ServeError, ServerConfig, Stack, run};
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::{BoxError, Layer, Service, ServiceExt as _};

/// Answers by the method's name.
#[derive(Clone, Default)]
pub struct Probe {
    pub entered: Arc<Notify>,
    pub release: Arc<Notify>,
}

impl NamedService for Probe {
    const NAME: &'static str = "test.Probe";
}

impl Service<Request<Body>> for Probe {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let probe = self.clone();
        Box::pin(async move {
            let status = match request.uri().path() {
                "/test.Probe/Ok" => Status::ok(""),
                "/test.Probe/Panic" => panic!("on purpose"),
                "/test.Probe/Hang" => std::future::pending().await,
                "/test.Probe/Hold" => {
                    probe.entered.notify_one();
                    probe.release.notified().await;
                    Status::ok("")
                }
                "/test.Probe/Deadline" => {
                    let deadline = request.extensions().get::<Deadline>().expect("the layer sets one");
                    Status::ok(deadline.remaining(&Clock::system()).as_millis().to_string())
                }
                "/test.Probe/Token"
                    if request.headers().get("authorization").is_some_and(|token| token == "Bearer t-1") =>
                {
                    Status::ok("")
                }
                "/test.Probe/Token" => Fault::unauthenticated("TOKEN_INVALID", "no").into_status(),
                _ => Status::unimplemented(""),
            };
            Ok(status.into_http())
        })
    }
}

/// A running server.
pub struct Running {
    pub bound: Bound,
    pub probe: Probe,
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), ServeError>>,
    pub channel: Channel,
}

/// Free ports, no waiting at the end.
pub fn config() -> ServerConfig {
    let mut config = ServerConfig { reflection: true, ..ServerConfig::default() };
    for address in [&mut config.grpc, &mut config.internal, &mut config.admin] {
        address.set_port(0);
    }
    config.drain.grace = HumanDuration::from_millis(1);
    config
}

/// Starts with any auth layer.
pub async fn start_with<L, S>(config: ServerConfig, auth: L, change: impl FnOnce(Built) -> Built) -> Running
where
    L: Layer<Stack, Service = S> + Clone + Send + Sync + 'static,
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    let probe = Probe::default();
    let built = change(
        Built::new(Routes::new(probe.clone())).internal(Routes::new(probe.clone())).services(["grpc.health.v1.Health"]),
    );
    let (sender, receiver) = oneshot::channel();
    let stop = CancellationToken::new();
    let asked = stop.clone().cancelled_owned();
    let task = tokio::spawn(async move {
        run(&config, "probe", built, auth, |bound| sender.send(bound).expect("the test waits"), asked).await
    });
    let bound = receiver.await.expect("bound");
    let channel = Channel::from_shared(format!("http://{}", bound.grpc)).expect("an address").connect_lazy();
    Running { bound, probe, stop, task, channel }
}

/// Starts without auth.
pub async fn start(config: ServerConfig) -> Running {
    start_with(config, tower::layer::util::Identity::new(), |built| built).await
}

impl Running {
    /// Sends any request; a path is completed to a URI.
    pub async fn send(&self, request: http::request::Builder) -> Response<Body> {
        let request = request.body(Body::empty()).expect("legal");
        let mut channel = self.channel.clone();
        tokio::time::timeout(Duration::from_secs(30), async {
            channel.ready().await.expect("connected").call(request).await
        })
        .await
        .expect("answered in time")
        .expect("answered")
    }

    /// A gRPC call without a message.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)]) -> Status {
        let request = Request::post(path).header("content-type", "application/grpc");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = self.send(request).await;
        assert_eq!(response.status(), 200, "{path}");
        Status::from_header_map(response.headers()).expect("trailers only")
    }

    /// A plain HTTP/1.1 request to the admin port: status line and body.
    pub async fn admin(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.bound.admin).await.expect("listening");
        let text = format!("{request}\r\nhost: admin\r\nconnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("text");
        answer
    }

    /// Asks to stop and waits.
    pub async fn stopped(self) -> Result<(), ServeError> {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), self.task).await.expect("bounded").expect("no panic")
    }
}

/// The code, for short assertions.
pub async fn code(running: &Running, path: &str, headers: &[(&str, &str)]) -> Code {
    running.call(path, headers).await.code()
}
