use reqwest::Method;
use serde_json::{Value, json};

use takeoff_core::model::{Document, DocumentStatus};
use takeoff_storage::{Batch, Stored, get};

use crate::support::Server;

#[tokio::test]
async fn both_forms_of_the_collection_work() {
    let server = Server::start().await;
    let body = json!({"name": "A", "project_address": "", "client_name": null});
    let first = server.post("/projects", body.clone()).await.expect(201);
    let second = server.post("/projects/", body).await.expect(201);
    assert_eq!(first["project_address"], "");
    assert_eq!(first["document_count"], 0);
    assert_eq!(first["status"], "draft");
    for path in ["/projects", "/projects/"] {
        let all = server.get(path).await.expect(200);
        let ids: Vec<&Value> = all.as_array().unwrap().iter().map(|p| &p["id"]).collect();
        assert_eq!(ids, [&second["id"], &first["id"]], "newest first");
    }
    let one = server.get(&format!("/projects/{}", first["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(one, first);
}

#[tokio::test]
async fn unknown_and_malformed_ids() {
    let server = Server::start().await;
    assert_eq!(server.get("/projects/nope").await.problems(), ["uuid_parsing at path.project_id"]);
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert!(server.get(&format!("/projects/{unknown}")).await.detail(404).contains("not found"));
    server.get(&format!("/projects/{unknown}/documents")).await.detail(404);
    server.get(&format!("/projects/{unknown}/sheets")).await.detail(404);
    let empty = server.get(&format!("/documents/{unknown}/pages")).await.expect(200);
    assert_eq!(empty, json!({"pages": [], "total": 0}));
    let empty = server.get(&format!("/projects/{unknown}/conditions")).await.expect(200);
    assert_eq!(empty, json!({"conditions": [], "total": 0}));
    let zeros = server.get(&format!("/projects/{unknown}/cost-summary")).await.expect(200);
    assert_eq!(zeros["total_cost"], "0.00");
    let none = server.get(&format!("/conditions/{unknown}/measurements")).await.expect(200);
    assert_eq!(none["total"], 0);
    let null = server.get(&format!("/conditions/{unknown}/assembly")).await;
    assert_eq!(null.expect(200), Value::Null);
}

#[tokio::test]
async fn a_project_is_named_and_its_status_is_a_known_one() {
    let server = Server::start().await;
    for (body, problem) in [
        (json!({"name": ""}), "string_too_short at body.name"),
        (json!({"name": " \u{a0}"}), "string_too_short at body.name"),
        (json!({"name": "a\r\nset-cookie: b"}), "value_error at body.name"),
        (json!({"name": "a", "client_name": "b\u{1b}[2J"}), "value_error at body.client_name"),
        (json!({"name": "a", "status": "won"}), "literal_error at body.status"),
    ] {
        assert_eq!(server.post("/projects", body.clone()).await.problems(), [problem], "{body}");
    }
    assert_eq!(server.get("/projects").await.expect(200), json!([]));
    let made = server.post("/projects", json!({"name": "a", "status": "in_progress"})).await.expect(201);
    assert_eq!(made["status"], "in_progress");
}

#[tokio::test]
async fn a_project_is_changed_and_null_clears() {
    let server = Server::start().await;
    let body = json!({"name": "A", "description": "d", "client_name": "c", "project_address": "x"});
    let made = server.post("/projects", body).await.expect(201);
    let path = format!("/projects/{}", made["id"].as_str().unwrap());
    let patch = json!({"name": "B", "description": null, "client_name": null, "status": "archived"});
    let changed = server.put(&path, patch).await.expect(200);
    assert_eq!((&changed["name"], &changed["status"]), (&json!("B"), &json!("archived")));
    assert_eq!((&changed["description"], &changed["client_name"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["project_address"], &changed["created_at"]), (&json!("x"), &made["created_at"]));
    assert_eq!(server.get(&path).await.expect(200), changed);
    let wrong = server.put(&path, json!({"name": " ", "status": "won"})).await;
    assert_eq!(wrong.problems(), ["string_too_short at body.name", "literal_error at body.status"]);
    assert_eq!(server.put(&path, json!({"name": null, "status": null})).await.expect(200)["name"], "B");
    server.put("/projects/00000000-0000-4000-8000-000000000000", json!({})).await.detail(404);
}

#[tokio::test]
async fn numbers_are_named_briefly_in_refusals() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    let long = "9".repeat(300);
    let body = format!("{{\"scale_value\": -{long}}}");
    let request = server.client.put(server.url(&format!("/api/v1/pages/{page}/scale")));
    let reply = request.header("content-type", "application/json").body(body).send().await.unwrap();
    assert!(reply.status().is_client_error());
    let said = reply.text().await.unwrap();
    assert!(!said.contains(&"9".repeat(60)) && !said.contains(&"0".repeat(60)), "{said}");
}

/// What was read of a set before it was cancelled, or before it failed, is no set.
#[tokio::test]
async fn sheets_of_a_failed_document_are_not_offered() {
    let server = Server::start().await;
    let project = server.project().await;
    let (good, bad) = (server.page(&project, b"png").await, server.page(&project, b"png").await);
    assert_eq!(server.get(&format!("/projects/{project}/sheets")).await.expect(200)["total"], 2);
    let tenant = server.handle.tenant();
    let stored: Stored<Document> =
        get(server.handle.catalog(), tenant, bad.document_id).await.unwrap().expect("a document");
    let failed = Document { status: DocumentStatus::Error, ..stored.value };
    let mut batch = Batch::new(tenant);
    batch.update(stored.version, &failed);
    server.handle.commit(batch).await.unwrap();
    let sheets = server.get(&format!("/projects/{project}/sheets")).await.expect(200);
    assert_eq!(sheets["total"], 1);
    assert_eq!(sheets["groups"][0]["sheets"][0]["id"], good.id.to_string());
}

#[tokio::test]
async fn documents_and_sheets_of_a_project() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await;
    let documents = server.get(&format!("/projects/{project}/documents")).await.expect(200);
    assert_eq!((&documents["total"], &documents["documents"][0]["pages"]), (&json!(1), &json!([])));
    let document = server.get(&format!("/documents/{}", page.document_id)).await.expect(200);
    assert_eq!(document["pages"][0]["id"], page.id.to_string());
    let status = server.get(&format!("/documents/{}/status", page.document_id)).await.expect(200);
    assert_eq!(status, json!({"status": "ready", "page_count": 1, "error": null}));
    let sheets = server.get(&format!("/projects/{project}/sheets")).await.expect(200);
    assert_eq!(sheets["groups"][0]["group_name"], "Unclassified");
    assert_eq!(sheets["groups"][0]["sheets"][0]["sheet_number"], "A1.01");
    let project = server.get(&format!("/projects/{project}")).await.expect(200);
    assert_eq!(project["document_count"], 1);
}

#[tokio::test]
async fn conditions_are_made_listed_and_changed() {
    let server = Server::start().await;
    let project = server.project().await;
    let path = format!("/projects/{project}/conditions");
    let wrong = server.post(&path, json!({"measurement_type": "weight", "name": "n".repeat(256)})).await;
    assert_eq!(wrong.problems(), ["string_too_long at body.name", "literal_error at body.measurement_type"]);
    let wrong =
        json!({"name": "S", "measurement_type": "area", "depth": true, "thickness": -4, "line_width": false});
    assert_eq!(
        server.post(&path, wrong).await.problems(),
        ["int_type at body.line_width", "float_type at body.depth", "greater_than_equal at body.thickness"]
    );
    let slab = json!({"name": "4\" SOG", "measurement_type": "area", "unit": "SF", "depth": "4", "category": "slabs",
                      "extra_metadata": {"k": [1, 2]}});
    let slab = server.post(&path, slab).await.expect(201);
    assert_eq!(
        (&slab["color"], &slab["line_width"], &slab["scope"]),
        (&json!("#3B82F6"), &json!(2), &json!("concrete"))
    );
    assert_eq!((&slab["depth"], &slab["extra_metadata"]), (&json!(4.0), &json!({"k": [1, 2]})));
    server
        .condition(
            &project,
            json!({"name": "WC", "measurement_type": "count", "unit": "EA", "scope": "plumbing"}),
        )
        .await;

    assert_eq!(server.get(&path).await.expect(200)["total"], 2);
    let filtered = server.get(&format!("{path}?scope=plumbing")).await.expect(200);
    assert_eq!((&filtered["total"], &filtered["conditions"][0]["name"]), (&json!(1), &json!("WC")));
    assert_eq!(server.get(&format!("{path}?category=slabs")).await.expect(200)["total"], 1);

    let one = format!("{path}/{}", slab["id"].as_str().unwrap());
    let wrong = server.put(&one, json!({"depth": -1, "thickness": true})).await.problems();
    assert_eq!(wrong, ["greater_than_equal at body.depth", "float_type at body.thickness"]);
    let changed =
        server.put(&one, json!({"name": null, "depth": null, "is_visible": false})).await.expect(200);
    assert_eq!(changed["name"], "4\" SOG", "what may not be null stays");
    assert_eq!((&changed["depth"], &changed["is_visible"]), (&Value::Null, &json!(false)));
    assert_eq!(changed["category"], "slabs", "absent leaves");
    assert_eq!(server.get(&one).await.expect(200)["measurements"], json!([]));

    let other = server.project().await;
    let foreign = format!("/projects/{other}/conditions/{}", slab["id"].as_str().unwrap());
    server.get(&foreign).await.detail(404);
    server.put(&foreign, json!({})).await.detail(404);
    let unknown = "/api/v1/projects/00000000-0000-4000-8000-000000000000/conditions";
    let body = json!({"name": "x", "measurement_type": "count"});
    server.send(Method::POST, unknown, Some(body)).await.detail(404);
}

#[tokio::test]
async fn a_key_that_is_given_twice_has_no_value_on_any_route() {
    let server = Server::start().await;
    let project = server.project().await;
    for path in ["/projects".to_owned(), format!("/projects/{project}/conditions")] {
        let problems = server.get(&format!("{path}?limit=1&limit=2")).await.problems();
        assert_eq!(problems, ["value_error at query.limit"]);
        server.get(&format!("{path}?limit=1&other=2")).await.expect(200);
    }
}
