//! One run of a seed: nodes, clients and what happens to them, then calm, then the verdict.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_config::NodeConfig;
use takeoff_core::model::{Id, IdSource, Kind};
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::catalog::{Expect, JobQuery};
use takeoff_storage::{Batch, BlobStore};
use tokio::time::Instant;

use crate::check;
use crate::fate::{Dice, Ids, NodeClock, WallClock, short};
use crate::stage::{PIECE, TENANT, WHOLE, Worker, new_job, owner};
use crate::store::{Broken, Link, World};

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) log: Vec<String>,
    /// Rules that were broken.
    pub(crate) wrong: Vec<String>,
    pub(crate) jobs: usize,
    pub(crate) leases: usize,
}

/// Longest that trouble lasts, and from then on until everything has ended.
const TROUBLE: Duration = Duration::from_secs(7);
const CALM: Duration = Duration::from_secs(90);
const LEASE_MS: u64 = 2_000;

struct Running {
    handle: Handle,
    link: Arc<Link>,
}

struct Cluster {
    seed: u64,
    world: Arc<World>,
    blobs: Arc<dyn BlobStore>,
    ids: Arc<Ids>,
    clocks: Vec<Arc<NodeClock>>,
    nodes: Vec<Option<Running>>,
    submitted: Vec<Id>,
}

fn config(name: &str, slots: u64) -> NodeConfig {
    let mut config = NodeConfig::solo("/nonexistent");
    config.node = name.to_owned();
    config.jobs.lease_ms = LEASE_MS;
    config.jobs.renew_ms = 600;
    config.jobs.poll_ms = 1_200;
    config.jobs.restart_limit = 1_000;
    config.cluster.heartbeat_ms = 1_000;
    config.cluster.silent_ms = 2_500;
    config.compute.threads = 0;
    for stage in &mut config.stages {
        stage.enabled = stage.stage == WHOLE || stage.stage == PIECE;
        stage.slots = usize::try_from(slots).unwrap();
    }
    config
}

impl Cluster {
    fn new(seed: u64, world: &Arc<World>, blobs: &Arc<dyn BlobStore>, nodes: u64) -> Self {
        let clock = |_| Arc::new(NodeClock(WallClock::new(Instant::now())));
        Self {
            seed,
            world: Arc::clone(world),
            blobs: Arc::clone(blobs),
            ids: Arc::default(),
            clocks: (0..nodes).map(clock).collect(),
            nodes: (0..nodes).map(|_| None).collect(),
            submitted: Vec::new(),
        }
    }

    /// Starts a node that is down. It may fail, as starts do while the store is troubled.
    async fn start(&mut self, n: usize) {
        if self.nodes[n].is_some() {
            return;
        }
        let name = format!("node-{n}");
        let link = Link::new(&self.world, &name);
        let worker = |name| Arc::new(Worker { world: Arc::clone(&self.world), seed: self.seed, name }) as _;
        let parts = EngineParts {
            config: Arc::new(config(&name, 1 + Dice::of(self.seed, 7).below(3))),
            catalog: Arc::clone(&link) as _,
            blobs: Arc::clone(&self.blobs),
            clock: Arc::clone(&self.clocks[n]) as _,
            ids: Arc::clone(&self.ids) as _,
            stages: vec![worker(WHOLE), worker(PIECE)],
            child_program: PathBuf::from("/nonexistent"),
            child_args: Vec::new(),
        };
        match Handle::start(parts).await {
            Ok(handle) => {
                self.world.note(&format!("{name} has started"));
                self.nodes[n] = Some(Running { handle, link });
            }
            Err(e) => {
                link.cut();
                self.world.note(&format!("{name} does not start: {e}"));
            }
        }
    }

    fn kill(&mut self, n: usize) {
        if let Some(node) = self.nodes[n].take() {
            self.world.note(&format!("node-{n} is killed"));
            node.link.cut();
        }
    }

    async fn drain(&mut self, n: usize, limit_ms: u64) {
        if let Some(node) = self.nodes[n].take() {
            self.world.note(&format!("node-{n} is to drain"));
            let report = node.handle.drain(limit_ms).await;
            self.world.note(&format!("node-{n} has drained: {report:?}"));
            node.link.cut();
        }
    }

    fn somebody(&self, dice: &mut Dice) -> Option<Handle> {
        let up: Vec<_> = self.nodes.iter().flatten().collect();
        let n = usize::try_from(dice.below(up.len() as u64)).unwrap();
        up.get(n).map(|node| node.handle.clone())
    }

