//! A file of a multipart form, streamed to the scratch folder with flat memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use futures::{Stream, StreamExt as _};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Value, json};
use takeoff_commands::documents::StagedUpload;
use takeoff_core::job::Stage;
use takeoff_storage::error::is_no_room;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};

use crate::error::ApiError;
use crate::incoming::BodyError;
use crate::state::App;
use crate::wire::validate::{At, Problems};

/// The part that holds the file.
const PART: &str = "file";
/// What a form may hold beside the file: boundaries, headers, small fields.
const FORM_BYTES: u64 = 1024 * 1024;
const WRITE_BUFFER_BYTES: usize = 256 * 1024;
/// Characters of a file name that are kept.
const MAX_NAME: usize = 255;
/// Seconds after which an upload may be tried again when all places are taken.
const RETRY_AFTER_S: u64 = 5;

/// A received file; goes away with this value unless somebody took it over.
pub(super) struct Scratch {
    path: PathBuf,
    size: u64,
    name: String,
}

impl Scratch {
    pub(super) fn staged(&self) -> StagedUpload {
        StagedUpload { path: self.path.clone(), size: self.size, original_filename: self.name.clone() }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.path) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => tracing::warn!(path = %self.path.display(), error = %e, "scratch file not removed"),
        }
    }
}

/// Receives the file whole, or refuses: 413 past the limit, 422 without the part, 503 when all places
/// are taken.
pub(super) async fn receive(app: &App, request: Request) -> Result<Scratch, ApiError> {
    let limit = app.config().limits.upload_bytes;
    let (parts, body) = request.into_parts();
    if declared_length(&parts.headers).is_some_and(|n| n > limit.saturating_add(FORM_BYTES)) {
        return Err(too_large(limit));
    }
    let Ok(_place) = app.uploads.try_acquire() else {
        return Err(ApiError::busy("too many uploads are in progress", RETRY_AFTER_S));
    };
    app.handle.admit(Stage::Ingest).await?;
    let boundary = boundary(&parts.headers).ok_or_else(missing)?;
    form(app, body, &boundary, limit).await
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(header::CONTENT_TYPE)?.to_str().ok()?).ok()
}

fn too_large(limit: u64) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the file is larger than the limit of {limit} bytes"),
    )
}

fn missing() -> ApiError {
    let problems = Problems::default();
    let at = At::root("body", &problems).child(PART);
    let _: Option<()> = at.missing(&Value::Null);
    ApiError::Invalid(problems.into_vec())
}

/// One answer can tell of one document only.
fn second(name: &str) -> ApiError {
    let problems = Problems::default();
    let why = format!("the form has a second file, {name:?}: send each file in a request of its own");
    let at = At::root("body", &problems).child(PART);
    let error = json!({"error": why});
    let _: Option<()> = at.refuse("value_error", format!("Value error, {why}"), &json!(name), Some(error));
    ApiError::Invalid(problems.into_vec())
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the form has more than {FORM_BYTES} bytes beside its file")]
    Form,
    #[error("the upload ended before it was whole: {0}")]
    Body(axum::Error),
}

/// Counts the bytes that the form parser took without giving any: it keeps them in memory, so they are
/// bounded.
#[derive(Clone, Default)]
struct Held(Arc<AtomicU64>);

