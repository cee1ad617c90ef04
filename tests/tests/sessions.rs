//! Count sessions over several pages, out of time, and tasks that are cancelled before they run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Client, Drawn, School, eventually, first_count};

/// Limits that are tried for a session that must not come to its end.
const TRIALS: usize = 8;
/// The shortest limit that a session may have, ms.
const SHORTEST: u64 = 100;
const WAIT: Duration = Duration::from_secs(60);

/// Boxes found, by page.
fn by_page(session: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut pages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for d in session["detections"].as_array().unwrap() {
        let page = d["page_id"].as_str().unwrap().to_owned();
        assert!(pages.entry(page).or_default().insert(d["bbox"].to_string()), "{d} is there twice");
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_counts_on_many_pages_and_says_which_its_time_left_out() {
    let s = School::open().await;
    let condition = s.condition("count", "EA").await;
    let (number, bbox) = first_count();
    let page = s.page(number).to_owned();
    let others: Vec<String> =
        (1..=s.pages.len()).filter(|n| *n != number).map(|n| s.page(n).to_owned()).collect();
    let request =
        json!({"condition_id": condition, "template_bbox": bbox, "page_ids": others, "max_detections": 4000});

    let whole = s.client.count(&page, request.clone()).await;
    assert_eq!((&whole["status"], &whole["error_message"]), (&json!("completed"), &Value::Null));
    let all = by_page(&whole);
    // The other power plan has as many of them as this one.
    let power = s.page(3).to_owned();
    assert!(
        all[&page].len() > 30 && all[&power].len() > 30,
        "{:?}",
        all.values().map(BTreeSet::len).collect::<Vec<_>>()
    );
    taken_where_they_stand(&s, &whole, &all).await;

    cancelled_while_it_runs(&s, &page, &request).await;
    cut_short(s, &page, request, &whole, &all).await;
}

/// Lets a session have less time than it needs, by trial: how long the same work takes is not the same
/// twice on a machine that does other work too.
async fn cut_short(
    mut s: School,
    page: &str,
    request: Value,
    whole: &Value,
    all: &BTreeMap<String, BTreeSet<String>>,
) {
    let count = s.pages.len();
    let mut limit = (whole["processing_time_ms"].as_f64().unwrap() / 2.0) as u64;
    for _ in 0..TRIALS {
        limit = limit.max(SHORTEST);
        s = s.again(&[("TAKEOFF_JOBS_COUNT_SESSION_MS", &limit.to_string())]);
        let cut = s.client.count(page, request.clone()).await;
        assert_eq!(cut["status"], "completed", "{cut}");
        let missing = cut["error_message"].as_str().unwrap_or_default();
        let left_out: Vec<usize> =
            (1..=count).filter(|n| missing.contains(&format!("page {n} was"))).collect();
        match left_out.len() {
            0 => limit /= 2,
            n if n == count => limit += limit / 2,
            _ => {
                assert!(missing.contains("the session's time was up"), "{missing}");
                taken_with_what_is_missing(&s.client, &cut, missing).await;
                return has_what_was_searched(&s, &cut, all, &left_out);
            }
        }
    }
    panic!("no limit of time leaves some pages out and not others; the last was {limit} ms");
}

fn has_what_was_searched(
    s: &School,
    cut: &Value,
    all: &BTreeMap<String, BTreeSet<String>>,
    left_out: &[usize],
) {
    let had = by_page(cut);
    for n in 1..=s.pages.len() {
        let (found, truly) = (had.get(s.page(n)), all.get(s.page(n)));
        if left_out.contains(&n) {
            assert!(found.map_or(0, BTreeSet::len) <= truly.map_or(0, BTreeSet::len), "page {n}");
        } else {
            assert_eq!(found, truly, "page {n} was searched whole");
        }
    }
    assert_eq!(cut["total_detections"].as_u64(), Some(had.values().map(|b| b.len() as u64).sum()));
}

/// The session is over at once, keeps what its pages gave until then, and stays so when the attempt that was at
/// it ends.
async fn cancelled_while_it_runs(s: &School, page: &str, request: &Value) {
    let c = &s.client;
    let before = attempts(c).await;
    let started = c.post(&format!("/pages/{page}/auto-count"), request.clone()).await.expect(202);
    let task = format!("/tasks/{}", started["task_id"].as_str().unwrap());
    let session = format!("/auto-count-sessions/{}", started["session_id"].as_str().unwrap());
    let seen = eventually("the first page's detections are there", WAIT, || async {
        let seen = c.get(&session).await.expect(200);
        (seen["pages_searched"].as_u64() > Some(0)).then_some(seen)
    })
    .await;
    assert_eq!(seen["status"], "processing", "the others are still searched");
    assert_eq!(seen["pages_total"].as_u64(), Some(s.pages.len() as u64));
    let found = seen["detections"].as_array().unwrap().len();
    assert!(found > 30 && seen["total_detections"].as_u64() == Some(found as u64), "{found}");
    assert!(matches!(c.get(&task).await.expect(200)["status"].as_str(), Some("STARTED" | "PROGRESS")));
    assert_eq!(c.post(&format!("{task}/cancel"), Value::Null).await.expect(200)["status"], "REVOKED");
    let ended = c.get(&session).await.expect(200);
    assert_eq!(ended["status"], "failed");
    let kept = by_page(&ended);
    assert!(kept.values().map(BTreeSet::len).sum::<usize>() >= found, "what was there is there");
    assert!(ended["error_message"].as_str().is_some_and(|e| e.contains("cancel")), "{ended}");
    eventually("the attempt at it ends", WAIT, || async { (attempts(c).await > before).then_some(()) }).await;
    assert_eq!(c.get(&session).await.expect(200), ended);
    assert_eq!(c.get(&task).await.expect(200)["status"], "REVOKED");
    taken_with_what_is_missing(c, &ended, "cancel").await;
}

/// Whoever takes what an incomplete search found is told that it is not all.
async fn taken_with_what_is_missing(c: &Client, session: &Value, missing: &str) {
    let session = format!("/auto-count-sessions/{}", session["id"].as_str().unwrap());
    let confirmed = c.post(&format!("{session}/bulk-confirm"), json!({"threshold": 0.8})).await.expect(200);
    let taken = c.post(&format!("{session}/create-measurements"), Value::Null).await.expect(200);
    for answer in [confirmed, taken] {
        assert!(answer["notes"].as_str().is_some_and(|n| n.contains(missing)), "{answer}");
    }
}

/// Attempts at counts that have ended, however they did.
async fn attempts(c: &Client) -> u64 {
    let text = c.request(Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    let of_counts =
        |line: &&str| line.starts_with("takeoff_attempts_total{") && line.contains("stage=\"auto_count\"");
    text.lines().filter(of_counts).map(|l| l.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// Measurements of a session lie on the pages of their detections.
async fn taken_where_they_stand(s: &School, session: &Value, all: &BTreeMap<String, BTreeSet<String>>) {
    let path = format!("/auto-count-sessions/{}", session["id"].as_str().unwrap());
    s.client
        .post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    s.client.post(&format!("{path}/create-measurements"), Value::Null).await.expect(200);
    for (page, found) in all {
        let made = s.client.get(&format!("/pages/{page}/measurements")).await.expect(200);
        assert_eq!(made["measurements"].as_array().unwrap().len(), found.len(), "page {page}");
    }
}

/// A job that no actor has taken yet is cancelled, and what waited for it waits no more.
#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_queued_task_moves_its_owner_on() {
    let off =
        ["INGEST", "DETECT_SCALE", "AUTO_COUNT"].map(|s| (format!("TAKEOFF_STAGES_{s}_ENABLED"), "false"));
    let off: Vec<(&str, &str)> = off.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let d = Drawn::open_with(&[]).await.again(&off);
    let c = &d.client;
    let before = c.get(&format!("/pages/{}", d.page)).await.expect(200);

    let pdf = std::fs::read(takeoff_tests::school_plans()).unwrap();
    let document = c.try_upload(&d.project, "plans.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    let document = format!("/documents/{}", document["id"].as_str().unwrap());
    let condition = d.condition().await;
    let (count, session) = d.start_count(&condition).await;
    let session = format!("/auto-count-sessions/{session}");
    let scale = c.post(&format!("/pages/{}/detect-scale", d.page), Value::Null).await.expect(202);
    let scale = scale["task_id"].as_str().unwrap().to_owned();
    let detection = format!("/pages/{}/scale-detection-status", d.page);
    let tasks = c.get(&format!("/tasks/project/{}?status=PENDING", d.project)).await.expect(200);
    let ingest = tasks["tasks"].as_array().unwrap().iter().find(|t| t["task_type"] == "document_processing");
    let ingest = ingest.expect("the upload waits")["task_id"].as_str().unwrap().to_owned();

    assert!(matches!(c.get(&document).await.expect(200)["status"].as_str(), Some("uploaded" | "processing")));
    assert_eq!(c.get(&session).await.expect(200)["status"], "pending");
    assert_ne!(c.get(&detection).await.expect(200)["status"], "complete");
    for task in [&ingest, &count, &scale] {
        let cancelled = c.post(&format!("/tasks/{task}/cancel"), Value::Null).await.expect(200);
        assert_eq!(cancelled["status"], "REVOKED", "{cancelled}");
        assert_eq!(c.get(&format!("/tasks/{task}")).await.expect(200)["status"], "REVOKED");
    }
    let document = c.get(&document).await.expect(200);
    assert_eq!(document["status"], "error");
    assert!(document["processing_error"].as_str().is_some_and(|e| e.contains("cancel")), "{document}");
    let session = c.get(&session).await.expect(200);
    assert_eq!(session["status"], "failed");
    assert!(session["error_message"].as_str().is_some_and(|e| e.contains("cancel")), "{session}");
    assert_eq!(c.get(&detection).await.expect(200)["status"], "complete");
    let after = c.get(&format!("/pages/{}", d.page)).await.expect(200);
    for kept in ["status", "scale_value", "scale_calibrated", "scale_text"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    let queues = c.get("/admin/node").await.expect(200)["queues"].clone();
    for (stage, queue) in queues.as_object().unwrap() {
        assert_eq!((&queue["ready"], &queue["dead"]), (&json!(0), &json!(0)), "{stage}");
    }
}
