//! Stages that do what the seed says: work for a while, in parts, through children; panic, hang, fail.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use takeoff_core::job::{Job, Lane, NewJob, RetryPolicy, Stage as StageName};
use takeoff_core::model::{Id, Kind, TenantId};
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::catalog::{Expect, NewRecord, Op};
use takeoff_storage::{Batch, Record};

use crate::fate::{Dice, short};
use crate::history::{Fact, Suffered};
use crate::store::World;

pub(crate) const TENANT: TenantId = TenantId::DEFAULT;
/// The project in whose log effects are counted.
pub(crate) const EFFECTS: Id = Id::NIL;
pub(crate) const PARTS: u64 = 3;
pub(crate) const MAX_ATTEMPTS: u16 = 3;
/// What a panic says that is meant to happen.
pub(crate) const MEANT: &str = "a panic that the seed wants";

const BUDGET_MS: u64 = 1_500;

pub(crate) const WHOLE: StageName = StageName::Ingest;
pub(crate) const PIECE: StageName = StageName::AutoCount;

pub(crate) fn new_job(id: Id, stage: StageName, args: Value) -> NewJob {
    NewJob {
        id,
        stage,
        args,
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy { max_attempts: MAX_ATTEMPTS, base_delay_ms: 100, max_delay_ms: 1_000 },
        project_id: None,
        subject_id: None,
        task: None,
        request_id: None,
    }
}

/// The record that a job works for: `waiting`, then how it ended.
pub(crate) fn owner(job: Id, state: &str, parts: u64) -> Op {
    let body = serde_json::to_vec(&json!({ "state": state, "parts": parts })).unwrap();
    Op::Put(NewRecord {
        kind: Kind::Document,
        id: job,
        format: 1,
        lists: Vec::new(),
        blobs: Vec::new(),
        body,
    })
}

pub(crate) fn body(record: &Record) -> Value {
    serde_json::from_slice(&record.body).unwrap()
}

pub(crate) struct Worker {
    pub(crate) world: Arc<World>,
    pub(crate) seed: u64,
    pub(crate) name: StageName,
}

/// What becomes of one attempt.
enum Lot {
    Works,
    Suffers(Suffered),
    Snoozes,
    FindsNoRoom,
    Refuses,
}

impl Lot {
    fn draw(dice: &mut Dice, args: &Value) -> Self {
        if args["doomed"] == true {
            return Self::Suffers(Suffered::Reject);
        }
        if args["calm"] == true {
            return Self::Works;
        }
        match dice.below(100) {
            0..6 => Self::Suffers(Suffered::Panic),
            6..12 => Self::Suffers(Suffered::Retry),
            12..14 => Self::Suffers(Suffered::Reject),
            14..17 => Self::Suffers(Suffered::ChildDeath),
            17..21 => Self::Suffers(Suffered::Hang),
            21..24 => Self::Snoozes,
            24..26 => Self::FindsNoRoom,
            26..28 => Self::Refuses,
            _ => Self::Works,
        }
    }
}

impl Worker {
    fn dice(&self, job: &Job) -> Dice {
        let of = u64::try_from(short(job.id)).unwrap() * 1_000 + job.token;
        Dice::of(self.seed, of)
    }

    async fn works(dice: &mut Dice, attempt: &Attempt) -> Result<(), StageError> {
        let heeds = dice.percent(70);
        for _ in 0..=dice.below(3) {
            tokio::time::sleep(dice.ms(0, 350)).await;
            if heeds && attempt.budget.is_cancelled() {
                return Err(StageError::Retry("told to end".to_owned()));
            }
            attempt.progress.report(50.0, "half of it");
        }
        Ok(())
    }

