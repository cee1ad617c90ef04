//! What the unit tests of this crate share: a store in memory, ids in order, records of nothing special.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use takeoff_core::geom::PageSpace;
use takeoff_core::model::{
    BlobHash, Condition, CountSession, Document, DocumentStatus, Entity, Id, IdSource, MeasurementType, Page,
    PageScale, PageStatus, SessionStatus, TenantId, Timestamp,
};
use takeoff_core::page::request::FileType;
use takeoff_storage::catalog::Clock;
use takeoff_storage::{Batch, Catalog, Op, mem};

use crate::Desk;
use crate::load::find;

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
        created_at: now,
        updated_at: now,
    }
}

pub(crate) fn condition(id: Id, measurement_type: MeasurementType) -> Condition {
    Condition {
        id,
        project_id: Id::NIL,
        name: "Walls".to_owned(),
        description: None,
        scope: "concrete".to_owned(),
        category: None,
        measurement_type,
        color: "#3B82F6".to_owned(),
        line_width: 2,
        fill_opacity: 0.3,
        unit: "LF".to_owned(),
        depth: None,
        thickness: None,
        total_quantity: 0.0,
        measurement_count: 0,
        total_perimeter_ft: 0.0,
        sort_order: 0,
        is_ai_generated: false,
        is_visible: true,
        extra_metadata: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
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
        confidence_threshold: 0.8,
        scale_tolerance: 0.2,
        rotation_tolerance: None,
        detection_method: "hybrid".to_owned(),
        max_detections,
        status: SessionStatus::Pending,
        error_message: None,
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
