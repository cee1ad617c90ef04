//! SIGKILL at random moments: what was acknowledged is there, nothing twice, nothing stuck.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Client, Node, eventually};

const ROUNDS: usize = 30;
const CLIENTS: usize = 3;
const SEED: u64 = 0x7a6b_0ff1;

/// Everything a client was told is done.
#[derive(Default)]
struct Acknowledged {
    documents: BTreeSet<String>,
    conditions: BTreeSet<String>,
    /// Measurement id and the condition it belongs to.
    measurements: BTreeSet<(String, String)>,
    sessions: BTreeSet<String>,
}

fn plans() -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../samples/school/plans.pdf");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_loses_nothing_and_doubles_nothing() {
    let data = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Acknowledged::default()));
    let plans = Arc::new(plans());
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    let node = Node::start(data.path());
    let project = node.client().project("Crash").await;
    node.kill();
    for round in 0..ROUNDS {
        let node = Node::start(data.path());
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let work = Work {
                    client: node.client(),
                    project: project.clone(),
                    plans: plans.clone(),
                    told: told.clone(),
                    upload: n == 0 && round % 4 == 0,
                };
                tokio::spawn(work.until_the_node_is_gone())
            })
            .collect();
        // The moment of the kill is what the test varies; nothing is waited for here.
        let moment = Duration::from_millis(random.random_range(20..1_500));
        let _ = tokio::time::timeout(moment, std::future::pending::<()>()).await;
        node.kill();
        for client in clients {
            client.await.unwrap();
        }
    }
    let node = Node::start(data.path());
    let told = std::mem::take(&mut *told.lock().unwrap());
    check(&node.client(), &project, &told).await;
}

struct Work {
    client: Client,
    project: String,
    plans: Arc<Vec<u8>>,
    told: Arc<Mutex<Acknowledged>>,
    upload: bool,
}

impl Work {
    /// Ends at the first broken connection, which is the kill.
    async fn until_the_node_is_gone(self) {
        let _: Result<(), reqwest::Error> = self.work().await;
    }

    async fn work(&self) -> reqwest::Result<()> {
        let c = &self.client;
        if self.upload {
            let answer =
                c.try_upload(&self.project, "plans.pdf", self.plans.to_vec(), "application/pdf").await?;
            if answer.status.as_u16() == 201 {
                self.told.lock().unwrap().documents.insert(id(&answer.body["id"]));
            }
        }
        let body = json!({"name": "Receptacles", "measurement_type": "count", "unit": "EA"});
        let path = format!("/projects/{}/conditions", self.project);
        let answer = c.try_send(Method::POST, &path, Some(&body)).await?;
        if answer.status.as_u16() != 201 {
            return Ok(());
        }
        let condition = id(&answer.body["id"]);
        self.told.lock().unwrap().conditions.insert(condition.clone());
        loop {
            self.measure(&condition).await?;
        }
    }

    /// A point on some page that is ready, and now and then a count.
    async fn measure(&self, condition: &str) -> reqwest::Result<()> {
        let c = &self.client;
        let sheets = c.try_send(Method::GET, &format!("/projects/{}/sheets", self.project), None).await?.body;
        let pages = sheets["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|g| g["sheets"].as_array().cloned().unwrap_or_default());
        let Some(page) = pages.rev().find(|p| p["scale_calibrated"] == true) else { return Ok(()) };
        let page = id(&page["id"]);
        let body =
            json!({"page_id": page, "geometry_type": "point", "geometry_data": {"x": 10.0, "y": 10.0}});
        let path = format!("/conditions/{condition}/measurements");
        let answer = c.try_send(Method::POST, &path, Some(&body)).await?;
        if answer.status.as_u16() == 201 {
            let made = (id(&answer.body["id"]), condition.to_owned());
            self.told.lock().unwrap().measurements.insert(made);
        }
        let body = json!({"condition_id": condition, "template_bbox": {"x": 300.0, "y": 300.0, "w": 200.0, "h": 200.0}});
        let answer = c.try_send(Method::POST, &format!("/pages/{page}/auto-count"), Some(&body)).await?;
        if answer.status.as_u16() == 202 {
            self.told.lock().unwrap().sessions.insert(id(&answer.body["session_id"]));
        }
        Ok(())
    }
}

async fn check(client: &Client, project: &str, told: &Acknowledged) {
    assert!(
        told.documents.len() >= 2 && told.measurements.len() >= 30,
        "the test did too little to mean anything: {} documents, {} measurements",
        told.documents.len(),
        told.measurements.len()
    );
    for document in &told.documents {
        assert_eq!(client.settled(document).await["status"], "ready");
        let pages = client.pages(document).await;
        let numbers: BTreeSet<u64> = pages.iter().map(|p| p["page_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers.len(), pages.len(), "a page is there twice");
        assert!(pages.iter().all(|p| p["status"] == "ready"), "{pages:?}");
        let whole = client.get(&format!("/documents/{document}")).await.expect(200);
        assert_eq!(whole["page_count"].as_u64(), Some(pages.len() as u64));
    }
    let conditions = client.get(&format!("/projects/{project}/conditions")).await.expect(200);
    for condition in &told.conditions {
        let found = conditions["conditions"].as_array().unwrap().iter().find(|c| id(&c["id"]) == *condition);
        let found = found.unwrap_or_else(|| panic!("condition {condition} is lost"));
        let list = client.get(&format!("/conditions/{condition}/measurements")).await.expect(200);
        let ids: Vec<String> =
            list["measurements"].as_array().unwrap().iter().map(|m| id(&m["id"])).collect();
        let distinct: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "a measurement is there twice");
        for (measurement, _) in told.measurements.iter().filter(|(_, of)| of == condition) {
            assert!(distinct.contains(measurement), "measurement {measurement} is lost");
        }
        assert_eq!(found["measurement_count"].as_u64(), Some(ids.len() as u64), "the total is wrong");
        assert_eq!(found["total_quantity"].as_f64(), Some(ids.len() as f64), "the total is wrong");
    }
    for session in &told.sessions {
        let path = format!("/auto-count-sessions/{session}");
        let ended = eventually("the session ends", Duration::from_secs(120), || async {
            let session = client.get(&path).await.expect(200);
            (!matches!(session["status"].as_str(), Some("pending" | "processing"))).then_some(session)
        })
        .await;
        let boxes: Vec<String> =
            ended["detections"].as_array().unwrap().iter().map(|d| d["bbox"].to_string()).collect();
        let distinct: BTreeSet<&String> = boxes.iter().collect();
        assert_eq!(distinct.len(), boxes.len(), "a detection is there twice");
    }
    let queues = eventually("no job is left", Duration::from_secs(120), || async {
        let queues = client.get("/admin/node").await.expect(200)["queues"].clone();
        let busy =
            |q: &Value| ["ready", "delayed", "leased", "waiting"].iter().any(|k| q[*k].as_u64() != Some(0));
        let all: Vec<Value> = queues.as_object().expect("one entry a stage").values().cloned().collect();
        (!all.iter().any(busy)).then_some(all)
    })
    .await;
    assert!(queues.iter().all(|q| q["dead"] == 0), "there are dead letters: {queues:?}");
}

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no id")).to_owned()
}
