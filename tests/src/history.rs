//! What clients do to nodes that may be killed at any moment, what they were told, and whether it is true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_samples::Habit;

use crate::{Client, Drawn, eventually};

/// Pages of each set that is uploaded.
pub const PAGES: u32 = 3;
/// Detections of a session: the strongest of some more, for speed.
pub const FOUND: usize = 30;
/// Longest that anything may take to come to rest after the last kill, and a client to get through.
pub const REST: Duration = Duration::from_secs(180);

/// Everything a client was told is done.
#[derive(Default)]
pub struct Acknowledged {
    pub documents: BTreeSet<String>,
    pub conditions: BTreeSet<String>,
    /// Measurement id and the condition it belongs to.
    pub measurements: BTreeSet<(String, String)>,
    pub sessions: BTreeMap<String, Session>,
}

/// What a client was told of a count session.
pub struct Session {
    pub condition: String,
    pub confirmed: bool,
    pub made: bool,
}

/// What every client works on.
pub struct Place {
    pub project: String,
    /// The document of one page that is there from the start.
    pub document: String,
    pub page: String,
    pub exemplar: Value,
    pub set: Vec<u8>,
}

impl Place {
    /// The page of a node that has drawn it, and what a session finds there when nothing disturbs it.
    pub async fn undisturbed(drawn: &Drawn) -> (Arc<Self>, BTreeSet<String>) {
        let condition = drawn.condition().await;
        let scale = format!("/pages/{}/scale", drawn.page);
        drawn.client.put(&scale, json!({"scale_value": 10.0})).await.expect(200);
        let place = Self {
            project: drawn.project.clone(),
            document: drawn.document.clone(),
            page: drawn.page.clone(),
            exemplar: drawn.exemplar(),
            set: takeoff_samples::sheets(11, PAGES, Habit::named("blocks").expect("it is there")).0,
        };
        let request =
            json!({"condition_id": condition, "template_bbox": place.exemplar, "max_detections": FOUND});
        let undisturbed = found(&drawn.client.count(&place.page, request).await);
        (Arc::new(place), undisturbed)
    }
}

/// Where a session found its symbols and how sure it was; none twice.
pub fn found(session: &Value) -> BTreeSet<String> {
    assert_eq!((&session["status"], &session["error_message"]), (&json!("completed"), &Value::Null));
    let mut places = BTreeSet::new();
    for d in session["detections"].as_array().expect("a list") {
        assert!(places.insert(format!("{} {}", d["bbox"], d["confidence"])), "{d} is there twice");
    }
    places
}

/// What a client does, over and over.
pub struct Work {
    pub client: Client,
    pub place: Arc<Place>,
    pub told: Told,
    pub upload: bool,
    /// Starts a session.
    pub count: bool,
}

impl Work {
    /// Ends at the first broken connection, which is the kill.
    pub async fn until_the_node_is_gone(self) {
        let _: Result<(), reqwest::Error> = self.work().await;
    }

    async fn work(&self) -> reqwest::Result<()> {
        let Place { project, page, exemplar, set, .. } = &*self.place;
        let c = &self.client;
        if self.upload {
            let answer = c.try_upload(project, "set.pdf", set.clone(), "application/pdf").await?;
            if answer.status == 201 {
                self.told.lock().expect("no client panics").documents.insert(id(&answer.body["id"]));
            }
        }
        let body = json!({"name": "Receptacles", "measurement_type": "count", "unit": "EA"});
        let path = format!("/projects/{project}/conditions");
        let answer = c.try_send(Method::POST, &path, Some(&body)).await?;
        if answer.status != 201 {
            return Ok(());
        }
        let condition = id(&answer.body["id"]);
        self.told.lock().expect("no client panics").conditions.insert(condition.clone());
        let mut started = !self.count;
        loop {
            self.measure(&condition, page).await?;
            if !started {
                started = self.count(&condition, page, exemplar).await?;
            }
            self.review().await?;
        }
    }

    async fn measure(&self, condition: &str, page: &str) -> reqwest::Result<()> {
        let body =
            json!({"page_id": page, "geometry_type": "point", "geometry_data": {"x": 10.0, "y": 10.0}});
        let path = format!("/conditions/{condition}/measurements");
        let answer = self.client.try_send(Method::POST, &path, Some(&body)).await?;
        if answer.status == 201 {
            let made = (id(&answer.body["id"]), condition.to_owned());
            self.told.lock().expect("no client panics").measurements.insert(made);
        }
        Ok(())
    }

