//! Page jobs of the real stage: run by a node, or by a call of the stage.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use bytes::Bytes;
use takeoff_actors::Ingest;
use takeoff_commands::jobs::{IngestArgs, encode};
use takeoff_config::NodeConfig;
use takeoff_core::budget::Budget;
use takeoff_core::job::{JobState, Lane, NewJob, RetryPolicy, Stage as StageName, enqueue};
use takeoff_core::model::{
    Document, DocumentStatus, Id, IdSource as _, Project, ProjectStatus, TenantId, Timestamp,
};
use takeoff_core::page::request::FileType;
use takeoff_engine::child::{ChildConfig, ChildPool};
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::compute::Compute;
use takeoff_engine::error::StageError;
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_engine::memory::Memory;
use takeoff_engine::stage::{Attempt, Effects, End, PartSink, ProgressSink, Stage, Tools};
use takeoff_storage::catalog::Clock as _;
use takeoff_storage::fs::FsBlobs;
use takeoff_storage::{Batch, BlobStore, Catalog, Op};

const TENANT: TenantId = TenantId::DEFAULT;
/// Longest that all pages of a document may take.
const LIMIT: Duration = Duration::from_secs(600);
/// Requests after which a parse child is replaced: none here, a new one's start is no part of a page.
const NEVER: u32 = u32::MAX;

/// A catalogue, and two stores of blobs: what one side has stored is new to the other.
pub struct PageBed {
    catalog: Arc<dyn Catalog>,
    by_node: Arc<FsBlobs>,
    by_call: Arc<FsBlobs>,
    program: PathBuf,
    config: NodeConfig,
    stage: Arc<Ingest>,
    project: Project,
}

