//! The node's own routines.
//!
//! What is done for the whole store is on the schedule (`schedule.rs`): leases that died with their node, old rows,
//! pages kept in vain, blobs of nobody, late sessions, statistics. Whichever node looks first when an entry is due
//! runs it, and no other does. Those are for nodes with the role `maintenance`. What a node does for itself (what
//! operators hold back, health, gauges) it does by itself.

mod clerk;
mod deadlines;
mod forgetter;
mod gauges;
mod herald;
mod pruner;
mod pulse;
mod rescuer;
pub(crate) mod schedule;
mod statistics;
mod steward;
mod sweeper;

use std::sync::Arc;

use takeoff_config::Roles;

use crate::node::Node;
use crate::observe::{Observed, Post};
use crate::supervise::routine;
use crate::supervise::{ChildSpec, ReleaserCounters, RenewerCounters, SupervisorCounters};

/// Posts of the node's own actors.
pub(crate) struct MaintainPosts {
    pub(crate) supervisor: Arc<Post<SupervisorCounters>>,
    pub(crate) renewer: Arc<Post<RenewerCounters>>,
    pub(crate) releaser: Arc<Post<ReleaserCounters>>,
    pub(crate) herald: Arc<Post<herald::HeraldCounters>>,
    rescuer: Arc<Post<rescuer::RescuerCounters>>,
    lease_watch: Arc<Post<rescuer::RescuerCounters>>,
    steward: Arc<Post<steward::StewardCounters>>,
    pruner: Arc<Post<pruner::PrunerCounters>>,
    forgetter: Arc<Post<forgetter::ForgetterCounters>>,
    sweeper: Arc<Post<sweeper::SweeperCounters>>,
    deadlines: Arc<Post<deadlines::DeadlinesCounters>>,
    statistics: Arc<Post<statistics::StatisticsCounters>>,
    store_pulse: Arc<Post<pulse::PulseCounters>>,
    blob_pulse: Arc<Post<pulse::PulseCounters>>,
    compute_pulse: Arc<Post<pulse::PulseCounters>>,
    gauges: Arc<Post<gauges::GaugeCounters>>,
}

impl Default for MaintainPosts {
    fn default() -> Self {
        Self {
            supervisor: Arc::new(Post::new("node")),
            renewer: Arc::new(Post::new("node/renewer")),
            releaser: Arc::new(Post::new("node/releaser")),
            herald: Arc::new(Post::new("node/herald")),
            rescuer: Arc::new(Post::new("node/rescuer")),
            lease_watch: Arc::new(Post::new("node/lease-watch")),
            steward: Arc::new(Post::new("node/steward")),
            pruner: Arc::new(Post::new("node/pruner")),
            forgetter: Arc::new(Post::new("node/forgetter")),
            sweeper: Arc::new(Post::new("node/sweeper")),
            deadlines: Arc::new(Post::new("node/deadlines")),
            statistics: Arc::new(Post::new("node/statistics")),
            store_pulse: Arc::new(Post::new("node/store-pulse")),
            blob_pulse: Arc::new(Post::new("node/blob-pulse")),
            compute_pulse: Arc::new(Post::new("node/compute-pulse")),
            gauges: Arc::new(Post::new("node/gauges")),
        }
    }
}

impl MaintainPosts {
    /// Those of the actors that a node with this configuration has.
    pub(crate) fn all(&self, roles: Roles) -> Vec<Arc<dyn Observed>> {
        let mut all: Vec<Arc<dyn Observed>> = vec![
            Arc::clone(&self.supervisor) as _,
            Arc::clone(&self.renewer) as _,
            Arc::clone(&self.releaser) as _,
            Arc::clone(&self.herald) as _,
            Arc::clone(&self.steward) as _,
            Arc::clone(&self.store_pulse) as _,
            Arc::clone(&self.blob_pulse) as _,
            Arc::clone(&self.compute_pulse) as _,
            Arc::clone(&self.gauges) as _,
        ];
        if roles.maintenance {
            all.extend([
                Arc::clone(&self.rescuer) as Arc<dyn Observed>,
                Arc::clone(&self.lease_watch) as _,
                Arc::clone(&self.pruner) as _,
                Arc::clone(&self.forgetter) as _,
                Arc::clone(&self.sweeper) as _,
                Arc::clone(&self.deadlines) as _,
                Arc::clone(&self.statistics) as _,
            ]);
        }
        all
    }
}

pub(crate) fn children(node: &Arc<Node>) -> Vec<ChildSpec> {
    let posts = &node.maintain;
    let mut children = vec![
        routine::child(node, &posts.herald, herald::Herald::new),
        routine::child(node, &posts.steward, steward::Steward::new),
        routine::child(node, &posts.store_pulse, pulse::StorePulse::new),
        routine::child(node, &posts.blob_pulse, pulse::BlobPulse::new),
        routine::child(node, &posts.compute_pulse, pulse::ComputePulse::new),
        routine::child(node, &posts.gauges, gauges::Gauges::new),
    ];
    if node.config.roles.maintenance {
        children.extend([
            routine::child(node, &posts.rescuer, rescuer::Rescuer::new),
            routine::child(node, &posts.lease_watch, rescuer::LeaseWatch::new),
            routine::child(node, &posts.pruner, pruner::Pruner::new),
            routine::child(node, &posts.forgetter, forgetter::Forgetter::new),
            routine::child(node, &posts.sweeper, sweeper::Sweeper::new),
            routine::child(node, &posts.deadlines, deadlines::Deadlines::new),
            routine::child(node, &posts.statistics, statistics::Statistics::new),
        ]);
    }
    children
}
