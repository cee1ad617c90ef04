//! What operators see of a node: metrics from its first moment, and logs that follow a request into its job.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_engine::metrics::{ALL, Kind};
use takeoff_tests::{Client, Drawn, Node, eventually};

/// What the deployment's alerts and dashboards read of the features that exist, with label names.
const DEPLOYMENT: [(&str, &[&str]); 15] = [
    ("http_requests_total", &["endpoint", "method", "status"]),
    ("http_request_duration_seconds", &["endpoint"]),
    ("http_active_connections", &[]),
    ("process_start_time_seconds", &[]),
    ("ai_measurement_total", &[]),
    ("ai_measurement_overridden_total", &[]),
    ("ai_processing_duration_seconds", &[]),
    ("ai_error_total", &["error_type"]),
    ("assembly_calculation_errors_total", &[]),
    ("assembly_formula_evaluation_seconds", &[]),
    ("auto_count_session_timeouts_total", &[]),
    ("auto_count_precision_ratio", &[]),
    ("takeoff_queue_length", &["queue"]),
    ("takeoff_tasks_total", &["name", "state"]),
    ("takeoff_nodes", &[]),
];

/// Our own: queue depth, oldest job, leases, attempts by outcome, pool use, parse workers, store commits.
const OWN: [(&str, &[&str]); 27] = [
    ("takeoff_cluster_members", &[]),
    ("takeoff_cluster_links", &["state"]),
    ("takeoff_cluster_frames_total", &["outcome"]),
    ("takeoff_cluster_links_refused_total", &["reason"]),
    ("takeoff_cluster_round_trip_seconds", &[]),
    ("takeoff_jobs_ready", &["stage"]),
    ("takeoff_job_oldest_ready_seconds", &["stage"]),
    ("takeoff_jobs_dead", &["stage"]),
    ("takeoff_leases", &["stage"]),
    ("takeoff_attempts_total", &["outcome", "stage"]),
    ("takeoff_attempt_seconds", &["stage"]),
    ("takeoff_actor_restarts_total", &["actor"]),
    ("takeoff_node_ready", &[]),
    ("takeoff_compute_busy", &[]),
    ("takeoff_compute_queued", &[]),
    ("takeoff_compute_panics_total", &[]),
    ("takeoff_parse_workers", &["state"]),
    ("takeoff_parse_worker_deaths_total", &["cause"]),
    ("takeoff_memory_budget_bytes", &[]),
    ("takeoff_memory_taken_bytes", &[]),
    ("takeoff_memory_waiting", &[]),
    ("takeoff_memory_requests_total", &["outcome"]),
    ("takeoff_admissions_refused_total", &["stage"]),
    ("takeoff_scheduled_runs_total", &["entry", "outcome"]),
    ("takeoff_page_cache_total", &["outcome"]),
    ("takeoff_store_blobs_damaged_total", &[]),
    ("takeoff_store_commit_seconds", &[]),
];

