use axum::extract::State;
use takeoff_commands::{count, reads};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, accepted, ok};
use crate::call::{Body, Call};
use crate::state::App;
use crate::wire::autocount as wire;
use crate::wire::validate::{Fields, IdRule, Nested};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start_auto_count))
        .routes(routes!(get_session, move_threshold))
        .routes(routes!(sessions_of_page))
        .routes(routes!(confirm))
        .routes(routes!(reject))
        .routes(routes!(bulk_confirm))
        .routes(routes!(create_measurements))
}

/// "Count these": finds every instance of the example by comparing vectors. A method or a provider that
/// needs a vision model is 400.
#[utoipa::path(post, path = "/pages/{page_id}/auto-count", tag = "auto count",
    request_body = wire::StartAutoCount,
    responses((status = 202, body = wire::CountStarted)),
)]
async fn start_auto_count(State(app): State<App>, call: Call, body: Body) -> Made<wire::CountStarted> {
    let (request, provider) = call.read(|input| {
        let page = input.id("page_id");
        input.body(&body, Nested(|f: &Fields<'_>| wire::start_count(page, f)))
    })?;
    count::without_provider(provider.as_deref())?;
    accepted(count::start(&call.ctx(&app), request).await?)
}

/// One session with its detections, highest confidence first. While it is processed, those of the pages that
/// were searched are there already (`pages_searched` of `pages_total`).
#[utoipa::path(get, path = "/auto-count-sessions/{session_id}", tag = "auto count", responses(
    (status = 200, body = wire::SessionDetail),
))]
async fn get_session(State(app): State<App>, call: Call) -> Answer<wire::SessionDetail> {
    let id = call.id("session_id")?;
    ok(reads::counted(&call.ctx(&app), id).await?)
}

/// Moves the threshold: what is a detection and what a near miss follows at once, without another search.
/// Measurements that were made stay. Below `confidence_floor` nothing was kept: 400.
#[utoipa::path(patch, path = "/auto-count-sessions/{session_id}", tag = "auto count",
    request_body = wire::MoveThreshold,
    responses((status = 200, body = wire::SessionDetail)),
)]
async fn move_threshold(State(app): State<App>, call: Call, body: Body) -> Answer<wire::SessionDetail> {
    let (id, threshold) =
        call.read(|input| input.id("session_id").zip(input.object(&body, wire::moved_threshold)))?;
    let ctx = call.ctx(&app);
    count::set_threshold(&ctx, id, threshold).await?;
    ok(reads::counted(&ctx, id).await?)
}

/// The sessions of a page, newest first.
#[utoipa::path(get, path = "/pages/{page_id}/auto-count-sessions", tag = "auto count",
    params(("condition_id" = Option<uuid::Uuid>, Query, description = "Only of this condition")),
    responses((status = 200, body = Vec<wire::Session>)),
)]
async fn sessions_of_page(State(app): State<App>, call: Call) -> Answer<Vec<wire::Session>> {
    let (page, condition) = call.read(|input| {
        let page = input.id("page_id");
        page.zip(input.query.optional("condition_id", IdRule))
    })?;
    let all = reads::sessions_of_page(&call.ctx(&app), page).await?;
    let wanted = all.into_iter().filter(|s| condition.is_none_or(|c| s.condition_id == c));
    ok(wanted.map(wire::Session::from).collect::<Vec<_>>())
}

/// Confirms a detection. A near miss becomes one with it.
#[utoipa::path(post, path = "/auto-count-detections/{detection_id}/confirm", tag = "auto count", responses(
    (status = 200, body = wire::Detection),
))]
async fn confirm(State(app): State<App>, call: Call) -> Answer<wire::Detection> {
    let id = call.id("detection_id")?;
    ok(count::confirm(&call.ctx(&app), id).await?)
}

/// Rejects a detection and deletes the measurement that was made of it. One that another count made of the same place, or
/// a person, stays; `notice` names it.
#[utoipa::path(post, path = "/auto-count-detections/{detection_id}/reject", tag = "auto count", responses(
    (status = 200, body = wire::Rejected),
))]
async fn reject(State(app): State<App>, call: Call) -> Answer<wire::Rejected> {
    let id = call.id("detection_id")?;
    let ctx = call.ctx(&app);
    let rejected = count::reject(&ctx, id).await?;
    let still = count::still_counted(&ctx, &rejected).await?;
    ok(wire::Rejected::of(rejected, still))
}

/// Confirms the pending detections of at least this confidence, never near misses. Samples in a legend (`in_legend`)
/// stay pending, so that they do not count, unless `include_legend` says otherwise or one is confirmed by itself. So do
/// those in a title block or a key plan and those beyond a match line (`apart`), whatever `include_legend` says; and
/// while the pages are still searched, all upon or beyond a match line.
#[utoipa::path(post, path = "/auto-count-sessions/{session_id}/bulk-confirm", tag = "auto count",
    request_body = wire::BulkConfirm,
    responses((status = 200, body = wire::BulkConfirmed)),
)]
async fn bulk_confirm(State(app): State<App>, call: Call, body: Body) -> Answer<wire::BulkConfirmed> {
    let (id, bulk) = call.read(|input| input.id("session_id").zip(input.object(&body, wire::bulk)))?;
    let ctx = call.ctx(&app);
    let confirmed_count = count::bulk_confirm(&ctx, id, bulk).await?;
    let session = reads::session(&ctx, id).await?;
    let more = session.uncovered().into_iter().chain(wire::set_apart(&session));
    let completeness = wire::Completeness::of(&session).and(more);
    ok(wire::BulkConfirmed { confirmed_count, threshold: bulk.threshold, completeness })
}

/// Makes a measurement of each confirmed detection that has none, and answers how many it made: 0 when
/// nothing is confirmed; `notes` says how many are not. A count confirms nothing by itself: confirm its detections one by one or by
/// `bulk-confirm`, which needs a `threshold`, first. `confirmed_count` of the session says how many are.
#[utoipa::path(post, path = "/auto-count-sessions/{session_id}/create-measurements", tag = "auto count", responses(
    (status = 200, body = wire::MeasurementsCreated),
))]
async fn create_measurements(State(app): State<App>, call: Call) -> Answer<wire::MeasurementsCreated> {
    let id = call.id("session_id")?;
    let ctx = call.ctx(&app);
    let taken = count::create_measurements(&ctx, id).await?;
    let session = reads::session(&ctx, id).await?;
    let open = wire::unconfirmed(&session).into_iter().chain(wire::set_apart(&session));
    let completeness = wire::Completeness::of(&session).and(session.uncovered().into_iter().chain(open));
    ok(wire::MeasurementsCreated {
        measurements_created: taken.made,
        already_counted: taken.already_counted,
        completeness,
    })
}
