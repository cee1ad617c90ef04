//! The actor that keeps the links: it decides by `peers`, speaks through ractor_cluster's sessions, and carries what
//! the fabric took note of.
//!
//! Everything that comes in is bounded by what sends it: other nodes by what this one confirms to them, callers by the
//! connector's places, this node's own work by the outbox, in which each thing is once.

mod sending;
mod sessions;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ractor::message::{BoxedDowncastErr, SerializedMessage};
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, Message, pg};
use ractor_cluster::NodeServerMessage;
use takeoff_core::job::Stage;
use takeoff_core::model::{Id, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::connect::{Connection, Connector};
use super::fabric::{LinkView, Member};
use super::hello::{Claim, Failed, Refusal};
use super::peers::{DIALS, Link, Peers};
use super::remote::Remote;
use super::wire::{self, Frame};
use crate::clock::Stopwatch;
use crate::metrics as names;
use crate::node::Node;
use crate::observe::{Counted, Observed};
use crate::supervise::ChildSpec;
use crate::task;

/// Between two looks at who is silent and who is to be dialled.
const TICK: Duration = Duration::from_millis(200);
/// Least time between two rounds of sending, so that wakes of many commits are one.
const GATHER: Duration = Duration::from_millis(5);
/// While the session that a link replaces is ending.
const AGAIN: Duration = Duration::from_millis(20);
const TRIES: u32 = 100;

/// Group of all nodes' links; each stage has one of its own.
const NODES: &str = "nodes";

pub(crate) type Inbox = ActorRef<LinksMessage>;

pub(crate) enum LinksMessage {
    Tick,
    /// There is something in the outbox.
    Flush,
    /// Somebody who is known by now asks to be linked.
    Admit {
        claim: Claim,
        dialled: bool,
        reply: oneshot::Sender<Result<u64, Refusal>>,
    },
    /// Both sides have agreed.
    Met {
        link: u64,
        connection: Connection,
        dialled: bool,
        tries: u32,
    },
    Dialled {
        address: String,
        ended: Result<String, Failed>,
    },
    /// Frames can be sent.
    Ready {
        link: u64,
        number: u64,
    },
    Ended {
        link: u64,
    },
    /// From another node.
    Frame(Vec<u8>),
}

/// The one kind of message that crosses nodes is bytes, so that what does not decode is an error here and not a crash.
impl Message for LinksMessage {
    fn serializable() -> bool {
        true
    }

    fn serialize(self) -> Result<SerializedMessage, BoxedDowncastErr> {
        match self {
            Self::Frame(args) => {
                Ok(SerializedMessage::Cast { variant: "frame".to_owned(), args, metadata: None })
            }
            _ => Err(BoxedDowncastErr),
        }
    }

    fn deserialize(message: SerializedMessage) -> Result<Self, BoxedDowncastErr> {
        match message {
            SerializedMessage::Cast { args, .. } => Ok(Self::Frame(args)),
            _ => Err(BoxedDowncastErr),
        }
    }
}

pub(crate) struct Links {
    node: Arc<Node>,
    remote: Arc<Remote>,
}

/// A link's end on this side.
struct End {
    socket: std::net::TcpStream,
    node: String,
    /// The other node's links, once frames can be sent.
    there: Option<(u64, Inbox)>,
    /// Jobs that the other node is asked for.
    watches: BTreeSet<Id>,
}

pub(crate) struct LinksState {
    peers: Peers,
    /// The node's clock of links.
    since: Stopwatch,
    server: ActorRef<NodeServerMessage>,
    /// Links whose session has not ended, those that are given up included.
    ends: HashMap<u64, End>,
    dials: mpsc::Sender<String>,
    _tasks: [AbortOnDropHandle<()>; 2],
    _counted: Counted,
}

/// The links as a supervised child.
pub(crate) fn child(node: &Arc<Node>, remote: &Arc<Remote>) -> ChildSpec {
    let (node, remote) = (Arc::clone(node), Arc::clone(remote));
    ChildSpec::new(Arc::clone(&remote.post) as Arc<dyn Observed>, move |parent| {
        let links = Links { node: Arc::clone(&node), remote: Arc::clone(&remote) };
        async move { Ok(Links::spawn_linked(None, links, (), parent).await?.0.get_cell()) }
    })
}

impl Actor for Links {
    type Msg = LinksMessage;
    type State = LinksState;
    type Arguments = ();

    async fn pre_start(&self, myself: Inbox, (): ()) -> Result<Self::State, ActorProcessingErr> {
        let remote = &self.remote;
        let listener = TcpListener::from_std(remote.opened.listener.try_clone()?)?;
        let server = sessions::server(&remote.me, &myself).await?;
        let (dials, asked) = mpsc::channel(DIALS);
        let ids = Arc::clone(&self.node.tools.ids);
        let connector = Connector { remote: Arc::clone(remote), links: myself.clone(), ids };
        let (sender, outbox) = (myself.clone(), Arc::clone(remote));
        let flush = async move {
            loop {
                outbox.news.notified().await;
                if sender.cast(LinksMessage::Flush).is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
        };
        let scope = self.scope();
        pg::join_scoped(scope.clone(), NODES.to_owned(), vec![myself.get_cell()]);
        for (stage, _) in &remote.me.claim.stages {
            pg::join_scoped(scope.clone(), stage.clone(), vec![myself.get_cell()]);
        }
        myself.cast(LinksMessage::Tick)?;
        Ok(LinksState {
            peers: Peers::new(
                remote.me.claim.clone(),
                Duration::from_millis(remote.config.suspect_ms),
                &remote.config.seeds,
            ),
            since: Stopwatch::start(),
            server,
            ends: HashMap::new(),
            dials,
            _tasks: [task::start(connector.run(listener, asked)), task::start(flush)],
            _counted: self.node.actors.enter(),
        })
    }

    async fn handle(
        &self,
        myself: Inbox,
        message: LinksMessage,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            LinksMessage::Tick => {
                self.tick(state);
                myself.send_after(TICK, || LinksMessage::Tick);
            }
            LinksMessage::Flush => self.flush(state),
            LinksMessage::Admit { claim, dialled, reply } => {
                let _ = reply.send(self.admit(state, claim, dialled));
            }
            LinksMessage::Met { link, connection, dialled, tries } => {
                self.met(&myself, state, link, connection, dialled, tries);
            }
            LinksMessage::Dialled { address, ended } => {
                if state.peers.dialled(&address, &ended, state.since.elapsed())
                    && let Err(why) = &ended
                {
                    tracing::warn!(address, %why, "no link to another node");
                }
            }
            LinksMessage::Ready { link, number } => self.ready(state, link, number),
            LinksMessage::Ended { link } => self.ended(state, link),
            LinksMessage::Frame(bytes) => self.heard(state, &bytes),
        }
        Ok(())
    }

    async fn post_stop(&self, _: Inbox, state: &mut Self::State) -> Result<(), ActorProcessingErr> {
        state.ends.values().for_each(End::shut);
        self.remote.publish(Vec::new(), Vec::new());
        Ok(())
    }
}

impl End {
    /// Ends the link whoever waits on it: ractor_cluster's writer may wait for the other side for ever.
    fn shut(&self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

impl Links {
    /// Groups of another cluster in this process are others.
    fn scope(&self) -> String {
        format!("takeoff/{}", self.remote.me.claim.cluster)
    }

    fn tick(&self, state: &mut LinksState) {
        let due = state.peers.tick(state.since.elapsed());
        for node in due.suspected {
            tracing::warn!(node, "a linked node is silent and is no member until it is heard of");
        }
        for link in due.close {
            self.give_up(state, link);
        }
        for link in due.ping {
            self.ping(state, link);
        }
        for address in due.dial {
            if let Err(
                mpsc::error::TrySendError::Full(address) | mpsc::error::TrySendError::Closed(address),
            ) = state.dials.try_send(address)
            {
                let busy = Err(Failed::Broken("too many are dialled".to_owned()));
                state.peers.dialled(&address, &busy, state.since.elapsed());
            }
        }
        self.publish(state);
    }

    fn admit(&self, state: &mut LinksState, claim: Claim, dialled: bool) -> Result<u64, Refusal> {
        let (link, replaced) = state.peers.admit(claim, dialled, state.since.elapsed())?;
        if let Some(end) = replaced.and_then(|old| state.ends.get(&old)) {
            end.shut();
        }
        Ok(link)
    }

    /// Hands the stream over, after the session of a link that this one replaces has ended.
    fn met(
        &self,
        myself: &Inbox,
        state: &mut LinksState,
        link: u64,
        connection: Connection,
        dialled: bool,
        tries: u32,
    ) {
        let Some(node) = state.peers.link(link).map(|l| l.claim.node.clone()) else { return };
        if tries < TRIES && state.ends.values().any(|end| end.node == node) {
            let again = LinksMessage::Met { link, connection, dialled, tries: tries + 1 };
            myself.send_after(AGAIN, || again);
            return;
        }
        let Connection { stream, socket } = connection;
        let handed_over = sessions::hand_over(&state.server, link, stream, dialled);
        let end = End { socket, node, there: None, watches: BTreeSet::new() };
        state.ends.insert(link, end);
        if !handed_over {
            self.ended(state, link);
        }
    }

    fn ready(&self, state: &mut LinksState, link: u64, number: u64) {
        let of_link = |id: ActorId| matches!(id, ActorId::Remote { node_id, .. } if node_id == number);
        let members = pg::get_scoped_members(&self.scope(), &NODES.to_owned());
        let there = members.into_iter().find(|cell| of_link(cell.get_id())).map(Inbox::from);
        let (Some(there), Some(end)) = (there, state.ends.get_mut(&link)) else {
            return self.give_up(state, link);
        };
        end.there = Some((number, there));
        if !state.peers.opened(link, state.since.elapsed()) {
            return self.give_up(state, link);
        }
        self.remote.post.count(|c| c.opened += 1);
        tracing::info!(node = end.node, "linked to another node");
        self.ping(state, link);
        self.send(state, link, &Frame::Watch(self.remote.asked()));
        // The new one hears of the others, and they of it.
        let known = Frame::Peers(state.peers.known());
        for link in open(state) {
            self.send(state, link, &known);
        }
        self.publish(state);
    }

    fn give_up(&self, state: &mut LinksState, link: u64) {
        if let Some(end) = state.ends.get(&link) {
            end.shut();
        }
        self.forget(state, link);
    }

    /// The session has ended, or the place that was kept for one is not needed.
    fn ended(&self, state: &mut LinksState, link: u64) {
        if let Some(end) = state.ends.remove(&link) {
            end.shut();
        }
        self.forget(state, link);
    }

    fn forget(&self, state: &mut LinksState, link: u64) {
        let Some(was) = state.peers.closed(link, state.since.elapsed()) else { return };
        self.watched(state);
        if was.open {
            self.remote.post.count(|c| c.lost += 1);
            tracing::info!(node = was.claim.node, "a link to another node has ended");
            self.publish(state);
        }
    }

    /// Jobs that any of the others asks for.
    fn watched(&self, state: &LinksState) {
        let live = state.ends.iter().filter(|(link, _)| state.peers.link(**link).is_some());
        self.remote.watch(live.flat_map(|(_, end)| end.watches.iter().copied()).collect());
    }

    fn publish(&self, state: &LinksState) {
        let now = state.since.elapsed();
        let member = |claim: &Claim| {
            let slots = |(name, slots): &(String, u32)| Some((named(name)?, *slots as usize));
            Member { node: claim.node.clone(), stages: claim.stages.iter().filter_map(slots).collect() }
        };
        let others: Vec<Member> = state.peers.members(now).map(member).collect();
        let view = |link: &Link| LinkView {
            node: Some(link.claim.node.clone()),
            address: link.claim.address.clone(),
            state: state.peers.state(link, now),
            since: Some(before(self.node.now(), now.saturating_sub(link.since))),
            silent_ms: u64::try_from(now.saturating_sub(link.heard).as_millis()).ok(),
            round_trip_ms: link.round_trip.map(|t| t.as_secs_f64() * 1_000.0),
            said: None,
        };
        let mut views: Vec<LinkView> = state.peers.links().map(view).collect();
        for state in STATES {
            let links = views.iter().filter(|view| view.state == state).count();
            ::metrics::gauge!(names::CLUSTER_LINKS, "state" => state).set(f64::from(links as u32));
        }
        ::metrics::gauge!(names::CLUSTER_MEMBERS).set(f64::from(others.len() as u32 + 1));
        views.extend(state.peers.failing().map(|(address, target)| LinkView {
            node: target.node.clone(),
            address: address.clone(),
            state: "down",
            since: None,
            silent_ms: None,
            round_trip_ms: None,
            said: target.said.clone(),
        }));
        self.remote.publish(others, views);
    }

    /// What another node says.
    fn heard(&self, state: &mut LinksState, bytes: &[u8]) {
        let now = state.since.elapsed();
        let unread = |why: &'static str| {
            self.remote.post.count(|c| c.unread += 1);
            ::metrics::counter!(names::CLUSTER_FRAMES, "outcome" => "unread").increment(1);
            tracing::debug!(why, "what another node says is not understood");
        };
        let (life, frame) = match wire::decode(bytes) {
            Ok(read) => read,
            Err(why) => return unread(why.name()),
        };
        let Some(link) = state.peers.heard(life, now) else { return unread("a stranger") };
        self.remote.post.count(|c| c.received += 1);
        ::metrics::counter!(names::CLUSTER_FRAMES, "outcome" => "received").increment(1);
        match frame {
            Frame::Ping { sent } => self.answer(state, link, sent),
            Frame::Pong { sent } => {
                if let Some(took) = state.peers.confirmed(link, sent, now) {
                    ::metrics::histogram!(names::CLUSTER_ROUND_TRIP).record(took.as_secs_f64());
                }
            }
            Frame::Peers(known) => state.peers.learn(&known, now),
            Frame::Wake(stages) => {
                self.remote.post.count(|c| c.wakes += 1);
                stages.iter().filter_map(|s| named(s)).for_each(|s| self.remote.wakes.wake(s));
            }
            Frame::Watch(jobs) => {
                if let Some(end) = state.ends.get_mut(&link) {
                    end.watches = jobs.into_iter().collect();
                }
                self.watched(state);
            }
            Frame::Progress(step) => {
                self.remote.post.count(|c| c.progress += 1);
                self.remote.told(step);
            }
            Frame::Bye => {
                if let Some(end) = state.ends.get(&link) {
                    tracing::info!(node = end.node, "another node leaves");
                    end.shut();
                }
                state.peers.left(link, now);
                self.watched(state);
                self.publish(state);
            }
        }
    }
}

/// In which a link is.
pub(crate) const STATES: [&str; 3] = ["opening", "up", "suspected"];

fn open(state: &LinksState) -> Vec<u64> {
    state.peers.links().filter(|link| link.open).map(|link| link.id).collect()
}

/// A stage that this version knows.
fn named(name: &str) -> Option<Stage> {
    Stage::ALL.into_iter().find(|stage| stage.name() == name)
}

fn before(now: Timestamp, ago: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(ago.as_micros()).unwrap_or(i64::MAX)))
}
