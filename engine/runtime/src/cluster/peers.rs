//! Who is linked, who is suspected, who is dialled next: decided here, without a socket, a clock or a task.
//!
//! Times are since the node's start. Of two links between the same two nodes one stays, and both ends choose the same:
//! the one that the node with the greater name dialled, unless the other end of the older one is suspected.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::time::Duration;

use takeoff_core::model::Id;

use super::hello::{Claim, Failed, Refusal};
use super::wire::{Known, MAX_LIST};

/// Most nodes that one is linked to.
const MAX_LINKS: usize = MAX_LIST;
/// Most addresses that are known.
const MAX_TARGETS: usize = 2 * MAX_LIST;
/// Most attempts to dial at once.
pub(crate) const DIALS: usize = 16;

/// Between two attempts at one address: twice as long each time, within these.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(3);
/// How long the side with the lesser name leaves it to the other to dial.
const COURTESY: Duration = Duration::from_millis(400);
/// Longest from the greeting until frames can be sent.
const OPENING: Duration = Duration::from_secs(5);
/// An address that was only heard of is forgotten after so long without a link.
const FORGET: Duration = Duration::from_secs(600);
/// Frames on the way that the other side has not confirmed.
const WINDOW: u64 = 512;

/// A link, or one in the making.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) claim: Claim,
    /// This node dialled.
    pub(crate) dialled: bool,
    /// Frames can be sent.
    pub(crate) open: bool,
    pub(crate) since: Duration,
    pub(crate) heard: Duration,
    pub(crate) round_trip: Option<Duration>,
    /// Told before: nobody is told twice.
    suspected: bool,
    pinged: Duration,
    sent_at_ping: u64,
    sent: u64,
    confirmed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Target {
    /// Named in the settings: never forgotten.
    seed: bool,
    /// Who answered there last.
    pub(crate) node: Option<String>,
    dialling: bool,
    next: Duration,
    wait: Duration,
    /// Since when there is no link.
    alone: Duration,
    /// Why the last attempt failed.
    pub(crate) said: Option<String>,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) ping: Vec<u64>,
    /// Given up, or never opened.
    pub(crate) close: Vec<u64>,
    pub(crate) dial: Vec<String>,
    /// Nodes that are suspected now and were not before.
    pub(crate) suspected: Vec<String>,
}

pub(crate) struct Peers {
    me: Claim,
    suspect: Duration,
    links: BTreeMap<String, Link>,
    targets: BTreeMap<String, Target>,
    last_id: u64,
    ticked: Option<Duration>,
}

impl Peers {
    pub(crate) fn new(me: Claim, suspect: Duration, seeds: &[String]) -> Self {
        let seed = || Target { seed: true, ..Target::default() };
        let targets = seeds.iter().map(|address| (address.clone(), seed())).collect();
        Self { me, suspect, links: BTreeMap::new(), targets, last_id: 0, ticked: None }
    }

    /// Takes the node in, or says why not. With the link that has to go for it.
    pub(crate) fn admit(
        &mut self,
        claim: Claim,
        dialled: bool,
        now: Duration,
    ) -> Result<(u64, Option<u64>), Refusal> {
        if claim.cluster != self.me.cluster {
            return Err(Refusal::OtherCluster(self.me.cluster.clone()));
        }
        if claim.life == self.me.life {
            return Err(Refusal::Itself);
        }
        if claim.node == self.me.node {
            return Err(Refusal::NameTaken(claim.node));
        }
        let replaced = match self.links.get(&claim.node) {
            Some(there) if self.is_silent(there, now) => Some(there.id),
            Some(there) if there.claim.life != claim.life => return Err(Refusal::NameTaken(claim.node)),
            // Of two that are dialled by the same side the first stays.
            Some(there) if there.dialled != dialled && dialled == self.is_greater_than(&claim) => {
                Some(there.id)
            }
            // Whoever dialled learns who answers there.
            Some(_) if dialled => return Err(Refusal::Linked(claim.node)),
            Some(_) => return Err(Refusal::Linked(self.me.node.clone())),
            None if self.links.len() >= MAX_LINKS => return Err(Refusal::Full),
            None => None,
        };
        self.last_id += 1;
        let link = Link {
            id: self.last_id,
            dialled,
            open: false,
            since: now,
            heard: now,
            round_trip: None,
            suspected: false,
            pinged: now,
            sent_at_ping: 0,
            sent: 0,
            confirmed: 0,
            claim,
        };
        self.learn_one(&link.claim.node, &link.claim.address, now);
        self.links.insert(link.claim.node.clone(), link);
        Ok((self.last_id, replaced))
    }

