//! Connections between nodes, from the socket to the point at which both sides know each other.
//!
//! ractor_cluster's own listener is not used: it takes one TLS handshake after the other and waits for each as long as
//! it takes, so that a silent caller keeps all others out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use takeoff_core::model::IdSource;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::hello::{self, Claim, Failed, Refusal};
use super::links::{Inbox, LinksMessage};
use super::remote::Remote;
use crate::metrics as names;

/// Longest from the socket to the point at which both sides know each other.
const HELLO: Duration = Duration::from_secs(2);
/// Callers that are not known yet, at once; the system keeps some more waiting.
const CALLERS: usize = 64;
/// After a socket that could not be accepted, which is out of files.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A stream whose other end is known, and its socket, by which the link can be ended from here.
pub(crate) struct Connection {
    pub(super) stream: Box<dyn Duplex>,
    pub(super) socket: std::net::TcpStream,
}

pub(super) struct Connector {
    pub(super) remote: Arc<Remote>,
    pub(super) links: Inbox,
    pub(super) ids: Arc<dyn IdSource>,
}

/// A place that was given by the links, taken back unless it is used.
struct Place<'a> {
    links: &'a Inbox,
    id: AtomicU64,
}

impl Place<'_> {
    async fn ask(&self, claim: Claim, dialled: bool) -> Result<(u64, String), Refusal> {
        let (reply, answer) = oneshot::channel();
        let node = claim.node.clone();
        let asked = self.links.cast(LinksMessage::Admit { claim, dialled, reply });
        // Links that do not answer are about to end, and this with them.
        let admitted =
            if asked.is_ok() { answer.await.unwrap_or(Err(Refusal::Full)) } else { Err(Refusal::Full) };
        let id = admitted?;
        self.id.store(id, Ordering::Relaxed);
        Ok((id, node))
    }

    fn keep(self) {
        self.id.store(0, Ordering::Relaxed);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let link = self.id.load(Ordering::Relaxed);
        if link > 0 {
            let _ = self.links.cast(LinksMessage::Ended { link });
        }
    }
}

impl Connector {
    /// Until it is dropped. `dials` are addresses.
    pub(super) async fn run(self, listener: TcpListener, mut dials: mpsc::Receiver<String>) {
        let (mut callers, mut dialled) = (FuturesUnordered::new(), FuturesUnordered::new());
        loop {
            tokio::select! {
                accepted = listener.accept(), if callers.len() < CALLERS => match accepted {
                    Ok((stream, from)) => callers.push(self.answer(stream, from)),
                    Err(e) => {
                        tracing::warn!(error = %e, "a node that calls cannot be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                Some(()) = callers.next(), if !callers.is_empty() => {}
                Some(address) = dials.recv() => dialled.push(self.dial(address)),
                Some(()) = dialled.next(), if !dialled.is_empty() => {}
            }
        }
    }

    fn place(&self) -> Place<'_> {
        Place { links: &self.links, id: AtomicU64::new(0) }
    }

    async fn answer(&self, stream: TcpStream, from: std::net::SocketAddr) {
        let place = self.place();
        let work = async {
            let (stream, socket) = with_socket(stream)?;
            let mut stream: Box<dyn Duplex> = match &self.remote.opened.tls {
                Some(tls) => Box::new(tls.accept(stream).await.map_err(of_tls)?),
                None => Box::new(stream),
            };
            let admit = async |claim| place.ask(claim, false).await;
            let (link, _) = hello::listen(&mut stream, &self.remote.me, self.ids.next(), admit).await?;
            Ok((link, Connection { stream, socket }))
        };
        match in_time(work).await {
            Ok((link, connection)) => {
                place.keep();
                let _ = self.links.cast(LinksMessage::Met { link, connection, dialled: false, tries: 0 });
            }
            Err(why) => {
                drop(place);
                refused(&self.remote, &why);
                match why {
                    Failed::Declined(Refusal::Linked(_) | Refusal::Itself) | Failed::Refused(_) => {}
                    Failed::Declined(_) => tracing::warn!(%from, %why, "a node that calls is not linked"),
                    Failed::Foreign(_) | Failed::Broken(_) => {
                        tracing::debug!(%from, %why, "who calls is no node");
                    }
                }
            }
        }
    }

    async fn dial(&self, address: String) {
        let place = self.place();
        let work = async {
            let (stream, socket) = with_socket(TcpStream::connect(&address).await?)?;
            let mut stream: Box<dyn Duplex> = match &self.remote.opened.tls {
                Some(tls) => Box::new(tls.connect(&address, stream).await.map_err(of_tls)?),
                None => Box::new(stream),
            };
            let admit = async |claim| place.ask(claim, true).await;
            let (link, node) = hello::dial(&mut stream, &self.remote.me, self.ids.next(), admit).await?;
            Ok((link, node, Connection { stream, socket }))
        };
        let ended = match in_time(work).await {
            Ok((link, node, connection)) => {
                place.keep();
                let _ = self.links.cast(LinksMessage::Met { link, connection, dialled: true, tries: 0 });
                Ok(node)
            }
            Err(why) => {
                drop(place);
                refused(&self.remote, &why);
                Err(why)
            }
        };
        let _ = self.links.cast(LinksMessage::Dialled { address, ended });
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let late = || Err(Failed::Broken(format!("no answer within {} s", HELLO.as_secs())));
    tokio::time::timeout(HELLO, work).await.unwrap_or_else(|_| late())
}

fn with_socket(stream: TcpStream) -> std::io::Result<(TcpStream, std::net::TcpStream)> {
    stream.set_nodelay(true)?;
    let socket = stream.into_std()?;
    Ok((TcpStream::from_std(socket.try_clone()?)?, socket))
}

fn of_tls(e: std::io::Error) -> Failed {
    Failed::Broken(format!("TLS: {e}"))
}

/// Words of the metric's label.
pub(crate) const REFUSALS: [&str; 6] = ["cookie", "cluster", "name", "full", "foreign", "broken"];

fn refused(remote: &Remote, why: &Failed) {
    let reason = match why {
        Failed::Declined(why) | Failed::Refused(why) => match why {
            Refusal::Cookie => "cookie",
            Refusal::OtherCluster(_) => "cluster",
            Refusal::NameTaken(_) => "name",
            Refusal::Full => "full",
            // Nothing is wrong.
            Refusal::Linked(_) | Refusal::Itself => return,
        },
        Failed::Foreign(_) => "foreign",
        Failed::Broken(_) => "broken",
    };
    remote.post.count(|c| c.refused += 1);
    ::metrics::counter!(names::CLUSTER_REFUSED, "reason" => reason).increment(1);
}
