//! What the unit tests of this crate share: a store in memory, ids in order, records of nothing special.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use takeoff_config::NodeConfig;
use takeoff_core::geom::PageSpace;
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::{
    ApartCounts, BlobHash, Condition, CountProgress, CountScope, CountSession, Document, DocumentStatus,
    Entity, Id, IdSource, Index, KeptCandidates, Kind, MeasurementType, Page, PageBlobs, PageScale,
    PageStatus, SessionStatus, TenantId, Timestamp,
};
use takeoff_core::page::display::{DisplayList, PageKind};
use takeoff_core::page::request::FileType;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::error::StageError;
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::catalog::{
    Claim, Clock, Committed, Event, JobPage, JobQuery, LeaseRequest, ListQuery, Record, Renewal, Renewed,
    StageQueue,
};
use takeoff_storage::register::{Beat, Joined, NodeEntry, NodeIdentity};
use takeoff_storage::{Batch, BlobInfo, Catalog, Op, StoreError, mem};

use crate::assemblies::{Pricing, priced_batch};
use crate::conditions::{self, NewCondition};
use crate::jobs::{self, RunAssemblyArgs};
use crate::load::find;
use crate::pages::StoredPage;
use crate::projects::{self, NewProject};
use crate::scale::{self, ManualScale};
use crate::{Ctx, Desk};

/// A time that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_000_000)
    }
}

/// Ids 1, 2, 3, ...
#[derive(Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn next(&self) -> Id {
        id(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

pub(crate) fn id(n: u64) -> Id {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    Id::from_bytes(bytes)
}

pub(crate) struct Bench {
    pub(crate) catalog: Arc<dyn Catalog>,
    ids: Counted,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { catalog: mem::open(Arc::new(Still)).unwrap(), ids: Counted::default() }
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk { catalog: &*self.catalog, ids: &self.ids, tenant: TenantId::DEFAULT, now: Timestamp(2_000_000) }
    }

    pub(crate) async fn put<E: Entity>(&self, entity: &E) {
        let mut batch = Batch::new(TenantId::DEFAULT);
        for hash in entity.blobs() {
            batch.ops.push(Op::BlobStored { hash, size: 1 });
        }
        batch.create(entity);
        self.commit(batch).await;
    }

    pub(crate) async fn commit(&self, batch: Batch) {
        self.catalog.commit(batch).await.unwrap();
    }

    pub(crate) async fn get<E: Entity>(&self, id: Id) -> E {
        find::<E>(&self.desk(), id).await.unwrap().unwrap().value
    }
}

