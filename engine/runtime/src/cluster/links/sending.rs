//! What goes out: bounded on each link by what the other node has confirmed.

use std::collections::{BTreeMap, HashMap};

use ractor::{ActorId, pg};

use super::{Links, LinksMessage, LinksState, open};
use crate::cluster::remote::Outbox;
use crate::cluster::wire::{self, Frame};
use crate::metrics as names;

impl Links {
    /// What the fabric took note of since the last time.
    pub(super) fn flush(&self, state: &mut LinksState) {
        let Outbox { stages, progress, asked_anew, bye } = self.remote.take();
        let numbers: HashMap<u64, u64> = state
            .ends
            .iter()
            .filter_map(|(link, end)| end.there.as_ref().map(|(number, _)| (*number, *link)))
            .collect();
        let mut wakes: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for stage in stages {
            for member in pg::get_scoped_members(&self.scope(), &stage.name().to_owned()) {
                if let ActorId::Remote { node_id, .. } = member.get_id()
                    && let Some(link) = numbers.get(&node_id)
                {
                    wakes.entry(*link).or_default().push(stage.name().to_owned());
                }
            }
        }
        for (link, stages) in wakes {
            self.send(state, link, &Frame::Wake(stages));
        }
        for (job, step) in progress {
            let wanted = state.ends.iter().filter(|(_, end)| end.watches.contains(&job));
            for link in wanted.map(|(link, _)| *link).collect::<Vec<_>>() {
                self.send(state, link, &Frame::Progress(step.clone()));
            }
        }
        let watch = asked_anew.then(|| Frame::Watch(self.remote.asked()));
        for frame in watch.into_iter().chain(bye.then_some(Frame::Bye)) {
            for link in open(state) {
                self.send(state, link, &frame);
            }
        }
    }

    /// One frame, unless too many are on the way or the link is gone: then it is dropped and counted.
    pub(super) fn send(&self, state: &mut LinksState, link: u64, frame: &Frame) {
        let sent = state.peers.may_send(link) && self.put(state, link, frame);
        let outcome = if sent { "sent" } else { "dropped" };
        self.remote.post.count(|c| *(if sent { &mut c.sent } else { &mut c.dropped }) += 1);
        ::metrics::counter!(names::CLUSTER_FRAMES, "outcome" => outcome).increment(1);
    }

    /// Goes whatever is on the way: there is one at a time.
    pub(super) fn ping(&self, state: &mut LinksState, link: u64) {
        if let Some(sent) = state.peers.ping(link, state.since.elapsed()) {
            self.put(state, link, &Frame::Ping { sent });
        }
    }

    /// Goes whatever is on the way: there is one for each ping.
    pub(super) fn answer(&self, state: &LinksState, link: u64, sent: u64) {
        self.put(state, link, &Frame::Pong { sent });
    }

    fn put(&self, state: &LinksState, link: u64, frame: &Frame) -> bool {
        let there = state.ends.get(&link).and_then(|end| end.there.as_ref());
        let bytes = wire::encode(self.remote.me.claim.life, frame);
        match (there, bytes) {
            (Some((_, there)), Some(bytes)) => there.cast(LinksMessage::Frame(bytes)).is_ok(),
            _ => false,
        }
    }
}
