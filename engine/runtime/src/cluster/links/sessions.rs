//! ractor_cluster's part: one session a link, over a stream whose other end is known already.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use ractor_cluster::node::NodeServerSessionInformation as Session;
use ractor_cluster::{
    BoxRead, BoxWrite, ClusterBidiStream, IncomingEncryptionMode, NodeEventSubscription, NodeServer,
    NodeServerMessage,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::TLS13;

use super::{Inbox, LinksMessage};
use crate::cluster::connect::Duplex;
use crate::cluster::hello::{Credentials, session_cookie};
use crate::cluster::wire::MAX_FRAME;

/// A frame in ractor_cluster's own envelope.
const MAX_ENVELOPE: u64 = 2 * MAX_FRAME as u64;

/// What begins the label of a link's session.
const LABEL: &str = "link ";

/// Has no certificate for anybody.
#[derive(Debug)]
struct Nobody;

impl ResolvesServerCert for Nobody {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

/// The server of sessions. It cannot be had without a listener of its own, so that one is where nobody but this machine
/// comes, and speaks TLS without a certificate: nobody gets through it.
pub(super) async fn server(
    me: &Credentials,
    links: &Inbox,
) -> Result<ActorRef<NodeServerMessage>, ActorProcessingErr> {
    let shut = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Nobody));
    let server = NodeServer::new(
        0,
        session_cookie(me),
        me.claim.node.clone(),
        // A node that was started again is another one to its peers.
        me.claim.life.to_string(),
        Some(IncomingEncryptionMode::Tls(TlsAcceptor::from(Arc::new(shut)))),
        None,
    )
    .with_listen_addr(IpAddr::V4(Ipv4Addr::LOCALHOST))
    .with_max_inbound_frame_size(MAX_ENVELOPE);
    let (server, _) = Actor::spawn_linked(None, server, (), links.get_cell()).await?;
    let subscription = Box::new(Events(links.clone()));
    server.cast(NodeServerMessage::SubscribeToEvents { id: "links".to_owned(), subscription })?;
    Ok(server)
}

/// Whether the server took it.
pub(super) fn hand_over(
    server: &ActorRef<NodeServerMessage>,
    link: u64,
    stream: Box<dyn Duplex>,
    dialled: bool,
) -> bool {
    let stream = Box::new(Labelled { stream, label: format!("{LABEL}{link}") });
    server.cast(NodeServerMessage::ConnectionOpenedExternal { stream, is_server: !dialled }).is_ok()
}

struct Labelled {
    stream: Box<dyn Duplex>,
    label: String,
}

impl ClusterBidiStream for Labelled {
    fn split(self: Box<Self>) -> (BoxRead, BoxWrite) {
        let (read, write) = tokio::io::split(self.stream);
        (Box::new(read), Box::new(write))
    }

    fn peer_label(&self) -> Option<String> {
        Some(self.label.clone())
    }
}

struct Events(Inbox);

impl Events {
    fn tell(&self, session: &Session, message: impl Fn(u64) -> LinksMessage) {
        if let Some(link) = session.peer_addr.strip_prefix(LABEL).and_then(|link| link.parse().ok()) {
            let _ = self.0.cast(message(link));
        }
    }
}

impl NodeEventSubscription for Events {
    fn node_session_opened(&self, _: Session) {}

    fn node_session_authenticated(&self, _: Session) {}

    fn node_session_ready(&self, session: Session) {
        self.tell(&session, |link| LinksMessage::Ready { link, number: session.node_id });
    }

    fn node_session_disconnected(&self, session: Session) {
        self.tell(&session, |link| LinksMessage::Ended { link });
    }
}