    /// The order by which ractor_cluster chooses as well.
    fn is_greater_than(&self, other: &Claim) -> bool {
        let full = |claim: &Claim| format!("{}@{}", claim.node, claim.life);
        full(&self.me) > full(other)
    }

    fn is_silent(&self, link: &Link, now: Duration) -> bool {
        now.saturating_sub(link.heard) > self.suspect
    }

    pub(crate) fn link(&self, id: u64) -> Option<&Link> {
        self.links.values().find(|link| link.id == id)
    }

    fn link_mut(&mut self, id: u64) -> Option<&mut Link> {
        self.links.values_mut().find(|link| link.id == id)
    }

    /// Frames can be sent. False when there is no such link any more.
    pub(crate) fn opened(&mut self, id: u64, now: Duration) -> bool {
        let Some(link) = self.link_mut(id) else { return false };
        (link.open, link.since, link.heard) = (true, now, now);
        let node = link.claim.node.clone();
        for target in self.targets.values_mut().filter(|t| t.node.as_deref() == Some(&node)) {
            (target.said, target.wait) = (None, Duration::ZERO);
        }
        true
    }

    /// The link is gone; the node is dialled again.
    pub(crate) fn closed(&mut self, id: u64, now: Duration) -> Option<Link> {
        let node = self.links.iter().find(|(_, link)| link.id == id)?.0.clone();
        let link = self.links.remove(&node)?;
        let courtesy = if self.me.node > node { SHORTEST / 2 } else { COURTESY };
        for target in self.targets.values_mut().filter(|t| t.node.as_deref() == Some(&node)) {
            (target.wait, target.next, target.alone) = (Duration::ZERO, now + courtesy, now);
        }
        Some(link)
    }

    /// The node has left by itself: it will say when it is back.
    pub(crate) fn left(&mut self, id: u64, now: Duration) {
        if let Some(link) = self.closed(id, now) {
            for target in self.targets.values_mut().filter(|t| t.node.as_deref() == Some(&link.claim.node)) {
                (target.wait, target.next) = (LONGEST, now + LONGEST);
            }
        }
    }

    /// Who lives this life was heard of. Its link, if it has one.
    pub(crate) fn heard(&mut self, life: Id, now: Duration) -> Option<u64> {
        let link = self.links.values_mut().find(|link| link.claim.life == life)?;
        (link.heard, link.suspected) = (now, false);
        Some(link.id)
    }

    /// What a ping brought came back.
    pub(crate) fn confirmed(&mut self, id: u64, sent: u64, now: Duration) -> Option<Duration> {
        let link = self.link_mut(id)?;
        link.confirmed = link.confirmed.max(sent.min(link.sent));
        let round_trip = now.saturating_sub(link.pinged);
        (sent == link.sent_at_ping).then(|| *link.round_trip.insert(round_trip))
    }

    /// Whether one more frame may be sent there, which is then counted.
    pub(crate) fn may_send(&mut self, id: u64) -> bool {
        match self.link_mut(id) {
            Some(link) if link.open && link.sent - link.confirmed < WINDOW => {
                link.sent += 1;
                true
            }
            _ => false,
        }
    }

    /// Counts a ping, which is sent whatever is on the way, and gives what it is to bring.
    pub(crate) fn ping(&mut self, id: u64, now: Duration) -> Option<u64> {
        let link = self.link_mut(id).filter(|link| link.open)?;
        link.sent += 1;
        (link.pinged, link.sent_at_ping) = (now, link.sent);
        Some(link.sent)
    }

    /// Nodes that somebody is linked to.
    pub(crate) fn learn(&mut self, known: &[Known], now: Duration) {
        known.iter().for_each(|k| self.learn_one(&k.node, &k.address, now));
    }

    fn learn_one(&mut self, node: &str, address: &str, now: Duration) {
        if node == self.me.node || address.is_empty() {
            return;
        }
        if let Some(target) = self.targets.get_mut(address) {
            target.node = Some(node.to_owned());
        } else if self.targets.len() < MAX_TARGETS {
            let next = now + if self.me.node.as_str() > node { Duration::ZERO } else { COURTESY };
            let target = Target { node: Some(node.to_owned()), next, alone: now, ..Target::default() };
            self.targets.insert(address.to_owned(), target);
        }
    }

