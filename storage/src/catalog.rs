//! The catalogue: records, jobs, leases and events, changed by one primitive, [`Catalog::commit`].

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use takeoff_core::job::{Job, NewJob, Progress, Stage, Turns};
use takeoff_core::model::{BlobHash, Entity, Id, Index, Kind, TenantId, Timestamp};

use crate::error::StoreError;
use crate::register::{Beat, Joined, NodeEntry, NodeIdentity};

pub use takeoff_core::job::JobEvent;

/// Operations of one batch; a larger change is a resumable job.
pub const MAX_BATCH_OPS: usize = 5_000;

/// A stored noun: typed columns beside a versioned body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub tenant: TenantId,
    pub kind: Kind,
    pub id: Id,
    /// Raised by each put; the ETag.
    pub version: u64,
    /// Engine version that wrote it.
    pub engine: String,
    pub format: u16,
    /// JSON.
    pub body: Vec<u8>,
}

/// A record to be put. `lists` and `blobs` replace those of the version before.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    pub kind: Kind,
    pub id: Id,
    pub format: u16,
    pub lists: Vec<(Index, Id)>,
    pub blobs: Vec<BlobHash>,
    pub body: Vec<u8>,
}

impl NewRecord {
    pub fn of<E: Entity>(entity: &E) -> Self {
        Self {
            kind: E::KIND,
            id: entity.id(),
            format: E::FORMAT,
            lists: entity.lists(),
            blobs: entity.blobs(),
            body: serde_json::to_vec(entity).expect("an entity has no unserialisable part"),
        }
    }
}

/// A name that at most one record may own ("the assembly of this condition").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim(pub String);

impl Claim {
    pub fn assembly_of(condition: Id) -> Self {
        Self(format!("assembly-of/{condition}"))
    }

    pub fn successor_of(document: Id) -> Self {
        Self(format!("successor-of/{document}"))
    }

    pub fn template_name(name: &str) -> Self {
        Self(format!("template/{name}"))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    Put(NewRecord),
    Delete(Kind, Id),
    /// Refused with `Claimed` when another record owns it.
    Claim(Claim, Id),
    Release(Claim),
    /// Tells the catalogue that the blob store holds these bytes; needed before a record may refer to it.
    BlobStored {
        hash: BlobHash,
        size: u64,
    },
}

/// What must hold when the batch is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Version(Kind, Id, u64),
    Absent(Kind, Id),
    Exists(Kind, Id),
}

/// An event of a job within a batch. `token` is the lease's; `None` for events from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct JobChange {
    pub job: Id,
    pub token: Option<u64>,
    pub event: JobEvent,
}

/// What clients of a project are told; numbered by the commit.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub project_id: Id,
    /// `document_ready`, `page_ready`, `scale_changed`, ...
    pub name: String,
    pub payload: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub seq: u64,
    pub at: Timestamp,
    pub name: String,
    pub payload: Value,
}

/// The one unit of change: all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub tenant: TenantId,
    pub expect: Vec<Expect>,
    pub ops: Vec<Op>,
    /// Jobs to enqueue.
    pub jobs: Vec<NewJob>,
    /// Jobs to change; an attempt's own completion goes here, with its token.
    pub changes: Vec<JobChange>,
    pub events: Vec<NewEvent>,
}

impl Batch {
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            expect: Vec::new(),
            ops: Vec::new(),
            jobs: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Puts a record that must not exist yet.
    pub fn create<E: Entity>(&mut self, entity: &E) -> &mut Self {
        self.expect.push(Expect::Absent(E::KIND, entity.id()));
        self.ops.push(Op::Put(NewRecord::of(entity)));
        self
    }

    /// Puts a record over the version it was loaded at.
    pub fn update<E: Entity>(&mut self, version: u64, entity: &E) -> &mut Self {
        self.expect.push(Expect::Version(E::KIND, entity.id(), version));
        self.ops.push(Op::Put(NewRecord::of(entity)));
        self
    }

    pub fn delete<E: Entity>(&mut self, version: u64, id: Id) -> &mut Self {
        self.expect.push(Expect::Version(E::KIND, id, version));
        self.ops.push(Op::Delete(E::KIND, id));
        self
    }

    pub fn event(&mut self, project_id: Id, name: &str, payload: Value) -> &mut Self {
        self.events.push(NewEvent { project_id, name: name.to_owned(), payload });
        self
    }

