//! Auto count: from one exemplar to every instance, on the pages of a session.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use takeoff_commands::count::{CountResult, NewDetection, begun_batch, failed_batch, stored_batch};
use takeoff_commands::jobs::{AutoCountArgs, decode};
use takeoff_config::NodeConfig;
use takeoff_core::budget::Budget;
use takeoff_core::count::{Compare, CountOutcome, CountParams, Exemplar, ExemplarError, PageIndex, find};
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::{CountSession, Id, Lettering, Page};
use takeoff_engine::clock::Stopwatch;
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::{Batch, get, get_many};

use crate::page_list;

/// Counts symbols on vector pages.
#[derive(Debug)]
pub struct AutoCount {
    max_list_bytes: usize,
    /// Longest that a session works before it ends with what it has, milliseconds.
    session_ms: u64,
}

/// Different letterings that a note names.
const MAX_SAID: usize = 12;
/// How often a running count looks whether its attempt was cancelled.
const CANCEL_POLL: Duration = Duration::from_millis(20);

/// What the pages searched so far gave.
#[derive(Default)]
struct Tally {
    detections: Vec<NewDetection>,
    found: u64,
    searched: usize,
    missing: Vec<Gap>,
    /// Look-alikes that say something else, by what they say.
    others: BTreeMap<String, usize>,
    /// Places that all lack the same part of the exemplar's box.
    lacking_a_part: usize,
    /// Ink at the edge of the exemplar's box was left out.
    trimmed: bool,
    /// What the exemplar says.
    says: String,
}

/// What a session's result does not cover.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Gap {
    #[error("page {0} could not be read")]
    Unreadable(Id),
    #[error("page {0} was not searched, the session's time was up")]
    NotSearched(u32),
    #[error("page {0} was searched in part only, the session's time was up")]
    InPart(u32),
}

impl AutoCount {
    pub fn new(config: &NodeConfig) -> Self {
        Self { max_list_bytes: page_list::max_bytes(config), session_ms: config.jobs.count_session_ms }
    }

    async fn session(&self, attempt: &Attempt, tools: &Tools, session_id: Id) -> Result<Effects, StageError> {
        let desk = crate::desk(attempt, tools);
        let Some(session) = get::<CountSession>(&*tools.catalog, desk.tenant, session_id).await? else {
            return Ok(crate::nothing(attempt));
        };
        let session = session.value;
        let watch = Stopwatch::start();
        // The session's own time is not the attempt's: when it is up, what was found is kept.
        let budget = Budget::unlimited();
        attempt.progress.report(5.0, "Loading pages");
        let work = self.pages(attempt, tools, &session, &budget);
        let searched = within(Duration::from_millis(self.session_ms), work, &budget, &attempt.budget).await?;
        let tally = match searched {
            Searched::Done(tally) => tally,
            Searched::Refused(error) => {
                let batch = failed_batch(&crate::desk(attempt, tools), session_id, &error).await?;
                return Ok(Effects { batch, end: End::Refused { error } });
            }
        };
        attempt.progress.report(75.0, "Storing detections");
        let kept = tally.detections.len().min(session.max_detections as usize);
        if tally.ran_out_of_time() {
            metrics::counter!(takeoff_engine::metrics::COUNT_TIMEOUTS).increment(1);
        }
        let (missing, notes) = (tally.said(), tally.notes());
        let result = CountResult {
            found: tally.found,
            detections: tally.detections,
            processing_time_ms: watch.elapsed_ms(),
            missing,
            notes,
        };
        let batch = stored_batch(&crate::desk(attempt, tools), session_id, result).await?;
        let result = json!({
            "session_id": session_id,
            "total_detections": kept,
            "template_matches": kept,
            "llm_matches": 0,
        });
        Ok(Effects { batch, end: End::Done { result } })
    }

    async fn pages(
        &self,
        attempt: &Attempt,
        tools: &Tools,
        session: &CountSession,
        budget: &Budget,
    ) -> Result<Searched, StageError> {
        let mut params = CountParams {
            threshold: session.confidence_threshold,
            scale_tolerance: session.scale_tolerance,
            rotation_tolerance: session.rotation_tolerance,
            max_detections: session.max_detections as usize,
            lettering: session.lettering.map(|l| match l {
                Lettering::Agree => Compare::Whole,
                Lettering::Ignore => Compare::Nothing,
            }),
            ..CountParams::default()
        };
        let pages = get_many::<Page>(&*tools.catalog, attempt.tenant(), &session.page_ids).await?;
        let mut tally = Tally::default();
        let mut exemplar: Option<Arc<Exemplar>> = None;
        for (nth, (id, page)) in session.page_ids.iter().zip(pages).enumerate() {
            let percent = 20.0 + 50.0 * nth as f32 / session.page_ids.len() as f32;
            attempt.progress.report(percent, "Matching symbols");
            let Some((page, blobs)) = page.and_then(|p| p.value.blobs.map(|b| (p.value, b))) else {
                tally.missing.push(Gap::Unreadable(*id));
                continue;
            };
            if budget.is_cancelled() {
                tally.missing.push(Gap::NotSearched(page.number));
                continue;
            }
            let list = page_list::load(attempt, tools, blobs.list, self.max_list_bytes).await?;
            let (given, cut_at, own) = (exemplar.clone(), session.exemplar, budget.clone());
            let searched = tools.compute.run(&attempt.budget, move |_| {
                let index = PageIndex::build(&list, &own).map_err(|_| Stop::TimeUp)?;
                let exemplar = match given {
                    Some(exemplar) => exemplar,
                    None => Arc::new(Exemplar::cut(&index, cut_at, &own).map_err(|e| Stop::of(&e))?),
                };
                let outcome = find(&index, &exemplar, &params, &own);
                Ok((outcome.value, exemplar))
            });
            match searched.await.map_err(crate::compute_error)? {
                Ok((mut outcome, used)) => {
                    tally.trimmed |= outcome.trimmed.is_some();
                    let used = outcome.trimmed.take().map_or(used, |less| Arc::new(*less));
                    // What this page showed of the lettering holds for the next.
                    params.lettering = outcome.lettering;
                    tally.says = used.words().join(" ");
                    exemplar = Some(used);
                    tally.add(&page, outcome);
                }
                Err(Stop::Exemplar(why)) => return Ok(Searched::Refused(why)),
                Err(Stop::TimeUp) => tally.missing.push(Gap::NotSearched(page.number)),
            }
        }
        Ok(Searched::Done(tally))
    }
}

