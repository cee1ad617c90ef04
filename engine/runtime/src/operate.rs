//! What operators do with jobs and nodes.

use takeoff_core::job::{Job, JobEvent, JobState, Stage};
use takeoff_core::model::{Id, Pause, Scope, TenantId};
use takeoff_core::schedule::{Entry, Schedule};
use takeoff_storage::catalog::{Batch, JobChange, JobQuery};
use takeoff_storage::register::NodeEntry;
use takeoff_storage::{StoreError, get_many};

use crate::cluster::fabric::{LinkView, Member};
use crate::controls::Paused;
use crate::erased;
use crate::error::{EngineError, StageError};
use crate::handle::Handle;
use crate::maintain::schedule;
use crate::metrics as names;
use crate::node::Node;

/// How many times as long as where nothing more is taken (`jobs.max_waiting`) a queue may be until no more children are
/// handed out. Above 1, so that what was taken has room that no client can take from it.
const HAND_OUT_ROOM: u64 = 2;

/// How long a job rests whose children found no room: so many milliseconds as jobs wait, within these bounds.
const LEAST_REST_MS: i64 = 500;
const MOST_REST_MS: i64 = 30_000;

/// Times that a change is tried again because the owner was changed meanwhile.
const TRIES: u32 = 5;

/// Of them, those of a cancel that give up in one commit all that belongs to the job's owner.
const IN_SHORT: u32 = 2;

/// Seconds after which work may be given again that a long queue had no place for.
const BACKLOG_RETRY_S: u64 = 30;

impl Node {
    /// See [`Handle::cancel`].
    pub(crate) async fn cancel(
        &self,
        tenant: TenantId,
        job: Id,
        reason: &str,
    ) -> Result<Option<Job>, EngineError> {
        let mut newest = StoreError::NoSuchJob(job);
        for tried in 0..TRIES {
            let Some(found) = self.tools.catalog.job(tenant, job).await? else { return Ok(None) };
            if found.state.is_terminal() {
                return Ok(Some(found));
            }
            // The pages of a large document are stored faster than all of them can be given up in one commit.
            let in_short = tried >= IN_SHORT;
            let burial = if in_short {
                self.bury_in_short(&found, reason).await
            } else {
                self.bury(&found, reason).await
            };
            let mut batch = burial.map_err(|e| {
                EngineError::Failed(format!("the job's owner cannot be told of the cancel: {e}"))
            })?;
            batch.changes.push(JobChange {
                job,
                token: None,
                event: JobEvent::Cancel { reason: reason.to_owned() },
            });
            match self.tools.catalog.commit(batch).await {
                Ok(committed) => {
                    self.after_commit(&committed, None);
                    if in_short {
                        self.give_up_rest(&found, reason).await;
                    }
                    if let Some(task) = &found.task {
                        let name = task.task_type.clone();
                        ::metrics::counter!(names::TASKS, "name" => name, "state" => "cancelled")
                            .increment(1);
                    }
                    tracing::info!(job = %job, stage = found.stage.name(), reason, "job cancelled");
                    return Ok(self.tools.catalog.job(tenant, job).await?);
                }
                // The owner or the job itself moved on; look again.
                Err(e) if e.is_conflict() || matches!(e, StoreError::JobState { .. }) => newest = e,
                Err(e) => return Err(e.into()),
            }
        }
        Err(newest.into())
    }

    /// The job is cancelled, and whoever wrote what belongs to its owner with it.
    async fn give_up_rest(&self, job: &Job, reason: &str) {
        for _ in 0..TRIES {
            let committed = match self.bury_rest(job, reason).await {
                Ok(rest) if rest.is_empty() => return,
                Ok(rest) => self.tools.catalog.commit(rest).await,
                Err(e) => Err(StoreError::Unavailable(e)),
            };
            match committed {
                Ok(committed) => return self.after_commit(&committed, None),
                Err(e) => {
                    tracing::warn!(job = %job.id, error = %e, "what a cancelled job has left is not given up yet")
                }
            }
        }
    }

    /// What keeps this job from starting, by an operator's will.
    fn pause_of(&self, job: &Job) -> Option<Paused> {
        let scopes = [
            Some(Scope::Stage(job.stage)),
            job.project_id.map(Scope::Project),
            Some(Scope::Node(self.config.node.clone())),
        ];
        let (scope, pause): (Scope, Pause) = scopes.into_iter().flatten().find_map(|scope| {
            let pause = self.controls.pause(&scope)?;
            Some((scope, pause))
        })?;
        Some(Paused::of(&scope, &pause, self.now()))
    }

    /// How a job that hands out children is postponed, because too many of its stage are due and wait; `None` where
    /// there is room. What an operator holds back is not counted: it goes on when he says so, and everything else
    /// would wait for him.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn no_room_for_children(&self, stage: Stage) -> Result<Option<StageError>, StoreError> {
        let most = self.live.now().jobs.max_waiting.saturating_mul(HAND_OUT_ROOM);
        let catalog = &self.tools.catalog;
        let mut ready = catalog.queue(stage).await?.ready;
        if ready >= most {
            for project in self.controls.paused_projects() {
                let query = JobQuery {
                    stage: Some(stage),
                    project_id: Some(project),
                    states: vec![JobState::Ready],
                    ..JobQuery::default()
                };
                ready = ready.saturating_sub(catalog.jobs(TenantId::DEFAULT, query).await?.total);
            }
        }
        let rest_ms = i64::try_from(ready).unwrap_or(MOST_REST_MS).clamp(LEAST_REST_MS, MOST_REST_MS);
        let until = self.now().plus_ms(rest_ms);
        let reason = format!("{ready} jobs of the stage {} are waiting already", stage.name());
        Ok((ready >= most).then_some(StageError::Snooze { until, reason }))
    }

    /// Whether an operator holds this job back.
    pub(crate) fn holds(&self, job: &Job) -> bool {
        self.pause_of(job).is_some()
    }
}

