//! A node with a gateway on a free port, and a client for it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use takeoff_commands::Desk;
use takeoff_commands::jobs::{RunAssemblyArgs, decode};
use takeoff_config::NodeConfig;
use takeoff_core::geom::PageSpace;
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::{
    BlobHash, Document, DocumentStatus, Id, Page, PageBlobs, PageScale, PageStatus, TenantId,
};
use takeoff_core::page::request::FileType;
use takeoff_engine::NoopStage;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::error::StageError;
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_gateway::{Gateway, exposition};
use takeoff_storage::Batch;
use takeoff_storage::catalog::Op;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longest that anything in these tests may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Prices by the commands' own builder, as the real stage does, without the compute pool.
struct PricingStage;

#[async_trait]
impl Stage for PricingStage {
    fn name(&self) -> StageName {
        StageName::RunAssembly
    }

    fn budget_ms(&self, _: &Job) -> u64 {
        10_000
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError> {
        let args: RunAssemblyArgs =
            decode(&attempt.job.args).map_err(|e| StageError::Reject(e.to_string()))?;
        let desk = Desk {
            catalog: &*tools.catalog,
            ids: &*tools.ids,
            tenant: attempt.tenant(),
            now: tools.clock.now(),
        };
        match takeoff_commands::assemblies::priced_batch(&desk, args.assembly_id).await? {
            takeoff_commands::assemblies::Pricing::Priced(priced) => {
                Ok(Effects { batch: priced.batch, end: End::Done { result: json!({}) } })
            }
            takeoff_commands::assemblies::Pricing::Refused(error) => {
                Ok(Effects { batch: Batch::new(attempt.tenant()), end: End::Refused { error } })
            }
        }
    }

    async fn bury(&self, job: &Job, _: &str, _: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}

/// Known to the node, so that its jobs can be cancelled, but switched off, so that they stay as they are.
struct IdleDetection;

#[async_trait]
impl Stage for IdleDetection {
    fn name(&self) -> StageName {
        StageName::DetectScale
    }

    fn budget_ms(&self, _: &Job) -> u64 {
        10_000
    }

    async fn run(&self, _: Attempt, _: Tools) -> Result<Effects, StageError> {
        Err(StageError::Reject("switched off".to_owned()))
    }

    async fn bury(&self, job: &Job, _: &str, _: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}

/// One recorder a process; tests only ask for what they did themselves.
fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| exposition().unwrap().install_recorder().unwrap()).clone()
}

pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) handle: Handle,
    pub(crate) client: reqwest::Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<usize>,
    _dir: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) json: Value,
}

impl Reply {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        Self { status, headers, json: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// The body, if the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self.json
    }

    #[track_caller]
    pub(crate) fn detail(self, status: u16) -> String {
        let json = self.expect(status);
        json["detail"].as_str().unwrap_or_else(|| panic!("no detail: {json}")).to_owned()
    }

    /// `code at place` of each problem of a 422.
    #[track_caller]
    pub(crate) fn problems(self) -> Vec<String> {
        let json = self.expect(422);
        let list = json["detail"].as_array().unwrap_or_else(|| panic!("no list: {json}"));
        let place = |p: &Value| {
            let steps = p["loc"].as_array().unwrap().iter();
            let steps: Vec<String> =
                steps.map(|s| s.as_str().map_or_else(|| s.to_string(), str::to_owned)).collect();
            steps.join(".")
        };
        list.iter().map(|p| format!("{} at {}", p["type"].as_str().unwrap(), place(p))).collect()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut NodeConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = NodeConfig::solo(dir.path());
        config.api.listen = ([127, 0, 0, 1], 0).into();
        for stage in &mut config.stages {
            stage.enabled = matches!(stage.stage, StageName::RunAssembly | StageName::Noop);
        }
        change(&mut config);
        let clock = Arc::new(SystemClock);
        let parts = EngineParts {
            config: Arc::new(config.clone()),
            catalog: takeoff_storage::mem::open(clock.clone()).unwrap(),
            blobs: takeoff_storage::mem::blobs().unwrap(),
            clock,
            ids: Arc::new(SystemIds),
            stages: vec![Arc::new(PricingStage), Arc::new(NoopStage), Arc::new(IdleDetection)],
            child_program: dir.path().join("no-such-program"),
            child_args: Vec::new(),
        };
        let handle = Handle::start(parts).await.unwrap();
        let bound = Gateway::bind(&config).await.unwrap().before(handle.clone(), prometheus()).unwrap();
        let base = format!("http://{}", bound.local_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(bound.serve(async move {
            let _ = stopped.await;
        }));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DEADLINE)
            .build()
            .unwrap();
        Self { base, handle, client, stop, serving, _dir: dir }
    }

