//! Scale and measurements.

use serde_json::{Value, json};

use crate::support::{Reply, Server};

#[tokio::test]
async fn a_page_is_measured_once_it_has_a_scale() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    let slab = json!({"name": "SOG", "measurement_type": "area", "unit": "SF"});
    let condition = server.condition(&project, slab).await;
    let square =
        json!({"points": [{"x": 0, "y": 0}, {"x": 400, "y": 0}, {"x": 400, "y": 250}, {"x": 0, "y": 250}]});
    let body = json!({"page_id": page.to_string(), "geometry_type": "polygon", "geometry_data": square});
    let path = format!("/conditions/{condition}/measurements");
    assert!(server.post(&path, body.clone()).await.detail(400).contains("scale"));

    let scale = format!("/pages/{page}/scale");
    assert_eq!(
        server.put(&scale, json!({"scale_value": 0})).await.problems(),
        ["greater_than at body.scale_value"]
    );
    assert_eq!(
        server.put(&scale, json!({"scale_value": true})).await.problems(),
        ["float_type at body.scale_value"]
    );
    for value in [1e308, 1e9, 1e-5, 1e-320] {
        let reply = server.put(&scale, json!({"scale_value": value})).await;
        assert_eq!(reply.problems(), ["value_error at body.scale_value"], "{value}");
    }
    let meters = json!({"scale_value": 10, "scale_unit": "meter"});
    assert_eq!(server.put(&scale, meters).await.problems(), ["literal_error at body.scale_unit"]);
    let feet = server.put(&scale, json!({"scale_value": 10, "scale_unit": "ft"})).await.expect(200);
    assert_eq!(feet["scale_unit"], "ft", "the label stays as given");
    assert_eq!(server.get(&format!("/pages/{page}")).await.expect(200)["scale_unit"], "ft");
    let set = server.put(&scale, json!({"scale_value": "10"})).await.expect(200);
    assert_eq!(
        set,
        json!({"status": "success", "page_id": page.to_string(), "scale_value": 10.0, "scale_unit": "foot", "scale_calibrated": true})
    );
    let made = server.post(&path, body).await.expect(201);
    assert_eq!(
        (&made["quantity"], &made["unit"], &made["pixel_area"]),
        (&json!(1000.0), &json!("SF"), &json!(100_000.0))
    );
    let detail = server.get(&format!("/projects/{project}/conditions/{condition}")).await.expect(200);
    assert_eq!((&detail["total_quantity"], &detail["measurement_count"]), (&json!(1000.0), &json!(1)));
    assert_eq!(detail["measurements"][0]["id"], made["id"]);

    // A new scale recalculates what depends on it.
    server.put(&scale, json!({"scale_value": 20})).await.expect(200);
    let one = format!("/measurements/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&one).await.expect(200)["quantity"], 250.0);
    assert_eq!(server.get(&format!("/pages/{page}/measurements")).await.expect(200)["total"], 1);

    let notes = server.put(&one, json!({"notes": "by the stairs"})).await.expect(200);
    assert_eq!((&notes["notes"], &notes["is_modified"]), (&json!("by the stairs"), &json!(false)));
    let half = json!({"points": [{"x": 0, "y": 0}, {"x": 400, "y": 0}, {"x": 400, "y": 250}]});
    let moved = server.put(&one, json!({"geometry_data": half, "notes": null})).await.expect(200);
    assert_eq!((&moved["notes"], &moved["is_modified"]), (&json!("by the stairs"), &json!(true)));
    assert_eq!(moved["quantity"], 125.0);
    assert_eq!(server.act(&format!("{one}/recalculate")).await.expect(200)["quantity"], 125.0);

    assert_eq!(server.delete(&one).await.status, 204);
    server.delete(&one).await.detail(404);
    server.put(&one, json!({})).await.detail(404);
    server.act(&format!("{one}/recalculate")).await.detail(404);
    let detail = server.get(&format!("/projects/{project}/conditions/{condition}")).await.expect(200);
    assert_eq!((&detail["total_quantity"], &detail["measurement_count"]), (&json!(0.0), &json!(0)));
}

#[tokio::test]
async fn measurements_that_cannot_be_made() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10})).await.expect(200);
    let condition =
        server.condition(&project, json!({"name": "WC", "measurement_type": "count", "unit": "EA"})).await;
    let path = format!("/conditions/{condition}/measurements");
    let with = |kind: &str, data: Value| json!({"page_id": page.to_string(), "geometry_type": kind, "geometry_data": data});
    server.post(&path, with("blob", json!({}))).await.detail(400);
    server.post(&path, with("point", json!({"x": 1}))).await.detail(400);
    server.post(&path, with("polygon", json!({"points": []}))).await.detail(400);
    let problems = server.post(&path, json!({"page_id": 7, "geometry_data": []})).await.problems();
    assert_eq!(
        problems,
        ["uuid_type at body.page_id", "missing at body.geometry_type", "dict_type at body.geometry_data"]
    );
    let unknown = "/conditions/00000000-0000-4000-8000-000000000000/measurements";
    server.post(unknown, with("point", json!({"x": 1, "y": 1}))).await.detail(400);
    let elsewhere = server.project().await;
    let foreign = server.condition(&elsewhere, json!({"name": "x", "measurement_type": "count"})).await;
    let reply = server
        .post(&format!("/conditions/{foreign}/measurements"), with("point", json!({"x": 1, "y": 1})))
        .await;
    reply.detail(400);
}