    /// Operations that count towards [`MAX_BATCH_OPS`].
    pub fn op_count(&self) -> usize {
        let children: usize = self
            .changes
            .iter()
            .map(|c| if let JobEvent::FanOut { children, .. } = &c.event { children.len() } else { 0 })
            .sum();
        self.ops.len() + self.jobs.len() + self.changes.len() + self.events.len() + children
    }

    pub fn is_empty(&self) -> bool {
        self.op_count() == 0 && self.expect.is_empty()
    }

    /// Whether it only checks preconditions, or not even that.
    pub fn changes_nothing(&self) -> bool {
        self.op_count() == 0
    }

    /// Adds everything of `other`, which must be of the same tenant.
    pub fn absorb(&mut self, other: Self) {
        debug_assert_eq!(self.tenant, other.tenant);
        self.expect.extend(other.expect);
        self.ops.extend(other.ops);
        self.jobs.extend(other.jobs);
        self.changes.extend(other.changes);
        self.events.extend(other.events);
    }
}

/// What a commit did beyond what was asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Committed {
    /// Stages that have new work, due now or later, for wakes.
    pub woken: Vec<Stage>,
    /// Jobs that became terminal in this commit (children of cancelled jobs included).
    pub ended: Vec<Id>,
}

/// A range of a list, in id (creation) order.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    pub tenant: TenantId,
    pub kind: Kind,
    pub index: Index,
    pub parent: Id,
    /// Start after this id (before it, when newest first).
    pub after: Option<Id>,
    pub newest_first: bool,
    pub limit: usize,
}

/// Filter of job listings; all given fields must match. Newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobQuery {
    pub project_id: Option<Id>,
    pub subject_id: Option<Id>,
    /// Only jobs that clients see.
    pub tasks_only: bool,
    pub states: Vec<takeoff_core::job::JobState>,
    pub stage: Option<Stage>,
    pub task_type: Option<String>,
    /// Only jobs that were enqueued then or before.
    pub created_by: Option<Timestamp>,
    pub offset: usize,
    pub limit: usize,
}

/// A page of jobs and how many match in all.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPage {
    pub jobs: Vec<Job>,
    pub total: u64,
}

/// Free slots asking for work.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaseRequest {
    pub node: String,
    pub stage: Stage,
    pub max_jobs: usize,
    pub lease_ms: i64,
    /// Projects of which nothing is leased, whatever they have: they are paused.
    pub paused: Vec<Id>,
    /// Where the projects stand. All equal by default.
    pub turns: Turns,
}

impl LeaseRequest {
    /// For any project.
    pub fn new(node: impl Into<String>, stage: Stage, max_jobs: usize, lease_ms: i64) -> Self {
        Self { node: node.into(), stage, max_jobs, lease_ms, paused: Vec::new(), turns: Turns::default() }
    }
}

/// One lease of a node, to be renewed.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewal {
    pub job: Id,
    pub token: u64,
    /// Stored with the renewal, so that it survives the node.
    pub progress: Option<Progress>,
}

/// What a renewal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    Until(Timestamp),
    /// The lease is gone: cancelled, expired and taken, or ended.
    Lost,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageQueue {
    pub ready: u64,
    /// Ready but not due yet.
    pub delayed: u64,
    pub leased: u64,
    pub waiting: u64,
    pub dead: u64,
    /// Age of the oldest due job, milliseconds.
    pub oldest_ready_ms: i64,
    /// When the next delayed job is due.
    pub next_due: Option<Timestamp>,
}

/// Whether a store can be worked with, as far as it knows without asking its disk or its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Working,
    /// It answers nothing and will work again by itself.
    Failed {
        why: String,
    },
    /// It answers nothing until the node is started anew.
    Dead {
        why: String,
    },
}

impl Standing {
    /// One sentence for an operator; empty while it works.
    pub fn why(&self) -> &str {
        match self {
            Self::Working => "",
            Self::Failed { why } | Self::Dead { why } => why,
        }
    }

    pub fn is_working(&self) -> bool {
        matches!(self, Self::Working)
    }
}

