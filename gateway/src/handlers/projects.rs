use axum::extract::State;
use takeoff_commands::reads;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, created, ok};
use crate::call::{Body, Call};
use crate::route::also_at;
use crate::state::App;
use crate::wire::assembly::CostSummary;
use crate::wire::project::{CreateProject, Project, UpdateProject, new_project, project_patch};
use crate::wire::sheet::Sheets;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_projects, create_project))
        // Clients use both forms, and a redirect would cost a preflight and may lose the body.
        .routes(also_at("/projects/", routes!(list_projects, create_project)))
        .routes(routes!(get_project, update_project))
        .routes(routes!(sheets))
        .routes(routes!(cost_summary))
}

/// All projects, newest first.
#[utoipa::path(get, path = "/projects", tag = "projects", responses((status = 200, body = Vec<Project>)))]
async fn list_projects(State(app): State<App>, call: Call) -> Answer<Vec<Project>> {
    let projects = reads::projects(&call.ctx(&app)).await?;
    ok(projects.into_iter().map(Project::from).collect::<Vec<_>>())
}

/// Makes a project.
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = CreateProject, responses(
    (status = 201, body = Project),
))]
async fn create_project(State(app): State<App>, call: Call, body: Body) -> Made<Project> {
    let (new, status) = call.read(|input| input.object(&body, new_project))?;
    let project = takeoff_commands::projects::create_as(&call.ctx(&app), new, status).await?;
    created(reads::ProjectView { project, document_count: 0 })
}

/// One project.
#[utoipa::path(get, path = "/projects/{project_id}", tag = "projects", responses((status = 200, body = Project)))]
async fn get_project(State(app): State<App>, call: Call) -> Answer<Project> {
    let id = call.id("project_id")?;
    ok(reads::project(&call.ctx(&app), id).await?)
}

/// Changes a project.
#[utoipa::path(put, path = "/projects/{project_id}", tag = "projects", request_body = UpdateProject, responses(
    (status = 200, body = Project),
))]
async fn update_project(State(app): State<App>, call: Call, body: Body) -> Answer<Project> {
    let (id, patch) = call.read(|input| input.id("project_id").zip(input.object(&body, project_patch)))?;
    let ctx = call.ctx(&app);
    takeoff_commands::projects::update(&ctx, id, patch).await?;
    ok(reads::project(&ctx, id).await?)
}

/// The relevant pages of a project, grouped; none of documents that failed or were cancelled.
#[utoipa::path(get, path = "/projects/{project_id}/sheets", tag = "pages", responses((status = 200, body = Sheets)))]
async fn sheets(State(app): State<App>, call: Call) -> Answer<Sheets> {
    let id = call.id("project_id")?;
    let groups = reads::sheets(&call.ctx(&app), id).await?;
    ok(Sheets::of(groups, &call.links))
}

/// Sums over the assemblies of a project; zeros for an unknown one.
#[utoipa::path(get, path = "/projects/{project_id}/cost-summary", tag = "assemblies", responses(
    (status = 200, body = CostSummary),
))]
async fn cost_summary(State(app): State<App>, call: Call) -> Answer<CostSummary> {
    let id = call.id("project_id")?;
    let summary = reads::cost_summary(&call.ctx(&app), id).await?;
    ok(CostSummary::of(id, summary))
}