    /// Whether the session was started.
    async fn count(&self, condition: &str, page: &str, bbox: &Value) -> reqwest::Result<bool> {
        let body = json!({"condition_id": condition, "template_bbox": bbox, "max_detections": FOUND});
        let path = format!("/pages/{page}/auto-count");
        let answer = self.client.try_send(Method::POST, &path, Some(&body)).await?;
        if answer.status == 202 {
            let session = Session { condition: condition.to_owned(), confirmed: false, made: false };
            self.told
                .lock()
                .expect("no client panics")
                .sessions
                .insert(id(&answer.body["session_id"]), session);
        }
        Ok(answer.status == 202)
    }

    /// Confirms and measures what sessions of any round have found.
    async fn review(&self) -> reqwest::Result<()> {
        let open: Vec<String> = {
            let told = self.told.lock().expect("no client panics");
            told.sessions.iter().filter(|(_, s)| !s.made).map(|(id, _)| id.clone()).collect()
        };
        for session in open {
            let path = format!("/auto-count-sessions/{session}");
            let found = self.client.try_send(Method::GET, &path, None).await?.body;
            if found["status"] != "completed" {
                continue;
            }
            let all = json!({"threshold": 0.0, "include_legend": true});
            let confirm = format!("{path}/bulk-confirm");
            if self.client.try_send(Method::POST, &confirm, Some(&all)).await?.status != 200 {
                continue;
            }
            self.note(&session, |s| s.confirmed = true);
            let make = format!("{path}/create-measurements");
            if self.client.try_send(Method::POST, &make, None).await?.status == 200 {
                self.note(&session, |s| s.made = true);
            }
        }
        Ok(())
    }

    fn note(&self, session: &str, done: impl Fn(&mut Session)) {
        self.told.lock().expect("no client panics").sessions.get_mut(session).into_iter().for_each(done);
    }
}

/// What clients were told, for all of them.
pub type Told = Arc<Mutex<Acknowledged>>;

/// How long a client stays with one node: one whose database is silent answers late.
const PATIENCE: Duration = Duration::from_secs(3);

/// The nth client, until it is stopped: it goes from node to node, and on where one fails or says that it is not ready.
/// Each so many-th of its turns uploads.
pub async fn work_on(
    (n, uploads): (usize, usize),
    nodes: Vec<Client>,
    place: Arc<Place>,
    told: Told,
    stop: Arc<AtomicBool>,
) {
    let mut turn = n;
    while !stop.load(Ordering::Relaxed) {
        let work = Work {
            client: nodes[turn % nodes.len()].clone(),
            place: Arc::clone(&place),
            told: Arc::clone(&told),
            upload: turn.is_multiple_of(uploads),
            count: turn % 4 < 2,
        };
        turn += 1;
        let _ = tokio::time::timeout(PATIENCE, work.until_the_node_is_gone()).await;
        // A node that takes nothing says so at once; it is not asked all the time.
        let _ = tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
    }
}

/// Everything that was told is so, nothing is twice and nothing is left over.
///
/// # Panics
/// When it is not, or when the clients were told too little for it to mean anything.
pub async fn check(client: &Client, place: &Place, told: &Acknowledged, undisturbed: &BTreeSet<String>) {
    enough(told);
    documents(client, place, told).await;
    for (session, known) in &told.sessions {
        counted(client, session, known, undisturbed).await;
    }
    measurements(client, &place.project, told).await;
    at_rest(client).await;
}

impl Acknowledged {
    /// Sessions whose detections were measured.
    fn made(&self) -> usize {
        self.sessions.values().filter(|s| s.made).count()
    }

    /// Whether it is so much that a check of it means anything.
    pub fn is_enough(&self) -> bool {
        self.documents.len() >= 2
            && self.measurements.len() >= 30
            && self.sessions.len() >= 5
            && self.made() >= 3
    }
}

fn enough(told: &Acknowledged) {
    let made = told.made();
    assert!(
        told.is_enough(),
        "the test did too little to mean anything: {} documents, {} measurements, {} sessions, {made} measured",
        told.documents.len(),
        told.measurements.len(),
        told.sessions.len(),
    );
}

