use axum::extract::State;
use axum::http::StatusCode;
use takeoff_commands::{measurements, reads};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Made, created, ok};
use crate::call::{Body, Call};
use crate::error::ApiError;
use crate::state::App;
use crate::wire::measurement::{
    CreateMeasurement, Measurement, MeasurementList, UpdateMeasurement, measurement_patch, new_measurement,
};
use crate::wire::validate::{Fields, Nested};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_condition, create_measurement))
        .routes(routes!(of_page))
        .routes(routes!(get_measurement, update_measurement, delete_measurement))
        .routes(routes!(recalculate))
}

/// The measurements of a condition, oldest first, rejected ones included.
#[utoipa::path(get, path = "/conditions/{condition_id}/measurements", tag = "measurements", responses(
    (status = 200, body = MeasurementList),
))]
async fn of_condition(State(app): State<App>, call: Call) -> Answer<MeasurementList> {
    let id = call.id("condition_id")?;
    ok(reads::measurements_of_condition(&call.ctx(&app), id).await?)
}

/// The measurements of a page, oldest first, rejected ones included.
#[utoipa::path(get, path = "/pages/{page_id}/measurements", tag = "measurements", responses(
    (status = 200, body = MeasurementList),
))]
async fn of_page(State(app): State<App>, call: Call) -> Answer<MeasurementList> {
    let id = call.id("page_id")?;
    ok(reads::measurements_of_page(&call.ctx(&app), id).await?)
}

/// Measures a geometry on a calibrated page.
///
/// The same shape twice counts twice, and so does a second point on one symbol: `notice` says so. 400 where the shape
/// cannot be measured as it is meant: malformed, crossing itself, with `holes`.
#[utoipa::path(post, path = "/conditions/{condition_id}/measurements", tag = "measurements",
    request_body = CreateMeasurement,
    responses((status = 201, body = Measurement)),
)]
async fn create_measurement(State(app): State<App>, call: Call, body: Body) -> Made<Measurement> {
    let new = call.read(|input| {
        let condition = input.id("condition_id");
        input.body(&body, Nested(|f: &Fields<'_>| new_measurement(condition, f)))
    })?;
    let ctx = call.ctx(&app);
    let made = measurements::create(&ctx, new).await?;
    // It is made: what cannot be looked up beside it is no reason to answer that it is not.
    let again = reads::again(&ctx, &made).await.unwrap_or_else(|why| {
        tracing::warn!(measurement = %made.id, error = %why, "whether it is there twice is not known");
        None
    });
    created(Measurement::made(made, again))
}

/// One measurement.
#[utoipa::path(get, path = "/measurements/{measurement_id}", tag = "measurements", responses(
    (status = 200, body = Measurement),
))]
async fn get_measurement(State(app): State<App>, call: Call) -> Answer<Measurement> {
    let id = call.id("measurement_id")?;
    ok(reads::measurement(&call.ctx(&app), id).await?)
}

/// Changes geometry or notes.
#[utoipa::path(put, path = "/measurements/{measurement_id}", tag = "measurements",
    request_body = UpdateMeasurement,
    responses((status = 200, body = Measurement)),
)]
async fn update_measurement(State(app): State<App>, call: Call, body: Body) -> Answer<Measurement> {
    let ctx = call.ctx(&app);
    // Which keys of a geometry say something depends on its type, and that is not in the body.
    let kind = match call.id("measurement_id") {
        Ok(id) => reads::geometry_type(&ctx, id).await?,
        Err(_) => None,
    };
    let (id, patch) = call.read(|input| {
        let patch = Nested(|f: &Fields<'_>| measurement_patch(kind, f));
        input.id("measurement_id").zip(input.body(&body, patch))
    })?;
    ok(measurements::update(&ctx, id, patch).await?)
}

/// Deletes a measurement.
#[utoipa::path(delete, path = "/measurements/{measurement_id}", tag = "measurements", responses((status = 204)))]
async fn delete_measurement(State(app): State<App>, call: Call) -> Result<StatusCode, ApiError> {
    let id = call.id("measurement_id")?;
    measurements::delete(&call.ctx(&app), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Computes the quantity again from geometry and scale.
#[utoipa::path(post, path = "/measurements/{measurement_id}/recalculate", tag = "measurements", responses(
    (status = 200, body = Measurement),
))]
async fn recalculate(State(app): State<App>, call: Call) -> Answer<Measurement> {
    let id = call.id("measurement_id")?;
    ok(measurements::recalculate(&call.ctx(&app), id).await?)
}
