use axum::extract::State;
use axum::http::StatusCode;
use takeoff_commands::assemblies;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, created, ok};
use crate::call::{Body, Call};
use crate::error::ApiError;
use crate::state::App;
use crate::wire::assembly::Component;
use crate::wire::assembly::notice::Prices;
use crate::wire::assembly_write::{
    CreateComponent, Reordered, UpdateComponent, component_patch, new_component,
};
use crate::wire::validate::{IdRule, items};

/// Ids that one reorder may name.
const MAX_ORDER: usize = 10_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add_component))
        .routes(routes!(reorder_components))
        .routes(routes!(update_component, delete_component))
}

/// Adds a component; a formula that cannot be read is 400 with its place.
///
/// A line costs its quantity with waste times `unit_cost`, whatever its type: rates, crew and duration are kept as
/// information. One whose formula reads what the condition does not have (a depth, a thickness) carries an `error`.
#[utoipa::path(post, path = "/assemblies/{assembly_id}/components", tag = "assemblies",
    request_body = CreateComponent,
    responses((status = 201, body = Component)),
)]
async fn add_component(State(app): State<App>, call: Call, body: Body) -> Made<Component> {
    let (id, new) = call.read(|input| input.id("assembly_id").zip(input.object(&body, new_component)))?;
    let sent = Prices::from(&new);
    created(Component::written(assemblies::add_component(&call.ctx(&app), id, new).await?, &sent))
}

/// Orders components: a bare array of ids; unknown ones are ignored.
#[utoipa::path(put, path = "/assemblies/{assembly_id}/components/reorder", tag = "assemblies",
    request_body = Vec<uuid::Uuid>,
    responses((status = 200, body = Reordered)),
)]
async fn reorder_components(State(app): State<App>, call: Call, body: Body) -> Answer<Reordered> {
    let (id, order) =
        call.read(|input| input.id("assembly_id").zip(input.body(&body, items(IdRule, MAX_ORDER))))?;
    assemblies::reorder_components(&call.ctx(&app), id, &order).await?;
    ok(Reordered { status: "ok" })
}

/// Changes a component.
#[utoipa::path(put, path = "/components/{component_id}", tag = "assemblies",
    request_body = UpdateComponent,
    responses((status = 200, body = Component)),
)]
async fn update_component(State(app): State<App>, call: Call, body: Body) -> Answer<Component> {
    let (id, patch) =
        call.read(|input| input.id("component_id").zip(input.object(&body, component_patch)))?;
    let sent = Prices::from(&patch);
    ok(Component::written(assemblies::update_component(&call.ctx(&app), id, patch).await?, &sent))
}

/// Deletes a component; the totals follow.
#[utoipa::path(delete, path = "/components/{component_id}", tag = "assemblies", responses((status = 204)))]
async fn delete_component(State(app): State<App>, call: Call) -> Result<StatusCode, ApiError> {
    let id = call.id("component_id")?;
    assemblies::delete_component(&call.ctx(&app), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
