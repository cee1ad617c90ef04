//! What a second node adds: ingestion by two nodes with a core each, over that by one with one core.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::set_of;
use tokio::task::JoinSet;

use super::Bench;
use crate::machine::{all_and_idle_seconds, cores, process_cpu_seconds};
use crate::node::{Api, Server, cpu_seconds, own_cpu_seconds};
use crate::report::{Bound, Figure, Measure};
use crate::stores::Stores;

/// Times what one node does.
const GOAL: f64 = 1.5;
/// Uploads on their way at once.
const UPLOADS: usize = 4;
/// Between two looks at whether all is done: each costs the node some milliseconds.
const LOOK: Duration = Duration::from_millis(100);

const HOW: &str = "Pages a second by two nodes with one core each, over those by one node with one core, in turns: plan \
    sets are uploaded over HTTP, to the nodes in turns, four at once, until every page is parsed, stored and looked through \
    for its scale. Nodes run with default settings and are held to a core with their parse children; PostgreSQL \
    (synchronous_commit and fsync on), the S3 server (moto) and the client run on the same machine and on any core. A \
    sample is a round.";
const HOW_RATE: &str = "Pages a second of those rounds. `cpu_ms_a_page` is the account of them: CPU time by kind of \
    process (nodes, their parse children, PostgreSQL, the S3 server, the client, all other processes of the machine), and what \
    no core had to do; together it is all cores for as long as it took.";

/// Rounds of one layout.
#[derive(Default)]
struct Rounds {
    pages_a_second: Vec<f64>,
    /// CPU time, milliseconds a page, by kind of process.
    account: BTreeMap<&'static str, Vec<f64>>,
}

/// CPU time that was used so far, seconds, by kind of process; `all` and `idle` are the machine's.
type Used = BTreeMap<&'static str, f64>;

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let cores = cores()?;
    ensure!(cores.len() >= 2, "two nodes with a core each need two cores");
    let stores = Stores::start().await?;
    let mut layouts: [Rounds; 2] = Default::default();
    let mut seed = bench.seed;
    for round in 0..bench.sizes.layout_rounds {
        for turn in 0..2 {
            // Each goes first in every other round.
            let two = (round + turn) % 2;
            // Files of their own, or their pages would be known.
            seed = seed.wrapping_add(1_000);
            let run = Run { bench, stores: &stores, cores: &cores[..=two], seed };
            run.measure(&mut layouts[two]).await.with_context(|| format!("{} nodes", two + 1))?;
        }
    }
    let [one, two] = layouts;
    let sizes = &bench.sizes;
    let inputs = |rounds: &Rounds| -> Value {
        json!({
            "documents": sizes.layout_documents, "pages_of_a_document": sizes.layout_pages, "paths": sizes.layout_paths,
            "cores_of_the_machine": cores.len(), "uploads_at_once": UPLOADS,
            "postgresql": stores.database.version(), "cpu_ms_a_page": rounds.account,
        })
    };
    let ratios: Vec<f64> = two.pages_a_second.iter().zip(&one.pages_a_second).map(|(t, o)| t / o).collect();
    let rate = |id: &str, title: &str, rounds: &Rounds| {
        let measure = Measure::new(id, title, "1/s", rounds.pages_a_second.clone())?;
        anyhow::Ok(measure.inputs(inputs(rounds)).how(HOW_RATE))
    };
    Ok(vec![
        Measure::new("two_nodes", "pages by two nodes with a core each, over one", "times", ratios)?
            .goal(Bound::AtLeast(GOAL), Figure::Median)
            .inputs(json!({"one": inputs(&one), "two": inputs(&two)}))
            .how(HOW),
        rate("one_node_pages", "pages by one node with one core", &one)?,
        rate("two_nodes_pages", "pages by two nodes with one core each", &two)?,
    ])
}

/// One layout of nodes at one heap of files.
struct Run<'a> {
    bench: &'a Bench,
    stores: &'a Stores,
    /// One for each node.
    cores: &'a [usize],
    seed: u64,
}

