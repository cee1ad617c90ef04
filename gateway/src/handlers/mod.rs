//! One file a noun. A handler decodes, makes one read or one command, and encodes.

pub(crate) mod admin;
pub(crate) mod assemblies;
pub(crate) mod autocount;
pub(crate) mod components;
pub(crate) mod conditions;
pub(crate) mod config;
pub(crate) mod documents;
pub(crate) mod files;
pub(crate) mod formulas;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod measurements;
pub(crate) mod nodes;
pub(crate) mod pages;
pub(crate) mod pauses;
pub(crate) mod projects;
pub(crate) mod scale;
pub(crate) mod symbols;
pub(crate) mod tasks;
mod upload;

use axum::Json;

use crate::error::ApiError;

/// A JSON answer with status 200, or why not.
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;
/// A JSON answer with a status of its own.
pub(crate) type Made<T> = Result<(axum::http::StatusCode, Json<T>), ApiError>;

fn ok<T>(value: impl Into<T>) -> Answer<T> {
    Ok(Json(value.into()))
}

fn created<T>(value: impl Into<T>) -> Made<T> {
    Ok((axum::http::StatusCode::CREATED, Json(value.into())))
}

fn accepted<T>(value: impl Into<T>) -> Made<T> {
    Ok((axum::http::StatusCode::ACCEPTED, Json(value.into())))
}
