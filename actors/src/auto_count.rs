//! Auto count: from exemplars to every instance, on the pages of a session, one page after the other. What a
//! page gives is committed before the next one is searched.

mod exemplars;
mod frames;
mod sizes;
mod tally;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use takeoff_commands::count::{
    Completion, Next, PageResult, begun_batch, completed_batch, failed_batch, page_batch, revived_batch,
};
use takeoff_commands::jobs::{AutoCountArgs, decode};
use takeoff_config::NodeConfig;
use takeoff_core::budget::Budget;
use takeoff_core::count::{Answer, Compare, CountParams, Exemplar, PageIndex, Question, ask};
use takeoff_core::found::{Finding, Found};
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::{BlobHash, CountProgress, CountSession, Id, Lettering, Page, SessionStatus};
use takeoff_engine::clock::Stopwatch;
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::{Batch, get, get_many};

use self::exemplars::{Cut, Indexed, Symbols};
use self::tally::{Gap, add, candidates, found_nothing, match_lines, notes, place, sheet};
use crate::page_list::{self, Loaded};

/// Counts symbols on vector pages.
#[derive(Debug)]
pub struct AutoCount {
    max_list_bytes: usize,
    /// Longest that a session works before it ends with what it has, milliseconds.
    session_ms: u64,
}

/// How often a running count looks whether its attempt was cancelled.
const CANCEL_POLL: Duration = Duration::from_millis(20);

/// Matches of one exemplar that are taken from one page. What the session keeps of them is less.
const MAX_MATCHES: usize = 20_000;

/// Commits for one page, lost races among them, before the attempt gives up.
const STORE_TRIES: u32 = 64;

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
        if matches!(session.status, SessionStatus::Completed | SessionStatus::Failed) {
            return Ok(crate::nothing(attempt));
        }
        // The session's own time is not the attempt's: when it is up, what was found is kept.
        let budget = attempt.budget.aside();
        attempt.progress.report(5.0, "Loading pages");
        let search = Search {
            attempt,
            tools,
            session: &session,
            budget: &budget,
            max_list_bytes: self.max_list_bytes,
            watch: Stopwatch::start(),
        };
        let time = Duration::from_millis(self.session_ms);
        let progress = match within(time, search.run(), &budget, &attempt.budget).await? {
            Searched::Done { progress, time_was_up } => {
                if time_was_up {
                    metrics::counter!(takeoff_engine::metrics::COUNT_TIMEOUTS).increment(1);
                }
                progress
            }
            Searched::Refused(error) => {
                let batch = failed_batch(&crate::desk(attempt, tools), session_id, &error).await?;
                return Ok(Effects { batch, end: End::Refused { error } });
            }
            Searched::Over => return Ok(crate::nothing(attempt)),
        };
        attempt.progress.report(75.0, "Storing detections");
        let alone = found_nothing(&progress, session.kept().threshold);
        let notes: Vec<String> =
            alone.into_iter().chain(notes(&progress)).chain(match_lines(&progress)).collect();
        let notes = (!notes.is_empty()).then(|| notes.join("; "));
        let completion = Completion { processing_time_ms: search.spent_ms(), notes, progress: *progress };
        let desk = crate::desk(attempt, tools);
        let (batch, kept) = completed_batch(&desk, session_id, completion).await?;
        let result = json!({
            "session_id": session_id,
            "total_detections": kept,
            "template_matches": kept,
            "llm_matches": 0,
        });
        Ok(Effects { batch, end: End::Done { result } })
    }
}

/// A session's pages being searched.
struct Search<'a> {
    attempt: &'a Attempt,
    tools: &'a Tools,
    /// As it was when the attempt began.
    session: &'a CountSession,
    /// The session's own time.
    budget: &'a Budget,
    max_list_bytes: usize,
    watch: Stopwatch,
}

