//! What is asked of the node, and when.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::{Value, json};
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::{Habit, sheet};
use tokio::task::JoinSet;

use crate::api::{Api, Wrong};
use crate::tally::Tally;

/// Requests of one kind that may be on their way; what is due beyond is not sent, and counted as an error.
const ON_THEIR_WAY: usize = 128;
/// Things of a kind that are remembered to work on; the oldest gives way.
const REMEMBERED: usize = 256;
/// Longest that work is waited for, and how often it is asked for.
const WORK: Duration = Duration::from_secs(120);
const ASK: Duration = Duration::from_millis(100);
const PROJECTS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Upload,
    Count,
    Review,
    Read,
    Write,
    Delete,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Upload, Self::Count, Self::Review, Self::Read, Self::Write, Self::Delete];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Count => "count",
            Self::Review => "review",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// A page that is ready, and what to count on it.
#[derive(Clone)]
struct Page {
    id: String,
    document: String,
    project: usize,
    exemplar: Value,
}

#[derive(Default)]
struct Known {
    pages: VecDeque<Page>,
    sessions: VecDeque<String>,
    measurements: VecDeque<String>,
}

pub(crate) struct Mix {
    api: Api,
    tally: Arc<Tally>,
    /// Project and its condition.
    projects: Vec<(String, String)>,
    known: Mutex<Known>,
    random: Mutex<ChaCha8Rng>,
}

fn remember<T>(list: &mut VecDeque<T>, thing: T) {
    if list.len() >= REMEMBERED {
        list.pop_front();
    }
    list.push_back(thing);
}

fn id(value: &Value, key: &str) -> Result<String, Wrong> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| format!("no {key}"))
}

/// Asks for the same until there is an answer in what comes.
async fn until<T>(
    api: &Api,
    path: &str,
    find: impl Fn(&Value) -> Result<Option<T>, Wrong> + Send,
) -> Result<T, Wrong> {
    let asking = async {
        let mut tick = tokio::time::interval(ASK);
        loop {
            tick.tick().await;
            if let Some(found) = find(&api.get(path).await?)? {
                return Ok(found);
            }
        }
    };
    tokio::time::timeout(WORK, asking).await.unwrap_or_else(|_| Err("not done in time".to_owned()))
}

