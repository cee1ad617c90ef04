use axum::extract::{Request, State};
use takeoff_commands::{documents, reads};
use takeoff_core::model::{DocumentStatus, Id};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, created, ok, upload};
use crate::call::Call;
use crate::state::App;
use crate::wire::document::{
    Document, DocumentList, DocumentMade, DocumentProgress, PageSummary, Upload, status_word,
};
use crate::wire::page::{PageList, PageRow};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_documents, upload_document))
        .routes(routes!(get_document))
        .routes(routes!(document_status))
        .routes(routes!(document_pages))
}

/// The documents of a project, newest first.
#[utoipa::path(get, path = "/projects/{project_id}/documents", tag = "documents", responses(
    (status = 200, body = DocumentList),
))]
async fn list_documents(State(app): State<App>, call: Call) -> Answer<DocumentList> {
    let id = call.id("project_id")?;
    let all = reads::documents(&call.ctx(&app), id).await?;
    let documents: Vec<_> = all.into_iter().map(|d| Document::of(d, Vec::new(), &call.links)).collect();
    ok(DocumentList { total: documents.len(), documents })
}

/// Takes a plan set: PDF, TIFF, PNG or JPEG, known by its first bytes.
///
/// The same file once more in a project is another document, and `notice` names the earlier one.
#[utoipa::path(post, path = "/projects/{project_id}/documents", tag = "documents",
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = DocumentMade),
        (status = 400, description = "The file is damaged, empty, password-protected or of no known type", body = crate::error::Detail),
        (status = 413, description = "The file is larger than the limit", body = crate::error::Detail),
    ),
)]
async fn upload_document(State(app): State<App>, call: Call, request: Request) -> Made<DocumentMade> {
    let id = call.id("project_id")?;
    let ctx = call.ctx(&app);
    // Before half a gigabyte is taken in for a project that does not exist.
    reads::project(&ctx, id).await?;
    let staged = upload::receive(&app, request).await?;
    let document = documents::receive_upload(&ctx, id, staged.staged()).await?;
    let same = reads::same_file(&ctx, &document).await?;
    created(DocumentMade::of(document, same, &call.links))
}

/// One document with its pages.
#[utoipa::path(get, path = "/documents/{document_id}", tag = "documents", responses((status = 200, body = Document)))]
async fn get_document(State(app): State<App>, call: Call) -> Answer<Document> {
    let id = call.id("document_id")?;
    let ctx = call.ctx(&app);
    let mut document = reads::document(&ctx, id).await?;
    let pages = reads::pages_by_number(&ctx, id).await?;
    // A document in `error` says why itself.
    if document.status == DocumentStatus::Ready {
        document.findings.extend(documents::lacking(&pages));
    }
    let pages = pages.iter().map(|p| PageSummary::of(p, &call.links)).collect();
    ok(Document::of(document, pages, &call.links))
}

/// How far a document is. `ready` means that its pages are known, not that each is: those still being read
/// are `processing` in `/documents/{document_id}/pages`, which is what to poll before working on a page.
#[utoipa::path(get, path = "/documents/{document_id}/status", tag = "documents", responses(
    (status = 200, body = DocumentProgress),
))]
async fn document_status(State(app): State<App>, call: Call) -> Answer<DocumentProgress> {
    let id: Id = call.id("document_id")?;
    let d = reads::document(&call.ctx(&app), id).await?;
    ok(DocumentProgress {
        status: status_word(d.status),
        page_count: d.page_count,
        error: d.processing_error,
    })
}

/// The pages of a document: those with a sheet number first, in its natural order.
#[utoipa::path(get, path = "/documents/{document_id}/pages", tag = "pages", responses((status = 200, body = PageList)))]
async fn document_pages(State(app): State<App>, call: Call) -> Answer<PageList> {
    let id = call.id("document_id")?;
    let pages = reads::pages_by_sheet(&call.ctx(&app), id).await?;
    let pages: Vec<_> = pages.into_iter().map(|p| PageRow::of(p, &call.links)).collect();
    ok(PageList { total: pages.len(), pages })
}