/// An entry of the schedule and where it stands; `None` before anybody looked at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    pub entry: Entry,
    pub stands: Option<Schedule>,
}

impl Handle {
    /// The nodes of the catalogue, by name.
    pub async fn nodes(&self) -> Result<Vec<NodeEntry>, EngineError> {
        Ok(self.catalog().nodes().await?)
    }

    /// Asks a node to drain: it hears of it within a heartbeat, or when it starts again. `None` when there is none.
    pub async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, EngineError> {
        Ok(self.catalog().ask_to_drain(name).await?)
    }

    /// Whether the node is on its way out.
    pub fn is_draining(&self) -> bool {
        self.node().is_draining()
    }

    /// Nodes that are thought to be alive, this one included.
    pub fn members(&self) -> Vec<Member> {
        self.node().fabric.members()
    }

    /// This node's links to others, and addresses at which there is none and why.
    pub fn links(&self) -> Vec<LinkView> {
        self.node().fabric.links()
    }

    /// Gives a dead or cancelled job a fresh set of attempts and moves its owner back to where it waits for
    /// them, in one commit. Returns the job as it is then; `None` for an id that no job has.
    ///
    /// # Errors
    /// `JobState` when the job is in another state.
    #[erased]
    pub async fn requeue(&self, tenant: TenantId, job: Id) -> Result<Option<Job>, EngineError> {
        let mut newest = StoreError::NoSuchJob(job);
        for _ in 0..TRIES {
            let Some(found) = self.catalog().job(tenant, job).await? else { return Ok(None) };
            let mut batch = self.node().revive(&found).await.map_err(|e| {
                EngineError::Failed(format!("the job's owner cannot be told of the retry: {e}"))
            })?;
            batch.changes.push(JobChange { job, token: None, event: JobEvent::Requeue });
            match self.commit(batch).await {
                Ok(_) => {
                    tracing::info!(job = %job, stage = found.stage.name(), "job put back by an operator");
                    return Ok(self.catalog().job(tenant, job).await?);
                }
                Err(EngineError::Store(e)) if e.is_conflict() => newest = e,
                Err(e) => return Err(e),
            }
        }
        Err(newest.into())
    }

    /// Takes a dead job out of the dead letters, for good. Its owner was told when it died. `None` for an id
    /// that no job has.
    ///
    /// # Errors
    /// `JobState` when the job is in another state.
    #[erased]
    pub async fn discard(&self, tenant: TenantId, job: Id, reason: &str) -> Result<Option<Job>, EngineError> {
        let mut batch = Batch::new(tenant);
        let event = JobEvent::Discard { reason: reason.to_owned() };
        batch.changes.push(JobChange { job, token: None, event });
        match self.commit(batch).await {
            Ok(_) => {
                tracing::info!(job = %job, reason, "dead job discarded by an operator");
                Ok(self.catalog().job(tenant, job).await?)
            }
            Err(EngineError::Store(StoreError::NoSuchJob(_))) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Whether a stage can be given more work now.
    ///
    /// # Errors
    /// `Busy` when as many of its jobs are due and wait as may (`jobs.max_waiting`).
    #[erased]
    pub async fn admit(&self, stage: Stage) -> Result<(), EngineError> {
        let queue = self.catalog().queue(stage).await?;
        if queue.ready < self.config().jobs.max_waiting {
            return Ok(());
        }
        ::metrics::counter!(names::ADMISSIONS_REFUSED, "stage" => stage.name()).increment(1);
        let what = format!("{} jobs of the stage {} are waiting already", queue.ready, stage.name());
        Err(EngineError::Busy { what, retry_after_s: BACKLOG_RETRY_S })
    }

    /// Has this node heed at once what operators changed. Other nodes do within a poll.
    #[erased]
    pub async fn reload_controls(&self) -> Result<(), EngineError> {
        self.node().reload_controls().await?;
        Ok(())
    }

    /// Everything that operators hold back, the longest first.
    pub fn paused(&self) -> Vec<Paused> {
        self.node().controls.paused(self.now())
    }

    /// What keeps this job from starting, by an operator's will.
    pub fn pause_of(&self, job: &Job) -> Option<Paused> {
        self.node().pause_of(job)
    }

    /// The work that is done at times, whichever node does it, by name.
    #[erased]
    pub async fn schedule(&self) -> Result<Vec<Scheduled>, EngineError> {
        let entries = schedule::entries(&self.config());
        let ids: Vec<Id> = entries.iter().map(|entry| Schedule::id_of(entry.name)).collect();
        let stored = get_many::<Schedule>(self.catalog(), self.tenant(), &ids).await?;
        let stands = stored.into_iter().map(|found| found.map(|found| found.value));
        Ok(entries.into_iter().zip(stands).map(|(entry, stands)| Scheduled { entry, stands }).collect())
    }
}
