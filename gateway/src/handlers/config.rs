use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::error::ApiError;
use crate::reload::Reload;
use crate::state::App;
use crate::wire::config::{Config, Reloaded};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(config)).routes(routes!(reload))
}

fn reloads(app: &App) -> Result<&dyn Reload, ApiError> {
    app.reload
        .get()
        .map(|r| &**r)
        .ok_or_else(|| ApiError::new(StatusCode::CONFLICT, "this node was not started from a configuration"))
}

/// The settings in force, where each comes from and whether a change of it needs a restart. Secrets are not shown.
/// An engine that a program started with settings of its own has none to show (409).
#[utoipa::path(get, path = "/admin/config", tag = "node", responses(
    (status = 200, body = Config),
    (status = 409, body = crate::error::Detail),
))]
async fn config(State(app): State<App>) -> Answer<Config> {
    let origins = reloads(&app)?.origins();
    ok(Config::of(&app.config(), &origins))
}

/// Reads the configuration again and takes over what a running node can. With anything wrong in it, nothing of it
/// is taken (409).
#[utoipa::path(post, path = "/admin/reload", tag = "node", responses(
    (status = 200, body = Reloaded),
    (status = 409, body = crate::error::Detail),
))]
async fn reload(State(app): State<App>) -> Answer<Reloaded> {
    match reloads(&app)?.reload() {
        Ok(changes) => ok(changes),
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let detail = format!(
                "the configuration was not reloaded, the one in force stays so: {}",
                problems.join("; ")
            );
            Err(ApiError::new(StatusCode::CONFLICT, detail))
        }
    }
}
