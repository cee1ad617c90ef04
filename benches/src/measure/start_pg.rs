//! How soon interactive work starts on an idle cluster.

use serde_json::json;
use takeoff_config::{NodeConfig, Roles};
use takeoff_engine::handle::Handle;

use super::Bench;
use super::start::{Percentiles, REST, Starts};
use crate::durable::{end, node_with, raw_appends};
use crate::report::{Bound, Figure, Measure};
use crate::stores::Database;

/// Milliseconds: of the median, of the 99th percentile.
const GOAL_P50: f64 = 3.0;
const GOAL_P99: f64 = 25.0;

const HOW: &str = "An interactive job on three nodes with all roles that share a PostgreSQL (synchronous_commit and fsync \
    on) and have had nothing to do for 15 ms: from the call to one of them that commits the job until the first line of \
    its stage runs on any of them. The transaction of the commit and its flush, the wake, the lease and its flush are in \
    it. The nodes are in this process, so that one clock measures, and know each other by the database alone: connections, \
    listeners and wakes are of each its own. A sample is a round's percentile. Beside it, in turns: one append of 1 KiB to a \
    file in the same folder and its fdatasync.";
const HOW_ELSEWHERE: &str = "The same, committed through a node that runs no jobs (role gateway), so that the wake has to \
    go through the database to one of the other two.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let database = Database::start().await?;
    let mut starts = Starts::new();
    let gateway = Roles { gateway: true, worker: false, maintenance: false };
    let mut nodes: Vec<Handle> = Vec::new();
    for (name, roles) in [("a", Roles::ALL), ("b", Roles::ALL), ("c", Roles::ALL), ("front", gateway)] {
        let config =
            NodeConfig { node: name.to_owned(), roles, ..NodeConfig::solo(folder.path().join(name)) };
        nodes.push(node_with(config, database.catalog(name).await?, starts.stage()).await?);
    }
    let (any, front) = (&nodes[0], &nodes[3]);
    // The first of all are for statements to be prepared, on every connection of every node.
    for node in &nodes {
        starts.round(node, sizes.starts.min(100), &mut Percentiles::default()).await?;
    }
    let (mut own, mut elsewhere, mut appends) = (Percentiles::default(), Percentiles::default(), Vec::new());
    for _ in 0..sizes.start_rounds {
        appends.push(1e3 / raw_appends(folder.path(), sizes.append_time)?);
        starts.round(any, sizes.starts, &mut own).await?;
        starts.round(front, sizes.starts, &mut elsewhere).await?;
    }
    for node in nodes {
        end(node).await?;
    }
    let inputs = json!({
        "jobs_a_round": sizes.starts, "rest_ms": REST.as_millis(), "nodes": 3, "postgresql": database.version(),
    });
    let measure = |id: &str, title: &str, p: u32, samples, how| {
        let measure = Measure::new(format!("{id}_p{p}"), format!("{title}, p{p}"), "ms", samples)?;
        anyhow::Ok(measure.inputs(inputs.clone()).how(how))
    };
    let on = |p, samples| measure("start_pg", "commit to start, idle cluster", p, samples, HOW);
    let off = |p, samples| {
        measure("start_pg_elsewhere", "commit to start, on another node", p, samples, HOW_ELSEWHERE)
    };
    Ok(vec![
        on(50, own.p50)?.goal(Bound::AtMost(GOAL_P50), Figure::Median).beside("synced append", "ms", appends),
        on(90, own.p90)?,
        on(99, own.p99)?.goal(Bound::AtMost(GOAL_P99), Figure::Median),
        off(50, elsewhere.p50)?,
        off(90, elsewhere.p90)?,
        off(99, elsewhere.p99)?,
    ])
}
