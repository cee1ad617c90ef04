//! The fabric of a node that is linked to others. It is spoken to from everywhere and only takes notes; the links'
//! actor carries them on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use takeoff_config::LinkConfig;
use takeoff_core::ENGINE_VERSION;
use takeoff_core::job::{Progress, Stage};
use takeoff_core::model::Id;
use tokio::sync::Notify;

use super::fabric::{Fabric, LinkView, Member};
use super::hello::{Claim, Credentials};
use super::solo::Wakes;
use super::tls::Tls;
use super::wire::{MAX_LIST, Step};
use crate::clock::Stopwatch;
use crate::observe::Post;

/// How long another node is asked for the progress of a job that somebody asked this one for.
const ASKED: Duration = Duration::from_secs(30);
/// Most jobs of which it is.
const MAX_ASKED: usize = 64;
/// How long another node's word on a job is passed on without a newer one.
const STALE: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Serialize)]
pub(crate) struct LinkCounters {
    pub(crate) opened: u64,
    pub(crate) lost: u64,
    pub(crate) refused: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Of those, wakes and words on the progress of jobs.
    pub(crate) wakes: u64,
    pub(crate) progress: u64,
    /// Not sent because the other node confirms nothing, or its link is gone.
    pub(crate) dropped: u64,
    /// Of another version or kind, or nonsense.
    pub(crate) unread: u64,
}

/// What links need of the outside, opened before the node starts.
pub(crate) struct Opened {
    pub(super) listener: std::net::TcpListener,
    pub(super) tls: Option<Tls>,
    cookie: String,
    address: String,
}

impl Opened {
    /// `None` when the node has no links.
    ///
    /// # Errors
    /// What is wrong with which setting.
    pub(crate) fn open(config: &LinkConfig, node: &str) -> Result<Option<Self>, String> {
        let Some(listen) = config.listen else { return Ok(None) };
        let cookie = config.cookie()?;
        if cookie.is_empty() {
            return Err("`cluster.cookie`: there is none".to_owned());
        }
        let tls = Tls::open(&config.tls)?;
        let bind = || {
            let listener = std::net::TcpListener::bind(listen)?;
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, listener))
        };
        let (local, listener) =
            bind().map_err(|e: std::io::Error| format!("`cluster.listen` {listen}: {e}"))?;
        let address = config.advertise.clone().unwrap_or_else(|| match local.ip().is_unspecified() {
            true => format!("{node}:{}", local.port()),
            false => local.to_string(),
        });
        Ok(Some(Self { listener, tls, cookie: cookie.reveal().to_owned(), address }))
    }
}

/// What is to be sent, each thing once however often it was said.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) stages: BTreeSet<Stage>,
    pub(super) progress: BTreeMap<Id, Step>,
    /// Which jobs this node is asked for has changed.
    pub(super) asked_anew: bool,
    pub(super) bye: bool,
}

pub(crate) struct Remote {
    pub(super) wakes: Wakes,
    this: Member,
    pub(super) opened: Opened,
    pub(super) me: Credentials,
    pub(super) config: LinkConfig,
    pub(crate) post: Arc<Post<LinkCounters>>,
    outbox: Mutex<Outbox>,
    pub(super) news: Notify,
    /// As of the links' last tick.
    seen: Mutex<(Vec<Member>, Vec<LinkView>)>,
    /// Jobs of this node that another one is asked for.
    watched: Mutex<BTreeSet<Id>>,
    /// Jobs that this node was asked for of late.
    asked: Mutex<HashMap<Id, Stopwatch>>,
    progress: Mutex<HashMap<Id, (Progress, Stopwatch)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    pub(crate) fn new(opened: Opened, config: &LinkConfig, wakes: Wakes, this: Member, life: Id) -> Self {
        let slots = |(stage, slots): &(Stage, usize)| {
            (stage.name().to_owned(), u32::try_from(*slots).unwrap_or(u32::MAX))
        };
        let claim = Claim {
            cluster: config.cluster.clone(),
            node: this.node.clone(),
            life,
            address: opened.address.clone(),
            version: ENGINE_VERSION.to_owned(),
            stages: this.stages.iter().map(slots).collect(),
        };
        Self {
            wakes,
            me: Credentials { claim, cookie: opened.cookie.clone() },
            seen: Mutex::new((vec![this.clone()], Vec::new())),
            this,
            opened,
            config: config.clone(),
            post: Arc::new(Post::new("node/links")),
            outbox: Mutex::default(),
            news: Notify::new(),
            watched: Mutex::default(),
            asked: Mutex::default(),
            progress: Mutex::default(),
        }
    }

    pub(super) fn take(&self) -> Outbox {
        std::mem::take(&mut *lock(&self.outbox))
    }

    /// Jobs that this node is asked for.
    pub(super) fn asked(&self) -> Vec<Id> {
        let mut asked = lock(&self.asked);
        asked.retain(|_, since| since.elapsed() < ASKED);
        asked.keys().copied().collect()
    }