#[async_trait]
pub trait Catalog: Send + Sync + 'static {
    // Reads. All see everything acknowledged before they were called.

    async fn get(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<Record>, StoreError>;

    /// In the order of `ids`.
    async fn get_many(
        &self,
        tenant: TenantId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Option<Record>>, StoreError>;

    async fn list(&self, query: ListQuery) -> Result<Vec<Record>, StoreError>;

    /// Number of records in a list.
    async fn count(&self, tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Result<u64, StoreError>;

    async fn claim_owner(&self, tenant: TenantId, claim: &Claim) -> Result<Option<Id>, StoreError>;

    /// Events of a project after `seq`, oldest first.
    async fn events(
        &self,
        tenant: TenantId,
        project: Id,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError>;

    async fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError>;

    async fn jobs(&self, tenant: TenantId, query: JobQuery) -> Result<JobPage, StoreError>;

    async fn queue(&self, stage: Stage) -> Result<StageQueue, StoreError>;

    // Writes. Each is durable when it returns `Ok`; after an `Err` nothing of it will appear, except
    // after `Unavailable`, where it may or may not have been applied.

    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError>;

    /// Leases due jobs: interactive before batch; between projects by their turns; within a project by rank,
    /// which is `run_at` plus [`PRIORITY_STEP_MS`](takeoff_core::job::PRIORITY_STEP_MS) for each step of
    /// priority, then by id.
    ///
    /// The nth job (from 0) that a project has due in a lane has the key `at + n × step` of the project's
    /// [`Turns::of`]; the least keys are leased, of equal ones that of the lesser project (of none: least).
    /// So a store needs no memory of who had what, and SQL can do it: a lateral join takes each project's first
    /// `max_jobs` rows by rank, `row_number()` gives n, and the outer query orders by lane, key and project.
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError>;

    /// In the order of `renewals`.
    async fn renew(
        &self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError>;

    /// Puts jobs with an expired lease back to ready, without cost; returns how many.
    ///
    /// A store of several nodes counts it as the death of the one that held it. Leases of a node that end within
    /// `renewed_ms` of each other were renewed in one life of it; a job that has none such beside it was alone.
    async fn rescue(&self, renewed_ms: i64, limit: usize) -> Result<usize, StoreError>;

    /// Deletes jobs that succeeded or were cancelled, and events that happened, before `before`; returns
    /// how many. Dead letters stay until an operator acts, children as long as their parent has not
    /// ended.
    async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Forgets a blob that no record refers to: from then on a record that refers to it is refused, unless
    /// its batch says that it was stored again. Whether nobody refers to it; a blob that was never
    /// registered is such a one.
    async fn forget_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError>;

    /// Sends every row as of one moment, by kind and key, a batch at a time. An embedded store keeps whoever writes
    /// waiting meanwhile, for `limit` at most.
    ///
    /// # Errors
    /// `Unusable` when it takes longer than that, or when this store has nothing to export.
    async fn export(
        &self,
        _out: tokio::sync::mpsc::Sender<Vec<crate::archive::Row>>,
        _limit: Option<std::time::Duration>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unusable("this store cannot be exported".to_owned()))
    }

    /// Whether nothing was ever put into it.
    async fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Fills an empty store with rows as they were elsewhere, until there are no more. After an error of a shared
    /// store nothing of them is there; an embedded one may hold a part and is to be thrown away.
    ///
    /// # Errors
    /// `Unusable` when the store is not empty; the first error among the rows.
    async fn import(
        &self,
        _rows: tokio::sync::mpsc::Receiver<Result<Vec<crate::archive::Row>, StoreError>>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unusable("this store cannot be filled from an archive".to_owned()))
    }

    // The register of nodes, by the store's own time.

    /// The time by which leases end and nodes are silent.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Enters a node under its name, if nobody else has it: one that has left, that was not heard of for
    /// `silent_ms`, or of which the store knows that it is dead, makes room. A request to drain that was never
    /// fulfilled stays.
    async fn join(&self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError>;

    /// A sign of life, or with [`NodeState::Gone`](crate::register::NodeState::Gone) the last one, which fulfils a
    /// request to drain. `None` when the name belongs to another: this node has been given up.
    async fn beat(&self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError>;

    /// All that are known, by name.
    async fn nodes(&self) -> Result<Vec<NodeEntry>, StoreError>;

    /// Asks a node to drain; `None` when there is none of this name, or it has left.
    async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, StoreError>;

    /// What is known of the store at once. A store that is not working is not asked anything.
    fn standing(&self) -> Standing {
        Standing::Working
    }

    /// Stages for which other nodes, or this one, have made work: hints, of which any may be missing. `None`
    /// when the store has one node, which wakes itself.
    fn wakes(&self) -> Option<tokio::sync::broadcast::Receiver<Stage>> {
        None
    }

    /// A trivial durable write: proves that the store acknowledges.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// The source of time for a backend that has none of its own.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}
