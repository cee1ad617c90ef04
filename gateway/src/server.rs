//! The listener: a bounded number of HTTP/1 connections, each with a deadline for its headers, a few more
//! for probes, and a graceful end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use metrics_exporter_prometheus::PrometheusHandle;
use takeoff_commands::reads::SuggestedPages;
use takeoff_config::NodeConfig;
use takeoff_engine::handle::Handle;
use takeoff_engine::open_files;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::incoming::Watched;
use crate::query::QueryKeys;
use crate::reload::Reload;
use crate::reserve::{Crowded, Reserve};
use crate::route;
use crate::state::{App, Shared};
use takeoff_engine::metrics::HTTP_ACTIVE_CONNECTIONS;

/// Bytes of all headers of a request.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Measured durations are kept one by one until they are folded, whether or not anybody scrapes.
const FOLD_METRICS: Duration = Duration::from_secs(5);
/// Open files that are left for all that is not a connection with a place: stores, children, the reserve.
const KEPT_FILES: usize = 256;
/// Pause after the system refused a connection (out of file descriptors), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("cannot listen on {addr}")]
    Listen { addr: SocketAddr, source: io::Error },
    #[error("the OpenAPI document cannot be written: {0}")]
    OpenApi(String),
}

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The gateway of a node.
#[derive(Debug, Clone, Copy)]
pub struct Gateway;

impl Gateway {
    /// Listens on `config.api.listen`; connections wait in the system's queue until [`Bound::serve`]. A node that may
    /// not listen finds out before it takes work.
    pub async fn bind(config: &NodeConfig) -> Result<Listening, GatewayError> {
        let addr = config.api.listen;
        let listen = |source| GatewayError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let local_addr = listener.local_addr().map_err(listen)?;
        Ok(Listening { listener, local_addr })
    }
}

/// A gateway without a node behind it.
pub struct Listening {
    listener: TcpListener,
    local_addr: SocketAddr,
}

impl Listening {
    /// In front of a node.
    pub fn before(self, handle: Handle, prometheus: PrometheusHandle) -> Result<Bound, GatewayError> {
        let Self { listener, local_addr } = self;
        let config = handle.config();
        let (router, mut openapi) = route::routes(config.roles.gateway);
        let queries = QueryKeys::of(&mut openapi);
        let openapi = openapi.to_json().map_err(|e| GatewayError::OpenApi(e.to_string()))?;
        let app = App::new(Shared {
            handle,
            reload: OnceLock::new(),
            prometheus,
            local_addr,
            uploads: Semaphore::new(config.limits.uploads_at_once),
            looks: Semaphore::new(LOOKS_AT_ONCE),
            suggested: SuggestedPages::default(),
            openapi: openapi.into(),
            queries,
        });
        let connections = Arc::new(Semaphore::new(places(config.api.max_connections)));
        let router = route::finish(router, &app);
        Ok(Bound { listener, local_addr, router, app, connections })
    }
}

/// Drawings that are looked into at a time.
const LOOKS_AT_ONCE: usize = 2;

/// Connections that there are files for. A process that has none left can accept nobody, not even a probe.
fn places(wanted: usize) -> usize {
    let files = usize::try_from(open_files::raise_limit()).unwrap_or(usize::MAX);
    let possible = files.saturating_sub(KEPT_FILES).max(1);
    if possible < wanted {
        tracing::warn!(wanted, possible, files, "the limit of open files allows fewer connections");
    }
    wanted.min(possible)
}

/// Patience with a connection.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// From its start, or the end of its last request, to the end of its next headers.
    head: Duration,
    /// Without a byte of a body that is awaited.
    body_idle: Duration,
}

impl Limits {
    /// As they are in force for a connection that begins now.
    fn of(app: &App) -> Self {
        let config = app.config();
        let api = &config.api;
        Self {
            head: Duration::from_millis(api.head_timeout_ms),
            body_idle: Duration::from_millis(api.body_idle_ms),
        }
    }
}

