//! Nodes from outside: memory, files and CPU from the kernel, queues from the admin API.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use takeoff_benches::node::cpu_seconds;
use takeoff_engine::clock::Stopwatch;

use crate::api::Api;
use crate::target::Process;

/// Samples of a run of any length, at most, and the shortest time between two.
const SAMPLES: u32 = 3_600;
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sample {
    pub(crate) seconds: f64,
    /// Resident memory of the nodes' main processes, MiB. Parse children come and go and have a limit of their own.
    pub(crate) memory_mib: f64,
    /// Of the nodes' main processes.
    pub(crate) open_files: u64,
    /// Used since the start, by role: nodes (their children too), database, bucket.
    pub(crate) cpu_seconds: BTreeMap<&'static str, f64>,
    /// Jobs that are not done, by stage: ready, delayed, leased and waiting ones.
    pub(crate) queued: BTreeMap<String, u64>,
    pub(crate) dead: u64,
}

impl Sample {
    pub(crate) fn depth(&self) -> f64 {
        self.queued.values().sum::<u64>() as f64
    }
}

/// # Errors
/// A process has ended.
pub(crate) async fn watch(
    api: Api,
    processes: Vec<Process>,
    length: Duration,
) -> anyhow::Result<Vec<Sample>> {
    let mut tick = tokio::time::interval((length / SAMPLES).max(EVERY));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let (watch, mut samples) = (Stopwatch::start(), Vec::new());
    while watch.elapsed() < length {
        tick.tick().await;
        let (mut memory_mib, mut open_files) = (0.0, 0);
        let mut used: BTreeMap<&'static str, f64> = BTreeMap::new();
        for Process { role, id } in &processes {
            *used.entry(role).or_default() +=
                cpu_seconds(*id).with_context(|| format!("the {role} has ended"))?;
            if *role == "node" {
                let (mib, files) = memory_and_files(*id)?;
                memory_mib += mib;
                open_files += files;
            }
        }
        // A node that does not answer is counted where it is asked for work.
        let Ok(node) = api.get("/admin/node").await else { continue };
        let stages = node["queues"].as_object().context("a node without queues")?;
        let of = |stage: &serde_json::Value, keys: &[&str]| -> u64 {
            keys.iter().filter_map(|key| stage[*key].as_u64()).sum()
        };
        samples.push(Sample {
            seconds: watch.elapsed().as_secs_f64(),
            memory_mib,
            open_files,
            cpu_seconds: used,
            queued: stages
                .iter()
                .map(|(name, s)| (name.clone(), of(s, &["ready", "delayed", "leased", "waiting"])))
                .collect(),
            dead: stages.values().map(|s| of(s, &["dead"])).sum(),
        });
    }
    Ok(samples)
}

fn memory_and_files(node: u32) -> anyhow::Result<(f64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{node}/status")).context("a node has ended")?;
    let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    let files = std::fs::read_dir(format!("/proc/{node}/fd")).context("files of a node")?.count();
    Ok((kib.context("a node has ended")? as f64 / 1024.0, files as u64))
}
