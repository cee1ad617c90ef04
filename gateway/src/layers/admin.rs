//! Who may speak to the admin API: whoever brings its token or, where there is none, callers on the node's own
//! machine.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::error::ApiError;
use crate::server::Peer;
use crate::state::App;

const ROUTES: &str = "/api/v1/admin/";
/// What a proxy says of whom it speaks for, and a browser of the page that asks: any page may make it ask this machine.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "origin"];

pub(crate) async fn admin(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    if !route.is_some_and(|route| route.as_str().starts_with(ROUTES)) {
        return next.run(request).await;
    }
    let config = app.config();
    let near =
        request.extensions().get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    match judge(config.admin.token.reveal(), request.headers(), near) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            let status = refused.0;
            let mut response = ApiError::new(status, refused.1).into_response();
            if status == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

/// `near` is whether the connection comes from this machine.
fn judge(token: &str, headers: &HeaderMap, near: bool) -> Result<(), (StatusCode, &'static str)> {
    if token.is_empty() {
        // A proxy or a browser on this machine speaks for callers from elsewhere.
        let spoken_for = FORWARDED.iter().any(|name| headers.contains_key(*name));
        return if near && !spoken_for {
            Ok(())
        } else {
            let why =
                "the admin API answers callers on the node's own machine only, unless `admin.token` is set";
            Err((StatusCode::FORBIDDEN, why))
        };
    }
    let brought = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let brought =
        brought.and_then(|v| v.split_once(' ')).filter(|(how, _)| how.eq_ignore_ascii_case("bearer"));
    match brought {
        Some((_, brought)) if equal(brought.trim(), token) => Ok(()),
        _ => Err((StatusCode::UNAUTHORIZED, "the admin API needs its token: Authorization: Bearer TOKEN")),
    }
}

/// Takes as long wherever the two differ.
fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-token-that-is-long";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse::<header::HeaderName>().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn with_a_token_it_is_the_token_that_counts() {
        for good in ["Bearer a-token-that-is-long", "bearer  a-token-that-is-long"] {
            assert!(judge(TOKEN, &headers(&[("authorization", good)]), false).is_ok(), "{good}");
        }
        for bad in ["", "Bearer", "Bearer ", "Bearer a-token-that-is-lonh", "Basic a-token-that-is-long"] {
            let refused = judge(TOKEN, &headers(&[("authorization", bad)]), true).unwrap_err();
            assert_eq!(refused.0, StatusCode::UNAUTHORIZED, "{bad}");
        }
    }

    #[test]
    fn without_a_token_only_this_machine_is_answered() {
        assert!(judge("", &HeaderMap::new(), true).is_ok());
        assert!(judge("", &HeaderMap::new(), false).is_err());
        for (name, of) in [("x-forwarded-for", "10.0.0.1"), ("origin", "https://elsewhere.example")] {
            assert!(judge("", &headers(&[(name, of)]), true).is_err());
            assert!(
                judge(TOKEN, &headers(&[(name, of), ("authorization", "Bearer a-token-that-is-long")]), true)
                    .is_ok()
            );
        }
    }
}
