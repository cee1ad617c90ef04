//! Images and original files, streamed from the blob store.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use takeoff_commands::reads;
use takeoff_core::model::{BlobHash, Id, PageBlobs, TenantId};
use takeoff_storage::StoreError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::Call;
use crate::error::ApiError;
use crate::links::version_of;
use crate::state::App;

pub(crate) mod range;

use range::{ByteRange, Wanted};

/// Bytes that are read from the store and handed to the connection at a time.
const CHUNK_BYTES: u64 = 256 * 1024;
/// A URL that names its content never changes its answer.
pub(super) const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// A URL that does not is asked for again, which costs a 304.
pub(super) const ASK_AGAIN: &str = "private, no-cache";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(image)).routes(routes!(thumbnail)).routes(routes!(original))
}

/// The page at full resolution.
#[utoipa::path(get, path = "/files/pages/{page_id}/image.png", tag = "files",
    params(("v" = Option<String>, Query, description = "Names the content: the answer never changes then")),
    responses(
        (status = 200, description = "PNG of the page's size", content_type = "image/png", body = [u8]),
        (status = 206, description = "A part of it"),
        (status = 304, description = "Unchanged"),
        (status = 416, description = "No such part"),
    ),
)]
async fn image(State(app): State<App>, call: Call, method: Method) -> Result<Response, ApiError> {
    page_file(&app, &call, &method, |blobs| blobs.image).await
}

/// The page, longest edge 256 px.
#[utoipa::path(get, path = "/files/pages/{page_id}/thumbnail.png", tag = "files",
    params(("v" = Option<String>, Query, description = "Names the content: the answer never changes then")),
    responses(
        (status = 200, description = "PNG", content_type = "image/png", body = [u8]),
        (status = 206, description = "A part of it"),
        (status = 304, description = "Unchanged"),
        (status = 416, description = "No such part"),
    ),
)]
async fn thumbnail(State(app): State<App>, call: Call, method: Method) -> Result<Response, ApiError> {
    page_file(&app, &call, &method, |blobs| blobs.thumbnail).await
}

async fn page_file(
    app: &App,
    call: &Call,
    method: &Method,
    which: fn(PageBlobs) -> BlobHash,
) -> Result<Response, ApiError> {
    let id: Id = call.id("page_id")?;
    let page = reads::page(&call.ctx(app), id).await?;
    let blobs = page.blobs.ok_or_else(|| ApiError::not_found("Page image"))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    serve(app, call, method, which(blobs), headers).await
}

/// The file as it was uploaded.
#[utoipa::path(get, path = "/files/documents/{document_id}/original", tag = "files",
    params(("v" = Option<String>, Query, description = "Names the content: the answer never changes then")),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = [u8]),
        (status = 206, description = "A part of it"),
        (status = 304, description = "Unchanged"),
        (status = 416, description = "No such part"),
    ),
)]
async fn original(State(app): State<App>, call: Call, method: Method) -> Result<Response, ApiError> {
    let id = call.id("document_id")?;
    let document = reads::document(&call.ctx(&app), id).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.file_type.mime()));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&document.original_filename));
    // Bytes of strangers: never to be taken for a page of ours.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    serve(&app, &call, &method, document.blob, headers).await
}

/// `Content-Disposition` of a download: the name in ASCII for old clients, and as it is (RFC 6266).
fn attachment(name: &str) -> HeaderValue {
    let plain =
        |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let encoded: String = name
        .bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

async fn serve(
    app: &App,
    call: &Call,
    method: &Method,
    blob: BlobHash,
    mut headers: HeaderMap,
) -> Result<Response, ApiError> {
    let tenant = app.handle.tenant();
    let etag = format!("\"{blob}\"");
    let caching = if call.query_text("v") == Some(&version_of(blob)) { FOR_EVER } else { ASK_AGAIN };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("a quoted hash is a header value"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    if range::matches(call.headers.get(header::IF_NONE_MATCH), &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // Before anything goes out: what is damaged must not be taken, and kept, for the file.
    let size = app.handle.blobs().checked(tenant, blob).await?;
    let size = size.ok_or_else(|| ApiError::from(StoreError::MissingBlob(blob)))?;
    let whole = ByteRange { start: 0, len: size };
    let (status, part) = match range::wanted(method, &call.headers, &etag, size) {
        Wanted::Whole => (StatusCode::OK, whole),
        Wanted::Part(part) => {
            let last = part.start + part.len - 1;
            headers.insert(header::CONTENT_RANGE, text(format!("bytes {}-{last}/{size}", part.start)));
            (StatusCode::PARTIAL_CONTENT, part)
        }
        Wanted::Impossible => {
            let mut error =
                ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "no such part of the file").into_response();
            error.headers_mut().insert(header::CONTENT_RANGE, text(format!("bytes */{size}")));
            return Ok(error);
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.len));
    let body = if *method == Method::HEAD { Body::empty() } else { stream(app.clone(), tenant, blob, part) };
    Ok((status, headers, body).into_response())
}

fn text(value: String) -> HeaderValue {
    HeaderValue::from_str(&value).expect("digits and punctuation are a header value")
}

/// A part of a blob, read as fast as the client takes it.
fn stream(app: App, tenant: TenantId, blob: BlobHash, part: ByteRange) -> Body {
    let chunks = futures::stream::try_unfold((app, part), move |(app, part)| async move {
        if part.len == 0 {
            return Ok::<_, StoreError>(None);
        }
        let bytes =
            app.handle.blobs().read_range(tenant, blob, part.start, part.len.min(CHUNK_BYTES)).await?;
        if bytes.is_empty() {
            let why = format!("it ends at byte {}", part.start);
            tracing::error!(%blob, %why, "blob is shorter than its size");
            return Err(StoreError::Damaged { what: format!("blob {blob}"), why });
        }
        let read = bytes.len() as u64;
        let rest = ByteRange { start: part.start + read, len: part.len.saturating_sub(read) };
        Ok(Some((bytes, (app, rest))))
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_cannot_break_out_of_their_header() {
        let value = attachment("Plan \"A\"\r\nSet-Cookie: x=1; Grundriß.pdf");
        let value = value.to_str().unwrap();
        assert!(!value.contains('\n') && !value.contains('\r'));
        assert!(
            value.starts_with("attachment; filename=\"Plan _A___Set-Cookie: x=1; Grundri_.pdf\""),
            "{value}"
        );
        assert!(value.ends_with("Grundri%C3%9F.pdf"), "{value}");
    }
}
