use axum::extract::State;
use takeoff_commands::{reads, scale};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, accepted, ok};
use crate::call::{Body, Call};
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

/// States the page's scale; what depends on it is recalculated.
#[utoipa::path(put, path = "/pages/{page_id}/scale", tag = "scale", request_body = wire::SetScale, responses(
    (status = 200, body = wire::ScaleSet),
))]
async fn set_scale(State(app): State<App>, call: Call, body: Body) -> Answer<wire::ScaleSet> {
    let (page_id, manual) =
        call.read(|input| input.id("page_id").zip(input.object(&body, wire::manual_scale)))?;
    ok(scale::set_scale(&call.ctx(&app), page_id, manual).await?)
}

/// Gives the page a scale by two points and what lies between them in reality.
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
    })
}

/// Gives the page the scale of another page.
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
    })
}

/// One scale for many pages.
#[utoipa::path(post, path = "/pages/batch-scale", tag = "scale", request_body = wire::BatchScale, responses(
    (status = 200, body = wire::BatchScaled),
    (status = 404, description = "None of the ids is a page", body = crate::error::Detail),
))]
async fn batch_scale(State(app): State<App>, call: Call, body: Body) -> Answer<wire::BatchScaled> {
    let (pages, manual) = call.read(|input| input.object(&body, wire::batch))?;
    let done = scale::batch_scale(&call.ctx(&app), &pages, manual).await?;
    ok(wire::BatchScaled {
        status: "success",
        count: done.updated.len(),
        updated_pages: done.updated.into_iter().map(|id| id.0).collect(),
        missing_ids: done.missing.into_iter().map(|id| id.0).collect(),
    })
}
