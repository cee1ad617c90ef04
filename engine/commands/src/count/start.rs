//! Starting a session.

use takeoff_core::geom::PxRect;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model::{
    ApartCounts, Condition, CountProgress, CountSession, Id, KeptCandidates, Kind, Lettering,
    MeasurementType, Page, SessionStatus,
};
use takeoff_storage::{Batch, Expect};

use super::scope::{Asked, StartScope, countable, drawn_in};
use crate::check;
use crate::erased;
use crate::jobs::{self, AutoCountArgs};
use crate::load::required;
use crate::retry::Tries;
use crate::{CommandError, Ctx, Desk};

/// Candidates that one session may keep, so that all of them can be changed in one commit.
pub const MAX_SESSION_DETECTIONS: u32 = 4_000;

/// `None` takes the node's default.
#[derive(Debug, Clone, PartialEq)]
pub struct StartCount {
    /// The exemplar's page.
    pub page_id: Id,
    pub condition_id: Id,
    /// Page pixels.
    pub exemplar: PxRect,
    /// 0 to 1.
    pub confidence_threshold: Option<f64>,
    /// 0 to 1; 0.20.
    pub scale_tolerance: Option<f64>,
    /// 0 to 90 degrees about each quarter turn; `None` is any angle.
    pub rotation_tolerance: Option<f64>,
    /// How lettering inside the symbol is taken; `None` leaves it to what the pages show.
    pub lettering: Option<Lettering>,
    /// `template`; `hybrid` comes to the same, as there is no vision provider.
    pub detection_method: Option<String>,
    pub max_detections: Option<u32>,
    /// More pages of the same project to search; those of exemplars are always searched.
    pub page_ids: Option<Vec<Id>>,
    pub scope: StartScope,
}

/// Writes the session (`pending`) and enqueues its interactive job, which is `session.job_id`.
///
/// `NotFound` for page and condition. `Invalid`: different projects, a condition that does not count, a
/// page that is not ready, an exemplar outside the page or with nothing drawn in it,
/// numbers out of bounds, a method that is not there.
#[erased]
pub async fn start(ctx: &Ctx<'_>, request: StartCount) -> Result<CountSession, CommandError> {
    ctx.handle.admit(Stage::AutoCount).await?;
    let desk = ctx.desk();
    let page = required::<Page>(&desk, request.page_id, "Page").await?;
    let condition = required::<Condition>(&desk, request.condition_id, "Condition").await?;
    if page.value.project_id != condition.value.project_id {
        return Err(CommandError::invalid("page and condition belong to different projects"));
    }
    if condition.value.measurement_type != MeasurementType::Count {
        return Err(CommandError::invalid("auto count needs a condition whose measurement type is count"));
    }
    countable(&page.value)?;
    let asked = Asked::of(&desk, &page.value, &request).await?;
    for (page, boxes) in asked.by_page() {
        drawn_in(ctx, page, boxes).await?;
    }
    let session = session_of(ctx, &desk, &request, &condition.value, asked)?;
    let job = NewJob {
        id: session.job_id,
        stage: Stage::AutoCount,
        args: jobs::encode(&AutoCountArgs::Session { session_id: session.id }),
        lane: Lane::Interactive,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(session.project_id),
        subject_id: Some(session.id),
        task: Some(TaskLabel {
            task_type: jobs::AUTO_COUNT.to_owned(),
            name: format!("Counting {}", condition.value.name),
        }),
        request_id: ctx.request_id.map(str::to_owned),
    };
    let mut batch = Batch::new(ctx.tenant);
    batch.expect.push(Expect::Exists(Kind::Condition, session.condition_id));
    batch.expect.push(Expect::Exists(Kind::Page, session.page_id));
    batch.create(&session);
    batch.jobs.push(job);
    if Tries::new(ctx).commit(batch).await? { Ok(session) } else { Err(CommandError::Conflict) }
}

fn session_of(
    ctx: &Ctx<'_>,
    desk: &Desk<'_>,
    request: &StartCount,
    condition: &Condition,
    asked: Asked,
) -> Result<CountSession, CommandError> {
    let config = ctx.handle.config();
    let defaults = &config.count;
    let confidence_threshold = request.confidence_threshold.unwrap_or(defaults.threshold);
    check::within("the confidence threshold", confidence_threshold, 0.0, 1.0)?;
    let scale_tolerance = request.scale_tolerance.unwrap_or(0.20);
    check::within("the scale tolerance", scale_tolerance, 0.0, 1.0)?;
    if let Some(degrees) = request.rotation_tolerance {
        check::within("the rotation tolerance (degrees)", degrees, 0.0, 90.0)?;
    }
    let method = method(request)?;
    let max_detections = match request.max_detections {
        None => defaults.max_detections.clamp(1, MAX_SESSION_DETECTIONS),
        Some(n @ 1..=MAX_SESSION_DETECTIONS) => n,
        Some(n) => {
            return Err(CommandError::invalid(format!(
                "the most detections to keep must be between 1 and {MAX_SESSION_DETECTIONS}, not {n}"
            )));
        }
    };
    Ok(CountSession {
        id: desk.ids.next(),
        page_id: request.page_id,
        page_ids: asked.page_ids,
        condition_id: condition.id,
        project_id: condition.project_id,
        job_id: desk.ids.next(),
        exemplar: request.exemplar,
        scope: asked.scope,
        confidence_threshold,
        scale_tolerance,
        rotation_tolerance: request.rotation_tolerance,
        detection_method: method.to_owned(),
        lettering: request.lettering,
        max_detections,
        status: SessionStatus::Pending,
        error_message: None,
        notes: None,
        kept: Some(KeptCandidates::with(confidence_threshold)),
        progress: CountProgress { missing: asked.missing, ..CountProgress::default() },
        total_detections: 0,
        found_detections: 0,
        truncated: false,
        near_misses: 0,
        set_apart: 0,
        apart: ApartCounts::default(),
        confirmed_count: 0,
        rejected_count: 0,
        processing_time_ms: None,
        created_at: desk.now,
        updated_at: desk.now,
    })
}

/// Refuses a vision provider by name, as there is none.
pub fn without_provider(provider: Option<&str>) -> Result<(), CommandError> {
    match provider.filter(|p| !p.is_empty()) {
        None => Ok(()),
        Some(provider) => Err(CommandError::invalid(format!(
            "there is no provider {provider:?}: no vision provider is connected, count without one"
        ))),
    }
}

/// What cannot be done is refused: an answer found in another way would pass for the one that was asked for.
fn method(request: &StartCount) -> Result<&str, CommandError> {
    match request.detection_method.as_deref().unwrap_or("hybrid") {
        method @ ("template" | "hybrid") => Ok(method),
        "llm" => Err(CommandError::invalid(
            "the detection method llm needs a vision provider, and none is connected: use template or hybrid",
        )),
        other => Err(CommandError::invalid(format!(
            "unknown detection method {other:?}: it is template or hybrid"
        ))),
    }
}
