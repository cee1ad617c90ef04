//! The load runner loads a real node and reports all that it says. How fast is no test's business.

use std::process::{Command, Output};

use serde_json::Value;
use takeoff_tests::Node;

fn run(args: &[&str]) -> Output {
    let program = takeoff_tests::program().with_file_name("takeoff-load");
    Command::new(program).args(args).output().expect("the load runner runs")
}

/// Figures of a few seconds on a busy machine mean nothing.
const LENIENT: [&str; 6] =
    ["--max-memory-slope", "100000", "--max-read-p99", "60000", "--max-write-p99", "60000"];

#[test]
fn a_short_run_reports_everything_and_keeps_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let mut args =
        vec!["--seconds", "15", "--warm-up", "3", "--uploads", "0.4", "--counts", "1", "--reviews", "0.6"];
    args.extend(["--out", file.to_str().unwrap()]);
    args.extend(LENIENT);
    let ran = run(&args);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(report["schema"], "takeoff-load/1");
    assert_eq!((&report["seconds"], &report["warm_up"]), (&15.into(), &3.into()));
    for what in ["upload", "page ready", "count", "counted", "review", "read", "write", "delete"] {
        let latency = &report["latencies_ms"][what];
        let count = latency["count"].as_u64().unwrap_or_else(|| panic!("nothing of {what}: {said}"));
        let buckets = latency["buckets"].as_array().unwrap();
        assert_eq!(buckets.iter().map(|b| b[1].as_u64().unwrap()).sum::<u64>(), count);
        let at = |q: &str| latency[q].as_f64().unwrap();
        assert!(0.0 < at("p50") && at("p50") <= at("p99") && at("p99") <= at("max"), "{latency}");
        assert!(said.contains(what), "{said}");
    }
    // Arrivals come at their rate, whatever the answers do: 20 reads a second.
    let reads = report["latencies_ms"]["read"]["count"].as_u64().unwrap();
    assert!((200..=400).contains(&reads), "{reads} reads in 15 s");
    assert!(report["memory_slope_mib_per_minute"].is_f64());
    let samples = report["samples"].as_array().unwrap();
    assert!(samples.len() >= 10, "{} samples", samples.len());
    for s in samples {
        assert!(s["memory_mib"].as_f64() > Some(1.0) && s["open_files"].as_u64() > Some(3), "{s}");
        assert!(s["queued"]["ingest"].is_u64() && s["dead"] == 0, "{s}");
    }
    assert_eq!(report["errors"], serde_json::json!({}));
    assert!(report["bounds"].as_array().unwrap().iter().all(|b| b["kept"] == true));
}

#[test]
fn nodes_that_share_their_stores_are_loaded_in_turns() {
    let folder = tempfile::tempdir().unwrap();
    let (file, picture) = (folder.path().join("report.json"), folder.path().join("latencies.svg"));
    let mut args =
        vec!["--nodes", "2", "--seconds", "6", "--warm-up", "1", "--counts", "1", "--reviews", "0"];
    args.extend(["--out", file.to_str().unwrap(), "--picture", picture.to_str().unwrap()]);
    args.extend(LENIENT);
    let ran = run(&args);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((&report["nodes"], &report["errors"]), (&2.into(), &serde_json::json!({})));
    for role in ["node", "database", "bucket"] {
        let used = |sample: &Value| sample["cpu_seconds"][role].as_f64().unwrap();
        let samples = report["samples"].as_array().unwrap();
        assert!(used(&samples[0]) <= used(samples.last().unwrap()), "{role}");
        assert!(report["cores"][role].is_f64() && said.contains(&format!("{role} ")), "{said}");
    }
    let drawn = std::fs::read_to_string(&picture).unwrap();
    let counted = report["latencies_ms"]["counted"]["count"].as_u64().unwrap();
    assert!(drawn.contains(&format!(">counted ({counted})<")), "{drawn}");
}

#[test]
fn nodes_and_processes_are_named_in_pairs() {
    let ran = run(&["--address", "http://127.0.0.1:1,http://127.0.0.1:2", "--pid", "1"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("2 addresses and 1 processes"));
    assert_eq!(run(&["--nodes", "0"]).status.code(), Some(2));
    assert_eq!(
        run(&["--nodes", "2", "--address", "http://127.0.0.1:1", "--pid", "1"]).status.code(),
        Some(2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_api_with_a_token_wants_it_before_the_load() {
    let data = tempfile::tempdir().unwrap();
    let token = "0123456789abcdef0123456789abcdef";
    let node = Node::start_with(data.path(), &[("TAKEOFF_ADMIN_TOKEN", token)]);
    let pid = node.id().to_string();
    let args = ["--address", node.address(), "--pid", &pid, "--seconds", "600"];
    let ran = run(&args);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("TAKEOFF_ADMIN_TOKEN") && said.contains("401"), "{said}");
}

#[test]
fn a_broken_bound_is_an_exit_code() {
    let mut args =
        vec!["--seconds", "4", "--warm-up", "0", "--uploads", "0", "--counts", "0", "--reviews", "0"];
    args.extend(["--max-memory-slope", "100000", "--max-write-p99", "60000", "--max-read-p99", "0.001"]);
    let ran = run(&args);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let broken: Vec<&str> = said.lines().filter(|l| l.ends_with("BROKEN")).collect();
    assert!(broken.len() == 1 && broken[0].starts_with("reads, p99"), "{said}");
    // A run that is too short to say anything says so.
    assert_eq!(run(&["--seconds", "1", "--warm-up", "1"]).status.code(), Some(1));
}