impl Held {
    /// The body as the parser reads it.
    fn meter(&self, body: Body) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
        let state = (body.into_data_stream(), self.clone());
        futures::stream::try_unfold(state, |(mut stream, held)| async move {
            let Some(chunk) = stream.next().await else { return Ok(None) };
            let chunk = chunk.map_err(Broken::Body)?;
            if held.0.fetch_add(chunk.len() as u64, Ordering::Relaxed) > FORM_BYTES {
                return Err(Broken::Form);
            }
            Ok(Some((chunk, (stream, held))))
        })
    }

    /// The parser gave something.
    fn gave(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

async fn form(app: &App, body: Body, boundary: &str, limit: u64) -> Result<Scratch, ApiError> {
    let sizes = SizeLimit::new().whole_stream(limit.saturating_add(FORM_BYTES));
    let constraints = Constraints::new().size_limit(sizes);
    let held = Held::default();
    let mut form = Multipart::with_constraints(held.meter(body), boundary, constraints);
    let mut taken = None;
    while let Some(field) = form.next_field().await.map_err(|e| unreadable(e, limit))? {
        held.gave();
        match field.name() {
            Some(PART) if taken.is_some() => return Err(second(&file_name(given(&field).as_deref()))),
            Some(PART) => taken = Some(write(app, field, &held, limit).await?),
            _ => skip(field, &held, limit).await?,
        }
    }
    taken.ok_or_else(missing)
}

async fn skip(mut field: Field<'_>, held: &Held, limit: u64) -> Result<(), ApiError> {
    while field.chunk().await.map_err(|e| unreadable(e, limit))?.is_some() {
        held.gave();
    }
    Ok(())
}

async fn write(app: &App, mut field: Field<'_>, held: &Held, limit: u64) -> Result<Scratch, ApiError> {
    let path = app.handle.blobs().scratch().join(format!("upload-{}", app.handle.next_id()));
    let mut scratch = Scratch { path, size: 0, name: file_name(given(&field).as_deref()) };
    let file = File::create_new(&scratch.path).await.map_err(unwritable)?;
    let mut file = BufWriter::with_capacity(WRITE_BUFFER_BYTES, file);
    while let Some(chunk) = field.chunk().await.map_err(|e| unreadable(e, limit))? {
        held.gave();
        scratch.size += chunk.len() as u64;
        if scratch.size > limit {
            return Err(too_large(limit));
        }
        file.write_all(&chunk).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    Ok(scratch)
}

fn given(field: &Field<'_>) -> Option<String> {
    stated_name(field.headers().get(header::CONTENT_DISPOSITION)?.as_bytes())
}

/// The name that a `Content-Disposition` gives its file. `filename*` says what it is written in (RFC 5987) and goes
/// before `filename`, which is read as UTF-8; bytes that are none become the replacement character, so that the rest
/// of the name can be read.
fn stated_name(disposition: &[u8]) -> Option<String> {
    let extended = parameter(disposition, b"filename*").and_then(|value| extended(&value));
    let plain =
        || parameter(disposition, b"filename").map(|value| String::from_utf8_lossy(&value).into_owned());
    extended.or_else(plain)
}

/// The value of a parameter. In a quoted one a backslash escapes quotes alone: browsers send paths of Windows as they
/// are.
fn parameter(disposition: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = disposition;
    loop {
        let start = rest.iter().position(|b| *b == b';')? + 1;
        rest = rest[start..].trim_ascii_start();
        let end = rest.iter().position(|b| matches!(b, b'=' | b';')).unwrap_or(rest.len());
        let found = rest[..end].trim_ascii_end().eq_ignore_ascii_case(name);
        rest = &rest[end..];
        let Some(value) = rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else { continue };
        let (value, after) = if let Some(quoted) = value.strip_prefix(b"\"") {
            unquoted(quoted)
        } else {
            let end = value.iter().position(|b| *b == b';').unwrap_or(value.len());
            (value[..end].trim_ascii_end().to_vec(), &value[end..])
        };
        if found {
            return Some(value);
        }
        rest = after;
    }
}

/// What stands before the closing quote, and what follows that.
fn unquoted(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let (mut value, mut at) = (Vec::new(), 0);
    while let Some(byte) = quoted.get(at) {
        match (byte, quoted.get(at + 1)) {
            (b'\\', Some(b'"')) => {
                value.push(b'"');
                at += 1;
            }
            (b'"', _) => return (value, &quoted[at + 1..]),
            (byte, _) => value.push(*byte),
        }
        at += 1;
    }
    (value, &[])
}

/// `UTF-8'en'na%20me` or the same of ISO 8859-1, the two that RFC 5987 knows; `None` of another or a broken one.
fn extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |b| *b == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let [high, low, after @ ..] = after else { return None };
            let digit = |b: u8| char::from(b).to_digit(16);
            bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    if charset.eq_ignore_ascii_case(b"utf-8") {
        Some(String::from_utf8_lossy(&bytes).into_owned())
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        Some(bytes.into_iter().map(char::from).collect())
    } else {
        None
    }
}

/// The last part of the client's path, without characters that only confuse.
fn file_name(name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let clean = clean.trim();
    if clean.is_empty() { "unknown".to_owned() } else { clean.to_owned() }
}

fn unwritable(e: std::io::Error) -> ApiError {
    tracing::error!(error = %e, "an upload cannot be written");
    let detail = if is_no_room(&e) {
        "the upload cannot be stored: the node's disk is full"
    } else {
        "the upload cannot be stored"
    };
    ApiError::busy(detail, RETRY_AFTER_S)
}

fn unreadable(e: multer::Error, limit: u64) -> ApiError {
    match e {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            too_large(limit)
        }
        multer::Error::StreamReadFailed(cause) => match cause.downcast_ref::<Broken>() {
            Some(Broken::Body(e)) if BodyError::is_idle(e) => ApiError::idle(),
            _ => ApiError::new(StatusCode::BAD_REQUEST, cause.to_string()),
        },
        other => ApiError::new(StatusCode::BAD_REQUEST, format!("the form cannot be read: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_whatever_way_they_are_given() {
        let of = |parameters: &str| stated_name(format!("form-data; name=\"file\"{parameters}").as_bytes());
        for (given, name) in [
            ("; filename=\"S-set.pdf\"", Some("S-set.pdf")),
            ("; filename=plan.pdf ", Some("plan.pdf")),
            ("; FileName = \"a;b \\\"c\\\".pdf\"", Some("a;b \"c\".pdf")),
            ("; filename=\"C:\\plans\\a.pdf\"", Some("C:\\plans\\a.pdf")),
            ("; filename*=UTF-8''Grundri%C3%9F%20EG.pdf", Some("Grundriß EG.pdf")),
            ("; filename=\"Grundriss.pdf\"; filename*=utf-8'de'Grundri%c3%9f.pdf", Some("Grundriß.pdf")),
            ("; filename*=ISO-8859-1''Grundri%DF.pdf; filename=\"x.pdf\"", Some("Grundriß.pdf")),
            ("; filename*=KOI8-R''%C6.pdf; filename=\"x.pdf\"", Some("x.pdf")),
            ("; filename*=UTF-8''%C; filename=\"x.pdf\"", Some("x.pdf")),
            ("; filename*=UTF-8''", Some("")),
            ("; filename=\"open", Some("open")),
            ("; x=\"; filename=no\"", None),
            ("", None),
        ] {
            assert_eq!(of(given).as_deref(), name, "{given}");
        }
        let latin1 = b"form-data; name=\"file\"; filename=\"Grundri\xDF EG.pdf\"";
        assert_eq!(stated_name(latin1).unwrap(), "Grundri\u{FFFD} EG.pdf");
    }

    #[test]
    fn file_names_are_cleaned() {
        assert_eq!(file_name(Some("S-set.pdf")), "S-set.pdf");
        assert_eq!(file_name(Some("C:\\plans\\A 1.pdf")), "A 1.pdf");
        assert_eq!(file_name(Some("../../etc/passwd")), "passwd");
        assert_eq!(file_name(Some("a\r\nb\0.pdf")), "ab.pdf");
        for empty in [None, Some(""), Some("  "), Some("dir/")] {
            assert_eq!(file_name(empty), "unknown");
        }
        assert_eq!(file_name(Some(&"é".repeat(1_000))).chars().count(), MAX_NAME);
    }
}
