use axum::extract::State;
use takeoff_commands::{CommandError, reads, scale};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, accepted, ok};
use crate::call::{Body, Call};
use crate::error::ApiError;
use crate::state::App;
use crate::wire::scale as wire;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(detect_scale))
        .routes(routes!(detection_status))
        .routes(routes!(set_scale))
        .routes(routes!(calibrate))
        .routes(routes!(copy_scale))
        .routes(routes!(batch_scale))
}

/// Asks for a detection of the page's scale.
///
/// A scale that a person gave (by value, text, calibration, copy or batch) is kept. What was detected is shown beside it
/// in the status, and its findings name it where it is another scale (`scale_kept_by_hand`).
#[utoipa::path(post, path = "/pages/{page_id}/detect-scale", tag = "scale", responses(
    (status = 202, body = wire::DetectionStarted),
))]
async fn detect_scale(State(app): State<App>, call: Call) -> Made<wire::DetectionStarted> {
    let page_id = call.id("page_id")?;
    let job = scale::detect_scale(&call.ctx(&app), page_id).await?;
    accepted(wire::DetectionStarted { status: "queued", page_id: page_id.0, task_id: job.to_string() })
}

/// `processing` until the newest detection ends, then `complete` whatever it found.
#[utoipa::path(get, path = "/pages/{page_id}/scale-detection-status", tag = "scale", responses(
    (status = 200, body = wire::DetectionStatus),
))]
async fn detection_status(State(app): State<App>, call: Call) -> Answer<wire::DetectionStatus> {
    let page_id = call.id("page_id")?;
    ok(reads::page(&call.ctx(&app), page_id).await?)
}

/// A scale that no drawing has is a problem of the body's `scale_value`.
fn body_error(e: CommandError) -> ApiError {
    match e {
        CommandError::ImplausibleScale(e) => ApiError::Invalid(vec![wire::implausible(&e)]),
        other => other.into(),
    }
}

/// States the page's scale; what depends on it is recalculated.
///
/// `scale_value` is in pixels of this page's image, whatever resolution that has. `scale_text` alone sets the
/// scale that it states; beside a value it has to say the same. 400 where it contradicts the value, has numbers
/// that are no scale as drawings write it, says that nothing is to scale, or, alone, names another paper than the page's
/// (`1:100 @ A1` on A3). Where the sheet's own text says another scale than the value, the value is taken and `notice` names
/// the text. It also says why the scale was withheld, where the page seems to be a copy at another size or not to be to
/// scale, that the page states several, and where a ratio was reckoned by a resolution that the picture's file contradicts.
#[utoipa::path(put, path = "/pages/{page_id}/scale", tag = "scale", request_body = wire::SetScale, responses(
    (status = 200, body = wire::ScaleSet),
))]
async fn set_scale(State(app): State<App>, call: Call, body: Body) -> Answer<wire::ScaleSet> {
    let (page_id, manual) =
        call.read(|input| input.id("page_id").zip(input.object(&body, wire::manual_scale)))?;
    ok(scale::set_scale(&call.ctx(&app), page_id, manual).await.map_err(body_error)?)
}

/// Gives the page a scale by two points and what lies between them in reality.
///
/// 400 where a distance is not positive, or where the two make a drawing scale outside 10:1 to 1:100,000
/// at the page's resolution.
#[utoipa::path(post, path = "/pages/{page_id}/calibrate", tag = "scale",
    params(
        ("pixel_distance" = f64, Query, description = "Page pixels, more than 0"),
        ("real_distance" = f64, Query, description = "In `real_unit`, more than 0"),
        ("real_unit" = Option<String>, Query, description = "`foot` (default), `inch`, `meter`"),
    ),
    responses((status = 200, body = wire::Calibrated)),
)]
async fn calibrate(State(app): State<App>, call: Call) -> Answer<wire::Calibrated> {
    let (page_id, calibration) =
        call.read(|input| input.id("page_id").zip(wire::calibration(&input.query)))?;
    let done = scale::calibrate(&call.ctx(&app), page_id, calibration).await?;
    ok(wire::Calibrated {
        status: "success",
        page_id: page_id.0,
        pixels_per_foot: done.pixels_per_foot,
        estimated_scale_ratio: done.estimated_ratio,
        notice: scale::contradicted(&done.page),
    })
}

/// Gives the page the scale of another page of its project.
///
/// Where the two are shown at different resolutions, the page gets the same drawing scale, not the same
/// pixels per foot. 400 where only one of the two states a resolution.
#[utoipa::path(post, path = "/pages/{page_id}/copy-scale-from/{source_page_id}", tag = "scale", responses(
    (status = 200, body = wire::ScaleCopied),
))]
async fn copy_scale(State(app): State<App>, call: Call) -> Answer<wire::ScaleCopied> {
    let (page_id, source) = call.read(|input| input.id("page_id").zip(input.id("source_page_id")))?;
    let page = scale::copy_scale(&call.ctx(&app), page_id, source).await?;
    ok(wire::ScaleCopied {
        status: "success",
        page_id: page_id.0,
        scale_value: page.scale.px_per_foot,
        copied_from: source.0,
        notice: scale::contradicted(&page),
    })
}

/// One scale for many pages of one project.
///
/// Pages can have different resolutions (vector pages are shown at 150 dpi unless they are too large for
/// it), so what the value means depends on what comes with it:
///
/// - A `scale_text` that states exactly one ratio decides: every page gets the pixels per foot that the
///   ratio is at its own resolution. `scale_value` must agree with it within 1 %, at the resolution of one
///   of the pages or, where vector pages are among them, at 150 dpi; else 400.
/// - A `scale_text` alone is enough. One with numbers that is no scale is refused: 400.
/// - Without a text every page gets `scale_value` as it stands; 400 where the pages have different
///   resolutions, because it would be another scale on each.
/// - Pictures that state no resolution get `scale_value` as it stands; 400 together with other pages.
///
/// 400 where the pages belong to several projects. Nothing is written unless all pages can have the scale.
#[utoipa::path(post, path = "/pages/batch-scale", tag = "scale", request_body = wire::BatchScale, responses(
    (status = 200, body = wire::BatchScaled),
    (status = 404, description = "None of the ids is a page", body = crate::error::Detail),
))]
async fn batch_scale(State(app): State<App>, call: Call, body: Body) -> Answer<wire::BatchScaled> {
    let (pages, manual) = call.read(|input| input.object(&body, wire::batch))?;
    let done = scale::batch_scale(&call.ctx(&app), &pages, manual).await.map_err(body_error)?;
    ok(wire::BatchScaled {
        status: "success",
        count: done.updated.len(),
        notice: wire::contradictions(&done.contradicted),
        updated_pages: done.updated.into_iter().map(|id| id.0).collect(),
        missing_ids: done.missing.into_iter().map(|id| id.0).collect(),
    })
}
