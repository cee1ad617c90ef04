//! The schedule: two nodes on one database, and what an operator sees.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_config::NodeConfig;
use takeoff_core::schedule::{Outcome, Schedule};
use takeoff_engine::NoopStage;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::mem;
use takeoff_storage::pg::{self, PgSettings, migrate};
use takeoff_test_servers::{Durability, Postgres};
use takeoff_tests::{Drawn, eventually, run};

const WAIT: Duration = Duration::from_secs(60);

async fn node(name: &str, settings: &PgSettings) -> Handle {
    let mut config = NodeConfig::solo("/nonexistent");
    config.node = name.to_owned();
    config.jobs.poll_ms = 50;
    // Every 100 ms.
    config.jobs.retention_ms = 1;
    config.jobs.session_deadline_ms = 1_000;
    let parts = EngineParts {
        config: Arc::new(config),
        catalog: pg::open(settings).await.unwrap(),
        blobs: mem::blobs().unwrap(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        stages: vec![Arc::new(NoopStage)],
        child_program: PathBuf::from("/nonexistent"),
        child_args: Vec::new(),
    };
    Handle::start(parts).await.unwrap()
}

async fn entry(handle: &Handle, name: &str) -> Schedule {
    let all = handle.schedule().await.unwrap();
    all.into_iter().find(|s| s.entry.name == name).and_then(|s| s.stands).expect("somebody looked")
}

async fn rounds(nodes: &[Handle], actor: &str) -> Vec<u64> {
    let mut rounds = Vec::new();
    for node in nodes {
        let view = node.observe().await.unwrap();
        let found = view.actors.iter().find(|a| a.name == actor).expect("an actor");
        rounds.push(found.counters["rounds"].as_u64().unwrap());
    }
    rounds
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_database_do_nothing_twice() {
    let server = Postgres::start(Durability::None);
    let settings = PgSettings {
        url: server.new_database(),
        tls_ca: None,
        connections: 6,
        statement_timeout_ms: 15_000,
        session: "takeoff test".to_owned(),
    };
    migrate::forward(&settings, false).await.unwrap();
    let nodes = [node("a", &settings).await, node("b", &settings).await];
    for (name, actor) in [("retention", "node/pruner"), ("session_deadlines", "node/deadlines")] {
        let first = entry(&nodes[0], name).await;
        eventually("it runs", WAIT, || async {
            (entry(&nodes[0], name).await.runs >= first.runs + 20).then_some(())
        })
        .await;
        // A run that has begun is in the record before it is in its node's counter.
        let before = entry(&nodes[0], name).await;
        let ran: u64 = rounds(&nodes, actor).await.iter().sum();
        let after = entry(&nodes[0], name).await;
        assert!((before.runs.saturating_sub(1)..=after.runs).contains(&ran), "{ran}: {before:?} {after:?}");
        // No time has two runs.
        let times = after.next_at.ms_since(first.next_at) / 100 + 1;
        let runs = i64::try_from(after.runs - first.runs).unwrap();
        assert!(runs <= times, "{runs} runs in {times} times");
        assert_eq!((after.failures, after.last.unwrap().outcome), (0, Outcome::Done));
    }
    // What runs once a day was run once by the two.
    let mut swept = rounds(&nodes, "node/sweeper").await;
    swept.sort_unstable();
    assert_eq!((swept, entry(&nodes[1], "blob_sweep").await.runs), (vec![0, 1], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_what_runs_when() {
    let s = Drawn::open_with(&[]).await;
    let all = eventually("everything has run", WAIT, || async {
        let all = s.client.get("/admin/schedule").await.expect(200);
        let entries = all["entries"].as_array().unwrap();
        entries.iter().all(|e| e["last"]["outcome"] == "done").then_some(all)
    })
    .await;
    let sweep = all["entries"].as_array().unwrap().iter().find(|e| e["name"] == "blob_sweep").unwrap();
    assert_eq!((&sweep["every_ms"], &sweep["missed_policy"]), (&json!(86_400_000), &json!("run_once")));
    assert_eq!((&sweep["last"]["result"], &sweep["runs"]), (&json!({"swept": 0}), &json!(1)), "{sweep}");
    assert!(sweep["next_in_ms"].as_i64() > Some(0) && sweep["last"]["age_ms"].is_number(), "{sweep}");
    let shown = run(&["jobs", "--url", s.node.address(), "schedule"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for name in [
        "blob_sweep",
        "lease_rescue",
        "page_cache",
        "retention",
        "session_deadlines",
        "statistics",
        "run_once",
    ] {
        assert!(shown.contains(name), "{shown}");
    }
    let told = run(&["jobs", "--url", s.node.address(), "--json", "schedule"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["entries"].as_array().unwrap().len(), 6);
}
