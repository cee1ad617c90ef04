//! The OpenAPI document: generated from the handlers, completed by what holds for all of them.

use std::collections::BTreeSet;

use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema};

use crate::error::{Detail, ValidationError, ValidationProblem};

pub(crate) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("takeoff")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Turns construction drawings into quantities and money."))
        .build();
    OpenApiBuilder::new().info(info).components(Some(Components::new())).build()
}

/// Adds path parameters, errors and unique operation ids; says that answers always hold all fields.
pub(crate) fn complete(mut api: OpenApi) -> OpenApi {
    let mut seen = BTreeSet::new();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            complete_operation(path, method, operation, &mut seen);
        }
    }
    let requests = request_schemas(&api);
    let components = api.components.get_or_insert_with(Components::new);
    for (name, schema) in [
        (Detail::name(), Detail::schema()),
        (ValidationError::name(), ValidationError::schema()),
        (ValidationProblem::name(), ValidationProblem::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    for (name, schema) in &mut components.schemas {
        if !requests.contains(name) {
            require_all(name, schema);
        }
    }
    api
}

pub(crate) fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Delete, &mut item.delete),
        (HttpMethod::Patch, &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|o| (method, o)))
    .collect()
}

fn complete_operation(
    path: &str,
    method: HttpMethod,
    operation: &mut Operation,
    seen: &mut BTreeSet<String>,
) {
    let named: Vec<&str> =
        path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let parameters = operation.parameters.get_or_insert_with(Vec::new);
    for (i, name) in named.iter().enumerate() {
        parameters.insert(i, RefOr::T(path_parameter(name)));
    }
    let validated = !parameters.is_empty() || operation.request_body.is_some();
    if parameters.is_empty() {
        operation.parameters = None;
    }
    let responses = &mut operation.responses.responses;
    if validated && named != ["task_id"] {
        responses
            .entry("422".to_owned())
            .or_insert_with(|| error("The request is not valid", "ValidationError"));
    }
    if !named.is_empty() {
        responses.entry("404".to_owned()).or_insert_with(|| error("Not found", "Detail"));
    }
    if method != HttpMethod::Get {
        responses.entry("400".to_owned()).or_insert_with(|| error("Cannot be done", "Detail"));
        responses.entry("503".to_owned()).or_insert_with(|| error("Busy; see Retry-After", "Detail"));
    }
    let mut unique = operation.operation_id.take().unwrap_or_default();
    while !seen.insert(unique.clone()) {
        unique = format!("{unique}_{}", segment_name(path, &unique));
    }
    operation.operation_id = Some(unique);
}

/// A word of the path that tells two operations of one name apart.
fn segment_name(path: &str, taken: &str) -> String {
    let words = path.split('/').filter(|s| !s.is_empty() && !s.starts_with('{') && *s != "api" && *s != "v1");
    words.rev().find(|w| !taken.contains(w)).unwrap_or("also").replace(['-', '.'], "_")
}

fn path_parameter(name: &str) -> Parameter {
    let mut schema = ObjectBuilder::new().schema_type(Type::String);
    if name != "task_id" {
        schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    }
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema.build()))
        .build()
}

fn error(description: &str, schema: &str) -> RefOr<utoipa::openapi::Response> {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new().description(description).content("application/json", content).build().into()
}

/// Names of the schemas that requests use, directly.
fn request_schemas(api: &OpenApi) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in api.paths.paths.values() {
        for operation in [&item.put, &item.post, &item.patch].into_iter().flatten() {
            let Some(RefOr::T(body)) = &operation.request_body else { continue };
            for content in body.content.values() {
                let RefOr::T(content) = content else { continue };
                if let Some(RefOr::Ref(reference)) = &content.schema {
                    names.extend(reference.ref_location.rsplit('/').next().map(str::to_owned));
                }
            }
        }
    }
    names
}

/// Answers hold every declared field; those that may be without a value hold `null`. The exceptions
/// are the fields that the contract itself leaves out.
fn require_all(name: &str, schema: &mut RefOr<Schema>) {
    let left_out: &[&str] = match name {
        "ParsedScale" => &["bbox"],
        "BatchScaled" => &["missing_ids"],
        "Health" => &["reason"],
        "ValidationProblem" => &["ctx"],
        _ => &[],
    };
    let objects: Vec<&mut utoipa::openapi::Object> = match schema {
        RefOr::T(Schema::Object(object)) => vec![object],
        RefOr::T(Schema::AllOf(all)) => all
            .items
            .iter_mut()
            .filter_map(|item| if let RefOr::T(Schema::Object(object)) = item { Some(object) } else { None })
            .collect(),
        _ => return,
    };
    for object in objects {
        if object.schema_type == SchemaType::Type(Type::Object) {
            object.required =
                object.properties.keys().filter(|k| !left_out.contains(&k.as_str())).cloned().collect();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
