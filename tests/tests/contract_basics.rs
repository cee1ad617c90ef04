//! Projects, errors, CORS, health: what every client relies on.

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Node, problems};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_made_and_read_in_both_forms() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let body =
        json!({"name": "Warehouse 7", "description": "Shell", "project_address": "1 Dock Rd", "unknown": 1});
    let made = c.post("/projects", body.clone()).await.expect(201);
    assert_eq!(made["project_address"], "1 Dock Rd");
    assert_eq!(made["client_name"], Value::Null);
    assert_eq!(made["status"], "draft");
    assert_eq!(made["document_count"], 0);
    let stamp = made["created_at"].as_str().unwrap();
    assert!(stamp.ends_with('Z') && stamp.len() == 27, "{stamp}");
    let second = c.post("/projects/", body).await.expect(201);
    for path in ["/projects", "/projects/"] {
        let list = c.get(path).await.expect(200);
        let ids: Vec<&Value> = list.as_array().unwrap().iter().map(|p| &p["id"]).collect();
        assert_eq!(ids, [&second["id"], &made["id"]], "newest first");
    }
    let path = format!("/projects/{}", made["id"].as_str().unwrap());
    assert_eq!(c.get(&path).await.expect(200), made);
    let gone = c.get(&format!("/projects/{NOBODY}")).await.expect(404);
    assert_eq!(gone, json!({"detail": "Project not found"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_say_what_and_where() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let missing = c.post("/projects", json!({})).await.expect(422);
    assert_eq!(problems(&missing), [("missing".to_owned(), "body.name".to_owned())]);
    let wrong = c.post("/projects", json!({"name": 5, "description": []})).await.expect(422);
    let wrong = problems(&wrong);
    assert_eq!(wrong.len(), 2, "every problem at once: {wrong:?}");
    assert!(wrong.iter().all(|(code, _)| code == "string_type"));
    let long = c.post("/projects", json!({"name": "x".repeat(256)})).await.expect(422);
    assert_eq!(problems(&long)[0].0, "string_too_long");
    let path = c.get("/projects/not-an-id").await.expect(422);
    assert_eq!(problems(&path), [("uuid_parsing".to_owned(), "path.project_id".to_owned())]);

    let broken =
        c.request(Method::POST, "/projects").header("content-type", "application/json").body("{\"name\": ");
    let broken = broken.send().await.unwrap();
    assert_eq!(broken.status(), 422);
    let broken: Value = broken.json().await.unwrap();
    assert_eq!(broken["detail"][0]["type"], "json_invalid");
    assert_eq!(broken["detail"][0]["loc"][0], "body");
    assert!(broken["detail"][0]["loc"][1].is_u64(), "{broken}");

    assert_eq!(c.get("/nothing/here").await.expect(404), json!({"detail": "Not Found"}));
    assert_eq!(c.delete("/projects").await.expect(405), json!({"detail": "Method Not Allowed"}));
    let deep = "[".repeat(200_000);
    let deep = c.request(Method::POST, "/projects").header("content-type", "application/json").body(deep);
    assert_eq!(deep.send().await.unwrap().status(), 422, "nesting without end is refused");
    let huge = json!({"name": "x", "description": "y".repeat(20 * 1024 * 1024)});
    assert_eq!(c.post("/projects", huge).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_client_is_let_in_from_its_origins_only() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let preflight = c
        .request(Method::OPTIONS, "/projects")
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .send()
        .await
        .unwrap();
    assert!(preflight.status().is_success());
    let header = |r: &reqwest::Response, name: &str| {
        r.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(header(&preflight, "access-control-allow-origin"), "http://localhost:5173");
    assert_eq!(header(&preflight, "access-control-allow-credentials"), "true");
    assert_eq!(header(&preflight, "access-control-max-age"), "600");
    let methods = header(&preflight, "access-control-allow-methods");
    for method in ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] {
        assert!(methods.contains(method), "{methods}");
    }
    let error =
        c.request(Method::GET, "/nothing").header("origin", "http://localhost:3000").send().await.unwrap();
    assert_eq!(header(&error, "access-control-allow-origin"), "http://localhost:3000", "errors too");
    assert!(header(&error, "vary").to_lowercase().contains("origin"));
    let other =
        c.request(Method::GET, "/projects").header("origin", "http://evil.example").send().await.unwrap();
    assert_eq!(header(&other, "access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_carry_an_id_and_the_node_shows_itself() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let given = c.request(Method::GET, "/health").header("x-request-id", "abc-123").send().await.unwrap();
    assert_eq!(given.headers()["x-request-id"], "abc-123");
    let made = c.request(Method::GET, "/health").send().await.unwrap();
    assert!(made.headers()["x-request-id"].len() >= 16);

    assert_eq!(c.get("/health").await.expect(200)["status"], "healthy");
    assert_eq!(c.get("//version").await.expect(200)["version"], takeoff_core::ENGINE_VERSION);
    let view = c.get("/admin/node").await.expect(200);
    let actors: Vec<&str> =
        view["actors"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    for stage in ["ingest", "detect_scale", "auto_count", "run_assembly"] {
        assert!(actors.iter().any(|a| a.contains(stage)), "{stage} is missing in {actors:?}");
    }
    let openapi = c.get("//openapi.json").await.expect(200);
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(openapi["paths"]["/api/v1/pages/{page_id}/auto-count"]["post"].is_object());

    let metrics = c.request(Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    for name in [
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "http_active_connections",
        "process_start_time_seconds",
    ] {
        assert!(metrics.contains(name), "{name} is missing in\n{metrics}");
    }
    assert!(metrics.contains("endpoint=\"/api/v1/health\""), "the route's template is the label\n{metrics}");
}
