//! `takeoff jobs` against a running node: a job that died, what an operator sees of it, and that it comes back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_tests::{Drawn, eventually, run};

const WAIT: Duration = Duration::from_secs(120);

/// Runs `takeoff jobs` with these arguments; gives what it prints.
fn jobs(s: &Drawn, arguments: &[&str]) -> Result<String, String> {
    let url = s.node.address();
    let ran = run(&[&["jobs", "--url", url], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
}

/// Ids of the jobs in a state.
fn ids(s: &Drawn, state: &str) -> Vec<String> {
    let answer: Value =
        serde_json::from_str(&jobs(s, &["list", "--state", state, "--json"]).unwrap()).unwrap();
    let all = answer["jobs"].as_array().unwrap().iter();
    all.map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

async fn session(s: &Drawn, id: &str) -> Value {
    s.client.get(&format!("/auto-count-sessions/{id}")).await.expect(200)
}

async fn until(s: &Drawn, id: &str, status: &str) -> Value {
    eventually(&format!("the session is {status}"), WAIT, || async {
        let now = session(s, id).await;
        (now["status"] == status).then_some(now)
    })
    .await
}

/// The folders of the blobs, away from where the node looks.
struct Away(PathBuf);

impl Away {
    fn take(data: &Path) -> Self {
        // Without the folder that they are in, clients could not write at all.
        let blobs = data.join("blobs/blobs");
        for path in std::fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                std::fs::rename(&path, path.with_extension("away")).unwrap();
            }
        }
        Self(blobs)
    }

    fn back(self) {
        for entry in std::fs::read_dir(&self.0).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "away") {
                let there = path.with_extension("");
                if there.exists() {
                    std::fs::remove_dir_all(&there).unwrap();
                }
                std::fs::rename(&path, there).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_is_seen_and_brought_back() {
    let s = Drawn::open_with(&[]).await;
    let condition = s.condition().await;
    let away = Away::take(s.node.data());
    let (task, counted) = s.start_count(&condition).await;
    until(&s, &counted, "failed").await;
    assert_eq!(ids(&s, "dead"), [task.as_str()]);
    // Without a word for what, it lists, as it does with `list`.
    let listed = jobs(&s, &[]).unwrap();
    assert!(listed.contains(&task) && listed.contains("ingest"), "{listed}");
    // What is for the drawing: its task, and the pages in which it was handed out.
    let of_drawing = |also: &[&str]| -> Vec<(bool, bool)> {
        let asked = [&["list", "--subject", s.document.as_str(), "--json"], also].concat();
        let answer: Value = serde_json::from_str(&jobs(&s, &asked).unwrap()).unwrap();
        let kind = |job: &Value| (job["task_type"].is_null(), job["parent_id"].is_null());
        answer["jobs"].as_array().unwrap().iter().map(kind).collect()
    };
    assert_eq!(of_drawing(&[]), [(true, false), (false, true)]);
    assert_eq!(of_drawing(&["--tasks"]), [(false, true)]);
    assert!(listed.contains("ingest, part"), "{listed}");
    let dead = jobs(&s, &["dead"]).unwrap();
    assert!(dead.contains(&task) && dead.contains("auto_count"), "{dead}");
    let shown = jobs(&s, &["show", &task]).unwrap();
    assert!(shown.contains(&task) && shown.contains("dead"), "{shown}");

    // What looks like a filter and is none would mean all of them.
    for verb in ["retry", "discard"] {
        let path = format!("/admin/dead-jobs/{verb}");
        let said = s.node.client().post(&path, json!({"stage": "ingest"})).await.expect(422);
        assert_eq!(said["detail"][0]["loc"], json!(["body", "stage"]), "{said}");
    }
    assert_eq!(ids(&s, "dead"), [task.as_str()]);

    away.back();
    let put_back = jobs(&s, &["retry", &task]).unwrap();
    assert!(put_back.contains(&task), "{put_back}");
    let done = until(&s, &counted, "completed").await;
    assert!(done["total_detections"].as_u64() > Some(1) && done["error_message"].is_null(), "{done}");
    assert!(ids(&s, "dead").is_empty() && ids(&s, "succeeded").contains(&task));
    let refused = jobs(&s, &["retry", &task]).unwrap_err();
    assert!(refused.starts_with("takeoff: "), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_is_cancelled() {
    let s = Drawn::open_with(&[]).await;
    let condition = s.condition().await;
    jobs(&s, &["pause", "--stage", "auto_count", "--cause", "a look at it"]).unwrap();
    assert!(jobs(&s, &["paused"]).unwrap().contains("a look at it"));
    let (task, counted) = s.start_count(&condition).await;
    assert_eq!(ids(&s, "ready"), [task.as_str()]);
    let cancelled = jobs(&s, &["cancel", &task, "--cause", "not wanted"]).unwrap();
    assert!(cancelled.contains(&task), "{cancelled}");
    assert_eq!(ids(&s, "cancelled"), [task.as_str()]);
    assert!(jobs(&s, &["show", &task]).unwrap().contains("not wanted"));
    until(&s, &counted, "failed").await;
    jobs(&s, &["resume", "--stage", "auto_count"]).unwrap();
    // And it comes back, too.
    jobs(&s, &["retry", &task]).unwrap();
    until(&s, &counted, "completed").await;
    let body = json!({"threshold": 0.0});
    let bulk = s.client.post(&format!("/auto-count-sessions/{counted}/bulk-confirm"), body).await.expect(200);
    assert!(bulk["confirmed_count"].as_u64() > Some(0), "{bulk}");
    assert!(jobs(&s, &["show", "nothing"]).is_err());
}
