//! Count sessions over several pages, out of time, and tasks that are cancelled before they run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use takeoff_tests::{Drawn, School, first_count};

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

    let half = (whole["processing_time_ms"].as_f64().unwrap() / 2.0).max(100.0) as u64;
    let s = s.again(&[("TAKEOFF_JOBS_COUNT_SESSION_MS", &half.to_string())]);
    let cut = s.client.count(&page, request).await;
    assert_eq!(cut["status"], "completed", "{cut}");
    let missing = cut["error_message"]
        .as_str()
        .unwrap_or_else(|| panic!("nothing is missing after {half} ms"))
        .to_owned();
    assert!(missing.contains("the session's time was up"), "{missing}");
    let left_out: Vec<usize> =
        (1..=s.pages.len()).filter(|n| missing.contains(&format!("page {n} was"))).collect();
    assert!(!left_out.is_empty() && left_out.len() < s.pages.len(), "{missing}");
    let had = by_page(&cut);
    for n in (1..=s.pages.len()).filter(|n| !left_out.contains(n)) {
        assert_eq!(had.get(s.page(n)), all.get(s.page(n)), "page {n} was searched whole");
    }
    for n in left_out {
        let (found, truly) = (had.get(s.page(n)), all.get(s.page(n)));
        assert!(found.map_or(0, BTreeSet::len) <= truly.map_or(0, BTreeSet::len), "page {n}");
    }
    assert_eq!(cut["total_detections"].as_u64(), Some(had.values().map(|b| b.len() as u64).sum()));
}

/// Measurements of a session lie on the pages of their detections.
async fn taken_where_they_stand(s: &School, session: &Value, all: &BTreeMap<String, BTreeSet<String>>) {
    let path = format!("/auto-count-sessions/{}", session["id"].as_str().unwrap());
    s.client.post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0})).await.expect(200);
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