    /// Asks the gateway to end; the answer is how many connections it cut.
    pub(crate) fn stop(self) -> JoinHandle<usize> {
        self.stop.send(()).unwrap();
        self.serving
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    pub(crate) fn api(path: &str) -> String {
        format!("/api/v1{path}")
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = self.client.request(method, self.url(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, &Self::api(path), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, &Self::api(path), Some(body)).await
    }

    /// A POST without a body.
    pub(crate) async fn act(&self, path: &str) -> Reply {
        self.send(Method::POST, &Self::api(path), None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, &Self::api(path), Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, &Self::api(path), None).await
    }

    /// A new project's id.
    pub(crate) async fn project(&self) -> String {
        let made = self.post("/projects", json!({"name": "Warehouse 7"})).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// A new condition's id.
    pub(crate) async fn condition(&self, project: &str, body: Value) -> String {
        let made = self.post(&format!("/projects/{project}/conditions"), body).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// A stored page without a scale, as ingestion leaves it; its image holds `image`.
    pub(crate) async fn page(&self, project: &str, image: &[u8]) -> Page {
        let (now, tenant) = (self.handle.now(), TenantId::DEFAULT);
        let mut batch = Batch::new(tenant);
        let mut hashes: Vec<BlobHash> = Vec::new();
        for bytes in [b"list".as_slice(), image, b"thumbnail", b"%PDF-original"] {
            let info = self.handle.blobs().put_bytes(tenant, bytes.to_vec().into()).await.unwrap();
            batch.ops.push(Op::BlobStored { hash: info.hash, size: info.size });
            hashes.push(info.hash);
        }
        let document = Document {
            id: self.handle.next_id(),
            project_id: project.parse().unwrap(),
            original_filename: "Plan Süd.pdf".to_owned(),
            file_type: FileType::Pdf,
            file_size: 13,
            blob: hashes[3],
            status: DocumentStatus::Ready,
            page_count: Some(1),
            processing_error: None,
            findings: Vec::new(),
            job_id: Id::NIL,
            revision_number: None,
            revision_date: None,
            revision_label: None,
            supersedes_document_id: None,
            is_latest_revision: true,
            created_at: now,
            updated_at: now,
        };
        let page = Page {
            id: self.handle.next_id(),
            document_id: document.id,
            project_id: document.project_id,
            number: 1,
            space: PageSpace::of_points(17.0 * 72.0, 11.0 * 72.0),
            inches: Some((17.0, 11.0)),
            status: PageStatus::Ready,
            processing_error: None,
            blobs: Some(PageBlobs { list: hashes[0], image: hashes[1], thumbnail: hashes[2] }),
            is_vector: Some(true),
            path_count: 0,
            word_count: 0,
            findings: Vec::new(),
            scale: PageScale::unknown(),
            sheet_number: Some("A1.01".to_owned()),
            title: None,
            display_name: None,
            display_order: None,
            group_name: None,
            is_relevant: true,
            shapes: None,
            created_at: now,
            updated_at: now,
        };
        batch.create(&document).create(&page);
        self.handle.commit(batch).await.unwrap();
        page
    }
}