pub(crate) fn document(id: Id, project_id: Id) -> Document {
    Document {
        id,
        project_id,
        original_filename: "S-set.pdf".to_owned(),
        file_type: FileType::Pdf,
        file_size: 1,
        blob: BlobHash([7; 32]),
        status: DocumentStatus::Uploaded,
        page_count: None,
        processing_error: None,
        findings: Vec::new(),
        job_id: Id::NIL,
        revision_number: None,
        revision_date: None,
        revision_label: None,
        supersedes_document_id: None,
        is_latest_revision: true,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// Page 1 of a document without an id, waiting to be parsed.
pub(crate) fn page(id: Id, space: Option<PageSpace>, now: Timestamp) -> Page {
    Page {
        id,
        document_id: Id::NIL,
        project_id: Id::NIL,
        number: 1,
        space,
        inches: None,
        status: PageStatus::Processing,
        processing_error: None,
        blobs: None,
        is_vector: None,
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
        created_at: now,
        updated_at: now,
    }
}

pub(crate) fn session(id: Id, page_ids: Vec<Id>, max_detections: u32) -> CountSession {
    CountSession {
        id,
        page_id: page_ids[0],
        page_ids,
        condition_id: Id::NIL,
        project_id: Id::NIL,
        job_id: Id::NIL,
        exemplar: takeoff_core::geom::PxRect::new(0.0, 0.0, 10.0, 10.0),
        scope: CountScope::default(),
        confidence_threshold: 0.8,
        scale_tolerance: 0.2,
        rotation_tolerance: None,
        lettering: None,
        detection_method: "hybrid".to_owned(),
        max_detections,
        status: SessionStatus::Pending,
        error_message: None,
        notes: None,
        kept: Some(KeptCandidates::with(0.8)),
        progress: CountProgress::default(),
        near_misses: 0,
        set_apart: 0,
        apart: ApartCounts::default(),
        total_detections: 0,
        found_detections: 0,
        truncated: false,
        confirmed_count: 0,
        rejected_count: 0,
        processing_time_ms: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// Prices as the assembly stage does.
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
            jobs::decode(&attempt.job.args).map_err(|e| StageError::Reject(e.to_string()))?;
        let desk = Desk {
            catalog: &*tools.catalog,
            ids: &*tools.ids,
            tenant: attempt.tenant(),
            now: tools.clock.now(),
        };
        match priced_batch(&desk, args.assembly_id).await? {
            Pricing::Priced(priced) => {
                Ok(Effects { batch: priced.batch, end: End::Done { result: Value::Null } })
            }
            Pricing::Refused(error) => {
                Ok(Effects { batch: Batch::new(desk.tenant), end: End::Refused { error } })
            }
        }
    }

    async fn bury(&self, job: &Job, _: &str, _: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}

/// A catalogue in which somebody else may be faster: before the next commit another write is made.
pub(crate) struct Meddled {
    inner: Arc<dyn Catalog>,
    next: Mutex<Option<BoxFuture<'static, ()>>>,
    /// Records that were read, counted or written.
    rows: AtomicU64,
}

impl Meddled {
    /// Makes `write` happen between the next commit's decision and the commit itself.
    pub(crate) fn before_commit(&self, write: impl Future<Output = ()> + Send + 'static) {
        *self.next.lock().unwrap() = Some(write.boxed());
    }

    /// Records that were read, counted or written since it was asked for last.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.swap(0, Ordering::Relaxed)
    }

    fn touched(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn has_happened(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

#[async_trait]
impl Catalog for Meddled {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let write = self.next.lock().unwrap().take();
        if let Some(write) = write {
            write.await;
        }
        self.touched(batch.op_count());
        self.inner.commit(batch).await
    }

    async fn get(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<Record>, StoreError> {
        self.touched(1);
        self.inner.get(tenant, kind, id).await
    }

    async fn get_many(
        &self,
        tenant: TenantId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Option<Record>>, StoreError> {
        self.touched(ids.len());
        self.inner.get_many(tenant, kind, ids).await
    }

    async fn list(&self, query: ListQuery) -> Result<Vec<Record>, StoreError> {
        let found = self.inner.list(query).await?;
        self.touched(found.len() + 1);
        Ok(found)
    }

    async fn count(&self, tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Result<u64, StoreError> {
        let found = self.inner.count(tenant, kind, index, parent).await?;
        self.touched(found as usize + 1);
        Ok(found)
    }

    async fn claim_owner(&self, tenant: TenantId, claim: &Claim) -> Result<Option<Id>, StoreError> {
        self.inner.claim_owner(tenant, claim).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        project: Id,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.inner.events(tenant, project, after, limit).await
    }

    async fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError> {
        self.inner.job(tenant, id).await
    }

    async fn jobs(&self, tenant: TenantId, query: JobQuery) -> Result<JobPage, StoreError> {
        self.inner.jobs(tenant, query).await
    }

    async fn queue(&self, stage: StageName) -> Result<StageQueue, StoreError> {
        self.inner.queue(stage).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError> {
        self.inner.lease(request).await
    }

    async fn renew(
        &self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError> {
        self.inner.renew(node, lease_ms, renewals).await
    }

    async fn rescue(&self, renewed_ms: i64, limit: usize) -> Result<usize, StoreError> {
        self.inner.rescue(renewed_ms, limit).await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.inner.prune(before, limit).await
    }

    async fn forget_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        self.inner.forget_blob(tenant, hash).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn join(&self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
        self.inner.join(node, silent_ms).await
    }

    async fn beat(&self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
        self.inner.beat(beat).await
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, StoreError> {
        self.inner.nodes().await
    }

    async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, StoreError> {
        self.inner.ask_to_drain(name).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

/// A node in memory, without parse children and with the assembly stage only.
pub(crate) struct Node {
    pub(crate) handle: Handle,
    pub(crate) catalog: Arc<Meddled>,
    _folder: tempfile::TempDir,
}

impl Node {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let inner = mem::open(clock.clone()).unwrap();
        let catalog = Arc::new(Meddled { inner, next: Mutex::default(), rows: AtomicU64::new(0) });
        let parts = EngineParts {
            config: Arc::new(NodeConfig::solo(folder.path())),
            catalog: catalog.clone(),
            blobs: mem::blobs().unwrap(),
            clock,
            ids: Arc::new(SystemIds),
            stages: vec![Arc::new(PricingStage)],
            child_program: folder.path().join("no-such-program"),
            child_args: Vec::new(),
        };
        Self { handle: Handle::start(parts).await.unwrap(), catalog, _folder: folder }
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&self.handle, self.handle.tenant(), Some("request-1"))
    }

    pub(crate) async fn project(&self) -> Id {
        let new = NewProject { name: "Warehouse 7".to_owned(), ..NewProject::default() };
        projects::create(&self.ctx(), new).await.unwrap().id
    }

    pub(crate) async fn condition(&self, project_id: Id, measurement_type: MeasurementType) -> Condition {
        let new = NewCondition::named("Walls", measurement_type);
        conditions::create(&self.ctx(), project_id, new).await.unwrap()
    }

    /// A stored letter-size vector page, without a scale. Its display list is `list`.
    pub(crate) async fn page(&self, project_id: Id, number: u32, list: &DisplayList) -> Page {
        let ctx = self.ctx();
        let blob = ctx.handle.blobs().put_bytes(ctx.tenant, list.encode().into()).await.unwrap();
        let blobs = PageBlobs { list: blob.hash, image: blob.hash, thumbnail: blob.hash };
        let page = Page {
            project_id,
            number,
            status: PageStatus::Ready,
            blobs: Some(blobs),
            is_vector: Some(list.kind == PageKind::Vector),
            ..page(ctx.next(), Some(list.space), ctx.handle.now())
        };
        let mut batch = Batch::new(ctx.tenant);
        batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
        batch.create(&page);
        ctx.handle.commit(batch).await.unwrap();
        page
    }

    /// The same with nothing on it, at 10 pixels per foot.
    pub(crate) async fn scaled_page(&self, project_id: Id, number: u32) -> Page {
        let page = self.page(project_id, number, &blank_list(PageKind::Vector)).await;
        let scale = ManualScale { value: Some(10.0), unit: "foot".to_owned(), text: None };
        scale::set_scale(&self.ctx(), page.id, scale).await.unwrap()
    }
}

pub(crate) fn blank_list(kind: PageKind) -> DisplayList {
    DisplayList::empty(PageSpace::of_points(612.0, 792.0).unwrap(), kind)
}

/// A page that was parsed.
pub(crate) fn stored_page() -> StoredPage {
    let blob = |n| BlobInfo { hash: BlobHash([n; 32]), size: 10 };
    StoredPage {
        space: PageSpace::of_points(612.0, 792.0).unwrap(),
        inches: Some((8.5, 11.0)),
        list: blob(1),
        image: blob(2),
        thumbnail: blob(3),
        is_vector: true,
        path_count: 5,
        word_count: 6,
        findings: Vec::new(),
    }
}