    /// How an attempt ended: with the node that answers there, or with why it does not. True when that is news.
    pub(crate) fn dialled(&mut self, address: &str, ended: &Result<String, Failed>, now: Duration) -> bool {
        let me = self.me.node.clone();
        let Some(target) = self.targets.get_mut(address) else { return false };
        target.dialling = false;
        target.wait = (target.wait * 2).clamp(SHORTEST, LONGEST);
        target.next = now + spread(target.wait, &(&me, address, now));
        let said = match ended {
            Ok(node) => {
                target.node = Some(node.clone());
                None
            }
            Err(Failed::Refused(Refusal::Linked(node)) | Failed::Declined(Refusal::Linked(node))) => {
                if *node != me {
                    target.node = Some(node.clone());
                }
                None
            }
            Err(Failed::Refused(Refusal::Itself) | Failed::Declined(Refusal::Itself)) => {
                target.node = Some(me);
                None
            }
            Err(why) => Some(why.to_string()),
        };
        let is_news = said.is_some() && said != target.said;
        target.said = said;
        is_news
    }

    /// To be asked a few times a second.
    pub(crate) fn tick(&mut self, now: Duration) -> Due {
        let slept = self.ticked.is_some_and(|before| now.saturating_sub(before) > self.suspect / 2);
        self.ticked = Some(now);
        let mut due = Due::default();
        for link in self.links.values_mut() {
            if slept {
                // It was this node that was away; it cannot know who was silent.
                link.heard = now;
            }
            let silent = now.saturating_sub(link.heard);
            if silent > self.suspect * 3 || (!link.open && now.saturating_sub(link.since) > OPENING) {
                due.close.push(link.id);
                continue;
            }
            if silent > self.suspect && link.open && !link.suspected {
                link.suspected = true;
                due.suspected.push(link.claim.node.clone());
            }
            if link.open && now.saturating_sub(link.pinged) >= self.suspect / 6 {
                due.ping.push(link.id);
            }
        }
        due.dial = self.dials(now);
        due
    }

    fn dials(&mut self, now: Duration) -> Vec<String> {
        let (me, links) = (&self.me, &self.links);
        let linked = |target: &Target| target.node.as_ref().is_some_and(|node| links.contains_key(node));
        self.targets.retain(|_, target| {
            if linked(target) {
                target.alone = now;
            }
            target.seed || target.dialling || now.saturating_sub(target.alone) < FORGET
        });
        let busy: BTreeSet<String> =
            self.targets.values().filter(|t| t.dialling).filter_map(|t| t.node.clone()).collect();
        let mut left = DIALS - self.targets.values().filter(|t| t.dialling).count().min(DIALS);
        let mut chosen = Vec::new();
        let mut nodes = busy;
        for (address, target) in &mut self.targets {
            let itself = target.node.as_ref() == Some(&me.node) || *address == me.address;
            if left == 0 || target.dialling || target.next > now || itself || linked(target) {
                continue;
            }
            if target.node.clone().is_some_and(|node| !nodes.insert(node)) {
                continue;
            }
            target.dialling = true;
            left -= 1;
            chosen.push(address.clone());
        }
        chosen
    }

    /// Linked nodes that answer.
    pub(crate) fn members(&self, now: Duration) -> impl Iterator<Item = &Claim> {
        self.links.values().filter(move |l| l.open && !self.is_silent(l, now)).map(|l| &l.claim)
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Open links, and whether the other end is suspected.
    pub(crate) fn state(&self, link: &Link, now: Duration) -> &'static str {
        match (link.open, self.is_silent(link, now)) {
            (false, _) => "opening",
            (true, true) => "suspected",
            (true, false) => "up",
        }
    }

    /// Addresses that nobody is linked at, with why.
    pub(crate) fn failing(&self) -> impl Iterator<Item = (&String, &Target)> {
        let linked = |t: &Target| t.node.as_ref().is_some_and(|node| self.links.contains_key(node));
        self.targets.iter().filter(move |(_, t)| t.said.is_some() && !linked(t))
    }

    /// For those that are linked to this node.
    pub(crate) fn known(&self) -> Vec<Known> {
        let open = self.links.values().filter(|link| link.open).take(MAX_LIST);
        open.map(|l| Known { node: l.claim.node.clone(), address: l.claim.address.clone() }).collect()
    }
}

/// Half of it to the whole, so that nodes which lost each other at once do not dial at once.
fn spread(wait: Duration, by: &impl Hash) -> Duration {
    let mut hasher = DefaultHasher::new();
    by.hash(&mut hasher);
    let part = u32::try_from(hasher.finish() % 512).unwrap_or(0) + 512;
    wait * part / 1_024
}

#[cfg(test)]
#[path = "peers/tests.rs"]
mod tests;
