use axum::extract::State;
use axum::http::StatusCode;
use takeoff_commands::{Ctx, assemblies, reads};
use takeoff_core::model;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, created, ok};
use crate::call::{Body, Call};
use crate::error::ApiError;
use crate::state::App;
use crate::wire::assembly::{Assembly, AssemblyTemplate};
use crate::wire::assembly_write::{CreateAssembly, UpdateAssembly, assembly_patch, new_assembly};
use crate::wire::condition::type_word;
use crate::wire::validate::text;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_templates))
        .routes(routes!(get_template))
        .routes(routes!(of_condition, create_assembly))
        .routes(routes!(get_assembly, update_assembly, delete_assembly))
        .routes(routes!(calculate))
        .routes(routes!(lock))
        .routes(routes!(unlock))
}

/// Active assembly templates by category, then name.
#[utoipa::path(get, path = "/assembly-templates", tag = "assemblies",
    params(
        ("scope" = Option<String>, Query, description = "Only of this scope"),
        ("category" = Option<String>, Query, description = "Only of this category"),
        ("measurement_type" = Option<String>, Query, description = "Only of this type"),
    ),
    responses((status = 200, body = Vec<AssemblyTemplate>)),
)]
async fn list_templates(State(app): State<App>, call: Call) -> Answer<Vec<AssemblyTemplate>> {
    let is =
        |name: &str, value: Option<&str>| call.query_text(name).is_none_or(|wanted| value == Some(wanted));
    let all = reads::templates(&call.ctx(&app)).await?;
    let wanted = all.into_iter().filter(|t| {
        is("scope", Some(&t.scope))
            && is("category", t.category.as_deref())
            && is("measurement_type", Some(type_word(t.measurement_type)))
    });
    ok(wanted.map(AssemblyTemplate::from).collect::<Vec<_>>())
}

/// One assembly template.
#[utoipa::path(get, path = "/assembly-templates/{template_id}", tag = "assemblies", responses(
    (status = 200, body = AssemblyTemplate),
))]
async fn get_template(State(app): State<App>, call: Call) -> Answer<AssemblyTemplate> {
    let id = call.id("template_id")?;
    ok(reads::template(&call.ctx(&app), id).await?)
}

/// With what there is to know of it beside its record.
async fn read(ctx: &Ctx<'_>, assembly: model::Assembly) -> Result<Assembly, ApiError> {
    let doubt = reads::price_doubt(ctx, &assembly).await?;
    Ok(Assembly::of(assembly, doubt))
}

/// The assembly of a condition, or `null`.
#[utoipa::path(get, path = "/conditions/{condition_id}/assembly", tag = "assemblies", responses(
    (status = 200, body = Option<Assembly>),
))]
async fn of_condition(State(app): State<App>, call: Call) -> Answer<Option<Assembly>> {
    let id = call.id("condition_id")?;
    let ctx = call.ctx(&app);
    let shown = match reads::assembly_of(&ctx, id).await? {
        None => None,
        Some(assembly) => Some(read(&ctx, assembly).await?),
    };
    ok(shown)
}

/// Attaches an assembly to a condition, empty or from a template, with what the body sets of it.
#[utoipa::path(post, path = "/conditions/{condition_id}/assembly", tag = "assemblies",
    request_body = CreateAssembly,
    responses((status = 201, body = Assembly)),
)]
async fn create_assembly(State(app): State<App>, call: Call, body: Body) -> Made<Assembly> {
    let (id, new) = call.read(|input| input.id("condition_id").zip(input.object(&body, new_assembly)))?;
    created(assemblies::create(&call.ctx(&app), id, new).await?)
}

/// One assembly with its components.
#[utoipa::path(get, path = "/assemblies/{assembly_id}", tag = "assemblies", responses((status = 200, body = Assembly)))]
async fn get_assembly(State(app): State<App>, call: Call) -> Answer<Assembly> {
    let id = call.id("assembly_id")?;
    let ctx = call.ctx(&app);
    ok(read(&ctx, reads::assembly(&ctx, id).await?).await?)
}

/// Changes an assembly; 400 while it is locked.
#[utoipa::path(put, path = "/assemblies/{assembly_id}", tag = "assemblies",
    request_body = UpdateAssembly,
    responses((status = 200, body = Assembly)),
)]
async fn update_assembly(State(app): State<App>, call: Call, body: Body) -> Answer<Assembly> {
    let (id, patch) = call.read(|input| input.id("assembly_id").zip(input.object(&body, assembly_patch)))?;
    ok(assemblies::update(&call.ctx(&app), id, patch).await?)
}

/// Deletes an assembly; 400 while it is locked.
#[utoipa::path(delete, path = "/assemblies/{assembly_id}", tag = "assemblies", responses((status = 204)))]
async fn delete_assembly(State(app): State<App>, call: Call) -> Result<StatusCode, ApiError> {
    let id = call.id("assembly_id")?;
    assemblies::delete(&call.ctx(&app), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Prices an assembly; 400 while it is locked.
#[utoipa::path(post, path = "/assemblies/{assembly_id}/calculate", tag = "assemblies", responses(
    (status = 200, body = Assembly),
    (status = 504, description = "The pricing goes on, its answer did not come in time", body = crate::error::Detail),
))]
async fn calculate(State(app): State<App>, call: Call) -> Answer<Assembly> {
    let id = call.id("assembly_id")?;
    ok(assemblies::calculate(&call.ctx(&app), id).await?)
}

/// Freezes the numbers of an assembly. When its condition measures something else afterwards, the `notice` says so.
#[utoipa::path(post, path = "/assemblies/{assembly_id}/lock", tag = "assemblies",
    params(("locked_by" = Option<String>, Query, description = "Who locks; `system` by default")),
    responses((status = 200, body = Assembly)),
)]
async fn lock(State(app): State<App>, call: Call) -> Answer<Assembly> {
    let (id, locked_by) = call.read(|input| {
        let id = input.id("assembly_id");
        id.zip(input.query.or("locked_by", "system", text().max(255)))
    })?;
    let ctx = call.ctx(&app);
    let locked = assemblies::lock(&ctx, id, &locked_by).await?;
    // It is locked: what cannot be looked up beside it is no reason to answer that it is not.
    let doubt = reads::price_doubt(&ctx, &locked).await.unwrap_or_else(|why| {
        tracing::warn!(assembly = %locked.id, error = %why, "whether its price is doubted is not known");
        None
    });
    ok(Assembly::of(locked, doubt))
}

/// Lets an assembly be changed again.
#[utoipa::path(post, path = "/assemblies/{assembly_id}/unlock", tag = "assemblies", responses(
    (status = 200, body = Assembly),
))]
async fn unlock(State(app): State<App>, call: Call) -> Answer<Assembly> {
    let id = call.id("assembly_id")?;
    ok(assemblies::unlock(&call.ctx(&app), id).await?)
}
