//! Who may speak to the admin API: whoever brings its token or, where there is none, callers on the node's own
//! machine.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::host::is_by_name;
use crate::error::ApiError;
use crate::server::Peer;
use crate::state::App;

/// Where the routes of operators are.
pub(crate) const ADMIN: &str = "/api/v1/admin/";
/// What a proxy says of whom it speaks for, and a browser of the page that asks: any page may make it ask this machine.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "origin"];

pub(crate) async fn admin(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    if !route.is_some_and(|route| route.as_str().starts_with(ADMIN)) {
        return next.run(request).await;
    }
    let config = app.config();
    let near =
        request.extensions().get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let by_name = is_by_name(request.uri(), request.headers(), &config.api);
    match judge(config.admin.token.reveal(), request.headers(), near, by_name) {
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

/// What a browser says of the page that makes it ask, also where it states no origin, as for a form or an image.
const SITE: &str = "sec-fetch-site";
/// Of a page of this very node, and of none: an address that a person gave.
const OWN: [&str; 2] = ["same-origin", "none"];

fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get_all(SITE).iter().any(|site| !site.to_str().is_ok_and(|site| OWN.contains(&site)))
}

/// `near` is whether the connection comes from this machine, `by_name` whether it calls it by its own name.
fn judge(
    token: &str,
    headers: &HeaderMap,
    near: bool,
    by_name: bool,
) -> Result<(), (StatusCode, &'static str)> {
    if token.is_empty() {
        // A proxy or a browser on this machine speaks for callers from elsewhere.
        let spoken_for = FORWARDED.iter().any(|name| headers.contains_key(*name));
        let why = if !near || spoken_for {
            "the admin API answers callers on the node's own machine only, unless `admin.token` is set"
        } else if is_of_another_site(headers) {
            "without `admin.token` the admin API answers no request that a page of another site makes"
        } else if !by_name {
            "without `admin.token` the admin API answers to a name of the node's own machine only, such as localhost or \
             127.0.0.1, to the host of `api.public_url` or to one of `api.allowed_hosts`: the request's Host is another"
        } else {
            return Ok(());
        };
        return Err((StatusCode::FORBIDDEN, why));
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
            assert!(judge(TOKEN, &headers(&[("authorization", good)]), false, false).is_ok(), "{good}");
        }
        for bad in ["", "Bearer", "Bearer ", "Bearer a-token-that-is-lonh", "Basic a-token-that-is-long"] {
            let refused = judge(TOKEN, &headers(&[("authorization", bad)]), true, true).unwrap_err();
            assert_eq!(refused.0, StatusCode::UNAUTHORIZED, "{bad}");
        }
    }

    #[test]
    fn without_a_token_only_this_machine_is_answered() {
        assert!(judge("", &HeaderMap::new(), true, true).is_ok());
        assert!(judge("", &HeaderMap::new(), false, true).is_err());
        assert!(judge("", &HeaderMap::new(), true, false).unwrap_err().1.contains("Host"));
        for own in ["same-origin", "none"] {
            assert!(judge("", &headers(&[("sec-fetch-site", own)]), true, true).is_ok(), "{own}");
        }
        for (name, of) in [
            ("x-forwarded-for", "10.0.0.1"),
            ("origin", "https://elsewhere.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", ""),
        ] {
            assert!(judge("", &headers(&[(name, of)]), true, true).is_err());
            let with = headers(&[(name, of), ("authorization", "Bearer a-token-that-is-long")]);
            assert!(judge(TOKEN, &with, true, false).is_ok());
        }
    }
}
