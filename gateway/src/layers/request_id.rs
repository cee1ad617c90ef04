//! The name of a request: taken from the caller where it is sane, else made here; in every log line of
//! it, in its answer and in the jobs that it starts.

use std::sync::Arc;

use axum::http::HeaderMap;

pub(crate) const HEADER: &str = "x-request-id";
const MAX_LENGTH: usize = 128;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// What the caller calls it, if that may go into logs and headers as it is.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(HEADER)?.to_str().ok()?;
        let sane =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '+' | '=');
        ((1..=MAX_LENGTH).contains(&text.len()) && text.chars().all(sane)).then(|| Self(text.into()))
    }

    pub(crate) fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let headers = [(HEADER.parse().unwrap(), text.parse().unwrap())].into_iter().collect();
        RequestId::of(&headers).map(|id| id.as_str().to_owned())
    }

    #[test]
    fn only_sane_names_are_taken_over() {
        assert_eq!(of("abc-123_4.5:6"), Some("abc-123_4.5:6".to_owned()));
        assert_eq!(of(""), None);
        assert_eq!(of("two words"), None);
        assert_eq!(of("\"quoted\""), None);
        assert_eq!(of(&"x".repeat(129)), None);
    }
}