impl Mix {
    /// Makes the projects and one page to begin with.
    pub(crate) async fn prepare(api: Api, tally: Arc<Tally>, seed: u64) -> anyhow::Result<Self> {
        let random = Mutex::new(ChaCha8Rng::seed_from_u64(seed));
        let mut mix = Self { api, tally, projects: Vec::new(), known: Mutex::default(), random };
        let prepare = async {
            for n in 0..PROJECTS {
                let made = mix.api.post("/projects", &json!({"name": format!("Load {n}")})).await?;
                let project = id(&made, "id")?;
                let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
                let made = mix.api.post(&format!("/projects/{project}/conditions"), &body).await?;
                mix.projects.push((project, id(&made, "id")?));
            }
            mix.upload(Stopwatch::start()).await
        };
        prepare.await.map_err(|wrong: Wrong| anyhow::anyhow!("the node cannot be loaded: {wrong}"))?;
        Ok(mix)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn page(&self) -> Option<Page> {
        let known = self.known();
        let n = self.draw(|r| r.random_range(0..known.pages.len().max(1)));
        known.pages.get(n).cloned()
    }

    /// One request or a short talk that was due when `due` was started.
    async fn one(&self, kind: Kind, due: Stopwatch) {
        let done = match kind {
            Kind::Upload => self.upload(due).await,
            Kind::Count => self.count(due).await,
            Kind::Review => self.review(due).await,
            Kind::Read => self.read(due).await,
            Kind::Write => self.write(due).await,
            Kind::Delete => self.delete(due).await,
        };
        if let Err(wrong) = done {
            self.tally.wrong(kind.name(), wrong);
        }
    }

    async fn upload(&self, due: Stopwatch) -> Result<(), Wrong> {
        let (seed, project) = self.draw(|r| (r.random::<u64>(), r.random_range(0..PROJECTS)));
        let habit = Habit::named("blocks").ok_or("no habit")?;
        let drawn =
            tokio::task::spawn_blocking(move || sheet(seed, habit)).await.map_err(|e| e.to_string())?;
        let kinds = drawn.truth.symbols.iter().filter(|(kind, _)| *kind != "door");
        let alone = kinds.flat_map(|(_, all)| all).find(|i| !i.crossed && !i.touching);
        let [x, y, w, h] = alone.ok_or("no symbol stands alone")?.area;
        let exemplar = json!({"x": x - 2.0, "y": y - 2.0, "w": w + 4.0, "h": h + 4.0});
        let made = self.api.upload(&self.projects[project].0, drawn.pdf).await?;
        self.tally.took("upload", due.elapsed());
        let document = id(&made, "id")?;
        let path = format!("/documents/{document}/pages");
        let page = until(&self.api, &path, |found| {
            let page = &found["pages"][0];
            match page["status"].as_str() {
                Some("ready") => id(page, "id").map(Some),
                Some("error") => Err("the page failed".to_owned()),
                _ => Ok(None),
            }
        })
        .await?;
        self.tally.took("page ready", due.elapsed());
        let path = format!("/pages/{page}/scale-detection-status");
        until(&self.api, &path, |found| Ok((found["status"] == "complete").then_some(()))).await?;
        // Not every sheet says one that can be found, and without it nothing is measured.
        let scale = json!({"scale_value": 10.0});
        self.api.send(Method::PUT, &format!("/pages/{page}/scale"), Some(&scale)).await?;
        remember(&mut self.known().pages, Page { id: page, document, project, exemplar });
        Ok(())
    }

    async fn count(&self, due: Stopwatch) -> Result<(), Wrong> {
        let Some(page) = self.page() else { return Ok(()) };
        let condition = &self.projects[page.project].1;
        let body = json!({"condition_id": condition, "template_bbox": page.exemplar, "max_detections": 20});
        let started = self.api.post(&format!("/pages/{}/auto-count", page.id), &body).await?;
        self.tally.took("count", due.elapsed());
        let (session, task) = (id(&started, "session_id")?, id(&started, "task_id")?);
        let path = format!("/tasks/{task}");
        until(&self.api, &path, |found| match found["status"].as_str() {
            Some("SUCCESS") => Ok(Some(())),
            Some("FAILURE" | "REVOKED") => Err("the count failed".to_owned()),
            _ => Ok(None),
        })
        .await?;
        self.tally.took("counted", due.elapsed());
        remember(&mut self.known().sessions, session);
        Ok(())
    }

    async fn review(&self, due: Stopwatch) -> Result<(), Wrong> {
        let session = self.known().sessions.pop_front();
        let Some(session) = session else { return Ok(()) };
        let path = format!("/auto-count-sessions/{session}");
        let all = json!({"threshold": 0.0, "include_legend": true});
        self.api.post(&format!("{path}/bulk-confirm"), &all).await?;
        self.api.send(Method::POST, &format!("{path}/create-measurements"), None).await?;
        self.tally.took("review", due.elapsed());
        let found = self.api.get(&path).await?;
        let made: Vec<String> = found["detections"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|d| id(d, "measurement_id").ok())
            .collect();
        let mut known = self.known();
        made.into_iter().for_each(|measurement| remember(&mut known.measurements, measurement));
        Ok(())
    }

    async fn read(&self, due: Stopwatch) -> Result<(), Wrong> {
        let Some(page) = self.page() else { return Ok(()) };
        let (project, condition) = &self.projects[page.project];
        let path = match self.draw(|r| r.random_range(0..7)) {
            0 => "/projects".to_owned(),
            1 => format!("/projects/{project}/conditions"),
            2 => format!("/documents/{}", page.document),
            3 => format!("/documents/{}/pages", page.document),
            4 => format!("/pages/{}", page.id),
            5 => format!("/files/pages/{}/thumbnail.png", page.id),
            _ => format!("/projects/{project}/conditions/{condition}"),
        };
        self.api.get(&path).await?;
        self.tally.took("read", due.elapsed());
        Ok(())
    }

    async fn write(&self, due: Stopwatch) -> Result<(), Wrong> {
        let Some(page) = self.page() else { return Ok(()) };
        let (x, y) = self.draw(|r| (r.random_range(10.0..500.0), r.random_range(10.0..500.0)));
        let body = json!({"page_id": page.id, "geometry_type": "point", "geometry_data": {"x": x, "y": y}});
        let path = format!("/conditions/{}/measurements", self.projects[page.project].1);
        let made = self.api.post(&path, &body).await?;
        self.tally.took("write", due.elapsed());
        remember(&mut self.known().measurements, id(&made, "id")?);
        Ok(())
    }

    async fn delete(&self, due: Stopwatch) -> Result<(), Wrong> {
        let measurement = self.known().measurements.pop_front();
        let Some(measurement) = measurement else { return Ok(()) };
        self.api.send(Method::DELETE, &format!("/measurements/{measurement}"), None).await?;
        self.tally.took("delete", due.elapsed());
        Ok(())
    }
}

/// Sends what is due for so long, whether or not answers come, and waits for the last answers.
pub(crate) async fn drive(mix: Arc<Mix>, length: Duration, rate: impl Fn(Kind) -> f64) {
    let mut kinds = JoinSet::new();
    for kind in Kind::ALL {
        let rate = rate(kind);
        if rate > 0.0 {
            kinds.spawn(arrivals(Arc::clone(&mix), kind, rate, length));
        }
    }
    while kinds.join_next().await.is_some() {}
}

/// Of one kind: as of many people who know nothing of each other, `rate` a second.
async fn arrivals(mix: Arc<Mix>, kind: Kind, rate: f64, length: Duration) {
    let begin = tokio::time::Instant::now();
    let (mut sent, mut at) = (JoinSet::new(), 0.0);
    loop {
        at -= mix.draw(|r| 1.0 - r.random::<f64>()).ln() / rate;
        if at >= length.as_secs_f64() {
            break;
        }
        tokio::time::sleep_until(begin + Duration::from_secs_f64(at)).await;
        while sent.try_join_next().is_some() {}
        if sent.len() >= ON_THEIR_WAY {
            mix.tally.wrong(kind.name(), "not sent: too many on their way".to_owned());
            continue;
        }
        let (mix, due) = (Arc::clone(&mix), Stopwatch::start());
        sent.spawn(async move { mix.one(kind, due).await });
    }
    while sent.join_next().await.is_some() {}
}
