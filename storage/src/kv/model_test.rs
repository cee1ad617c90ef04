//! Random batches against a simple model of what they mean, on mem and on sled, which must agree in
//! everything that can be read.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;
use takeoff_core::job::{FailureKind, Job, JobEvent, JobState, Lane, NewJob, Stage, Standing, Turns};
use takeoff_core::model::{Id, Index, Kind, TenantId};

use crate::catalog::{
    Batch, Catalog, Claim, Clock, Expect, JobChange, JobQuery, LeaseRequest, ListQuery, NewRecord, Op,
    StageQueue,
};
use crate::conformance::{HandClock, hash, id, job};
use crate::error::StoreError;

const TENANT: TenantId = TenantId::DEFAULT;
const KIND: Kind = Kind::Document;
const RECORDS: u64 = 5;
const CLAIMS: u64 = 3;
const JOBS: u64 = 8;

#[derive(Debug, Clone)]
enum Step {
    Commit { expect: Vec<Expect>, ops: Vec<Op>, jobs: Vec<NewJob>, changes: Vec<JobChange>, event: bool },
    Lease { max_jobs: usize, lease_ms: i64, at: u64 },
    Pass(i64),
    Rescue,
    Prune,
}

fn op() -> impl Strategy<Value = Op> {
    let record = (
        0..RECORDS,
        prop::collection::vec(100_u64..102, 0..3),
        prop::collection::vec(0_u8..3, 0..2),
        0_u8..9,
    );
    let claim = |n: u64| Claim(format!("c{n}"));
    prop_oneof![
        4 => record.prop_map(|(n, parents, blobs, body)| Op::Put(NewRecord {
            kind: KIND,
            id: id(n),
            format: 1,
            lists: BTreeSet::from_iter(parents).into_iter().map(|p| (Index::ByProject, id(p))).collect(),
            blobs: blobs.into_iter().map(hash).collect(),
            body: vec![body],
        })),
        1 => (0..RECORDS).prop_map(|n| Op::Delete(KIND, id(n))),
        1 => (0..CLAIMS, 0..RECORDS).prop_map(move |(c, n)| Op::Claim(claim(c), id(n))),
        1 => (0..CLAIMS).prop_map(move |c| Op::Release(claim(c))),
        2 => (0_u8..3).prop_map(|b| Op::BlobStored { hash: hash(b), size: 1 }),
    ]
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        (0..RECORDS, 1_u64..4).prop_map(|(n, v)| Expect::Version(KIND, id(n), v)),
        (0..RECORDS).prop_map(|n| Expect::Absent(KIND, id(n))),
        (0..RECORDS).prop_map(|n| Expect::Exists(KIND, id(n))),
    ]
}

fn new_job() -> impl Strategy<Value = NewJob> {
    (200..200 + JOBS, any::<bool>(), -1_i16..2, prop::option::of(0_i64..500)).prop_map(
        |(n, batch, priority, late)| NewJob {
            lane: if batch { Lane::Batch } else { Lane::Interactive },
            priority,
            run_at: late.map(|ms| HandClock::default().now().plus_ms(ms)),
            project_id: Some(id(100 + n % 2)),
            ..job(n)
        },
    )
}