impl PageBed {
    /// `program` is the binary that parse children are of.
    ///
    /// # Errors
    /// The folder cannot be used, or the catalogue does not answer.
    pub async fn new(catalog: Arc<dyn Catalog>, folder: &Path, program: &Path) -> anyhow::Result<Self> {
        let mut config = NodeConfig::solo(folder);
        config.node = "pages".to_owned();
        // One page after the other, on both sides, and each parsed.
        config.children.workers = 1;
        config.children.recycle_after = NEVER;
        config.page_cache.pages = 0;
        config.stages.retain(|s| s.stage == StageName::Ingest);
        config.stages.iter_mut().for_each(|s| s.slots = 1);
        let now = SystemClock.now();
        let project = Project {
            id: SystemIds.next(),
            name: "Benchmark".to_owned(),
            description: None,
            client_name: None,
            project_address: None,
            status: ProjectStatus::Draft,
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::new(TENANT);
        batch.create(&project);
        catalog.commit(batch).await?;
        Ok(Self {
            catalog,
            by_node: Arc::new(FsBlobs::open(&folder.join("by-node"))?),
            by_call: Arc::new(FsBlobs::open(&folder.join("by-call"))?),
            program: program.to_owned(),
            stage: Arc::new(Ingest::new(&config)),
            config,
            project,
        })
    }

    /// A node that parses pages, with a child of its own.
    ///
    /// # Errors
    /// It does not start.
    pub async fn node(&self) -> anyhow::Result<Handle> {
        let parts = EngineParts {
            config: Arc::new(self.config.clone()),
            catalog: Arc::clone(&self.catalog),
            blobs: Arc::clone(&self.by_node) as _,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            stages: vec![Arc::clone(&self.stage) as _],
            child_program: self.program.clone(),
            child_args: vec!["parse-worker".to_owned()],
        };
        Ok(Handle::start(parts).await?)
    }

    /// What the stage is called with.
    ///
    /// # Errors
    /// The pool of threads does not start.
    pub fn tools(&self) -> anyhow::Result<Tools> {
        let config = &self.config;
        Ok(Tools {
            catalog: Arc::clone(&self.catalog),
            blobs: Arc::clone(&self.by_call) as _,
            compute: Compute::start(&config.compute).map_err(|e| anyhow!(e))?,
            children: ChildPool::new(ChildConfig {
                program: self.program.clone(),
                args: vec!["parse-worker".to_owned()],
                workers: config.children.workers,
                memory_bytes: config.children.memory_bytes,
                recycle_after: config.children.recycle_after,
                queue_ms: config.children.page_deadline_ms,
            }),
            memory: Memory::new(config.memory.budget_bytes),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        })
    }

    /// Stores a file on both sides, writes its records and has it opened; the jobs of its pages, which are not
    /// enqueued.
    ///
    /// # Errors
    /// It is no drawing, or a store fails.
    pub async fn open(&self, pdf: &[u8], tools: &Tools) -> anyhow::Result<Vec<NewJob>> {
        let pdf = Bytes::copy_from_slice(pdf);
        self.by_node.put_bytes(TENANT, pdf.clone()).await?;
        let blob = self.by_call.put_bytes(TENANT, pdf).await?;
        let (now, id) = (SystemClock.now(), SystemIds.next());
        let document = Document {
            id,
            project_id: self.project.id,
            original_filename: "plans.pdf".to_owned(),
            file_type: FileType::Pdf,
            file_size: blob.size,
            blob: blob.hash,
            status: DocumentStatus::Uploaded,
            page_count: None,
            processing_error: None,
            findings: Vec::new(),
            job_id: SystemIds.next(),
            revision_number: None,
            revision_date: None,
            revision_label: None,
            supersedes_document_id: None,
            is_latest_revision: true,
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::new(TENANT);
        batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
        batch.create(&document);
        self.catalog.commit(batch).await?;
        let open = NewJob {
            id: document.job_id,
            stage: StageName::Ingest,
            args: encode(&IngestArgs::Document { document_id: id }),
            lane: Lane::Batch,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: Some(self.project.id),
            subject_id: Some(id),
            task: None,
            request_id: None,
        };
        // Each of these steps runs at once again until the pages are handed out.
        loop {
            let Effects { batch, end } = self.call(open.clone(), tools).await?;
            self.catalog.commit(batch).await?;
            match end {
                End::FanOut { children, .. } if children.is_empty() => {}
                End::FanOut { children, .. } => return Ok(children),
                End::Done { .. } | End::Refused { .. } => bail!("the document was not opened"),
            }
        }
    }

    /// Calls the stage for one job, as the engine would, and commits nothing.
    ///
    /// # Errors
    /// The stage fails.
    pub async fn call(&self, job: NewJob, tools: &Tools) -> anyhow::Result<Effects> {
        let job = enqueue(job, TENANT, None, tools.clock.now());
        let attempt = Attempt {
            deadline: Timestamp(i64::MAX),
            budget: Budget::unlimited(),
            progress: ProgressSink(Arc::new(|_, _| {})),
            parts: PartSink(Arc::new(|_| Box::pin(async { Err(StageError::Fenced) }))),
            job: Arc::new(job),
        };
        self.stage.run(attempt, tools.clone()).await.map_err(|e| anyhow!("the stage fails: {e}"))
    }

    /// Has a node run jobs and waits until the last of them has ended.
    ///
    /// # Errors
    /// One does not succeed.
    pub async fn run(&self, node: &Handle, jobs: Vec<NewJob>) -> anyhow::Result<Ran> {
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let mut batch = Batch::new(TENANT);
        batch.jobs = jobs;
        node.commit(batch).await?;
        // They run in this order, one after the other.
        let last = *ids.last().context("there are no jobs")?;
        let limit_ms = u64::try_from(LIMIT.as_millis()).unwrap_or(u64::MAX);
        node.await_job(TENANT, last, limit_ms).await?;
        let queue = self.catalog.queue(StageName::Ingest).await?;
        ensure!(queue.ready + queue.leased == 0, "the last job was not the last");
        Ok(Ran { ids })
    }

    /// # Errors
    /// One of them has not succeeded.
    pub async fn check(&self, ran: Ran) -> anyhow::Result<()> {
        for id in ran.ids {
            let job = self.catalog.job(TENANT, id).await?.context("a job is gone")?;
            let why = job.error.unwrap_or_default();
            ensure!(job.state == JobState::Succeeded, "a page's job ended as {:?}: {why}", job.state);
        }
        Ok(())
    }
}

/// Jobs that a node has run.
pub struct Ran {
    ids: Vec<Id>,
}