/// A gateway that listens.
pub struct Bound {
    listener: TcpListener,
    local_addr: SocketAddr,
    router: Router,
    app: App,
    connections: Arc<Semaphore>,
}

impl Bound {
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The one that reads the configuration again when the admin API is asked to.
    #[must_use]
    pub fn reloaded_by(self, reload: Arc<dyn Reload>) -> Self {
        // There is none before, as this takes the gateway and is called once.
        let _ = self.app.reload.set(reload);
        self
    }

    /// Serves until `shutdown` ends; then stops accepting, lets requests in flight finish for at most
    /// `jobs.drain_ms`, and returns how many connections had to be cut.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) -> usize {
        let Self { listener, local_addr, router, app, connections } = self;
        tracing::info!(addr = %local_addr, "listening");
        let graceful = GracefulShutdown::new();
        let mut tasks = JoinSet::new();
        let mut reserve = Reserve::default();
        let mut fold = tokio::time::interval(FOLD_METRICS);
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = tasks.join_next() => {}
                _ = fold.tick() => app.prometheus.run_upkeep(),
                (stream, peer) = accept(&listener) => {
                    let place = Arc::clone(&connections).try_acquire_owned().ok();
                    let crowded = place.is_none();
                    let client = Client { stream, peer, place };
                    let served = tasks.spawn(connection(client, app.clone(), router.clone(), graceful.watcher()));
                    if crowded {
                        reserve.admit(served);
                    }
                }
            }
        }
        drop(listener);
        let drain = Duration::from_millis(app.config().jobs.drain_ms);
        tracing::info!(connections = tasks.len(), "no more connections, waiting for requests in flight");
        // The last bytes of a connection are written before its task ends.
        let all_end = async {
            graceful.shutdown().await;
            while tasks.join_next().await.is_some() {}
        };
        let _ = tokio::time::timeout(drain, all_end).await;
        while tasks.try_join_next().is_some() {}
        let cut = tasks.len();
        if cut > 0 {
            tracing::warn!(connections = cut, "connections cut at the end of the drain");
        }
        tasks.shutdown().await;
        cut
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, Peer(peer)),
            Err(e) => {
                tracing::warn!(error = %e, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection as it was accepted.
struct Client {
    stream: TcpStream,
    peer: Peer,
    /// `None` in the reserve, where only probes are answered.
    place: Option<OwnedSemaphorePermit>,
}

async fn connection(client: Client, app: App, router: Router, watcher: Watcher) {
    let Client { stream, peer, place } = client;
    let limits = Limits::of(&app);
    // Answers are small and complete: waiting to join them with later bytes only delays them.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(error = %e, "no TCP_NODELAY");
    }
    let _open = OpenConnection::count();
    let crowded = place.is_none();
    let handle = app.handle.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(peer);
        if crowded {
            parts.extensions.insert(Crowded);
        }
        let (body, arrival) = Watched::new(&parts.headers, body, limits.body_idle);
        parts.extensions.insert(arrival);
        let request = hyper::Request::from_parts(parts, body);
        let (router, handle) = (router.clone(), handle.clone());
        async move {
            let Ok(mut response) = router.oneshot(request).await;
            if handle.is_draining() {
                // Whoever keeps its connections makes the next one to another node.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(MAX_HEADER_BYTES)
        .keep_alive(!crowded)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(e) = watcher.watch(connection).await {
        tracing::debug!(error = %e, peer = %peer.0, "connection ended early");
    }
}

/// Keeps the gauge right however the connection ends.
struct OpenConnection;

impl OpenConnection {
    fn count() -> Self {
        metrics::gauge!(HTTP_ACTIVE_CONNECTIONS).increment(1.0);
        Self
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!(HTTP_ACTIVE_CONNECTIONS).decrement(1.0);
    }
}
