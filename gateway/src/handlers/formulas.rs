use std::collections::BTreeMap;

use axum::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::call::{Body, Call};
use crate::state::App;
use crate::wire::formula as wire;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(validate_formula)).routes(routes!(presets)).routes(routes!(help))
}

/// Whether a formula can be read, and what it gives for a quantity to try; always 200.
#[utoipa::path(post, path = "/formulas/validate", tag = "assemblies",
    request_body = wire::ValidateFormula,
    responses((status = 200, body = wire::FormulaVerdict)),
)]
async fn validate_formula(call: Call, body: Body) -> Answer<wire::FormulaVerdict> {
    let trial = call.read(|input| input.object(&body, wire::trial))?;
    ok(trial)
}

/// Formulas to start from, by id. One that reads the depth is for conditions that have one.
#[utoipa::path(get, path = "/formulas/presets", tag = "assemblies", responses(
    (status = 200, body = BTreeMap<String, wire::FormulaPreset>),
))]
async fn presets() -> Json<BTreeMap<&'static str, wire::FormulaPreset>> {
    Json(wire::presets())
}

/// Variables, functions and examples of the formula language.
#[utoipa::path(get, path = "/formulas/help", tag = "assemblies", responses((status = 200, body = wire::FormulaHelp)))]
async fn help() -> Json<wire::FormulaHelp> {
    Json(wire::help())
}
