//! The benchmark runner measures everything and reports it whole. How fast is no test's business.

use std::process::{Command, Output};

use serde_json::Value;

/// Every measure of a report, in order.
const MEASURES: [&str; 67] = [
    "page_ready_cpu_light",
    "page_ready_wall_light",
    "page_ready_cpu_medium",
    "page_ready_wall_medium",
    "page_ready_cpu_dense",
    "page_ready_wall_dense",
    "plan_set_memory_main",
    "plan_set_memory_all",
    "plan_set_memory_all_sampled",
    "plan_set_memory_held",
    "plan_set_wall",
    "plan_set_cpu",
    "long_set_memory_main",
    "long_set_memory_held",
    "long_set_memory_all",
    "long_set_wall",
    "long_set_cpu",
    "reingest_wall",
    "reingest_cpu",
    "count_index_light",
    "count_query_light",
    "count_page_light",
    "count_index_medium",
    "count_query_medium",
    "count_page_medium",
    "count_index_dense",
    "count_query_dense",
    "count_page_dense",
    "formula_evaluations",
    "durable_jobs",
    "lease_cpu_short",
    "lease_cpu_long",
    "queued_job_cpu_short",
    "queued_job_cpu_long",
    "start_p50",
    "start_p90",
    "start_p99",
    "commit_flushed",
    "commit_in_memory",
    "blob_flushed",
    "requests",
    "request_cpu",
    "request_p50",
    "request_p90",
    "request_p99",
    "request_alone_p50",
    "request_alone_p90",
    "request_alone_p99",
    "page_estimate",
    "list_estimate",
    "binary_size",
    "first_command",
    "durable_jobs_pg",
    "durable_jobs_over_celery",
    "durable_job_cpu_pg",
    "start_pg_p50",
    "start_pg_p90",
    "start_pg_p99",
    "start_pg_elsewhere_p50",
    "start_pg_elsewhere_p90",
    "start_pg_elsewhere_p99",
    "page_overhead",
    "page_overhead_own",
    "page_database",
    "two_nodes",
    "one_node_pages",
    "two_nodes_pages",
];

/// Measures that are differences of two figures: of a quick run, any.
const DIFFERENCES: [&str; 2] = ["page_overhead", "page_overhead_own"];

/// Measures that have a goal.
const GOALS: [&str; 26] = [
    "page_ready_cpu_light",
    "page_ready_cpu_medium",
    "page_ready_cpu_dense",
    "plan_set_memory_main",
    "plan_set_memory_all",
    "long_set_memory_main",
    "long_set_memory_held",
    "reingest_wall",
    "reingest_cpu",
    "count_page_light",
    "count_page_medium",
    "count_page_dense",
    "formula_evaluations",
    "durable_jobs",
    "lease_cpu_short",
    "lease_cpu_long",
    "queued_job_cpu_long",
    "start_p50",
    "page_estimate",
    "list_estimate",
    "first_command",
    "durable_jobs_over_celery",
    "start_pg_p50",
    "start_pg_p99",
    "page_overhead",
    "two_nodes",
];

fn run(args: &[&str]) -> Output {
    let program = takeoff_tests::program().with_file_name("takeoff-benches");
    Command::new(program).args(args).output().expect("the benchmark runner runs")
}