    /// Jobs that other nodes are asked for.
    pub(super) fn watch(&self, jobs: BTreeSet<Id>) {
        *lock(&self.watched) = jobs;
    }

    pub(super) fn publish(&self, others: Vec<Member>, links: Vec<LinkView>) {
        let members = std::iter::once(self.this.clone()).chain(others).collect();
        *lock(&self.seen) = (members, links);
    }

    /// Another node's word on a job of its own.
    pub(super) fn told(&self, step: Step) {
        if !lock(&self.asked).contains_key(&step.job) {
            return;
        }
        let progress = Progress { percent: step.percent.clamp(0.0, 100.0), step: step.step };
        let mut all = lock(&self.progress);
        all.retain(|_, (_, since)| since.elapsed() < STALE);
        if all.len() < MAX_LIST || all.contains_key(&step.job) {
            all.insert(step.job, (progress, Stopwatch::start()));
        }
    }
}

impl Fabric for Remote {
    fn wake(&self, stage: Stage) {
        self.wakes.wake(stage);
        lock(&self.outbox).stages.insert(stage);
        self.news.notify_one();
    }

    fn woken(&self, stage: Stage) {
        self.wakes.wake(stage);
    }

    fn progress(&self, job: Id, progress: &Progress) {
        if !lock(&self.watched).contains(&job) {
            return;
        }
        let step = Step { job, percent: progress.percent, step: progress.step.clone() };
        let mut outbox = lock(&self.outbox);
        if outbox.progress.len() < MAX_LIST || outbox.progress.contains_key(&job) {
            outbox.progress.insert(job, step);
            self.news.notify_one();
        }
    }

    fn progress_of(&self, job: Id) -> Option<Progress> {
        let is_new = {
            let mut asked = lock(&self.asked);
            if asked.len() >= MAX_ASKED && !asked.contains_key(&job) {
                asked.retain(|_, since| since.elapsed() < ASKED);
            }
            (asked.len() < MAX_ASKED || asked.contains_key(&job))
                && asked.insert(job, Stopwatch::start()).is_none()
        };
        if is_new {
            lock(&self.outbox).asked_anew = true;
            self.news.notify_one();
        }
        let all = lock(&self.progress);
        all.get(&job).filter(|(_, since)| since.elapsed() < STALE).map(|(progress, _)| progress.clone())
    }

    fn members(&self) -> Vec<Member> {
        lock(&self.seen).0.clone()
    }

    fn links(&self) -> Vec<LinkView> {
        lock(&self.seen).1.clone()
    }

    fn leave(&self) {
        lock(&self.outbox).bye = true;
        self.news.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn remote() -> Remote {
        let config = LinkConfig { listen: Some(([127, 0, 0, 1], 0).into()), ..LinkConfig::default() };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let opened = Opened { listener, tls: None, cookie: "c".to_owned(), address: "h:1".to_owned() };
        let this = Member { node: "a".to_owned(), stages: vec![(Stage::Ingest, 2)] };
        let wakes = Wakes::of([Stage::Ingest].into_iter());
        Remote::new(opened, &config, wakes, this, Id::NIL)
    }

    fn id(n: usize) -> Id {
        Id(Uuid::from_u128(n as u128))
    }

    #[test]
    fn a_wake_is_sent_once_however_often_it_is_said_and_an_old_one_is_not_passed_on() {
        let remote = remote();
        (0..1_000).for_each(|_| remote.wake(Stage::Ingest));
        remote.woken(Stage::AutoCount);
        assert_eq!(remote.take().stages, BTreeSet::from([Stage::Ingest]));
        assert!(remote.take().stages.is_empty());
    }

    #[test]
    fn only_what_somebody_asks_for_is_told() {
        let remote = remote();
        let at = |percent| Progress { percent, step: Some("page 3".to_owned()) };
        remote.progress(id(1), &at(1.0));
        remote.watch(BTreeSet::from([id(1)]));
        remote.progress(id(1), &at(2.0));
        remote.progress(id(1), &at(3.0));
        remote.progress(id(2), &at(4.0));
        let told: Vec<Step> = remote.take().progress.into_values().collect();
        assert_eq!(told, [Step { job: id(1), percent: 3.0, step: Some("page 3".to_owned()) }]);
    }

    #[test]
    fn what_was_asked_for_is_kept_and_is_bounded() {
        let remote = remote();
        let word = |n| Step { job: id(n), percent: 250.0, step: None };
        remote.told(word(1));
        assert_eq!(remote.progress_of(id(1)), None, "nobody had asked");
        assert!(remote.take().asked_anew);
        remote.told(word(1));
        assert_eq!(remote.progress_of(id(1)), Some(Progress { percent: 100.0, step: None }));
        assert!(!remote.take().asked_anew);
        for n in 2..1_000 {
            remote.progress_of(id(n));
            remote.told(word(n));
        }
        assert_eq!((remote.asked().len(), lock(&remote.progress).len()), (MAX_ASKED, MAX_ASKED));
    }
}