const REQUEST: &str = "count-of-tuesday-7";

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_node_exports_every_metric_that_anybody_reads() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let first = scrape(&node.client()).await;
    complete(&first);
    let named: BTreeSet<&str> = DEPLOYMENT.iter().chain(&OWN).map(|(name, _)| *name).collect();
    assert_eq!(named, ALL.iter().map(|m| m.name).collect(), "the table of names and this test");
    for metric in ALL {
        let expected = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge | Kind::GaugeSeconds => "gauge",
            Kind::Seconds => "histogram",
        };
        assert_eq!(first.kinds.get(metric.name).map(String::as_str), Some(expected), "{}", metric.name);
    }
    assert!(first.value("auto_count_precision_ratio", &[]).is_nan(), "nothing was reviewed, nothing is low");
    assert_eq!(first.value("takeoff_tasks_total", &[("name", "auto_count"), ("state", "failed")]), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeoff_moves_its_metrics_and_can_be_followed_in_the_log() {
    let mut d = Drawn::open_with(&[("ENVIRONMENT", "staging")]).await;
    // A counter is raised when the store has answered, so it may come after what it counts.
    let ingested = [("name", "document_processing"), ("state", "succeeded")];
    let before = scrape_when(&d.client, |s| s.value("takeoff_tasks_total", &ingested) == 1.0).await;
    let detections = takeoff(&d).await;
    let priced = [("stage", "run_assembly"), ("outcome", "succeeded")];
    // A gauge is of the last look at the node, which may be older than the job that just ended; the worker
    // that read the sheet is kept warm, so the next look sees it.
    let after = scrape_when(&d.client, |s| {
        s.value("takeoff_attempts_total", &priced) == 1.0 && parse_workers(s) >= 1.0
    })
    .await;
    complete(&after);
    known_from_the_start(&before, &after);
    moved(&before, &after, detections);
    let log = d.node.log().to_vec();
    followed(&log);
}

/// Counts, makes measurements, overrides one, prices an assembly with an error; gives the detections.
async fn takeoff(d: &Drawn) -> f64 {
    let c = &d.client;
    let condition = d.condition().await;
    let body = json!({"condition_id": condition, "template_bbox": d.exemplar()});
    let start =
        c.request(Method::POST, &format!("/pages/{}/auto-count", d.page)).header("x-request-id", REQUEST);
    let started: Value = start.json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(c.task(text(&started["task_id"])).await["status"], "SUCCESS");
    let session = format!("/auto-count-sessions/{}", text(&started["session_id"]));
    let found = c.get(&session).await.expect(200);
    let detections = found["detections"].as_array().unwrap();
    assert!(detections.len() >= 2, "{found}");
    c.post(&format!("/auto-count-detections/{}/reject", text(&detections[0]["id"])), Value::Null)
        .await
        .expect(200);
    c.post(&format!("{session}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    c.post(&format!("{session}/create-measurements"), Value::Null).await.expect(200);

    let made = c.get(&format!("/conditions/{condition}/measurements")).await.expect(200);
    let measurement = format!("/measurements/{}", text(&made["measurements"][0]["id"]));
    c.put(&measurement, json!({"notes": "as found"})).await.expect(200);
    // Of one measurement, once.
    for x in [40.0, 41.0] {
        c.put(&measurement, json!({"geometry_data": {"x": x, "y": 40.0}})).await.expect(200);
    }
    let by_hand = json!({"page_id": d.page, "geometry_type": "point", "geometry_data": {"x": 9.0, "y": 9.0}});
    c.put(&format!("/pages/{}/scale", d.page), json!({"scale_value": 10.0})).await.expect(200);
    let by_hand = c.post(&format!("/conditions/{condition}/measurements"), by_hand).await.expect(201);
    let by_hand = format!("/measurements/{}", text(&by_hand["id"]));
    c.put(&by_hand, json!({"geometry_data": {"x": 8.0, "y": 8.0}})).await.expect(200);

    let assembly = c.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let assembly = format!("/assemblies/{}", text(&assembly["id"]));
    let component =
        json!({"name": "Per inch", "unit": "EA", "quantity_formula": "1 / {depth}", "unit_cost": 3});
    c.post(&format!("{assembly}/components"), component).await.expect(201);
    let priced = c.post(&format!("{assembly}/calculate"), Value::Null).await.expect(200);
    assert_eq!(priced["components_in_error"], 1);
    detections.len() as f64
}

/// Every name is there, with its label names and no other.
fn complete(scrape: &Scrape) {
    for (name, labels) in DEPLOYMENT.iter().chain(&OWN) {
        let series = scrape.series.get(*name).unwrap_or_else(|| panic!("{name} is not exported"));
        let expected: BTreeSet<&str> = labels.iter().copied().collect();
        for of in series.keys() {
            assert_eq!(of.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{name}");
        }
    }
    let named: BTreeSet<&str> = DEPLOYMENT.iter().chain(&OWN).map(|(name, _)| *name).collect();
    let exported: BTreeSet<&str> = scrape.series.keys().map(String::as_str).collect();
    assert_eq!(exported, named, "a name that nobody describes");
}

/// Work adds requests to other endpoints; every other series was there before anything happened.
fn known_from_the_start(before: &Scrape, after: &Scrape) {
    for (name, series) in after.series.iter().filter(|(name, _)| !name.starts_with("http_request")) {
        let known: BTreeSet<_> = before.series[name].keys().collect();
        assert_eq!(series.keys().collect::<BTreeSet<_>>(), known, "{name}");
    }
}

fn moved(before: &Scrape, after: &Scrape, detections: f64) {
    let by = |name: &str, labels: &[(&str, &str)]| after.value(name, labels) - before.value(name, labels);
    assert_eq!(by("ai_measurement_total", &[]), detections - 1.0);
    assert_eq!(by("ai_measurement_overridden_total", &[]), 1.0);
    assert_eq!(after.value("auto_count_precision_ratio", &[]), (detections - 1.0) / detections);
    assert_eq!(by("takeoff_tasks_total", &[("name", "auto_count"), ("state", "succeeded")]), 1.0);
    assert_eq!(by("takeoff_attempts_total", &[("stage", "auto_count"), ("outcome", "succeeded")]), 1.0);
    assert_eq!(by("takeoff_attempt_seconds", &[("stage", "auto_count")]), 1.0);
    assert!(by("ai_processing_duration_seconds", &[]) >= 1.0);
    assert!(by("assembly_calculation_errors_total", &[]) >= 1.0);
    assert!(by("assembly_formula_evaluation_seconds", &[]) >= 1.0);
    assert!(by("takeoff_store_commit_seconds", &[]) >= 8.0);
    assert_eq!(by("auto_count_session_timeouts_total", &[]), 0.0);
    let count = [("method", "POST"), ("endpoint", "/api/v1/pages/{page_id}/auto-count"), ("status", "202")];
    assert_eq!(after.value("http_requests_total", &count), 1.0);
    assert_eq!(after.value("http_request_duration_seconds", &count[1..2]), 1.0);
    assert!(after.value("http_active_connections", &[]) >= 1.0);
    assert!(after.value("process_start_time_seconds", &[]) > 1.7e9);
    assert_eq!((after.value("takeoff_nodes", &[]), after.value("takeoff_node_ready", &[])), (1.0, 1.0));
}

/// Children of the node that read drawings, at work or waiting for some.
fn parse_workers(scrape: &Scrape) -> f64 {
    ["busy", "idle"].iter().map(|state| scrape.value("takeoff_parse_workers", &[("state", state)])).sum()
}

/// Every line but the one for a person is JSON; the request's id is on its own line and on its job's.
fn followed(log: &[String]) {
    let (mut lines, mut plain) = (Vec::new(), Vec::new());
    for line in log {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => lines.push(value),
            Err(_) => plain.push(line),
        }
    }
    assert!(plain.len() == 1 && plain[0].contains("listens on http://"), "{plain:?}");
    for line in &lines {
        for key in ["timestamp", "level", "message", "target"] {
            assert!(line[key].is_string(), "{key} is missing in {line}");
        }
    }
    let listening = lines.iter().find(|l| l["message"] == "listening").expect("the start is logged");
    assert_eq!(listening["environment"], "staging");
    let of_request: Vec<&Value> = lines.iter().filter(|l| l["span"]["request_id"] == REQUEST).collect();
    let line = |message: &str| {
        *of_request
            .iter()
            .find(|l| l["message"] == message)
            .unwrap_or_else(|| panic!("no {message:?} in {of_request:?}"))
    };
    let answered = line("request answered");
    assert_eq!((&answered["span"]["name"], &answered["status"]), (&json!("request"), &json!(202)));
    assert!(answered["elapsed_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    let ended = line("attempt ended");
    assert_eq!((&ended["span"]["name"], &ended["span"]["stage"]), (&json!("attempt"), &json!("auto_count")));
    assert_eq!(ended["outcome"], "succeeded");
    assert!(ended["span"]["job"].as_str().is_some_and(|id| id.len() == 36), "{ended}");
}

type Labels = BTreeMap<String, String>;

/// What `/metrics` says.
struct Scrape {
    /// By name and labels; of a histogram, how many were recorded.
    series: BTreeMap<String, BTreeMap<Labels, f64>>,
    kinds: BTreeMap<String, String>,
}

impl Scrape {
    #[track_caller]
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let found = self.series.get(name).and_then(|series| series.get(&labels));
        *found.unwrap_or_else(|| panic!("no {name} {labels:?}"))
    }
}

async fn scrape_when(client: &Client, there: impl Fn(&Scrape) -> bool) -> Scrape {
    eventually("the metrics are there", Duration::from_secs(30), || async {
        let scrape = scrape(client).await;
        there(&scrape).then_some(scrape)
    })
    .await
}

async fn scrape(client: &Client) -> Scrape {
    let answer = client.request(Method::GET, "//metrics").send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = answer.text().await.unwrap();
    let mut scrape = Scrape { series: BTreeMap::new(), kinds: BTreeMap::new() };
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
            scrape.kinds.insert(name.to_owned(), kind.to_owned());
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?} is no sample"));
        let (name, labels) =
            series.split_once('{').map_or((series, ""), |(n, l)| (n, l.trim_end_matches('}')));
        let histogram = |suffix: &str| {
            name.strip_suffix(suffix).filter(|n| scrape.kinds.get(*n).is_some_and(|k| k == "histogram"))
        };
        if histogram("_bucket").or(histogram("_sum")).is_some() {
            continue;
        }
        let name = histogram("_count").unwrap_or(name).to_owned();
        scrape.series.entry(name).or_default().insert(parsed(labels), value.parse().unwrap());
    }
    scrape
}

/// `a="b",c="d"`; no value here holds a quote.
fn parsed(labels: &str) -> Labels {
    let pairs = labels.split("\",").map(|l| l.trim_end_matches('"')).filter(|l| !l.is_empty());
    pairs
        .map(|l| l.split_once("=\"").unwrap_or_else(|| panic!("{l:?} is no label")))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
