use std::collections::BTreeSet;

use serde_json::Value;

use super::operations;
use crate::route;

/// Appendix A of the contract, as far as it is built, and our own routes.
const ROUTES: &[&str] = &[
    "GET /api/v1/health",
    "GET /api/v1/projects/",
    "POST /api/v1/projects/",
    "GET /api/v1/projects",
    "POST /api/v1/projects",
    "GET /api/v1/projects/{project_id}",
    "PUT /api/v1/projects/{project_id}",
    "GET /api/v1/projects/{project_id}/documents",
    "POST /api/v1/projects/{project_id}/documents",
    "GET /api/v1/documents/{document_id}",
    "GET /api/v1/documents/{document_id}/status",
    "GET /api/v1/documents/{document_id}/pages",
    "GET /api/v1/pages/{page_id}",
    "GET /api/v1/pages/{page_id}/image",
    "POST /api/v1/pages/{page_id}/reprocess-ocr",
    "POST /api/v1/pages/{page_id}/detect-scale",
    "GET /api/v1/pages/{page_id}/scale-detection-status",
    "PUT /api/v1/pages/{page_id}/scale",
    "POST /api/v1/pages/{page_id}/calibrate",
    "POST /api/v1/pages/{page_id}/copy-scale-from/{source_page_id}",
    "POST /api/v1/pages/batch-scale",
    "GET /api/v1/projects/{project_id}/sheets",
    "GET /api/v1/projects/{project_id}/conditions",
    "POST /api/v1/projects/{project_id}/conditions",
    "GET /api/v1/projects/{project_id}/conditions/{condition_id}",
    "PUT /api/v1/projects/{project_id}/conditions/{condition_id}",
    "GET /api/v1/conditions/{condition_id}/measurements",
    "GET /api/v1/pages/{page_id}/measurements",
    "POST /api/v1/conditions/{condition_id}/measurements",
    "GET /api/v1/measurements/{measurement_id}",
    "PUT /api/v1/measurements/{measurement_id}",
    "DELETE /api/v1/measurements/{measurement_id}",
    "POST /api/v1/measurements/{measurement_id}/recalculate",
    "GET /api/v1/tasks/{task_id}/status",
    "GET /api/v1/tasks/{task_id}",
    "POST /api/v1/tasks/{task_id}/cancel",
    "GET /api/v1/tasks/project/{project_id}",
    "GET /api/v1/assembly-templates",
    "GET /api/v1/assembly-templates/{template_id}",
    "POST /api/v1/conditions/{condition_id}/assembly",
    "GET /api/v1/conditions/{condition_id}/assembly",
    "GET /api/v1/assemblies/{assembly_id}",
    "PUT /api/v1/assemblies/{assembly_id}",
    "DELETE /api/v1/assemblies/{assembly_id}",
    "POST /api/v1/assemblies/{assembly_id}/calculate",
    "POST /api/v1/assemblies/{assembly_id}/lock",
    "POST /api/v1/assemblies/{assembly_id}/unlock",
    "POST /api/v1/assemblies/{assembly_id}/components",
    "PUT /api/v1/components/{component_id}",
    "DELETE /api/v1/components/{component_id}",
    "PUT /api/v1/assemblies/{assembly_id}/components/reorder",
    "POST /api/v1/formulas/validate",
    "GET /api/v1/formulas/presets",
    "GET /api/v1/formulas/help",
    "GET /api/v1/projects/{project_id}/cost-summary",
    "POST /api/v1/pages/{page_id}/auto-count",
    "GET /api/v1/auto-count-sessions/{session_id}",
    "PATCH /api/v1/auto-count-sessions/{session_id}",
    "GET /api/v1/pages/{page_id}/auto-count-sessions",
    "GET /api/v1/pages/{page_id}/symbols",
    "GET /api/v1/pages/{page_id}/crop",
    "POST /api/v1/auto-count-detections/{detection_id}/confirm",
    "POST /api/v1/auto-count-detections/{detection_id}/reject",
    "POST /api/v1/auto-count-sessions/{session_id}/bulk-confirm",
    "POST /api/v1/auto-count-sessions/{session_id}/create-measurements",
    "GET /api/v1/files/pages/{page_id}/image.png",
    "GET /api/v1/files/pages/{page_id}/thumbnail.png",
    "GET /api/v1/files/documents/{document_id}/original",
    "GET /api/v1/admin/node",
    "GET /api/v1/admin/nodes",
    "POST /api/v1/admin/nodes/{name}/drain",
    "GET /api/v1/admin/schedule",
    "GET /api/v1/admin/config",
    "POST /api/v1/admin/reload",
    "GET /api/v1/admin/jobs",
    "GET /api/v1/admin/jobs/{job_id}",
    "POST /api/v1/admin/jobs/{job_id}/retry",
    "POST /api/v1/admin/jobs/{job_id}/cancel",
    "POST /api/v1/admin/jobs/{job_id}/discard",
    "POST /api/v1/admin/dead-jobs/retry",
    "POST /api/v1/admin/dead-jobs/discard",
    "GET /api/v1/admin/pauses",
    "POST /api/v1/admin/pause",
    "POST /api/v1/admin/resume",
    "PUT /api/v1/admin/projects/{project_id}/weight",
    "GET /health",
    "GET /ready",
    "GET /version",
    "GET /metrics",
    "GET /openapi.json",
];

