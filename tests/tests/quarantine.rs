//! Jobs that kill, and jobs that are killed beside them.

use std::time::Duration;

use serde_json::{Value, json};
use takeoff_samples::{Habit, big_page, sheets};
use takeoff_tests::{Client, Drawn, Node, children, eventually, run};

const WAIT: Duration = Duration::from_secs(180);
const WORKER: &str = "parse-worker";
/// Kills of a node in the middle of one session.
const KILLS: u64 = 5;
const PAGES: u32 = 16;

fn jobs(node: &Node, arguments: &[&str]) -> String {
    let ran = run(&[&["jobs", "--url", node.address()], arguments].concat());
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn kill_workers(node: &Node) {
    for child in children(node.id(), WORKER) {
        let killed = std::process::Command::new("kill").args(["-KILL", &child.to_string()]).output();
        assert!(killed.is_ok(), "{killed:?}");
    }
}

async fn page_status(client: &Client, document: &str) -> Value {
    let pages = client.get(&format!("/documents/{document}/pages")).await.expect(200);
    pages["pages"][0]["status"].clone()
}

/// Its neighbours finish, the page says why, and an operator puts it back.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_kills_its_worker_three_times_is_quarantined() {
    let s = Drawn::open_with(&[("TAKEOFF_PAGE_CACHE_PAGES", "0")]).await;
    let condition = s.condition().await;
    let (pdf, _) = big_page(60_000, 5);
    let uploaded = s.client.try_upload(&s.project, "killer.pdf", pdf, "application/pdf").await;
    let document = uploaded.unwrap().expect(201)["id"].as_str().unwrap().to_owned();
    // From here on its only job is that of its page.
    eventually("the document is opened", WAIT, || async {
        let now = s.client.get(&format!("/documents/{document}")).await.expect(200);
        (now["status"] == "ready").then_some(())
    })
    .await;
    let (_, session) = s.start_count(&condition).await;
    eventually("the page is given up", WAIT, || async {
        kill_workers(&s.node);
        (page_status(&s.client, &document).await == "error").then_some(())
    })
    .await;
    let path = format!("/auto-count-sessions/{session}");
    eventually("the neighbour is done", WAIT, || async {
        (s.client.get(&path).await.expect(200)["status"] == "completed").then_some(())
    })
    .await;
    let dead: Value = serde_json::from_str(&jobs(&s.node, &["dead", "--json"])).unwrap();
    assert_eq!(dead["total"], 1, "{dead}");
    let job = &dead["jobs"][0];
    let cause = job["cause"].as_str().unwrap();
    assert!(cause.starts_with("quarantined: its parse child died 3 times; the last: "), "{job}");
    assert_eq!((&job["stage"], &job["child_deaths"]), (&json!("ingest"), &json!(3)));
    assert!(jobs(&s.node, &["dead"]).contains("quarantined"));
    // Its document had no other page: the task of that is no success.
    let path = format!("/documents/{document}");
    let task = s.client.get(&path).await.expect(200)["task_id"].as_str().unwrap().to_owned();
    let ended = s.client.task(&task).await;
    assert_eq!(ended["status"], "FAILURE", "{ended}");
    assert!(ended["error"].as_str().unwrap().starts_with("none of the 1 pages can be read"), "{ended}");
    assert_eq!(s.client.get(&path).await.expect(200)["status"], "error");
    jobs(&s.node, &["retry", job["id"].as_str().unwrap()]);
    s.client.pages_of(&document, 1).await;
    assert!(jobs(&s.node, &["dead"]).contains("0 of 0 jobs"));
}

/// The node is killed again and again while one long job is all that it runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_job_outlives_its_nodes() {
    let data = tempfile::tempdir().unwrap();
    let mut node = Node::start(data.path());
    let client = node.client();
    let project = client.project("Long").await;
    let (set, truths) = sheets(11, PAGES, Habit::named("blocks").unwrap());
    let uploaded = client.try_upload(&project, "set.pdf", set, "application/pdf").await.unwrap().expect(201);
    let pages = client.pages_of(uploaded["id"].as_str().unwrap(), PAGES as usize).await;
    for page in &pages {
        client.scale(page["id"].as_str().unwrap()).await;
    }
    let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
    let condition = client.post(&format!("/projects/{project}/conditions"), body).await.expect(201);
    let kinds = truths[0].symbols.iter().filter(|(kind, _)| *kind != "door").map(|(_, all)| all);
    let commonest = kinds.max_by_key(|all| all.len()).unwrap();
    let one = commonest.iter().find(|i| i.counts() && !i.crossed && !i.touching).unwrap();
    let [x, y, w, h] = one.area;
    let page_ids: Vec<&Value> = pages.iter().map(|p| &p["id"]).collect();
    let request = json!({
        "condition_id": condition["id"],
        "template_bbox": {"x": x - 2.0, "y": y - 2.0, "w": w + 4.0, "h": h + 4.0},
        "page_ids": page_ids,
    });
    let path = format!("/pages/{}/auto-count", pages[0]["id"].as_str().unwrap());
    let started = client.post(&path, request).await.expect(202);
    let session = format!("/auto-count-sessions/{}", started["session_id"].as_str().unwrap());
    let task = started["task_id"].as_str().unwrap();

    let mut searched = 0;
    for _ in 0..KILLS {
        let client = node.client();
        let now = eventually("the count comes on", WAIT, || async {
            let now = client.get(&session).await.expect(200);
            (now["pages_searched"].as_u64() > Some(searched)).then_some(now)
        })
        .await;
        assert_eq!(now["status"], "processing", "it is not long enough: {now}");
        searched = now["pages_searched"].as_u64().unwrap();
        node.kill();
        node = Node::start(data.path());
    }
    let client = node.client();
    client.task(task).await;
    let done = client.get(&session).await.expect(200);
    assert_eq!((&done["status"], &done["pages_searched"]), (&json!("completed"), &json!(PAGES)), "{done}");
    let job = client.get(&format!("/admin/jobs/{task}")).await.expect(200);
    assert_eq!((&job["state"], &job["attempts"]), (&json!("succeeded"), &json!(0)), "{job}");
    assert_eq!(job["failures"], json!([]));
    assert!(job["leases"].as_u64() > Some(KILLS), "{job}");
    assert!(jobs(&node, &["dead"]).contains("0 of 0 jobs"));
}
