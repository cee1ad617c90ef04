//! Fields of the body that were not read, named in the answer whatever it is.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

use crate::wire::validate::{IgnoredField, header_text};

pub(crate) const HEADER: &str = "x-ignored-fields";

/// What a request's reader did not ask for; it goes with the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignored(Arc<OnceLock<String>>);

impl Ignored {
    pub(crate) fn note(&self, fields: &[IgnoredField]) {
        if !fields.is_empty() {
            // A request has one body, so the first is all.
            let _ = self.0.set(header_text(fields));
        }
    }
}

pub(crate) async fn ignored(mut request: Request, next: Next) -> Response {
    let ignored = Ignored::default();
    request.extensions_mut().insert(ignored.clone());
    let mut response = next.run(request).await;
    if let Some(value) = ignored.0.get().and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