#[test]
fn a_quick_run_reports_every_measure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let ran = run(&["--quick", "--build-seconds", "300", "--out", file.to_str().unwrap()]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(report["schema"], "takeoff-benchmarks/1");
    assert_eq!(report["quick"], true);
    assert!(report["seed"].is_u64() && report["seconds"].as_f64() > Some(0.0));
    assert!(report["started_at"].as_str().unwrap().ends_with('Z'));
    assert!(
        report["machine"]["cores"].as_u64() > Some(0) && report["machine"]["memory_mb"].as_f64() > Some(1.0)
    );
    for (part, name) in [("machine", "cpu_model"), ("machine", "kernel"), ("versions", "rustc")] {
        assert!(report[part][name].as_str().is_some_and(|t| !t.is_empty()), "{part}.{name}");
    }
    assert_eq!(report["versions"]["engine"], takeoff_core::ENGINE_VERSION);
    for name in ["git_commit", "git_changed"] {
        assert!(report["versions"].get(name).is_some(), "{name} is missing");
    }

    let measures = report["measures"].as_array().unwrap();
    let ids: Vec<&str> = measures.iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(ids, MEASURES);
    let said = String::from_utf8(ran.stdout).unwrap();
    for measure in measures {
        whole(measure);
        assert!(said.contains(measure["title"].as_str().unwrap()), "the table lacks {measure}");
    }
    let with_goals: Vec<&str> =
        measures.iter().filter(|m| !m["goal"].is_null()).map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(with_goals, GOALS);
    for (id, ratio) in [
        ("durable_jobs", true),
        ("durable_jobs_pg", true),
        ("requests", true),
        ("count_page_dense", true),
        ("formula_evaluations", false),
    ] {
        let measure = measures.iter().find(|m| m["id"] == id).unwrap();
        assert_eq!(measure["beside"]["ratio"].as_f64().is_some_and(|r| r > 0.0), ratio, "{measure}");
    }
    assert!(said.contains("the figures mean nothing"), "{said}");
    // What two nodes did is accounted for, by everybody who had a part in it.
    let two = measures.iter().find(|m| m["id"] == "two_nodes_pages").unwrap();
    for kind in ["nodes", "parse_children", "database", "bucket", "client", "other", "idle"] {
        let spent =
            two["inputs"]["cpu_ms_a_page"][kind].as_array().unwrap_or_else(|| panic!("{kind}: {two}"));
        assert!(spent.len() == 1 && spent[0].as_f64() >= Some(0.0), "{kind}: {two}");
    }
    // These are no times: a process takes as much memory in a quick run.
    for id in ["page_estimate", "list_estimate"] {
        let measure = measures.iter().find(|m| m["id"] == id).unwrap();
        assert_eq!(measure["goal"]["met"], true, "{measure}");
    }
}

/// A measure has all its fields, and they belong together.
fn whole(measure: &Value) {
    let number = |name: &str| {
        let value = measure[name].as_f64().unwrap_or_else(|| panic!("{name} is missing in {measure}"));
        let any = DIFFERENCES.iter().any(|id| measure["id"] == *id);
        assert!(value.is_finite() && (any || value >= 0.0), "{name} in {measure}");
        value
    };
    let ordered = ["min", "q1", "median", "q3", "max"].map(number);
    assert!(ordered.is_sorted(), "{measure}");
    let samples = measure["samples"].as_array().unwrap();
    assert!(!samples.is_empty() && samples.len() as f64 == number("repetitions"), "{measure}");
    for name in ["title", "unit", "how"] {
        assert!(measure[name].as_str().is_some_and(|t| !t.is_empty()), "{name} is missing in {measure}");
    }
    assert!(measure["inputs"].is_object(), "{measure}");
    let goal = &measure["goal"];
    if !goal.is_null() {
        let bound = goal["bound"].as_object().unwrap();
        assert!(bound.contains_key("at_most") || bound.contains_key("at_least"), "{measure}");
        assert!(goal["met"].is_boolean() && goal["figure"].is_string(), "{measure}");
        let limit = bound.values().next().and_then(Value::as_f64).unwrap();
        let figure = number(goal["figure"].as_str().unwrap());
        let ratio = goal["ratio"].as_f64().unwrap();
        assert!((ratio * limit - figure).abs() <= 1e-9 * figure.abs().max(1.0), "{measure}");
    }
}

#[test]
fn one_topic_can_be_measured_and_an_unknown_one_is_wrong_usage() {
    let ran = run(&["--quick", "--only", "formula"]);
    assert!(ran.status.success());
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains("formulas evaluated") && !said.contains("durable jobs"), "{said}");
    let refused = run(&["--only", "nothing"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("plan-set"));
}

#[test]
fn without_the_binary_it_says_how_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("takeoff-benches");
    std::fs::copy(takeoff_tests::program().with_file_name("takeoff-benches"), &alone).unwrap();
    let ran = Command::new(&alone).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("missing") && said.contains("cargo build"), "{said}");
}
