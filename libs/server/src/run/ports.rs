//! Binding and serving one port.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use ehub_clock::Clock;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Server;
use tower::{BoxError, Layer, Service};

use super::{Bound, ServeError};
use crate::config::{Limits, ServerConfig};
use crate::edge::accept::{Cut, connections};
use crate::edge::deadline::Enforce;
use crate::edge::farewell::Farewell;
use crate::edge::shed::Shed;
use crate::methods::Methods;
use crate::stack::{Parts, Stack, stack};

/// The ports, bound.
pub(super) struct Listeners {
    pub grpc: TcpListener,
    pub internal: Option<TcpListener>,
    pub admin: TcpListener,
    bound: Bound,
}

impl Listeners {
    pub async fn bind(config: &ServerConfig, internal: bool) -> Result<Self, ServeError> {
        let (grpc, grpc_at) = bind("grpc", config.grpc).await?;
        let (admin, admin_at) = bind("admin", config.admin).await?;
        let (internal, internal_at) = if internal {
            bind("internal", config.internal).await.map(|(port, at)| (Some(port), Some(at)))?
        } else {
            (None, None)
        };
        Ok(Self { grpc, internal, admin, bound: Bound { grpc: grpc_at, internal: internal_at, admin: admin_at } })
    }

    pub fn bound(&self) -> Bound {
        self.bound
    }
}

async fn bind(port: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let refused = |source| ServeError::Bind { port, address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// What one port needs beside its routes.
pub(super) struct Gate<'a> {
    pub name: &'static str,
    pub config: &'a ServerConfig,
    pub methods: &'a Methods,
    pub cut: Cut,
}

/// Serves one port until its gate closes and the last call has ended.
pub(super) fn serve<L, S, B>(
    listener: TcpListener,
    open: Routes,
    routes: Routes,
    auth: L,
    gate: Gate<'_>,
) -> impl Future<Output = ()> + Send + use<L, S, B>
where
    L: Layer<Stack, Service = S> + 'static,
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let clock = Clock::system();
    let limits = &gate.config.limits;
    // The answer is made within the deadline; as long again is enough to read it.
    let shed = Shed::new(limits, gate.config.deadline.longest() * 2, gate.methods.clone());
    shed.observe(gate.name, limits);
    let parts = Parts {
        methods: gate.methods.clone(),
        shed,
        deadline: Enforce::new(gate.config.deadline.clone(), gate.methods.clone(), clock.clone()),
        farewell: Farewell {
            methods: gate.methods.clone(),
            closing: gate.cut.closing.clone(),
            retry_after: limits.retry_after.get(),
        },
        clock: clock.clone(),
    };
    let service = stack(open, routes, auth, &parts);
    let server = http2(limits, &clock);
    let closing = gate.cut.closing.clone().cancelled_owned();
    let connections = connections(listener, limits, gate.cut);
    let name = gate.name;
    async move {
        if let Err(error) = server.serve_with_incoming_shutdown(service, connections, closing).await {
            tracing::error!(port = name, %error, "serving failed");
        }
    }
}

/// HTTP/2 with every tap closed that tonic leaves open.
fn http2(limits: &Limits, clock: &Clock) -> Server {
    Server::builder()
        .max_concurrent_streams(limits.streams_per_connection)
        .http2_max_header_list_size(limits.header_list_bytes)
        .http2_max_pending_accept_reset_streams(Some(limits.pending_resets))
        .http2_keepalive_interval(Some(limits.keepalive_interval.get()))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout.get()))
        // Without a grace on purpose: tonic 0.14.9 sends GOAWAY at the age only then; with a grace it cuts the connection
        // at age + grace without a word, calls and all.
        .max_connection_age(jittered(limits.connection_age.get(), clock))
}

/// ± 10 %, once per process start: replicas started together must not send their clients away together.
fn jittered(age: Duration, clock: &Clock) -> Duration {
    let [random] = clock.random::<1>();
    age.mul_f64(0.9 + f64::from(random) / 255.0 * 0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_stays_within_a_tenth() {
        let clock = Clock::system();
        for _ in 0..200 {
            let age = jittered(Duration::from_secs(300), &clock).as_secs_f64();
            assert!((270.0..=330.01).contains(&age), "{age}");
        }
    }
}
