use axum::extract::State;
use takeoff_commands::{reads, tasks};
use takeoff_core::model::Id;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::call::Call;
use crate::error::ApiError;
use crate::state::App;
use crate::wire::task::{Cancelled, Task, Tasks, filter};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_project))
        .routes(routes!(get_task))
        .routes(routes!(task_status))
        .routes(routes!(cancel))
}

/// Any text may ask; one that is no id was never issued.
async fn find(app: &App, call: &Call) -> Result<Task, ApiError> {
    let text = call.text("task_id");
    let Ok(id) = text.parse::<Id>() else {
        return Ok(Task::unknown(text));
    };
    let job = reads::task(&call.ctx(app), id).await?;
    Ok(job.map_or_else(|| Task::unknown(text), Task::from))
}

/// One task; an id that was never issued is a task that failed.
#[utoipa::path(get, path = "/tasks/{task_id}", tag = "tasks", responses((status = 200, body = Task)))]
async fn get_task(State(app): State<App>, call: Call) -> Answer<Task> {
    ok(find(&app, &call).await?)
}

/// The same as the task itself.
#[utoipa::path(get, path = "/tasks/{task_id}/status", tag = "tasks", responses((status = 200, body = Task)))]
async fn task_status(State(app): State<App>, call: Call) -> Answer<Task> {
    ok(find(&app, &call).await?)
}

/// Cancels a task that has not ended, and with it what it was for.
#[utoipa::path(post, path = "/tasks/{task_id}/cancel", tag = "tasks", responses((status = 200, body = Cancelled)))]
async fn cancel(State(app): State<App>, call: Call) -> Answer<Cancelled> {
    let text = call.text("task_id");
    let job = match text.parse::<Id>() {
        Ok(id) => tasks::cancel(&call.ctx(&app), id).await?,
        Err(_) => None,
    };
    ok(Cancelled::of(text, job.as_ref()))
}

/// The tasks of a project, newest first.
#[utoipa::path(get, path = "/tasks/project/{project_id}", tag = "tasks",
    params(
        ("status" = Option<String>, Query, description = "Only in this state"),
        ("task_type" = Option<String>, Query, description = "Only of this type"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 by default"),
        ("offset" = Option<u64>, Query, description = "Skip so many"),
    ),
    responses((status = 200, body = Tasks)),
)]
async fn of_project(State(app): State<App>, call: Call) -> Answer<Tasks> {
    let (id, filter) = call.read(|input| input.id("project_id").zip(filter(&input.query)))?;
    ok(reads::tasks(&call.ctx(&app), id, filter).await?)
}
