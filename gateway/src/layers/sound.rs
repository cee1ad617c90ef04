//! Requests that cannot mean what they say are refused before a handler sees them.

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::error::ApiError;

/// Refuses a request whose host is missing or ambiguous (RFC 9112, section 3.2), and a body in a coding
/// that nobody here decodes (RFC 9110, section 15.5.16).
pub(crate) async fn sound(request: Request, next: Next) -> Response {
    if let Some(why) = wrong_host(request.version(), request.headers()) {
        return ApiError::new(StatusCode::BAD_REQUEST, why).into_response();
    }
    if !request.body().is_end_stream() && is_coded(request.headers()) {
        let why = "the request body has a Content-Encoding; send it as it is";
        let mut response = ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why).into_response();
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return response;
    }
    next.run(request).await
}

fn wrong_host(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => None,
        (None, _) => Some("the request has no Host header"),
        (Some(_), Some(_)) => Some("the request has more than one Host header"),
        (Some(host), None) if host.is_empty() || names_a_host(host) => None,
        (Some(_), None) => Some("the Host header names no host"),
    }
}

fn names_a_host(value: &HeaderValue) -> bool {
    let authority = value.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
    authority.is_some_and(|authority| !authority.as_str().contains('@'))
}

fn is_coded(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().any(|value| {
        let plain = |coding: &str| coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case("identity");
        !value.to_str().is_ok_and(|text| text.split(',').all(plain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn one_host_is_named() {
        let wrong = |hosts: &[&str], version| wrong_host(version, &with(header::HOST, hosts)).is_some();
        for fine in ["takeoff.example", "127.0.0.1:8000", "[::1]:8000", ""] {
            assert!(!wrong(&[fine], Version::HTTP_11), "{fine}");
        }
        for nonsense in ["a b", "user@host", "a/b", "a\"b"] {
            assert!(wrong(&[nonsense], Version::HTTP_11), "{nonsense}");
        }
        assert!(wrong(&[], Version::HTTP_11));
        assert!(!wrong(&[], Version::HTTP_10));
        assert!(wrong(&["a", "a"], Version::HTTP_11) && wrong(&["a", "a"], Version::HTTP_10));
    }

    #[test]
    fn only_plain_bodies_are_read() {
        let coded = |values: &[&str]| is_coded(&with(header::CONTENT_ENCODING, values));
        assert!(!coded(&[]) && !coded(&["identity"]) && !coded(&["Identity, identity"]));
        assert!(coded(&["gzip"]) && coded(&["identity, br"]) && coded(&["identity", "deflate"]));
    }
}