fn change() -> impl Strategy<Value = JobChange> {
    let event = prop_oneof![
        4 => Just(JobEvent::Succeed { result: json!(1) }),
        3 => prop::collection::vec(new_job(), 0..3)
            .prop_map(|children| JobEvent::FanOut { children, checkpoint: json!(2) }),
        1 => Just(JobEvent::Fail { kind: FailureKind::Retry, message: "r".into() }),
        1 => Just(JobEvent::Fail { kind: FailureKind::Reject, message: "x".into() }),
        1 => Just(JobEvent::Release),
        2 => Just(JobEvent::Continue),
        1 => Just(JobEvent::Cancel { reason: "c".into() }),
        1 => Just(JobEvent::Requeue),
        1 => Just(JobEvent::Discard { reason: "d".into() }),
        1 => (1_u64..3).prop_map(|token| JobEvent::Fenced { token, message: "f".into() }),
    ];
    (200..200 + JOBS, 1_u64..3, event).prop_map(|(n, token, event)| JobChange {
        job: id(n),
        token: Some(token),
        event,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let commit = (
        prop::collection::vec(expect(), 0..2),
        prop::collection::vec(op(), 0..4),
        prop::collection::vec(new_job(), 0..2),
        prop::collection::vec(change(), 0..2),
        any::<bool>(),
    );
    prop_oneof![
        8 => commit.prop_map(|(expect, ops, jobs, changes, event)| Step::Commit { expect, ops, jobs, changes, event }),
        6 => change().prop_map(|change| Step::Commit {
            expect: Vec::new(),
            ops: Vec::new(),
            jobs: Vec::new(),
            changes: vec![change],
            event: false,
        }),
        4 => (0_usize..4, 100_i64..900, 0_u64..6)
            .prop_map(|(max_jobs, lease_ms, at)| Step::Lease { max_jobs, lease_ms, at }),
        1 => (0_i64..400).prop_map(Step::Pass),
        1 => Just(Step::Rescue),
        1 => Just(Step::Prune),
    ]
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Row {
    version: u64,
    parents: Vec<Id>,
    body: Vec<u8>,
}

/// Records and claims as a batch means them; jobs and events are checked by their own invariants.
#[derive(Debug, Default, Clone, PartialEq)]
struct Model {
    rows: BTreeMap<Id, Row>,
    claims: BTreeMap<String, Id>,
    blobs: BTreeSet<takeoff_core::model::BlobHash>,
    events: u64,
}

impl Model {
    /// The model after the batch's records, or `None` when they must be refused.
    fn after(&self, expect: &[Expect], ops: &[Op], event: bool) -> Option<Self> {
        let version = |id: &Id| self.rows.get(id).map(|r| r.version);
        let holds = expect.iter().all(|e| match e {
            Expect::Version(_, id, v) => version(id) == Some(*v),
            Expect::Absent(_, id) => version(id).is_none(),
            Expect::Exists(_, id) => version(id).is_some(),
        });
        let mut next = self.clone();
        next.blobs.extend(ops.iter().filter_map(|op| match op {
            Op::BlobStored { hash, .. } => Some(*hash),
            _ => None,
        }));
        for op in ops {
            match op {
                Op::Put(new) => {
                    if !new.blobs.iter().all(|b| next.blobs.contains(b)) {
                        return None;
                    }
                    let row = next.rows.entry(new.id).or_default();
                    row.version += 1;
                    row.parents = new.lists.iter().map(|(_, p)| *p).collect();
                    row.body.clone_from(&new.body);
                }
                Op::Delete(_, id) => drop(next.rows.remove(id)),
                Op::Claim(claim, owner) => {
                    if next.claims.insert(claim.0.clone(), *owner).is_some_and(|o| o != *owner) {
                        return None;
                    }
                }
                Op::Release(claim) => drop(next.claims.remove(&claim.0)),
                Op::BlobStored { .. } => {}
            }
        }
        next.events += u64::from(event);
        holds.then_some(next)
    }
}

/// What one store made of a step, comparable with another's.
async fn run(catalog: &dyn Catalog, clock: &HandClock, step: &Step) -> Result<String, StoreError> {
    Ok(match step.clone() {
        Step::Commit { expect, ops, jobs, changes, event } => {
            let mut batch = Batch { expect, ops, jobs, changes, ..Batch::new(TENANT) };
            if event {
                batch.event(id(100), "e", json!(0));
            }
            format!("{:?}", catalog.commit(batch).await?)
        }
        Step::Lease { max_jobs, lease_ms, at } => {
            let standings = vec![Standing { project: Some(id(100)), at, step: 2 }];
            let turns = Turns { floor: 2, step: 1, standings };
            let request = LeaseRequest { turns, ..LeaseRequest::new("n", Stage::Noop, max_jobs, lease_ms) };
            format!("{:?}", catalog.lease(request).await?)
        }
        Step::Pass(_) => String::new(),
        Step::Rescue => catalog.rescue(1_000, 3).await?.to_string(),
        Step::Prune => catalog.prune(clock.now(), 3).await?.to_string(),
    })
}

/// Everything readable, compared with the model on the way.
async fn read(catalog: &dyn Catalog, clock: &HandClock, model: &Model) -> Result<String, TestCaseError> {
    let fail = |e: StoreError| TestCaseError::fail(e.to_string());
    let ids: Vec<_> = (0..RECORDS).map(id).collect();
    let records = catalog.get_many(TENANT, KIND, &ids).await.map_err(fail)?;
    for (id, record) in ids.iter().zip(&records) {
        let found = record.as_ref().map(|r| (r.version, &r.body));
        prop_assert_eq!(found, model.rows.get(id).map(|r| (r.version, &r.body)));
    }
    for parent in [id(100), id(101)] {
        let of_parent = |(id, row): (&Id, &Row)| row.parents.contains(&parent).then_some(*id);
        let expected: Vec<_> = model.rows.iter().filter_map(of_parent).collect();
        let query = |newest_first| ListQuery {
            tenant: TENANT,
            kind: KIND,
            index: Index::ByProject,
            parent,
            after: None,
            newest_first,
            limit: 100,
        };
        let listed = catalog.list(query(false)).await.map_err(fail)?;
        prop_assert_eq!(listed.iter().map(|r| r.id).collect::<Vec<_>>(), expected.clone());
        let listed = catalog.list(query(true)).await.map_err(fail)?;
        prop_assert_eq!(listed.iter().rev().map(|r| r.id).collect::<Vec<_>>(), expected.clone());
        let count = catalog.count(TENANT, KIND, Index::ByProject, parent).await.map_err(fail)?;
        prop_assert_eq!(count, expected.len() as u64);
    }
    for n in 0..CLAIMS {
        let claim = Claim(format!("c{n}"));
        let owner = catalog.claim_owner(TENANT, &claim).await.map_err(fail)?;
        prop_assert_eq!(owner, model.claims.get(&claim.0).copied());
    }
    let events = catalog.events(TENANT, id(100), 0, 1_000).await.map_err(fail)?;
    prop_assert!(events.last().is_none_or(|e| e.seq == model.events));
    prop_assert!(events.windows(2).all(|w| w[0].seq + 1 == w[1].seq));
    let jobs = catalog.jobs(TENANT, JobQuery { limit: 1_000, ..JobQuery::default() }).await.map_err(fail)?;
    let queue = catalog.queue(Stage::Noop).await.map_err(fail)?;
    prop_assert_eq!(&queue, &recount(&jobs.jobs, clock));
    Ok(format!("{records:?} {events:?} {jobs:?}"))
}

/// The statistics, from the jobs themselves.
fn recount(jobs: &[Job], clock: &HandClock) -> StageQueue {
    let now = clock.now();
    let count = |state| jobs.iter().filter(|j| j.state == state).count() as u64;
    let (due, delayed): (Vec<_>, Vec<_>) =
        jobs.iter().filter(|j| j.state == JobState::Ready).map(|j| j.run_at).partition(|at| *at <= now);
    StageQueue {
        ready: due.len() as u64,
        delayed: delayed.len() as u64,
        leased: count(JobState::Leased),
        waiting: count(JobState::Waiting),
        dead: count(JobState::Dead),
        oldest_ready_ms: due.iter().map(|at| now.ms_since(*at)).max().unwrap_or(0),
        next_due: delayed.into_iter().min(),
    }
}

/// Whether a refusal is one that the model of the records knows nothing of.
fn is_about_jobs(e: &StoreError) -> bool {
    matches!(e, StoreError::JobState { .. } | StoreError::NoSuchJob(_) | StoreError::Fenced { .. })
}

async fn history(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let clock = Arc::new(HandClock::default());
    let folder = tempfile::tempdir().map_err(|e| TestCaseError::fail(e.to_string()))?;
    let mem = crate::mem::open(Arc::clone(&clock) as Arc<_>);
    let sled = crate::sled::open(folder.path(), Arc::clone(&clock) as Arc<_>);
    let (Ok(mem), Ok(mut sled)) = (mem, sled) else {
        return Err(TestCaseError::fail("a store does not open"));
    };
    let mut model = Model::default();
    for step in steps {
        if let Step::Pass(ms) = step {
            clock.advance_ms(ms);
        }
        let (one, two) = (run(&*mem, &clock, &step).await, run(&*sled, &clock, &step).await);
        prop_assert_eq!(format!("{:?}", one), format!("{:?}", two), "{:?}", step);
        if let Step::Commit { expect, ops, event, .. } = &step {
            match (model.after(expect, ops, *event), one) {
                (Some(next), Ok(_)) => model = next,
                (Some(_), Err(e)) => prop_assert!(is_about_jobs(&e), "{:?}: {}", step, e),
                (None, Ok(_)) => return Err(TestCaseError::fail(format!("let through: {step:?}"))),
                (None, Err(e)) => prop_assert!(!matches!(e, StoreError::Damaged { .. }), "{}", e),
            }
        }
        let (one, two) = (read(&*mem, &clock, &model).await?, read(&*sled, &clock, &model).await?);
        prop_assert_eq!(one, two);
    }
    drop(sled);
    let reopened = crate::sled::open(folder.path(), Arc::clone(&clock) as Arc<_>);
    sled = reopened.map_err(|e| TestCaseError::fail(e.to_string()))?;
    read(&*sled, &clock, &model).await?;
    let queue = sled.queue(Stage::Noop).await.map_err(|e| TestCaseError::fail(e.to_string()))?;
    prop_assert_eq!(queue.leased, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn stores_do_what_batches_mean(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|e| TestCaseError::fail(e.to_string()))?.block_on(history(steps))?;
    }
}
