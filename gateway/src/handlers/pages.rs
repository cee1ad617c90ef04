use axum::extract::State;
use axum::response::Redirect;
use takeoff_commands::{documents, reads};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, accepted, ok};
use crate::call::Call;
use crate::error::ApiError;
use crate::state::App;
use crate::wire::page::{Page, ReadingAgain};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_page)).routes(routes!(page_image)).routes(routes!(reprocess))
}

/// One page.
#[utoipa::path(get, path = "/pages/{page_id}", tag = "pages", responses((status = 200, body = Page)))]
async fn get_page(State(app): State<App>, call: Call) -> Answer<Page> {
    let id = call.id("page_id")?;
    let page = reads::page(&call.ctx(&app), id).await?;
    ok(Page::of(page, &call.links))
}

/// Leads to the page's PNG.
#[utoipa::path(get, path = "/pages/{page_id}/image", tag = "pages", responses(
    (status = 307, description = "`Location` is the PNG"),
))]
async fn page_image(State(app): State<App>, call: Call) -> Result<Redirect, ApiError> {
    let id = call.id("page_id")?;
    let page = reads::page(&call.ctx(&app), id).await?;
    let url = call.links.page_image(&page).ok_or_else(|| ApiError::not_found("Page image"))?;
    Ok(Redirect::temporary(&url))
}

/// Reads the page once more from its document's file, such as one whose parser was killed. Until the task ends the
/// page is `processing`. What had been read of it stays, and so does its size: where the new reading fails or has
/// another size, the page is as it was.
#[utoipa::path(post, path = "/pages/{page_id}/reprocess-ocr", tag = "pages", responses(
    (status = 202, body = ReadingAgain),
))]
async fn reprocess(State(app): State<App>, call: Call) -> Made<ReadingAgain> {
    let id = call.id("page_id")?;
    let job = documents::read_again(&call.ctx(&app), id).await?;
    accepted(ReadingAgain::of(id, job))
}
