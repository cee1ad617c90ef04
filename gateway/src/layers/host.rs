//! By which names a node that listens on its own machine alone may be called.
//!
//! A page of another site can make its own name lead to this machine (DNS rebinding), and its browser then takes the two
//! for one site: it may read and write whatever needs no authentication. The name in the request stays what it was.

use std::net::IpAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use takeoff_config::ApiConfig;

use crate::error::ApiError;
use crate::route::PREFIX;
use crate::state::App;

/// What is the same for everybody; probes go by addresses of their own.
const HEALTH: &str = "/api/v1/health";
/// Stands for any name among those that are allowed.
const ANY: &str = "*";

/// Refuses requests to a loopback listener that call it by another's name. A listener that others can reach is reached by
/// names that only whoever runs it knows.
pub(crate) async fn host(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let config = app.config();
    if is_guarded(app.local_addr.ip(), route) && !is_by_name(request.uri(), request.headers(), &config.api) {
        let why = "this node listens on its own machine only and answers to localhost, a loopback address, the host of \
                   `api.public_url` or one of `api.allowed_hosts`: the request's Host is another";
        return ApiError::new(StatusCode::FORBIDDEN, why).into_response();
    }
    next.run(request).await
}

fn is_guarded(listener: IpAddr, route: Option<&str>) -> bool {
    listener.to_canonical().is_loopback()
        && route.is_some_and(|route| route.starts_with(PREFIX) && route != HEALTH)
}

/// Whether the request calls this node by a name of this machine or by one that is configured. Clients that state none are
/// no browsers.
pub(super) fn is_by_name(uri: &Uri, headers: &HeaderMap, api: &ApiConfig) -> bool {
    let public = api.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
    let stated = headers.get(header::HOST).filter(|host| !host.is_empty());
    let stated = stated.map(|host| Authority::try_from(host.as_bytes()).ok());
    let named = [uri.authority().cloned().map(Some), stated];
    let is_ours = |host: &str| {
        is_local(host)
            || public.as_ref().and_then(Uri::host).is_some_and(|ours| ours.eq_ignore_ascii_case(host))
            || api.allowed_hosts.iter().any(|ours| ours == ANY || ours.eq_ignore_ascii_case(host))
    };
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

#[cfg(test)]
mod tests {
    use takeoff_config::NodeConfig;

    use super::*;

    fn asked(uri: &str, host: &str, api: &ApiConfig) -> bool {
        let headers = (!host.is_empty()).then(|| (header::HOST, host.parse().unwrap())).into_iter().collect();
        is_by_name(&uri.parse().unwrap(), &headers, api)
    }

    #[test]
    fn what_only_this_machine_can_reach_is_guarded() {
        let guarded = |listener: &str, route| is_guarded(listener.parse().unwrap(), route);
        for listener in ["127.0.0.1", "::1", "127.3.2.1"] {
            assert!(guarded(listener, Some("/api/v1/projects")), "{listener}");
            assert!(!guarded(listener, Some(HEALTH)) && !guarded(listener, Some("/metrics")));
            assert!(!guarded(listener, None), "it is answered with 404");
        }
        for listener in ["0.0.0.0", "::", "192.0.2.7"] {
            assert!(!guarded(listener, Some("/api/v1/projects")), "{listener}");
        }
    }

    #[test]
    fn the_name_in_the_request_is_this_machines_or_a_configured_one() {
        let mut api = NodeConfig::solo(".").api;
        api.public_url = Some("https://plans.example/takeoff".to_owned());
        api.allowed_hosts = vec!["estimating".to_owned()];
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
            "Estimating:8000",
            "",
        ] {
            assert!(asked("/api/v1/projects", ours, &api), "{ours}");
        }
        for foreign in [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "notlocalhost",
            "*",
        ] {
            assert!(!asked("/api/v1/projects", foreign, &api), "{foreign}");
        }
        assert!(!asked("http://evil.example/api/v1/projects", "localhost", &api), "both have to be ours");
        assert!(asked("http://localhost/api/v1/projects", "localhost", &api));
        api.public_url = None;
        assert!(!asked("/", "plans.example", &api));
        api.allowed_hosts = vec!["*".to_owned()];
        assert!(asked("/", "plans.example", &api));
    }
}
