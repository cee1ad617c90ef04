//! The one map from errors to HTTP: a status, a public message, the cause in the log.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use takeoff_commands::CommandError;
use takeoff_engine::error::EngineError;
use takeoff_storage::StoreError;
use utoipa::ToSchema;

use crate::wire::validate::Problem;

/// Seconds after which a refused request may be tried again.
const RETRY_AFTER_S: u64 = 5;

/// What a client may do about a file that the store has lost or that is not as it was stored.
const UNSOUND: &str = "what the store holds for this is damaged or missing, as the node's log says: an uploaded file is \
                       mended by uploading the same again";

/// Why a request was not done.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// 422 with every problem of the request.
    Invalid(Vec<Problem>),
    /// The caller's or the node's situation; the detail is public.
    Refused { status: StatusCode, detail: String, retry_after_s: Option<u64> },
    /// Ours; the cause goes to the log only.
    Broken { cause: String },
}

/// Body of every error but 422.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detail {
    /// What went wrong, for a person.
    pub(crate) detail: String,
}

/// Body of a 422.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValidationError {
    #[schema(value_type = Vec<ValidationProblem>)]
    pub(crate) detail: Vec<Problem>,
}

/// One thing that is wrong with a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents `Problem`, whose loc mixes text and numbers")]
pub(crate) struct ValidationProblem {
    /// Stable machine-readable code, such as `missing` or `greater_than`.
    #[schema(rename = "type")]
    code: String,
    /// `path`, `query` or `body`, then field names and indexes.
    loc: Vec<serde_json::Value>,
    msg: String,
    /// The value at fault.
    input: serde_json::Value,
    /// Bounds and expectations.
    #[schema(required = false)]
    ctx: Option<serde_json::Value>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Refused { status, detail: detail.into(), retry_after_s: None }
    }

    pub(crate) fn busy(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self::Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            detail: detail.into(),
            retry_after_s: Some(retry_after_s),
        }
    }

    /// The client stopped in the middle of its request.
    pub(crate) fn idle() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the request did not go on: nothing was sent for too long")
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    pub(crate) fn too_large(limit_bytes: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request body is larger than the limit of {limit_bytes} bytes"),
        )
    }
}

impl From<CommandError> for ApiError {
    fn from(e: CommandError) -> Self {
        let detail = e.to_string();
        match e {
            CommandError::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, detail),
            CommandError::Invalid { .. } | CommandError::ImplausibleScale(_) | CommandError::Locked => {
                Self::new(StatusCode::BAD_REQUEST, detail)
            }
            CommandError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            CommandError::Conflict => Self::new(StatusCode::CONFLICT, detail),
            CommandError::Busy { retry_after_s } => Self::busy(detail, retry_after_s),
            CommandError::Deadline { .. } => Self::new(StatusCode::GATEWAY_TIMEOUT, detail),
            CommandError::Engine(cause) => cause.into(),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(e: EngineError) -> Self {
        match e {
            EngineError::Store(store) => store.into(),
            EngineError::Draining => {
                Self::busy("the node is shutting down and takes no new work", RETRY_AFTER_S)
            }
            EngineError::Busy { retry_after_s, .. } => Self::busy(e.to_string(), retry_after_s),
            EngineError::Deadline { .. } => Self::new(StatusCode::GATEWAY_TIMEOUT, e.to_string()),
            other => Self::Broken { cause: other.to_string() },
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Unavailable(_) => {
                tracing::error!(error = %e, "store unavailable");
                Self::busy("the store is unavailable", RETRY_AFTER_S)
            }
            StoreError::Full(_) => {
                tracing::error!(error = %e, "the store has no room");
                Self::busy("the store is full: nothing can be stored until there is room", RETRY_AFTER_S)
            }
            StoreError::Damaged { .. } | StoreError::MissingBlob(_) => {
                tracing::error!(error = %e, "what the store holds is damaged");
                Self::Refused {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    detail: UNSOUND.to_owned(),
                    retry_after_s: None,
                }
            }
            e if e.is_conflict() => Self::new(
                StatusCode::CONFLICT,
                "the records were changed by others at the same time, try again",
            ),
            other => Self::Broken { cause: other.to_string() },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(detail) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(ValidationError { detail })).into_response()
            }
            Self::Refused { status, detail, retry_after_s } => {
                let mut response = (status, Json(Detail { detail })).into_response();
                if let Some(seconds) = retry_after_s {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                if status == StatusCode::INTERNAL_SERVER_ERROR {
                    response
                        .headers_mut()
                        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                }
                if status == StatusCode::REQUEST_TIMEOUT {
                    // The rest of the request may still come and must not be taken for the next one.
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
            Self::Broken { cause } => {
                tracing::error!(error = %cause, "request failed");
                let detail = "Internal Server Error".to_owned();
                let uncached = [(header::CACHE_CONTROL, "no-store")];
                (StatusCode::INTERNAL_SERVER_ERROR, uncached, Json(Detail { detail })).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(e: impl Into<ApiError>) -> (u16, Option<String>) {
        let response = e.into().into_response();
        let retry = response.headers().get(header::RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), retry)
    }

    #[test]
    fn errors_have_the_statuses_of_the_contract() {
        assert_eq!(status(CommandError::NotFound { what: "Page" }), (404, None));
        assert_eq!(status(CommandError::Invalid { detail: "no".to_owned() }), (400, None));
        assert_eq!(status(CommandError::Locked), (400, None));
        assert_eq!(status(CommandError::TooLarge { limit_bytes: 1 }), (413, None));
        assert_eq!(status(CommandError::Conflict), (409, None));
        assert_eq!(status(CommandError::Busy { retry_after_s: 7 }), (503, Some("7".to_owned())));
        assert_eq!(status(EngineError::Draining), (503, Some("5".to_owned())));
        assert_eq!(status(StoreError::Unavailable("disk".to_owned())), (503, Some("5".to_owned())));
        assert_eq!(status(StoreError::Full("disk".to_owned())), (503, Some("5".to_owned())));
        assert_eq!(status(EngineError::Failed("secret path".to_owned())), (500, None));
        let damaged = StoreError::Damaged { what: "blob".to_owned(), why: "cut".to_owned() };
        assert_eq!(status(damaged), (500, None));
    }

    #[tokio::test]
    async fn causes_stay_in_the_log() {
        let response = ApiError::Broken { cause: "secret path".to_owned() }.into_response();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(&body[..], br#"{"detail":"Internal Server Error"}"#);
    }
}
