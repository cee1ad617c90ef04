//! Every route, and what surrounds them.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Paths;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::handlers;
use crate::layers;
use crate::openapi;
use crate::state::App;

pub(crate) const PREFIX: &str = "/api/v1";

/// The routes with the document that describes exactly them: those of a node with the role `gateway`, or what every
/// node has for operators and probes.
pub(crate) fn routes(gateway: bool) -> (Router<App>, OpenApi) {
    let mut api = OpenApiRouter::new()
        .merge(handlers::health::api_routes())
        .merge(handlers::admin::routes())
        .merge(handlers::nodes::routes())
        .merge(handlers::jobs::routes())
        .merge(handlers::pauses::routes())
        .merge(handlers::config::routes());
    if gateway {
        api = api.merge(work());
    }
    let (router, described) = OpenApiRouter::with_openapi(openapi::head())
        .merge(handlers::health::routes())
        .nest(PREFIX, api)
        .split_for_parts();
    (router, openapi::complete(described))
}

/// Drawings, and what is made of them.
fn work() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(handlers::projects::routes())
        .merge(handlers::documents::routes())
        .merge(handlers::pages::routes())
        .merge(handlers::scale::routes())
        .merge(handlers::conditions::routes())
        .merge(handlers::measurements::routes())
        .merge(handlers::assemblies::routes())
        .merge(handlers::components::routes())
        .merge(handlers::formulas::routes())
        .merge(handlers::autocount::routes())
        .merge(handlers::symbols::routes())
        .merge(handlers::tasks::routes())
        .merge(handlers::files::routes())
}

/// The same handlers at another path.
pub(crate) fn also_at(
    path: &str,
    (schemas, paths, router): UtoipaMethodRouter<App>,
) -> UtoipaMethodRouter<App> {
    let mut moved = Paths::new();
    moved.paths = paths.paths.into_values().map(|item| (path.to_owned(), item)).collect();
    (schemas, moved, router)
}

/// The routes with fallbacks, layers and state. The last layer is the outermost.
pub(crate) fn finish(router: Router<App>, app: &App) -> Router {
    router
        .fallback(layers::not_found)
        .method_not_allowed_fallback(layers::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), layers::admin))
        .layer(from_fn_with_state(app.clone(), layers::host))
        .layer(from_fn_with_state(app.clone(), layers::deadline))
        .layer(from_fn(layers::ignored))
        .layer(from_fn(layers::sound))
        .layer(from_fn(layers::crowded))
        .layer(CatchPanicLayer::custom(layers::on_panic))
        .layer(layers::cors(app))
        .layer(from_fn_with_state(app.clone(), layers::observe))
        .with_state(app.clone())
}