/// What the exemplars say, as far as it is compared, and what stands beside them where others say something else there.
fn words(progress: &mut CountProgress, exemplars: &[Exemplar], answer: &Answer) {
    let whole = |nth: usize| answer.lettering.get(nth) == Some(&Some(Compare::Whole));
    let says = exemplars.iter().enumerate().map(|(nth, e)| {
        let beside = e.words_beside().iter().filter(|_| whole(nth));
        e.words().iter().chain(beside).map(String::as_str).collect::<Vec<_>>().join(" ")
    });
    progress.says = says.collect();
    if progress.beside.is_empty() && !answer.said_beside.is_empty() {
        progress.beside = exemplars.iter().flat_map(|e| e.words_beside().iter().cloned()).collect();
    }
}

/// What became of all pages.
enum Searched {
    Done {
        progress: Box<CountProgress>,
        /// The session's time, and not a page, is why something is missing.
        time_was_up: bool,
    },
    /// An exemplar is no symbol, for this reason.
    Refused(String),
    /// The session is gone or has ended.
    Over,
}

impl Search<'_> {
    /// From where an attempt before this one came to.
    async fn run(&self) -> Result<Searched, StageError> {
        let mut progress = self.session.progress.clone();
        let pages =
            get_many::<Page>(&*self.tools.catalog, self.attempt.tenant(), &self.session.page_ids).await?;
        let pages: Vec<Option<Page>> = pages.into_iter().map(|p| p.map(|p| p.value)).collect();
        let exemplar_pages = self.exemplar_pages(&pages).await?;
        let mut time_was_up = false;
        if progress.next as usize >= pages.len() {
            return Ok(Searched::Done { progress: Box::new(progress), time_was_up });
        }
        let (mut symbols, mut first) = match self.exemplars().await? {
            Cut::Done { symbols, first, trimmed } => {
                progress.trimmed |= trimmed;
                (Some(symbols), first)
            }
            Cut::Refused(why) => return Ok(Searched::Refused(why)),
            Cut::TimeUp => (None, None),
        };
        for (nth, (id, page)) in self.session.page_ids.iter().zip(&pages).enumerate() {
            if nth < progress.next as usize {
                continue;
            }
            let percent = 20.0 + 50.0 * nth as f32 / pages.len() as f32;
            self.attempt.progress.report(percent, "Matching symbols");
            let Some((page, blobs)) = page.as_ref().and_then(|p| Some((p, p.blobs?))) else {
                progress.missing.push(Gap::Unreadable(*id).to_string());
                continue;
            };
            let index = first.take().filter(|_| nth == 0);
            let answer = match &mut symbols {
                Some(symbols) if !self.budget.is_cancelled() => self
                    .ask(symbols, index, (blobs.list, page.picture_pixels()), &progress)
                    .await?
                    .map(|answer| (answer, symbols)),
                _ => None,
            };
            if self.attempt.budget.is_cancelled() {
                // Cut short, and not because the session's time was up.
                return Err(StageError::Fenced);
            }
            let Some((answer, symbols)) = answer else {
                progress.missing.push(Gap::NotSearched(page.number).to_string());
                time_was_up = true;
                continue;
            };
            if !answer.value.complete {
                let late = self.budget.is_cancelled();
                progress.missing.push(cut_short(page.number, &answer, late).to_string());
                time_was_up |= late;
            }
            if page.findings.iter().any(Finding::is_damage) {
                progress.missing.push(Gap::Damaged(page.number).to_string());
            }
            let mut answer = answer.value;
            progress.next = nth as u32 + 1;
            words(&mut progress, &symbols.meant, &answer);
            add(&mut progress, page.number, &answer);
            place(&mut progress, self.session, page.id, &answer);
            sizes::compare(&mut progress, self.session, &exemplar_pages, (page, &answer));
            sheet(&mut progress, self.session, page, &mut answer);
            progress.scans += u32::from(page.is_vector == Some(false));
            Symbols::trimmed(symbols, &mut answer);
            if !self.store(page, answer, &progress).await? {
                return Ok(Searched::Over);
            }
        }
        Ok(Searched::Done { progress: Box::new(progress), time_was_up })
    }

    /// The pages that the exemplars are on. One that is gone says nothing of a scale.
    async fn exemplar_pages(&self, searched: &[Option<Page>]) -> Result<Vec<Page>, StageError> {
        let mut ids = vec![self.session.page_id];
        ids.extend(self.session.scope.exemplars.iter().map(|e| e.page_id));
        ids.dedup();
        let known = |id: &Id| searched.iter().flatten().any(|p| p.id == *id);
        let (here, others): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(known);
        let others = get_many::<Page>(&*self.tools.catalog, self.attempt.tenant(), &others).await?;
        let here = searched.iter().flatten().filter(|p| here.contains(&p.id)).cloned();
        Ok(here.chain(others.into_iter().flatten().map(|p| p.value)).collect())
    }

    /// `None` when the session's time was up before the page could be searched.
    async fn ask(
        &self,
        symbols: &Arc<Symbols>,
        index: Option<Box<Indexed>>,
        list: (BlobHash, u64),
        progress: &CountProgress,
    ) -> Result<Option<Found<Answer>>, StageError> {
        let page = match index {
            Some(indexed) => Ok(indexed),
            None => Err(page_list::load(self.attempt, self.tools, list, self.max_list_bytes).await?),
        };
        let (params, region) = (self.params(), self.session.scope.region);
        let (own, symbols) = (self.budget.clone(), Arc::clone(symbols));
        let lettering = progress.lettering.clone();
        let work = move || {
            let Indexed { index, _held } = match page {
                Ok(indexed) => *indexed,
                Err(Loaded { list, held }) => {
                    Indexed { index: PageIndex::build(&list, &own).ok()?, _held: held }
                }
            };
            let question = Question {
                exemplars: &symbols.meant,
                negatives: &symbols.not_meant,
                params,
                lettering: &lettering,
                region,
            };
            Some(ask(&index, &question, &own))
        };
        let searched = self.tools.compute.run_long(&self.attempt.budget, move |_| work()).await;
        searched.map_err(crate::compute_error)
    }

    fn params(&self) -> CountParams {
        let session = self.session;
        CountParams {
            threshold: session.kept().threshold,
            scale_tolerance: session.scale_tolerance,
            rotation_tolerance: session.rotation_tolerance,
            mirrored: session.scope.mirrored,
            same_pen: session.scope.same_pen,
            max_detections: MAX_MATCHES,
            lettering: session.lettering.map(|l| match l {
                Lettering::Agree => Compare::Whole,
                Lettering::Ignore => Compare::Nothing,
            }),
        }
    }

    /// Has a page's answer committed; `false` when the session is over.
    async fn store(&self, page: &Page, answer: Answer, progress: &CountProgress) -> Result<bool, StageError> {
        let result = PageResult {
            candidates: candidates(page.id, answer),
            progress: progress.clone(),
            processing_time_ms: self.spent_ms(),
            notes: notes(progress),
        };
        for _ in 0..STORE_TRIES {
            let desk = crate::desk(self.attempt, self.tools);
            match page_batch(&desk, self.session.id, &result).await? {
                // Whether it was committed or must be decided again, the next look shows.
                Next::Commit(batch) => self.attempt.checkpoint(batch).await?,
                Next::Stored => return Ok(true),
                Next::Over => return Ok(false),
            };
        }
        Err(StageError::Retry("the session was changed again and again by others".to_owned()))
    }

    /// Time that the session has taken, that of earlier attempts included, milliseconds.
    fn spent_ms(&self) -> f64 {
        self.session.processing_time_ms.unwrap_or(0.0) + self.watch.elapsed_ms()
    }
}

/// Which bound a search came to before its end.
fn cut_short(page: u32, answer: &Found<Answer>, late: bool) -> Gap {
    let said = answer.findings.iter().find(|f| f.code == "count_incomplete");
    match said {
        Some(finding) if !late => Gap::Bound { page, why: finding.message.clone() },
        _ => Gap::InPart(page),
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

    async fn revive(&self, job: &Job, tools: Tools) -> Result<Batch, StageError> {
        let desk = crate::desk_of(job, &tools);
        match decode(&job.args) {
            Ok(AutoCountArgs::Session { session_id }) => Ok(revived_batch(&desk, session_id).await?),
            Err(_) => Ok(Batch::new(desk.tenant)),
        }
    }
}