/// Every document of the project, those too whose answer was lost.
async fn documents(client: &Client, place: &Place, told: &Acknowledged) {
    let list = client.get(&format!("/projects/{}/documents", place.project)).await.expect(200);
    let listed: Vec<String> =
        list["documents"].as_array().expect("a list").iter().map(|d| id(&d["id"])).collect();
    let distinct: BTreeSet<&String> = listed.iter().collect();
    assert_eq!((distinct.len(), list["total"].as_u64()), (listed.len(), Some(listed.len() as u64)));
    assert!(told.documents.iter().all(|d| distinct.contains(d)), "a document is lost");
    for document in &listed {
        assert_eq!(client.settled(document).await["status"], "ready");
        let pages = client.pages(document).await;
        let mut numbers: Vec<u64> =
            pages.iter().map(|p| p["page_number"].as_u64().expect("a number")).collect();
        numbers.sort_unstable();
        let count = if *document == place.document { 1 } else { PAGES.into() };
        assert_eq!(numbers, (1..=count).collect::<Vec<u64>>(), "every page once");
        assert!(pages.iter().all(|p| p["status"] == "ready"), "{pages:?}");
        let whole = client.get(&format!("/documents/{document}")).await.expect(200);
        assert_eq!(whole["page_count"].as_u64(), Some(pages.len() as u64));
    }
}

/// A session ends whole, as if nothing had happened, and what was told of its review is so.
async fn counted(client: &Client, session: &str, known: &Session, undisturbed: &BTreeSet<String>) {
    let path = format!("/auto-count-sessions/{session}");
    let ended = eventually("the session ends", REST, || async {
        let session = client.get(&path).await.expect(200);
        (!matches!(session["status"].as_str(), Some("pending" | "processing"))).then_some(session)
    })
    .await;
    assert_eq!(found(&ended), *undisturbed);
    let detections = ended["detections"].as_array().expect("a list");
    let confirmed = detections.iter().filter(|d| d["status"] == "confirmed").count();
    assert!(!known.confirmed || confirmed == detections.len(), "a confirmation is lost");
    let measured = detections.iter().filter(|d| d["measurement_id"].is_string()).count();
    assert!(!known.made || measured == detections.len(), "a measurement of a detection is lost");
    // What a kill cut short goes on where it was.
    client
        .post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    let made = client.post(&format!("{path}/create-measurements"), Value::Null).await.expect(200);
    assert_eq!(made["measurements_created"].as_u64(), Some((detections.len() - measured) as u64));
}

async fn measurements(client: &Client, project: &str, told: &Acknowledged) {
    let conditions = client.get(&format!("/projects/{project}/conditions")).await.expect(200);
    for condition in &told.conditions {
        let found =
            conditions["conditions"].as_array().expect("a list").iter().find(|c| id(&c["id"]) == *condition);
        let found = found.unwrap_or_else(|| panic!("condition {condition} is lost"));
        let list = client.get(&format!("/conditions/{condition}/measurements")).await.expect(200);
        let list = list["measurements"].as_array().expect("a list");
        let distinct: BTreeSet<String> = list.iter().map(|m| id(&m["id"])).collect();
        assert_eq!(distinct.len(), list.len(), "a measurement is there twice");
        for (measurement, _) in told.measurements.iter().filter(|(_, of)| of == condition) {
            assert!(distinct.contains(measurement), "measurement {measurement} is lost");
        }
        let mut counted = BTreeSet::new();
        for (session, _) in told.sessions.iter().filter(|(_, s)| s.condition == *condition) {
            let session = client.get(&format!("/auto-count-sessions/{session}")).await.expect(200);
            counted.extend(
                session["detections"].as_array().expect("a list").iter().map(|d| id(&d["measurement_id"])),
            );
        }
        let by_count: BTreeSet<String> =
            list.iter().filter(|m| m["is_ai_generated"] == true).map(|m| id(&m["id"])).collect();
        assert_eq!(by_count, counted, "one measurement for each detection");
        assert_eq!(found["measurement_count"].as_u64(), Some(list.len() as u64), "the total is wrong");
        assert_eq!(found["total_quantity"].as_f64(), Some(list.len() as f64), "the total is wrong");
    }
}

async fn at_rest(client: &Client) {
    let queues = eventually("no job is left", REST, || async {
        let queues = client.get("/admin/node").await.expect(200)["queues"].clone();
        let busy =
            |q: &Value| ["ready", "delayed", "leased", "waiting"].iter().any(|k| q[*k].as_u64() != Some(0));
        let all: Vec<Value> = queues.as_object().expect("one entry a stage").values().cloned().collect();
        (!all.iter().any(busy)).then_some(all)
    })
    .await;
    assert!(queues.iter().all(|q| q["dead"] == 0), "there are dead letters: {queues:?}");
}

#[track_caller]
fn id(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no id")).to_owned()
}
