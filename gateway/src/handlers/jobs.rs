use axum::extract::State;
use takeoff_commands::admin;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::call::{Body, Call};
use crate::error::ApiError;
use crate::state::App;
use crate::wire::job::{Cause, JobDetail, Jobs, Swept, cause, filter, paging};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(get_job))
        .routes(routes!(retry_job))
        .routes(routes!(cancel_job))
        .routes(routes!(discard_job))
        .routes(routes!(retry_dead))
        .routes(routes!(discard_dead))
}

/// Jobs of any kind, newest first, with their ages and causes.
#[utoipa::path(get, path = "/admin/jobs", tag = "node",
    params(
        ("stage" = Option<String>, Query, description = "Only of this stage"),
        ("project_id" = Option<uuid::Uuid>, Query, description = "Only of this project"),
        ("subject_id" = Option<uuid::Uuid>, Query, description = "Only for this document, page, session or assembly"),
        ("tasks_only" = Option<bool>, Query, description = "Only tasks of clients, not the parts in which one is handed out"),
        ("state" = Option<String>, Query, description = "Only in these states, with commas between them"),
        ("older_than_s" = Option<u32>, Query, description = "Only those enqueued at least so long ago"),
        ("limit" = Option<u32>, Query, description = "1 to 500; 50 by default"),
        ("offset" = Option<u64>, Query, description = "Skip so many"),
    ),
    responses((status = 200, body = Jobs)),
)]
async fn list_jobs(State(app): State<App>, call: Call) -> Answer<Jobs> {
    let (filter, (offset, limit)) = call.read(|input| filter(&input.query).zip(paging(&input.query)))?;
    let (jobs, total) = admin::jobs(&call.ctx(&app), &filter, offset, limit).await?;
    ok(Jobs::of(&jobs, total, offset, app.handle.now()))
}

/// One job with everything that is kept of it.
#[utoipa::path(get, path = "/admin/jobs/{job_id}", tag = "node", responses((status = 200, body = JobDetail)))]
async fn get_job(State(app): State<App>, call: Call) -> Answer<JobDetail> {
    let job = admin::job(&call.ctx(&app), call.id("job_id")?).await?;
    ok(JobDetail::of(job, app.handle.now()))
}

/// Puts a dead or cancelled job back, with all its attempts, and its owner in the state that waits for it.
#[utoipa::path(post, path = "/admin/jobs/{job_id}/retry", tag = "node", responses(
    (status = 200, body = JobDetail),
))]
async fn retry_job(State(app): State<App>, call: Call) -> Answer<JobDetail> {
    let job = admin::retry(&call.ctx(&app), call.id("job_id")?).await?;
    ok(JobDetail::of(job, app.handle.now()))
}

/// Said of a filter that is not one: without it all dead jobs would be meant.
const FILTERS_ARE: &str = "which dead jobs are meant is said in the query";

/// The body may be missing.
fn cause_of(call: &Call, body: &Body) -> Result<Option<String>, ApiError> {
    match body {
        Body::Missing => Ok(None),
        body => call.read(|input| input.object(body, cause)),
    }
}

/// Cancels a job that has not ended, and with it what it was for.
#[utoipa::path(post, path = "/admin/jobs/{job_id}/cancel", tag = "node", request_body = Option<Cause>, responses(
    (status = 200, body = JobDetail),
))]
async fn cancel_job(State(app): State<App>, call: Call, body: Body) -> Answer<JobDetail> {
    let (id, cause) = (call.id("job_id")?, cause_of(&call, &body)?);
    let job = admin::cancel(&call.ctx(&app), id, cause.as_deref()).await?;
    ok(JobDetail::of(job, app.handle.now()))
}

/// Takes a dead job out of the dead letters, for good.
#[utoipa::path(post, path = "/admin/jobs/{job_id}/discard", tag = "node", request_body = Option<Cause>, responses(
    (status = 200, body = JobDetail),
))]
async fn discard_job(State(app): State<App>, call: Call, body: Body) -> Answer<JobDetail> {
    let (id, cause) = (call.id("job_id")?, cause_of(&call, &body)?);
    let job = admin::discard(&call.ctx(&app), id, cause.as_deref()).await?;
    ok(JobDetail::of(job, app.handle.now()))
}

/// Puts back the dead jobs that match, some hundred at a time.
#[utoipa::path(post, path = "/admin/dead-jobs/retry", tag = "node",
    params(
        ("stage" = Option<String>, Query, description = "Only of this stage"),
        ("project_id" = Option<uuid::Uuid>, Query, description = "Only of this project"),
        ("subject_id" = Option<uuid::Uuid>, Query, description = "Only for this document, page, session or assembly"),
        ("tasks_only" = Option<bool>, Query, description = "Only tasks of clients, not the parts in which one is handed out"),
        ("older_than_s" = Option<u32>, Query, description = "Only those enqueued at least so long ago"),
    ),
    responses((status = 200, body = Swept)),
)]
async fn retry_dead(State(app): State<App>, call: Call, body: Body) -> Answer<Swept> {
    Call::nothing_beside(&body, &[], FILTERS_ARE)?;
    let filter = call.read(|input| filter(&input.query))?;
    ok(admin::retry_dead(&call.ctx(&app), &filter).await?)
}

/// Takes the dead jobs that match out of the dead letters, for good, some hundred at a time.
#[utoipa::path(post, path = "/admin/dead-jobs/discard", tag = "node", request_body = Option<Cause>,
    params(
        ("stage" = Option<String>, Query, description = "Only of this stage"),
        ("project_id" = Option<uuid::Uuid>, Query, description = "Only of this project"),
        ("subject_id" = Option<uuid::Uuid>, Query, description = "Only for this document, page, session or assembly"),
        ("tasks_only" = Option<bool>, Query, description = "Only tasks of clients, not the parts in which one is handed out"),
        ("older_than_s" = Option<u32>, Query, description = "Only those enqueued at least so long ago"),
    ),
    responses((status = 200, body = Swept)),
)]
async fn discard_dead(State(app): State<App>, call: Call, body: Body) -> Answer<Swept> {
    Call::nothing_beside(&body, &["cause"], FILTERS_ARE)?;
    let (filter, cause) = (call.read(|input| filter(&input.query))?, cause_of(&call, &body)?);
    ok(admin::discard_dead(&call.ctx(&app), &filter, cause.as_deref()).await?)
}
