//! Fields that were not read, named in the answer whatever it is.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

use crate::wire::validate::{IgnoredField, header_text};

pub(crate) const HEADER: &str = "x-ignored-fields";

/// What a request's reader did not ask for; it goes with the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignored(Arc<Mutex<String>>);

impl Ignored {
    pub(crate) fn note(&self, fields: &[IgnoredField]) {
        if fields.is_empty() {
            return;
        }
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !named.is_empty() {
            named.push_str(", ");
        }
        named.push_str(&header_text(fields));
    }

    fn named(&self) -> Option<HeaderValue> {
        let named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        HeaderValue::from_str(&named).ok().filter(|value| !value.is_empty())
    }
}

pub(crate) async fn ignored(mut request: Request, next: Next) -> Response {
    let ignored = Ignored::default();
    request.extensions_mut().insert(ignored.clone());
    let mut response = next.run(request).await;
    if let Some(value) = ignored.named() {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
