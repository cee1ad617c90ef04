use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use takeoff_commands::reads;
use tokio::sync::SemaphorePermit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::files::{ASK_AGAIN, FOR_EVER, range};
use super::{Answer, ok};
use crate::call::Call;
use crate::error::ApiError;
use crate::links::version_of;
use crate::state::App;
use crate::wire::symbols as wire;

/// Seconds after which a refused request may be tried again.
const RETRY_AFTER_S: u64 = 5;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(symbols_of_page)).routes(routes!(crop))
}

async fn turn(app: &App) -> Result<SemaphorePermit<'_>, ApiError> {
    let wait = Duration::from_millis(app.config().api.look_wait_ms);
    match tokio::time::timeout(wait, app.looks.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(ApiError::busy("too many drawings are being looked through", RETRY_AFTER_S)),
    }
}

/// Symbols that repeat on a page, most repeated first, found without an example: the `bbox` of each is a
/// `template_bbox` that counts it. A page that is not ready, or holds too much ink for an answer within the
/// request, is 400.
#[utoipa::path(get, path = "/pages/{page_id}/symbols", tag = "auto count",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 by default"),
        ("min_count" = Option<u32>, Query, description = "Only what is there so often; 3 by default, at least 2"),
    ),
    responses((status = 200, body = wire::Symbols)),
)]
async fn symbols_of_page(State(app): State<App>, call: Call) -> Answer<wire::Symbols> {
    let (page_id, filter) = call.read(|input| input.id("page_id").zip(wire::filter(&input.query)))?;
    let ctx = call.ctx(&app);
    let page = reads::drawn_page(&ctx, page_id).await?;
    let found = match app.suggested.of(&ctx, &page) {
        Some(found) => found,
        None => {
            let _turn = turn(&app).await?;
            // Whoever was before may have asked for the same.
            match app.suggested.of(&ctx, &page) {
                Some(found) => found,
                None => reads::suggestions(&ctx, &page, &app.suggested).await?,
            }
        }
    };
    ok(wire::Symbols::of(&page, &found, filter, &call.links))
}

/// A part of the page's image, pixel for pixel.
#[utoipa::path(get, path = "/pages/{page_id}/crop", tag = "pages",
    params(
        ("bbox" = String, Query,
            description = "`x,y,w,h` in whole pixels of the page's image, at most 2048 wide and high"),
        ("v" = Option<String>, Query, description = "Names the content: the answer never changes then"),
    ),
    responses(
        (status = 200, description = "PNG", content_type = "image/png", body = [u8]),
        (status = 304, description = "Unchanged"),
    ),
)]
async fn crop(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    let (id, area) = call.read(|input| input.id("page_id").zip(wire::area(&input.query)))?;
    let ctx = call.ctx(&app);
    let page = reads::page(&ctx, id).await?;
    let image = page.blobs.ok_or_else(|| ApiError::not_found("Page image"))?.image;
    let etag = format!("\"{image}-{}-{}-{}-{}\"", area.x, area.y, area.width, area.height);
    let caching = if call.query_text("v") == Some(&version_of(image)) { FOR_EVER } else { ASK_AGAIN };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("hex and digits are a header value"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    if range::matches(call.headers.get(header::IF_NONE_MATCH), &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let _turn = turn(&app).await?;
    let png = reads::page_crop(&ctx, &page, area).await?;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok((headers, png).into_response())
}
