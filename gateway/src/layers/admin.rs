//! Who may speak to the admin API: whoever brings its token or, where there is none, callers on the node's own
//! machine.

use std::net::IpAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
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
    let public = config.api.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
    let by_name = is_by_name(request.uri(), request.headers(), public.as_ref().and_then(Uri::host));
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

/// Whether the request calls this node by a name of this machine, or by that of `api.public_url`. A page of another site
/// can make its own name lead here, and its browser then takes the two for one site; the name in the request stays what
/// it was. Clients that state none are no browsers.
fn is_by_name(uri: &Uri, headers: &HeaderMap, public: Option<&str>) -> bool {
    let stated = headers.get(header::HOST).filter(|host| !host.is_empty());
    let stated = stated.map(|host| Authority::try_from(host.as_bytes()).ok());
    let named = [uri.authority().cloned().map(Some), stated];
    let is_ours = |host: &str| is_local(host) || public.is_some_and(|p| p.eq_ignore_ascii_case(host));
    named.into_iter().flatten().all(|authority| authority.is_some_and(|a| is_ours(a.host())))
}

/// `localhost`, what is under it, and addresses that lead nowhere but to the own machine.
fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback() || address.is_unspecified();
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
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
        } else if !by_name {
            "without `admin.token` the admin API answers to a name of the node's own machine only, such as localhost or \
             127.0.0.1, or to the host of `api.public_url`: the request's Host is another"
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
        for (name, of) in [("x-forwarded-for", "10.0.0.1"), ("origin", "https://elsewhere.example")] {
            assert!(judge("", &headers(&[(name, of)]), true, true).is_err());
            let with = headers(&[(name, of), ("authorization", "Bearer a-token-that-is-long")]);
            assert!(judge(TOKEN, &with, true, false).is_ok());
        }
    }

    #[test]
    fn the_name_in_the_request_is_this_machines() {
        let asked = |uri: &str, host: &str| {
            let headers = if host.is_empty() { HeaderMap::new() } else { headers(&[("host", host)]) };
            is_by_name(&uri.parse().unwrap(), &headers, Some("plans.example"))
        };
        for ours in [
            "localhost",
            "LOCALHOST:8000",
            "localhost.",
            "node.localhost:1",
            "127.0.0.1",
            "127.9.9.9:8000",
            "[::1]:8000",
            "[::ffff:127.0.0.1]",
            "0.0.0.0:8000",
            "Plans.example:443",
            "",
        ] {
            assert!(asked("/api/v1/admin/node", ours), "{ours}");
        }
        for foreign in [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "notlocalhost",
        ] {
            assert!(!asked("/api/v1/admin/node", foreign), "{foreign}");
        }
        assert!(!asked("http://evil.example/api/v1/admin/node", "localhost"), "both have to be ours");
        assert!(asked("http://localhost/api/v1/admin/node", "localhost"));
        assert!(!is_by_name(&"/".parse().unwrap(), &headers(&[("host", "plans.example")]), None));
    }
}