#[tokio::test]
async fn scales_are_calibrated_copied_and_given_to_many_pages() {
    let server = Server::start().await;
    let project = server.project().await;
    let (a, b) = (server.page(&project, b"a").await.id, server.page(&project, b"b").await.id);
    let calibrate = format!("/pages/{a}/calibrate");
    assert_eq!(
        server.act(&format!("{calibrate}?pixel_distance=x&real_unit=mile")).await.problems(),
        [
            "float_parsing at query.pixel_distance",
            "missing at query.real_distance",
            "literal_error at query.real_unit"
        ]
    );
    server.act(&format!("{calibrate}?pixel_distance=0&real_distance=1")).await.detail(400);
    let far = server.act(&format!("{calibrate}?pixel_distance=1e200&real_distance=1")).await.detail(400);
    assert!(far.contains("10:1 to 1:100000"), "{far}");
    // The client sends a JSON null with it.
    let done = server
        .post(&format!("{calibrate}?pixel_distance=375&real_distance=120&real_unit=inch"), Value::Null)
        .await;
    let done = done.expect(200);
    assert_eq!((&done["pixels_per_foot"], &done["estimated_scale_ratio"]), (&json!(37.5), &json!(48.0)));

    let copy = server.act(&format!("/pages/{b}/copy-scale-from/{a}")).await.expect(200);
    assert_eq!((&copy["scale_value"], &copy["copied_from"]), (&json!(37.5), &json!(a.to_string())));
    let detail = server.get(&format!("/pages/{b}")).await.expect(200);
    assert_eq!(detail["scale_calibration_data"]["copied_from"], a.to_string());
    let fresh = server.page(&project, b"c").await.id;
    assert!(server.act(&format!("/pages/{a}/copy-scale-from/{fresh}")).await.detail(400).contains("scale"));

    let unknown = "00000000-0000-4000-8000-000000000000";
    let body = json!({"page_ids": [a.to_string(), unknown], "scale_value": 18.75});
    let batch = server.post("/pages/batch-scale", body).await.expect(200);
    assert_eq!((&batch["count"], &batch["updated_pages"]), (&json!(1), &json!([a.to_string()])));
    assert_eq!(batch["missing_ids"], json!([unknown]));
    let body = json!({"page_ids": [a.to_string(), b.to_string()], "scale_value": 18.75});
    let batch = server.post("/pages/batch-scale", body).await.expect(200);
    assert_eq!(batch.get("missing_ids"), None);
    server.post("/pages/batch-scale", json!({"page_ids": [unknown], "scale_value": 1})).await.detail(404);
    assert_eq!(
        server.post("/pages/batch-scale", json!({"page_ids": ["x"], "scale_value": -1})).await.problems(),
        ["uuid_parsing at body.page_ids.0", "greater_than at body.scale_value"]
    );
    for (value, problem) in [(json!(true), "float_type"), (json!(1e9), "value_error")] {
        let body = json!({"page_ids": [a.to_string()], "scale_value": value});
        let problems = server.post("/pages/batch-scale", body).await.problems();
        assert_eq!(problems, [format!("{problem} at body.scale_value")]);
    }
    let body = json!({"page_ids": [a.to_string()], "scale_value": 18.75, "scale_text": "1:50"});
    let said = server.post("/pages/batch-scale", body).await.detail(400);
    assert!(said.contains("36 px/ft on pages shown at 150 dpi"), "{said}");

    let other = server.project().await;
    let stranger = server.page(&other, b"d").await.id;
    let said = server.act(&format!("/pages/{stranger}/copy-scale-from/{a}")).await.detail(400);
    assert!(said.contains("project"), "{said}");
    let body = json!({"page_ids": [a.to_string(), stranger.to_string()], "scale_value": 20});
    assert!(server.post("/pages/batch-scale", body).await.detail(400).contains("project"));
    let untouched = server.get(&format!("/pages/{stranger}")).await.expect(200);
    assert_eq!(untouched["scale_calibrated"], false);
}

#[tokio::test]
async fn a_detection_is_processing_until_it_ends() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    let status = format!("/pages/{page}/scale-detection-status");
    assert_eq!(server.get(&status).await.expect(200)["status"], "complete");
    // No stage of this node detects scales, so the job stays where it is.
    let url = server.url(&format!("/api/v1/pages/{page}/detect-scale"));
    let queued = server.client.post(url).header("x-request-id", "trace-9").send().await.unwrap();
    let queued = Reply::of(queued).await.expect(202);
    assert_eq!((&queued["status"], &queued["page_id"]), (&json!("queued"), &json!(page.to_string())));
    assert_eq!(server.get(&status).await.expect(200)["status"], "processing");
    let task = server.get(&format!("/tasks/{}", queued["task_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&task["status"], &task["task_type"]), (&json!("PENDING"), &json!("scale_detection")));
    let job = queued["task_id"].as_str().unwrap().parse().unwrap();
    let job = server.handle.catalog().job(server.handle.tenant(), job).await.unwrap().unwrap();
    assert_eq!(job.request_id.as_deref(), Some("trace-9"), "the job's logs name the request that caused it");
}
