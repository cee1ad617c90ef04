//! Absolute URLs of images and files. The path of an image never changes; the query names its content,
//! so that it may be cached for ever.

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use takeoff_core::geom::PxRect;
use takeoff_core::model::{BlobHash, Document, Page};

use crate::state::App;

/// Digits of a content hash that a URL carries.
const VERSION_DIGITS: usize = 16;

/// How the client reaches us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Links {
    /// `http://host:port`, without a slash at its end.
    base: String,
}

impl Links {
    /// `api.public_url` where it is set, else the scheme and host of the request itself.
    pub(crate) fn of(parts: &Parts, app: &App) -> Self {
        if let Some(url) = &app.config().api.public_url {
            return Self { base: url.trim_end_matches('/').to_owned() };
        }
        let host = parts.uri.authority().cloned().or_else(|| host_header(&parts.headers));
        let host = host.map_or_else(|| app.local_addr.to_string(), |authority| authority.to_string());
        Self { base: format!("{}://{host}", scheme(&parts.headers)) }
    }

    #[cfg(test)]
    pub(crate) fn to(base: &str) -> Self {
        Self { base: base.to_owned() }
    }

    fn file(&self, path: &str, content: BlobHash) -> String {
        format!("{}/api/v1/files/{path}?v={}", self.base, version_of(content))
    }

    pub(crate) fn page_image(&self, page: &Page) -> Option<String> {
        page.blobs.map(|b| self.file(&format!("pages/{}/image.png", page.id), b.image))
    }

    pub(crate) fn page_thumbnail(&self, page: &Page) -> Option<String> {
        page.blobs.map(|b| self.file(&format!("pages/{}/thumbnail.png", page.id), b.thumbnail))
    }

    /// A part of the page's image.
    pub(crate) fn page_crop(&self, page: &Page, part: &PxRect) -> Option<String> {
        let PxRect { x, y, w, h } = *part;
        page.blobs.map(|b| {
            let (base, id, version) = (&self.base, page.id, version_of(b.image));
            format!("{base}/api/v1/pages/{id}/crop?bbox={x},{y},{w},{h}&v={version}")
        })
    }

    pub(crate) fn document(&self, document: &Document) -> String {
        self.file(&format!("documents/{}/original", document.id), document.blob)
    }
}

/// The content's name in a URL.
pub(crate) fn version_of(content: BlobHash) -> String {
    content.to_string().chars().take(VERSION_DIGITS).collect()
}

fn scheme(headers: &HeaderMap) -> &'static str {
    let forwarded = headers.get("x-forwarded-proto").and_then(|v| v.to_str().ok());
    let first = forwarded.and_then(|v| v.split(',').next()).map(str::trim);
    if first == Some("https") { "https" } else { "http" }
}

/// The host that the client named, if it is no more than a host and a port: it goes into URLs.
fn host_header(headers: &HeaderMap) -> Option<Authority> {
    let text = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if text.is_empty() || text.len() > 255 || !text.chars().all(plain) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse::<header::HeaderName>().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn only_a_plain_host_is_believed() {
        for good in ["localhost:8000", "plans.example", "[::1]:8000", "10.0.0.1"] {
            assert_eq!(host_header(&headers(&[("host", good)])).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "evil.example/path", "user@host", "a\"b", "host:port:more<"] {
            assert_eq!(host_header(&headers(&[("host", bad)])), None, "{bad}");
        }
    }

    #[test]
    fn the_proxy_says_whether_it_is_https() {
        assert_eq!(scheme(&headers(&[])), "http");
        assert_eq!(scheme(&headers(&[("x-forwarded-proto", "https, http")])), "https");
        assert_eq!(scheme(&headers(&[("x-forwarded-proto", "javascript")])), "http");
    }
}
