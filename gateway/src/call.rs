//! What a request says, before it is believed: path, query, body, where it came from.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use takeoff_commands::Ctx;
use takeoff_core::model::Id;

use crate::error::ApiError;
use crate::incoming::BodyError;
use crate::layers::{ADMIN, Ignored, RequestId};
use crate::links::Links;
use crate::state::App;
use crate::wire::validate::{At, Fields, IdRule, IgnoredField, MAX_IGNORED, Nested, Problems, Rule, integer};

/// A request without its body.
pub(crate) struct Call {
    path: Map<String, Value>,
    query: Map<String, Value>,
    request_id: Option<RequestId>,
    ignored: Ignored,
    pub(crate) headers: HeaderMap,
    pub(crate) links: Links,
}

impl FromRequestParts<App> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let unreadable =
            |what: &str| ApiError::new(StatusCode::BAD_REQUEST, format!("the {what} is not UTF-8"));
        let path = RawPathParams::from_request_parts(parts, app).await.map_err(|_| unreadable("path"))?;
        let path = path.iter().map(|(k, v)| (k.to_owned(), Value::from(v))).collect();
        let query =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| unreadable("query"))?;
        let query = once_each(query.0)?;
        let ignored = parts.extensions.get::<Ignored>().cloned().unwrap_or_default();
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let known = app.queries.read_by(route, &parts.method);
        if route.starts_with(ADMIN) {
            refuse_unread(&query, known)?;
        } else {
            ignored.note(&unread(&query, known));
        }
        Ok(Self {
            path,
            query,
            request_id: parts.extensions.get::<RequestId>().cloned(),
            ignored,
            headers: parts.headers.clone(),
            links: Links::of(parts, app),
        })
    }
}

/// A key that is given more than once has no value, and a part of a list is named by whole numbers, whether or not the
/// route reads them.
fn once_each(pairs: Vec<(String, String)>) -> Result<Map<String, Value>, ApiError> {
    let (mut query, problems) = (Map::new(), Problems::default());
    for (key, value) in pairs {
        if query.contains_key(&key) {
            let why = "the key is given more than once";
            let at = At::root("query", &problems).child(key.as_str());
            let context = json!({ "error": why });
            let _: Option<()> =
                at.refuse("value_error", format!("Value error, {why}"), &value.into(), Some(context));
        } else {
            query.insert(key, value.into());
        }
    }
    for (key, least) in PAGING {
        if let Some(value) = query.get(key) {
            let _: Option<i64> = integer().ge(least).read(value, &At::root("query", &problems).child(key));
        }
    }
    match problems.into_vec() {
        problems if problems.is_empty() => Ok(query),
        problems => Err(ApiError::Invalid(problems)),
    }
}

/// What names a part of a list, and the least that each may be.
const PAGING: [(&str, i64); 2] = [("limit", 1), ("offset", 0)];

/// What of a query its route does not read.
fn unread(query: &Map<String, Value>, known: &[String]) -> Vec<IgnoredField> {
    let unread = query.keys().filter(|key| !known.contains(key));
    unread.take(MAX_IGNORED).map(|key| IgnoredField::of(key, known).within(&["query"])).collect()
}

/// Operators pick with a query what is shown, put back or thrown away: with a misspelt one that would be everything.
fn refuse_unread(query: &Map<String, Value>, known: &[String]) -> Result<(), ApiError> {
    let why = match known {
        [] => "nothing is read of this route's query".to_owned(),
        known => format!("this route reads {}", known.join(", ")),
    };
    refuse_others("query", query, known, &why)
}

/// Refuses fields of a part of a request that are none of these.
fn refuse_others(
    part: &str,
    fields: &Map<String, Value>,
    known: &[impl AsRef<str>],
    why: &str,
) -> Result<(), ApiError> {
    let problems = Problems::default();
    for (key, value) in fields.iter().filter(|(key, _)| !known.iter().any(|k| k.as_ref() == *key)) {
        let at = At::root(part, &problems).child(key.as_str());
        let _: Option<()> =
            at.refuse("extra_forbidden", format!("Extra inputs are not permitted: {why}"), value, None);
    }
    match problems.into_vec() {
        problems if problems.is_empty() => Ok(()),
        problems => Err(ApiError::Invalid(problems)),
    }
}

/// What a reader of a request reads from.
pub(crate) struct Input<'a> {
    pub(crate) path: Fields<'a>,
    pub(crate) query: Fields<'a>,
    problems: &'a Problems,
}

impl Input<'_> {
    /// An id in the path.
    pub(crate) fn id(&self, name: &str) -> Option<Id> {
        self.path.required(name, IdRule)
    }

    /// The body by a rule.
    pub(crate) fn body<R: Rule>(&self, body: &Body, rule: R) -> Option<R::Out> {
        let at = At::root("body", self.problems);
        match body {
            Body::Json(Value::Null) | Body::Missing => at.missing(&Value::Null),
            Body::Json(value) => rule.read(value, &at),
            Body::Malformed { offset, why } => {
                let at = at.child(*offset);
                at.refuse("json_invalid", "JSON decode error", &json!({}), Some(json!({"error": why})))
            }
            Body::OtherType(text) => {
                let msg = "Input should be a valid dictionary or object to extract fields from";
                at.refuse("model_attributes_type", msg, &Value::from(text.as_str()), None)
            }
        }
    }

    /// The body as an object, field by field.
    pub(crate) fn object<T>(&self, body: &Body, read: fn(&Fields<'_>) -> Option<T>) -> Option<T> {
        self.body(body, Nested(read))
    }
}

