//! A node with all stages, without parse children: its pages are put into the store as ingestion would.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use takeoff_commands::conditions::{self, NewCondition};
use takeoff_commands::projects::{self, NewProject};
use takeoff_commands::{Ctx, reads};
use takeoff_config::NodeConfig;
use takeoff_core::geom::PageSpace;
use takeoff_core::job::{Job, Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Condition, Id, IdSource, MeasurementType, Page, PageBlobs, PageScale, PageStatus};
use takeoff_core::page::display::{DisplayList, PageKind};
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::{Batch, Op, mem};

/// A job that has not ended after this long will not end.
const SOON_MS: u64 = 30_000;

pub(crate) struct Node {
    pub(crate) handle: Handle,
    pub(crate) project: Id,
    _folder: tempfile::TempDir,
}

impl Node {
    pub(crate) async fn start(change: impl FnOnce(&mut NodeConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = NodeConfig::solo(folder.path());
        change(&mut config);
        let clock = Arc::new(SystemClock);
        let parts = EngineParts {
            stages: takeoff_actors::stages(&config),
            config: Arc::new(config),
            catalog: mem::open(clock.clone()).unwrap(),
            blobs: mem::blobs().unwrap(),
            clock,
            ids: Arc::new(SystemIds),
            child_program: folder.path().join("no-such-program"),
            child_args: Vec::new(),
        };
        let handle = Handle::start(parts).await.unwrap();
        let ctx = Ctx::new(&handle, handle.tenant(), None);
        let new = NewProject { name: "Warehouse 7".to_owned(), ..NewProject::default() };
        let project = projects::create(&ctx, new).await.unwrap().id;
        Self { handle, project, _folder: folder }
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&self.handle, self.handle.tenant(), None)
    }

    pub(crate) async fn condition(&self, measurement_type: MeasurementType) -> Condition {
        conditions::create(&self.ctx(), self.project, NewCondition::named("Walls", measurement_type))
            .await
            .unwrap()
    }

    /// A stored vector page; without a list, one of which nothing could be read.
    pub(crate) async fn page(&self, number: u32, list: Option<&DisplayList>) -> Page {
        let ctx = self.ctx();
        let mut batch = Batch::new(ctx.tenant);
        let mut blobs = None;
        if let Some(list) = list {
            let blob = ctx.handle.blobs().put_bytes(ctx.tenant, list.encode().into()).await.unwrap();
            batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
            blobs = Some(PageBlobs { list: blob.hash, image: blob.hash, thumbnail: blob.hash });
        }
        let page = Page {
            id: ctx.next(),
            document_id: Id::NIL,
            project_id: self.project,
            number,
            space: list.map(|l| l.space),
            inches: None,
            status: if blobs.is_some() { PageStatus::Ready } else { PageStatus::Error },
            processing_error: None,
            blobs,
            is_vector: Some(true),
            path_count: 0,
            word_count: 0,
            findings: Vec::new(),
            scale: PageScale::unknown(),
            sheet_number: None,
            title: None,
            display_name: None,
            display_order: None,
            group_name: None,
            is_relevant: true,
            shapes: None,
            created_at: ctx.handle.now(),
            updated_at: ctx.handle.now(),
        };
        batch.create(&page);
        ctx.handle.commit(batch).await.unwrap();
        page
    }

    pub(crate) async fn stored_page(&self, id: Id) -> Page {
        reads::page(&self.ctx(), id).await.unwrap()
    }

    /// Submits a job and waits for its end.
    pub(crate) async fn run(&self, job: NewJob) -> Job {
        let id = job.id;
        let mut batch = Batch::new(self.handle.tenant());
        batch.jobs.push(job);
        self.handle.commit(batch).await.unwrap();
        self.ended(id).await
    }

    pub(crate) async fn ended(&self, job: Id) -> Job {
        self.handle.await_job(self.handle.tenant(), job, SOON_MS).await.unwrap()
    }
}

/// An interactive job of the node's project.
pub(crate) fn job(node: &Node, stage: Stage, args: serde_json::Value) -> NewJob {
    NewJob {
        id: node.ctx().next(),
        stage,
        args,
        lane: Lane::Interactive,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(node.project),
        subject_id: None,
        task: None,
        request_id: None,
    }
}

/// Looks until it holds, without sleeping.
pub(crate) async fn until(what: impl AsyncFn() -> bool) {
    let looked = async {
        while !what().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_millis(SOON_MS), looked).await.expect("it never came to hold");
}

/// A letter-size sheet.
pub(crate) fn sheet() -> DisplayList {
    DisplayList::empty(PageSpace::of_points(612.0, 792.0).unwrap(), PageKind::Vector)
}

/// A counter of this process, without labels; 0 before it was ever raised.
pub(crate) fn counter(name: &str) -> u64 {
    let text = recorder().render();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |v| v.parse().unwrap())
}

/// One recorder a process; call it before what is to be counted.
pub(crate) fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}
