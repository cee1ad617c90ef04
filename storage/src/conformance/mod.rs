//! What every backend must do, one function a behaviour. Run by [`catalog_conformance!`] and
//! [`blob_conformance!`] on each backend; each function gets an empty store of its own.

pub mod blobs;
pub mod fan_out;
pub mod jobs;
pub mod queue;
pub mod records;
pub mod register;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use takeoff_core::job::{FailureKind, Job, JobEvent, Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};

use crate::catalog::{
    Batch, Catalog, Clock, Committed, JobChange, LeaseRequest, ListQuery, NewRecord, Op, Record,
};
use crate::error::StoreError;

/// Makes a test of each behaviour of a catalogue. `open` is an async function without arguments that
/// returns a [`Subject`] with an empty store.
#[macro_export]
macro_rules! catalog_conformance {
    ($open:path) => {
        $crate::catalog_conformance!(@ $open;
            records: preconditions versions_and_bodies claims lists_in_both_directions lists_follow_the_record
                atomic_refusal batch_limit blob_references tenants_are_apart events_are_numbered
                many_writers_one_winner ping_is_answered;
            jobs: one_life retries_then_death reject_is_death poison snooze_and_release_cost_nothing
                fencing late_fence_counts cancel_is_terminal requeue discard unknown_jobs listings
                listings_by_state
                work_and_completion_are_one;
            fan_out: fan_in failed_children_are_known nested_cancel cancelled_child_counts empty_fan_out
                requeued_child_is_on_its_own parallel_children_release_once parts_go_before_what_waits;
            queue: lease_order delayed_jobs_wait no_job_twice paused_projects turns_between_projects
                ranks_within_a_project delayed_projects_hold_up_nobody statistics statistics_as_time_passes
                renewal rescue
                prune_keeps_what_is_wanted prune_forgets_events;
            register: one_name_one_node who_is_silent_makes_room a_request_to_drain_lasts signs_of_life;
        );
    };
    (@ $open:path; $($module:ident: $($name:ident)+;)+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let subject = $open().await;
                $crate::conformance::$module::$name(&subject).await;
            })+
        })+
    };
}

/// Makes a test of each behaviour of a blob store. `open` is an async function without arguments that
/// returns a [`BlobSubject`](blobs::BlobSubject) with an empty store.
#[macro_export]
macro_rules! blob_conformance {
    ($open:path) => {
        $crate::blob_conformance!(@ $open; put_and_read ranges equal_bytes_are_one files_are_taken_over
            missing_blobs delete_and_list tenants_are_apart local_copies limits parallel_puts empty_blob);
    };
    (@ $open:path; $($name:ident)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let subject = $open().await;
            $crate::conformance::blobs::$name(&*subject.blobs).await;
        })+
    };
}

/// A clock that moves when told.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_800_000_000_000_000))
    }
}

impl HandClock {
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms * 1_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// An empty catalogue and the clock it goes by.
pub struct Subject {
    pub catalog: Arc<dyn Catalog>,
    pub clock: Arc<HandClock>,
    /// What must live as long as the store (a temporary folder).
    pub keep: Option<Box<dyn std::any::Any + Send + Sync>>,
}

const TENANT: TenantId = TenantId::DEFAULT;

/// The nth id; ids sort like their numbers.
pub fn id(n: u64) -> Id {
    Id(uuid::Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | n))
}

pub fn hash(n: u8) -> BlobHash {
    BlobHash([n; 32])
}

fn record(kind: Kind, n: u64, parent: Id, body: &str) -> NewRecord {
    NewRecord {
        kind,
        id: id(n),
        format: 1,
        lists: vec![(Index::ByProject, parent)],
        blobs: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

pub fn job(n: u64) -> NewJob {
    NewJob {
        id: id(n),
        stage: Stage::Noop,
        args: json!({ "n": n }),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1_000 },
        project_id: None,
        subject_id: None,
        task: None,
        request_id: None,
    }
}

fn batch(fill: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::new(TENANT);
    fill(&mut batch);
    batch
}

fn fail(kind: FailureKind) -> JobEvent {
    JobEvent::Fail { kind, message: format!("{kind:?}") }
}

impl Subject {
    pub async fn commit(&self, fill: impl FnOnce(&mut Batch)) -> Result<Committed, StoreError> {
        self.catalog.commit(batch(fill)).await
    }

    async fn put(&self, record: NewRecord) {
        self.commit(|b| b.ops.push(Op::Put(record))).await.expect("put");
    }

    async fn get(&self, kind: Kind, n: u64) -> Option<Record> {
        self.catalog.get(TENANT, kind, id(n)).await.expect("get")
    }

    pub async fn enqueue(&self, jobs: impl IntoIterator<Item = NewJob>) {
        let jobs = jobs.into_iter().collect();
        self.commit(|b| b.jobs = jobs).await.expect("enqueue");
    }

    pub async fn job(&self, n: u64) -> Job {
        self.catalog.job(TENANT, id(n)).await.expect("job").expect("exists")
    }

    /// Leases of stage noop, for a minute.
    pub async fn lease(&self, max_jobs: usize) -> Vec<Job> {
        let request = LeaseRequest::new("a", Stage::Noop, max_jobs, 60_000);
        self.catalog.lease(request).await.expect("lease")
    }

    /// Leases the one job that is due and returns its token.
    async fn lease_one(&self, n: u64) -> u64 {
        let leased = self.lease(10).await;
        assert_eq!(leased.iter().map(|j| j.id).collect::<Vec<_>>(), [id(n)]);
        leased[0].token
    }

    pub async fn change(&self, n: u64, token: Option<u64>, event: JobEvent) -> Result<Committed, StoreError> {
        self.commit(|b| b.changes.push(JobChange { job: id(n), token, event })).await
    }

    async fn list(&self, parent: Id, after: Option<Id>, newest_first: bool, limit: usize) -> Vec<Id> {
        let query = ListQuery {
            tenant: TENANT,
            kind: Kind::Document,
            index: Index::ByProject,
            parent,
            after,
            newest_first,
            limit,
        };
        self.catalog.list(query).await.expect("list").into_iter().map(|r| r.id).collect()
    }
}

fn succeed() -> JobEvent {
    JobEvent::Succeed { result: Value::Null }
}