impl Call {
    /// Reads all that the handler needs; 422 with every problem when anything is wrong.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Input<'_>) -> Option<T>) -> Result<T, ApiError> {
        let problems = Problems::default();
        let path = Fields::new(&self.path, At::root("path", &problems));
        let query = Fields::new(&self.query, At::root("query", &problems));
        let value = read(&Input { path, query, problems: &problems });
        let (problems, ignored) = problems.into_parts();
        self.ignored.note(&ignored);
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => Err(ApiError::Invalid(problems)),
        }
    }

    /// Refuses fields of a body that are none of these: what is left out of account there would do harm.
    pub(crate) fn nothing_beside(body: &Body, known: &[&str], why: &str) -> Result<(), ApiError> {
        match body {
            Body::Json(Value::Object(fields)) => refuse_others("body", fields, known, why),
            _ => Ok(()),
        }
    }

    /// An id in the path, where nothing else is to be read.
    pub(crate) fn id(&self, name: &str) -> Result<Id, ApiError> {
        self.read(|input| input.id(name))
    }

    /// A part of the path that may be any text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.path.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A part of the query, unjudged.
    pub(crate) fn query_text(&self, name: &str) -> Option<&str> {
        self.query.get(name)?.as_str()
    }

    pub(crate) fn ctx<'a>(&'a self, app: &'a App) -> Ctx<'a> {
        Ctx::new(&app.handle, app.handle.tenant(), self.request_id.as_ref().map(RequestId::as_str))
    }
}

/// A JSON body, read whole within the limit but not judged yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Json(Value),
    Missing,
    Malformed {
        offset: usize,
        why: String,
    },
    /// A content type that is not JSON; a form of another site must not pass for a request of a client.
    OtherType(String),
}

impl FromRequest<App> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let limit = app.config().limits.json_body_bytes;
        let is_json = json_type(request.headers());
        let stated = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        if stated.and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n > limit as u64) {
            // Not after waiting for what will not be taken.
            return Err(ApiError::too_large(limit as u64));
        }
        let bytes =
            axum::body::to_bytes(request.into_body(), limit).await.map_err(|e| body_error(e, limit))?;
        Ok(Self::of(&bytes, is_json))
    }
}

fn json_type(headers: &HeaderMap) -> bool {
    // A page of another site can send a body without a type and without asking first.
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn body_error(e: axum::Error, limit: usize) -> ApiError {
    use std::error::Error as _;
    if BodyError::is_idle(&e) {
        return ApiError::idle();
    }
    let mut source = e.source();
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            return ApiError::too_large(limit as u64);
        }
        source = cause.source();
    }
    ApiError::new(StatusCode::BAD_REQUEST, "the request body ended before it was whole")
}

impl Body {
    fn of(bytes: &Bytes, is_json: bool) -> Self {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Self::Missing;
        }
        if !is_json {
            return Self::OtherType(String::from_utf8_lossy(bytes).into_owned());
        }
        match serde_json::from_slice(bytes) {
            Ok(value) => Self::Json(value),
            Err(e) => Self::Malformed { offset: offset_of(bytes, e.line(), e.column()), why: reason(&e) },
        }
    }
}

/// The parser's reason without its line and column, which the offset replaces.
fn reason(e: &serde_json::Error) -> String {
    let text = e.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Offset in bytes of a line and column, both counted from 1.
fn offset_of(bytes: &[u8], line: usize, column: usize) -> usize {
    let start = bytes.split(|b| *b == b'\n').take(line.saturating_sub(1)).map(|l| l.len() + 1).sum::<usize>();
    (start + column.saturating_sub(1)).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_apart() {
        let of = |text: &'static str, json| Body::of(&Bytes::from_static(text.as_bytes()), json);
        assert_eq!(of("", true), Body::Missing);
        assert_eq!(of(" \n", true), Body::Missing);
        assert_eq!(of("null", true), Body::Json(Value::Null));
        assert_eq!(of("[1]", true), Body::Json(json!([1])));
        assert_eq!(of("a=b", false), Body::OtherType("a=b".to_owned()));
        let Body::Malformed { offset, why } = of("{\n \"a\": ]\n}", true) else { panic!() };
        assert_eq!((offset, why.as_str()), (8, "expected value"));
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
        let deep = "[".repeat(100_000);
        assert!(matches!(Body::of(&Bytes::from(deep), true), Body::Malformed { .. }));
    }

    #[test]
    fn only_json_types_are_json() {
        let of =
            |v: &'static str| json_type(&[(header::CONTENT_TYPE, v.parse().unwrap())].into_iter().collect());
        assert!(!json_type(&HeaderMap::new()));
        assert!(of("application/json; charset=utf-8"));
        assert!(of("Application/JSON"));
        assert!(!of("text/plain"));
        assert!(!of("application/x-www-form-urlencoded"));
    }
}
