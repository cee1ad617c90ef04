use axum::extract::State;
use takeoff_commands::{conditions, reads};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, created, ok};
use crate::call::{Body, Call};
use crate::state::App;
use crate::wire::condition::{
    Condition, ConditionDetail, ConditionList, CreateCondition, UpdateCondition, condition_patch,
    new_condition,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_conditions, create_condition))
        .routes(routes!(get_condition, update_condition))
}

/// The conditions of a project by sort order, then name.
#[utoipa::path(get, path = "/projects/{project_id}/conditions", tag = "conditions",
    params(
        ("scope" = Option<String>, Query, description = "Only of this scope"),
        ("category" = Option<String>, Query, description = "Only of this category"),
    ),
    responses((status = 200, body = ConditionList)),
)]
async fn list_conditions(State(app): State<App>, call: Call) -> Answer<ConditionList> {
    let id = call.id("project_id")?;
    let (scope, category) = (call.query_text("scope"), call.query_text("category"));
    let all = reads::conditions(&call.ctx(&app), id).await?;
    let wanted = all.into_iter().filter(|c| {
        scope.is_none_or(|s| c.scope == s) && category.is_none_or(|s| c.category.as_deref() == Some(s))
    });
    ok(wanted.collect::<ConditionList>())
}

/// Makes a condition, last in the project's order.
#[utoipa::path(post, path = "/projects/{project_id}/conditions", tag = "conditions",
    request_body = CreateCondition,
    responses((status = 201, body = Condition)),
)]
async fn create_condition(State(app): State<App>, call: Call, body: Body) -> Made<Condition> {
    let (id, new) = call.read(|input| input.id("project_id").zip(input.object(&body, new_condition)))?;
    created(conditions::create(&call.ctx(&app), id, new).await?)
}

/// One condition with its measurements.
#[utoipa::path(get, path = "/projects/{project_id}/conditions/{condition_id}", tag = "conditions", responses(
    (status = 200, body = ConditionDetail),
))]
async fn get_condition(State(app): State<App>, call: Call) -> Answer<ConditionDetail> {
    let (project, id) = call.read(|input| input.id("project_id").zip(input.id("condition_id")))?;
    let ctx = call.ctx(&app);
    let condition = reads::condition(&ctx, project, id).await?;
    let measurements = reads::measurements_of_condition(&ctx, id).await?;
    ok(ConditionDetail::of(condition, measurements))
}

/// Changes a condition; a change of type, unit or depth recalculates what depends on it.
#[utoipa::path(put, path = "/projects/{project_id}/conditions/{condition_id}", tag = "conditions",
    request_body = UpdateCondition,
    responses((status = 200, body = Condition)),
)]
async fn update_condition(State(app): State<App>, call: Call, body: Body) -> Answer<Condition> {
    let ((project, id), patch) = call.read(|input| {
        let ids = (input.id("project_id"), input.id("condition_id"));
        let patch = input.object(&body, condition_patch);
        ids.0.zip(ids.1).zip(patch)
    })?;
    let ctx = call.ctx(&app);
    let is_retyped = patch.measurement_type.is_some();
    let changed = conditions::update(&ctx, project, id, patch).await?;
    if !is_retyped {
        return ok(changed);
    }
    // It is changed: what cannot be looked up beside it is no reason to answer that it is not.
    let measured = reads::measurements_of_condition(&ctx, id).await.unwrap_or_else(|why| {
        tracing::warn!(condition = %id.0, error = %why, "how its measurements are taken now is not known");
        Vec::new()
    });
    ok(Condition::retyped(changed, &measured))
}