impl Run<'_> {
    async fn measure(&self, to: &mut Rounds) -> anyhow::Result<()> {
        let sizes = &self.bench.sizes;
        let mut servers = Vec::new();
        for core in self.cores {
            let settings = self.stores.settings(&format!("core-{core}"));
            let (program, below) = (&self.bench.program, &self.bench.folder);
            servers.push(Server::on_core(*core, program, below, &settings).await?);
        }
        let apis = servers.iter().map(|s| Api::new(s.address())).collect::<anyhow::Result<Vec<_>>>()?;
        let project = apis[0].project().await?;
        let files: Vec<Vec<u8>> = (0..sizes.layout_documents as u64)
            .map(|n| set_of(sizes.layout_pages, sizes.layout_paths, self.seed.wrapping_add(n * 50)))
            .collect();
        // A page for each parse child of each node, so that all of them have started.
        let warm = u32::try_from(4 * servers.len())?;
        self.ingest(&apis, &project, vec![set_of(warm, 500, self.seed.wrapping_sub(500))]).await?;
        let pages = (sizes.layout_documents * sizes.layout_pages as usize) as f64;
        let (watch, before) = (Stopwatch::start(), self.used(&servers)?);
        let documents = self.ingest(&apis, &project, files).await?;
        let (seconds, after) = (watch.elapsed().as_secs_f64(), self.used(&servers)?);
        for document in documents {
            apis[0].ready(&document, sizes.layout_pages as usize).await?;
        }
        to.pages_a_second.push(pages / seconds);
        for (kind, ms) in account(&before, &after) {
            to.account.entry(kind).or_default().push(ms / pages);
        }
        Ok(())
    }

    /// Uploads to the nodes in turns, and waits until there is nothing left to do; the documents.
    async fn ingest(&self, apis: &[Api], project: &str, files: Vec<Vec<u8>>) -> anyhow::Result<Vec<String>> {
        let (mut files, mut sent) = (files.into_iter().enumerate(), JoinSet::new());
        let mut documents = Vec::new();
        loop {
            while sent.len() < UPLOADS
                && let Some((n, pdf)) = files.next()
            {
                let (api, project) = (apis[n % apis.len()].clone(), project.to_owned());
                sent.spawn(async move { api.upload(&project, pdf).await });
            }
            match sent.join_next().await {
                Some(document) => documents.push(document??),
                None => break,
            }
        }
        apis[0].at_rest(LOOK).await?;
        Ok(documents)
    }

    fn used(&self, servers: &[Server]) -> anyhow::Result<Used> {
        let (mut nodes, mut children) = (0.0, 0.0);
        for server in servers {
            let own = own_cpu_seconds(server.id())?;
            nodes += own;
            children += cpu_seconds(server.id())? - own;
        }
        let (all, idle) = all_and_idle_seconds()?;
        Ok(Used::from([
            ("nodes", nodes),
            ("parse_children", children),
            ("database", cpu_seconds(self.stores.database.id())?),
            ("bucket", cpu_seconds(self.stores.bucket_id())?),
            ("client", process_cpu_seconds()),
            ("idle", idle),
            ("all", all),
        ]))
    }
}

/// What was used between the two, milliseconds, and by others of this machine.
fn account(before: &Used, after: &Used) -> BTreeMap<&'static str, f64> {
    let mut spent: BTreeMap<&'static str, f64> =
        after.iter().map(|(kind, s)| (*kind, (s - before.get(kind).unwrap_or(&0.0)) * 1e3)).collect();
    let known: f64 = spent.iter().filter(|(kind, _)| **kind != "all").map(|(_, ms)| ms).sum();
    let all = spent.remove("all").unwrap_or(0.0);
    // Two accounts of the kernel, each in hundredths: they may differ by some of them.
    spent.insert("other", (all - known).max(0.0));
    spent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_comes_to_all_cores() {
        let before = Used::from([("nodes", 1.0), ("idle", 5.0), ("all", 10.0)]);
        let after = Used::from([("nodes", 2.5), ("idle", 5.5), ("all", 14.0)]);
        let spent = account(&before, &after);
        assert_eq!(spent, BTreeMap::from([("nodes", 1_500.0), ("idle", 500.0), ("other", 2_000.0)]));
    }
}