/// What became of all pages.
enum Searched {
    Done(Tally),
    /// The exemplar is no symbol, for this reason.
    Refused(String),
}

/// Why a page gave no outcome.
enum Stop {
    Exemplar(String),
    TimeUp,
}

impl Stop {
    fn of(error: &ExemplarError) -> Self {
        match error {
            ExemplarError::Exhausted(_) => Self::TimeUp,
            other => Self::Exemplar(other.to_string()),
        }
    }
}

impl Tally {
    /// Whether the session's time, and not a page, is why something is missing.
    fn ran_out_of_time(&self) -> bool {
        self.missing.iter().any(|gap| matches!(gap, Gap::NotSearched(_) | Gap::InPart(_)))
    }

    /// What is missing, for a person.
    fn said(&self) -> Option<String> {
        let gaps: Vec<String> = self.missing.iter().map(Gap::to_string).collect();
        (!gaps.is_empty()).then(|| gaps.join("; "))
    }

    fn add(&mut self, page: &Page, outcome: CountOutcome) {
        self.searched += 1;
        self.found += outcome.found as u64;
        if !outcome.complete {
            self.missing.push(Gap::InPart(page.number));
        }
        self.detections.extend(outcome.detections.into_iter().map(|d| NewDetection {
            page_id: page.id,
            bbox: d.bbox,
            center: d.center,
            confidence: d.confidence,
            angle: d.angle_deg,
            mirrored: d.mirrored,
            scale: d.scale,
            is_exemplar: d.is_exemplar,
            in_legend: d.in_legend,
            label: (!d.words.is_empty()).then(|| d.words.join(" ")),
        }));
        self.lacking_a_part += outcome.lacking_a_part;
        for (words, times) in outcome.other_lettering {
            *self.others.entry(words).or_default() += times;
        }
    }

    /// What a person should know about the answer.
    fn notes(&self) -> Option<String> {
        let notes: Vec<String> =
            self.left_out().into_iter().chain(self.box_too_large()).chain(self.box_trimmed()).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    /// That other places lack the same part of the box.
    fn box_too_large(&self) -> Option<String> {
        (self.lacking_a_part > 0).then(|| {
            format!(
                "{} more places show most of what is in the box but lack the same part of it: if they are the \
                 symbol, draw the box tighter around one",
                self.lacking_a_part
            )
        })
    }

    /// That the example was taken for less than its box holds.
    fn box_trimmed(&self) -> Option<String> {
        self.trimmed.then(|| {
            "strokes in the example's box that hang on nothing else there, and that the other places lack, were \
             left out of the example"
                .to_owned()
        })
    }

    /// What was left out although it looks alike.
    fn left_out(&self) -> Option<String> {
        let all: usize = self.others.values().sum();
        if all == 0 {
            return None;
        }
        let said = |(words, times): (&String, &usize)| {
            let words = if words.is_empty() { "nothing" } else { words.as_str() };
            format!("{words} ({times})")
        };
        let mut said: Vec<String> = self.others.iter().take(MAX_SAID).map(said).collect();
        if self.others.len() > MAX_SAID {
            said.push("others".to_owned());
        }
        Some(format!(
            "{all} of the same shape were left out, because the example says {:?} and they say {}",
            self.says,
            said.join(", ")
        ))
    }
}

/// Runs `work`; cancels `own` when the time is up or the attempt is cancelled, and waits for the work to
/// come back with what it has.
async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, StageError>>,
    own: &Budget,
    attempt: &Budget,
) -> Result<T, StageError> {
    let mut work = pin!(work);
    let watch = Stopwatch::start();
    loop {
        if attempt.is_cancelled() || watch.elapsed() >= time {
            own.cancel();
        }
        let left = time.saturating_sub(watch.elapsed());
        let pause = if own.is_cancelled() { CANCEL_POLL } else { CANCEL_POLL.min(left) };
        if let Ok(done) = tokio::time::timeout(pause, &mut work).await {
            return if attempt.is_cancelled() { Err(StageError::Fenced) } else { done };
        }
    }
}

#[async_trait]
impl Stage for AutoCount {
    fn name(&self) -> StageName {
        StageName::AutoCount
    }

    /// Twice the session's time: the second half is for the last page to notice that time is up.
    fn budget_ms(&self, _job: &Job) -> u64 {
        self.session_ms * 2 + 30_000
    }

    async fn begin(&self, job: &Job, tools: &Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, tools);
        match decode(&job.args) {
            Ok(AutoCountArgs::Session { session_id }) => Ok(begun_batch(&desk, session_id).await?),
            Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError> {
        match decode(&attempt.job.args).map_err(|e| StageError::Reject(e.to_string()))? {
            AutoCountArgs::Session { session_id } => self.session(&attempt, &tools, session_id).await,
        }
    }

    async fn bury(&self, job: &Job, why: &str, tools: Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, &tools);
        match decode(&job.args) {
            Ok(AutoCountArgs::Session { session_id }) => Ok(failed_batch(&desk, session_id, why).await?),
            Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }
}