/// `GET /path` of every operation that the document lists.
pub(crate) fn listed() -> BTreeSet<String> {
    let (_, mut api) = route::routes(true);
    let mut listed = BTreeSet::new();
    for (path, item) in &mut api.paths.paths {
        for (method, _) in operations(item) {
            let method = serde_json::to_value(method).unwrap();
            listed.insert(format!("{} {path}", method.as_str().unwrap().to_uppercase()));
        }
    }
    listed
}

fn document() -> Value {
    let (_, api) = route::routes(true);
    serde_json::from_str(&api.to_json().unwrap()).unwrap()
}

#[test]
fn the_document_lists_the_routes_of_the_contract_and_no_others() {
    let wanted: BTreeSet<String> = ROUTES.iter().map(|r| (*r).to_owned()).collect();
    let listed = listed();
    assert_eq!(listed.difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the contract");
    assert_eq!(wanted.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "not listed");
}

#[test]
fn the_document_is_openapi_3_1_without_dangling_references() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{name} is referred to but not defined");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|v| collect(v, references));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, references)),
        _ => {}
    }
}

#[test]
fn operations_have_unique_ids_and_their_path_parameters() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            let empty = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&empty);
            for name in path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')) {
                let found = parameters.iter().any(|p| p["name"] == name && p["in"] == "path");
                assert!(found, "{method} {path} lacks {name}");
            }
            assert!(!operation["responses"].as_object().unwrap().is_empty());
        }
    }
}

#[test]
fn answers_promise_every_field_and_requests_only_what_they_need() {
    let document = document();
    let required = |schema: &str| -> BTreeSet<String> {
        let list = document["components"]["schemas"][schema]["required"].as_array().unwrap();
        list.iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    assert!(required("Page").contains("scale_value"));
    assert!(required("Measurement").contains("ai_model"));
    assert_eq!(required("CreateProject"), BTreeSet::from(["name".to_owned()]));
    assert!(!required("ParsedScale").contains("bbox"));
}

/// Schemas go by the names of types, and the last of two of one name stands for both.
#[test]
fn what_a_count_found_and_what_a_scale_is_are_told_apart() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let referred = |schema: &str, field: &str| -> Value {
        let (mut references, schema_of) = (Vec::new(), &schemas[schema]);
        // Some are made of several.
        let parts = schema_of["allOf"].as_array().map_or(vec![schema_of], |all| all.iter().collect());
        parts.iter().for_each(|part| collect(&part["properties"][field], &mut references));
        let [reference] = &references[..] else { panic!("{schema}.{field}: {references:?}") };
        schemas[reference.rsplit('/').next().unwrap()].clone()
    };
    let has = |schema: &Value, field: &str| schema.to_string().contains(&format!("\"{field}\":{{"));
    for field in ["detections", "near_misses"] {
        let detection = referred("SessionDetail", field);
        assert!(["bbox", "confidence", "coverage"].iter().all(|f| has(&detection, f)), "{detection}");
    }
    let scale = referred("Page", "scale_calibration_data");
    assert!(has(&scale, "best_scale") && !has(&scale, "coverage"), "{scale}");
}

/// No two types of the wire have one name.
#[test]
fn no_schema_takes_the_name_of_another() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let (mut files, mut names) = (vec![std::path::PathBuf::from(sources)], BTreeSet::new());
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (k, _) in
            lines.iter().enumerate().filter(|(_, l)| l.contains("derive(") && l.contains("ToSchema"))
        {
            let named =
                lines[k..].iter().find_map(|l| l.split_once("struct ").or_else(|| l.split_once("enum ")));
            let name = named.unwrap().1.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is in {} and elsewhere", path.display());
        }
    }
    assert!(names.len() > 100, "{}", names.len());
}

/// What no node can do is not offered.
#[test]
fn no_vision_model_is_promised() {
    let document = document();
    let request = &document["components"]["schemas"]["StartAutoCount"]["properties"];
    assert_eq!(request["detection_method"]["pattern"], "^(template|hybrid)$");
    assert!(!request.to_string().contains("llm"), "{request}");
}