    async fn suffers(&self, dice: &mut Dice, job: &Job, what: Suffered) -> StageError {
        self.world.fact(Fact::Suffered { job: job.id, token: job.token, what });
        tokio::time::sleep(dice.ms(0, 200)).await;
        match what {
            Suffered::Panic => panic!("{MEANT}"),
            Suffered::Retry => StageError::Retry("it failed".to_owned()),
            Suffered::Reject => StageError::Reject("it cannot be done".to_owned()),
            Suffered::ChildDeath => StageError::ChildDeath { message: "the child died".to_owned() },
            Suffered::Hang => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                StageError::Retry("after an hour".to_owned())
            }
        }
    }

    /// The owner as it is now.
    async fn owner(tools: &Tools, job: &Job) -> Result<Record, StageError> {
        let found = tools.catalog.get(TENANT, Kind::Document, job.id).await?;
        found.ok_or_else(|| StageError::Reject("it has no owner".to_owned()))
    }

    async fn in_parts(dice: &mut Dice, attempt: &Attempt, tools: &Tools) -> Result<(), StageError> {
        loop {
            let owner_now = Self::owner(tools, &attempt.job).await?;
            let done = body(&owner_now)["parts"].as_u64().unwrap();
            if done >= PARTS {
                return Ok(());
            }
            tokio::time::sleep(dice.ms(0, 150)).await;
            let mut part = Batch::new(TENANT);
            part.expect.push(Expect::Version(Kind::Document, attempt.job.id, owner_now.version));
            part.ops.push(owner(attempt.job.id, "waiting", done + 1));
            part.event(EFFECTS, "part", json!({ "job": short(attempt.job.id) as u64, "part": done }));
            // Whether it was stored or changed meanwhile: the next look tells.
            attempt.checkpoint(part).await?;
        }
    }

    async fn effects(
        dice: &mut Dice,
        attempt: &Attempt,
        tools: &Tools,
        refuses: bool,
    ) -> Result<Effects, StageError> {
        let (job, args) = (&attempt.job, &attempt.job.args);
        let mut batch = Batch::new(TENANT);
        let about = json!({ "job": u64::try_from(short(job.id)).unwrap() });
        if let Some(children) = args["children"].as_u64().filter(|_| job.checkpoint.is_none()) {
            batch.event(EFFECTS, "fan_out", about);
            if args["owned"] == true {
                let found = Self::owner(tools, job).await?;
                batch.expect.push(Expect::Version(Kind::Document, job.id, found.version));
                batch.ops.push(owner(job.id, "waiting", 0));
            }
            let children = (0..children).map(|n| {
                let doomed = args["doomed_child"] == n;
                let args = json!({ "doomed": doomed, "calm": args["calm"] });
                new_job(tools.ids.next(), PIECE, args)
            });
            let end = End::FanOut { children: children.collect(), checkpoint: json!(1) };
            return Ok(Effects { batch, end });
        }
        if args["owned"] == true {
            if args["in_parts"] == true {
                Self::in_parts(dice, attempt, tools).await?;
            }
            let found = Self::owner(tools, job).await?;
            let parts = body(&found)["parts"].as_u64().unwrap();
            batch.expect.push(Expect::Version(Kind::Document, job.id, found.version));
            batch.ops.push(owner(job.id, if refuses { "refused" } else { "done" }, parts));
        }
        if refuses {
            batch.event(EFFECTS, "refused", about);
            return Ok(Effects { batch, end: End::Refused { error: "its input is damaged".to_owned() } });
        }
        if args["follow"] == true {
            batch.jobs.push(new_job(tools.ids.next(), PIECE, json!({ "of": short(job.id) as u64 })));
        }
        batch.event(EFFECTS, "done", about);
        Ok(Effects { batch, end: End::Done { result: json!(job.token) } })
    }
}

#[async_trait]
impl Stage for Worker {
    fn name(&self) -> StageName {
        self.name
    }

    fn budget_ms(&self, _: &Job) -> u64 {
        BUDGET_MS
    }

    fn hands_out(&self, job: &Job) -> bool {
        job.args["children"].is_u64() && job.checkpoint.is_none()
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError> {
        let mut dice = self.dice(&attempt.job);
        let lot = Lot::draw(&mut dice, &attempt.job.args);
        let until = tools.clock.now().plus_ms(300);
        match lot {
            Lot::Suffers(what) => Err(self.suffers(&mut dice, &attempt.job, what).await),
            Lot::Snoozes => Err(StageError::Snooze { until, reason: "not now".to_owned() }),
            Lot::FindsNoRoom => Err(StageError::NoRoom("a full disk".to_owned())),
            Lot::Works | Lot::Refuses => {
                Self::works(&mut dice, &attempt).await?;
                Self::effects(&mut dice, &attempt, &tools, matches!(lot, Lot::Refuses)).await
            }
        }
    }

    async fn bury(&self, job: &Job, _why: &str, tools: Tools) -> Result<Batch, StageError> {
        let mut batch = Batch::new(TENANT);
        if job.args["owned"] == true {
            let found = Self::owner(&tools, job).await?;
            let is = body(&found);
            if is["state"] == "waiting" {
                batch.expect.push(Expect::Version(Kind::Document, job.id, found.version));
                batch.ops.push(owner(job.id, "failed", is["parts"].as_u64().unwrap()));
            }
        }
        Ok(batch)
    }
}