    async fn submit(&mut self, dice: &mut Dice) {
        let Some(handle) = self.somebody(dice) else { return };
        let id = self.ids.next();
        let calm = dice.percent(30);
        let (stage, args) = match dice.below(6) {
            0 | 1 => {
                let children = 1 + dice.below(4);
                let doomed = if dice.percent(20) { json!(dice.below(children)) } else { Value::Null };
                (
                    WHOLE,
                    json!({ "children": children, "doomed_child": doomed, "owned": dice.percent(50), "calm": calm }),
                )
            }
            2 => (PIECE, json!({ "owned": true, "calm": calm })),
            3 => (PIECE, json!({ "owned": true, "in_parts": true, "calm": calm })),
            4 => (PIECE, json!({ "follow": true, "calm": calm })),
            _ => (PIECE, json!({ "calm": calm })),
        };
        let mut batch = Batch::new(TENANT);
        if args["owned"] == true {
            batch.expect.push(Expect::Absent(Kind::Document, id));
            batch.ops.push(owner(id, "waiting", 0));
        }
        batch.jobs.push(new_job(id, stage, args));
        let answer = handle.commit(batch).await;
        if answer.is_ok() {
            self.world.history.lock().unwrap().acknowledged.insert(id);
        }
        self.submitted.push(id);
    }

    async fn cancel(&mut self, dice: &mut Dice) {
        let Some(handle) = self.somebody(dice) else { return };
        let n = usize::try_from(dice.below(self.submitted.len() as u64)).unwrap();
        let Some(id) = self.submitted.get(n).copied() else { return };
        self.world.note(&format!("a client cancels {}", short(id)));
        if let Ok(Some(_)) = handle.cancel(TENANT, id, "a client wants it gone").await {
            self.world.history.lock().unwrap().cancelled.insert(id);
        }
    }

    async fn happens(&mut self, dice: &mut Dice) {
        let n = usize::try_from(dice.below(self.nodes.len() as u64)).unwrap();
        match dice.below(24) {
            0..12 => self.submit(dice).await,
            12..14 => self.kill(n),
            14 => self.drain(n, 100 + 2_000 * dice.below(2)).await,
            15..18 => self.start(n).await,
            18 | 19 => {
                if let Some(node) = &self.nodes[n] {
                    let length = dice.ms(100, 2 * LEASE_MS);
                    self.world.note(&format!("node-{n} is frozen for {length:?}"));
                    node.link.freeze(length);
                }
            }
            20 => {
                let by_ms = i64::try_from(dice.below(20_000)).unwrap() - 10_000;
                self.world.note(&format!("the clock of node-{n} jumps by {by_ms} ms"));
                self.clocks[n].0.jump(by_ms);
            }
            21 => {
                let by_ms = i64::try_from(dice.below(8_000)).unwrap() - 4_000;
                self.world.note(&format!("the clock of the store jumps by {by_ms} ms"));
                self.world.clock.0.jump(by_ms);
            }
            _ => self.cancel(dice).await,
        }
    }

    /// Nothing is under way, and all jobs have ended.
    async fn is_over(&self) -> bool {
        if self.world.strays.load(Ordering::Relaxed) > 0 {
            return false;
        }
        let query = JobQuery { limit: 1_000, ..JobQuery::default() };
        let jobs =
            self.world.now(self.world.store.jobs(TENANT, query)).expect("the store itself is well").jobs;
        jobs.iter().all(|job| job.state.is_terminal())
    }
}

async fn live(seed: u64, broken: Broken, blobs: Arc<dyn BlobStore>) -> Outcome {
    let world = World::new(seed, broken);
    let mut dice = Dice::of(seed, 2);
    let mut cluster = Cluster::new(seed, &world, &blobs, 1 + dice.below(3));
    for n in 0..cluster.nodes.len() {
        cluster.start(n).await;
    }
    let until = Instant::now() + TROUBLE;
    while Instant::now() < until {
        tokio::time::sleep(dice.ms(0, 800)).await;
        cluster.happens(&mut dice).await;
    }
    world.note("calm");
    world.calm.store(true, Ordering::Relaxed);
    for n in 0..cluster.nodes.len() {
        cluster.start(n).await;
    }
    let until = Instant::now() + CALM;
    while !cluster.is_over().await && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    for n in 0..cluster.nodes.len() {
        cluster.kill(n);
    }
    let (wrong, jobs) = check::check(&world).await;
    let log = world.log.lock().unwrap().clone();
    let leases = log.iter().filter(|line| line.contains(" leases ")).count();
    Outcome { log, wrong, jobs, leases }
}

/// The whole life of a seed, in a thread and a time of its own.
pub(crate) fn run(seed: u64, broken: Broken, blobs: &Arc<dyn BlobStore>) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(live(seed, broken, Arc::clone(blobs)))
}
