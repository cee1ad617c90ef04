//! Scale and measurements.

use serde_json::{Value, json};
use takeoff_commands::Ctx;

use crate::support::{Reply, Server};

#[tokio::test]
async fn a_text_alone_is_a_scale_and_one_that_is_none_is_refused() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    let scale = format!("/pages/{page}/scale");
    assert_eq!(
        server.put(&scale, json!({"scale_text": " "})).await.problems(),
        ["missing at body.scale_value"]
    );
    for (body, why) in [
        (json!({"scale_value": 18, "scale_text": "1/4"}), "no scale"),
        (json!({"scale_text": "site"}), "no scale"),
        (json!({"scale_value": 18, "scale_text": "NTS"}), "nothing is to scale"),
        (json!({"scale_value": 37.5, "scale_text": "1/100"}), "18 px/ft"),
        (json!({"scale_text": "1/4"}), "no scale"),
    ] {
        let said = server.put(&scale, body.clone()).await.detail(400);
        assert!(said.contains(why), "{body}: {said}");
    }
    let alone = server.put(&scale, json!({"scale_text": "1/100"})).await.expect(200);
    assert_eq!(alone["scale_value"], json!(18.0));
}

#[tokio::test]
async fn what_a_condition_takes_of_shapes_is_told_when_its_type_changes() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10})).await.expect(200);
    let condition = server.condition(&project, json!({"name": "Rooms", "measurement_type": "area"})).await;
    let room = json!({"page_id": page.to_string(), "geometry_type": "rectangle",
                      "geometry_data": {"x": 0, "y": 0, "width": 100, "height": 100}});
    let made = server.post(&format!("/conditions/{condition}/measurements"), room).await.expect(201);
    assert_eq!((&made["quantity"], &made["notice"]), (&json!(100.0), &json!(null)));
    let path = format!("/projects/{project}/conditions/{condition}");
    let linear = server.put(&path, json!({"measurement_type": "linear"})).await.expect(200);
    assert_eq!(linear["total_quantity"], 40.0);
    let said = linear["notice"].as_str().unwrap();
    assert!(said.starts_with("of 1 measurement: ") && said.contains("outline"), "{said}");
    let counts = server.put(&path, json!({"measurement_type": "count"})).await.expect(200);
    assert!(counts["notice"].as_str().unwrap().contains("one piece"), "{counts}");
    let again = server.put(&path, json!({"measurement_type": "area"})).await.expect(200);
    assert_eq!((&again["total_quantity"], &again["notice"]), (&json!(100.0), &json!(null)));
}

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
        json!({"status": "success", "page_id": page.to_string(), "scale_value": 10.0, "scale_unit": "foot", "scale_calibrated": true, "notice": null})
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

/// 600 by 300 px at 10 px a foot: 1,800 SF.
async fn square_under(server: &Server, condition: Value) -> (String, String, Value) {
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10})).await.expect(200);
    let condition = server.condition(&project, condition).await;
    let rectangle = json!({"x": 0, "y": 0, "width": 600, "height": 300});
    let body = json!({"page_id": page.to_string(), "geometry_type": "rectangle", "geometry_data": rectangle});
    let made = server.post(&format!("/conditions/{condition}/measurements"), body).await.expect(201);
    (format!("/projects/{project}/conditions/{condition}"), condition, made)
}

#[tokio::test]
async fn a_quantity_is_in_the_unit_that_stands_beside_it() {
    let server = Server::start().await;
    for (measurement_type, unit, code, quantity) in [
        ("area", json!("SF"), "SF", 1_800.0),
        ("area", json!("sq. yd"), "SY", 200.0),
        ("area", json!(null), "SF", 1_800.0),
        ("volume", json!("CF"), "CF", 600.0),
        ("volume", json!("CY"), "CY", 600.0 / 27.0),
        ("linear", json!("LY"), "LY", 60.0),
    ] {
        let body = json!({"name": "C", "measurement_type": measurement_type, "unit": unit, "depth": 4});
        let (path, _, made) = square_under(&server, body).await;
        assert_eq!((&made["quantity"], &made["unit"]), (&json!(quantity), &json!(code)), "{unit}");
        let condition = server.get(&path).await.expect(200);
        assert_eq!((&condition["total_quantity"], &condition["unit"]), (&json!(quantity), &json!(code)));
    }

    let project = server.project().await;
    let path = format!("/projects/{project}/conditions");
    for (measurement_type, unit) in [
        ("area", "LF"),
        ("area", "EA"),
        ("linear", "SF"),
        ("volume", "SY"),
        ("count", "SF"),
        ("area", "furlong"),
    ] {
        let body = json!({"name": "C", "measurement_type": measurement_type, "unit": unit});
        assert_eq!(server.post(&path, body).await.problems(), ["value_error at body.unit"], "{unit}");
    }
    for odd in [
        json!({"name": "a\u{1b}[2J", "measurement_type": "count"}),
        json!({"name": "  ", "measurement_type": "count"}),
        json!({"name": "C", "measurement_type": "count", "unit": "SE\nT"}),
        json!({"name": "C", "measurement_type": "count", "scope": "a\u{7}"}),
    ] {
        server.post(&path, odd).await.expect(422);
    }
    let default = server.post(&path, json!({"name": "C", "measurement_type": "volume"})).await.expect(201);
    assert_eq!(default["unit"], "CY", "the unit of the type, not one for all");
}

#[tokio::test]
async fn a_change_of_type_or_unit_converts_and_never_relabels() {
    let server = Server::start().await;
    let body = json!({"name": "Slab", "measurement_type": "area", "unit": "SF", "depth": 4});
    let (path, condition, _) = square_under(&server, body).await;
    let quantity =
        |c: &Value| (c["total_quantity"].as_f64().unwrap(), c["unit"].as_str().unwrap().to_owned());
    let yards = server.put(&path, json!({"unit": "SY"})).await.expect(200);
    assert_eq!(quantity(&yards), (200.0, "SY".to_owned()));
    let around = server.put(&path, json!({"measurement_type": "linear"})).await.expect(200);
    assert_eq!(quantity(&around), (180.0, "LF".to_owned()), "a new type brings its unit");
    assert!(server.put(&path, json!({"unit": "SF"})).await.detail(400).contains("length"));
    let wrong = json!({"measurement_type": "area", "unit": "LF"});
    assert_eq!(server.put(&path, wrong).await.problems(), ["value_error at body.unit"]);
    let back = server.put(&path, json!({"measurement_type": "area", "unit": "sy"})).await.expect(200);
    assert_eq!(quantity(&back), (200.0, "SY".to_owned()));

    // Formulas are for the unit that they were written for, and so are templates.
    let ctx = Ctx::new(&server.handle, server.handle.tenant(), None);
    takeoff_commands::templates::seed(&ctx).await.unwrap();
    let templates = server.get("/assembly-templates").await.expect(200);
    let of_area = templates.as_array().unwrap().iter().find(|t| t["expected_unit"] == "SF").unwrap();
    let assembly = format!("/conditions/{condition}/assembly");
    let body = json!({"template_id": of_area["id"]});
    assert!(server.post(&assembly, body.clone()).await.detail(400).contains("SY"));
    server.put(&path, json!({"unit": "SF"})).await.expect(200);
    let made = server.post(&assembly, body).await.expect(201);
    assert!(!made["components"].as_array().unwrap().is_empty());
    for change in [json!({"unit": "SY"}), json!({"measurement_type": "linear"})] {
        assert!(server.put(&path, change).await.detail(400).contains("assembly"));
    }
    server.put(&path, json!({"unit": "sf", "name": "Slab on grade"})).await.expect(200);
    assert_eq!(quantity(&server.get(&path).await.expect(200)), (1_800.0, "SF".to_owned()));
}

#[tokio::test]
async fn formulas_see_the_volume_whatever_the_unit() {
    let server = Server::start().await;
    for (measurement_type, unit) in [("area", "SF"), ("area", "SY"), ("volume", "CY"), ("volume", "CF")] {
        let body = json!({"name": "Slab", "measurement_type": measurement_type, "unit": unit, "depth": 4});
        let (_, condition, _) = square_under(&server, body).await;
        let made = server.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
        let component =
            json!({"name": "Concrete", "unit": "CF", "unit_cost": 1, "quantity_formula": "{volume_cf}"});
        let path = format!("/assemblies/{}", made["id"].as_str().unwrap());
        server.post(&format!("{path}/components"), component).await.expect(201);
        let priced = server.act(&format!("{path}/calculate")).await.expect(200);
        assert_eq!(priced["total_cost"], "600.00", "{measurement_type} in {unit}");
    }
}

#[tokio::test]
async fn a_clients_own_data_is_bounded() {
    let server = Server::start().await;
    let body = json!({"name": "Slab", "measurement_type": "area"});
    let (path, condition, made) = square_under(&server, body).await;
    let padded = |bytes: usize| json!({"note": "x".repeat(bytes)});
    server.put(&path, json!({"extra_metadata": padded(60_000)})).await.expect(200);
    let refused = server.put(&path, json!({"extra_metadata": padded(70_000)})).await.detail(400);
    assert!(refused.contains("extra_metadata") && refused.contains("65536"), "{refused}");
    let mut geometry = json!({"x": 0, "y": 0, "width": 6, "height": 3});
    geometry["note"] = json!("x".repeat(1_100_000));
    let body = json!({"page_id": made["page_id"], "geometry_type": "rectangle", "geometry_data": geometry});
    let refused = server.post(&format!("/conditions/{condition}/measurements"), body).await.detail(400);
    assert!(refused.contains("geometry_data"), "{refused}");
}

#[tokio::test]
async fn a_shape_that_is_there_twice_is_told_and_the_list_of_pages_shows_scales() {
    let server = Server::start().await;
    let (path, condition, made) =
        square_under(&server, json!({"name": "Slab", "measurement_type": "area"})).await;
    assert_eq!(made["notice"], Value::Null);
    let again = |data: Value, kind: &str| {
        let body = json!({"page_id": made["page_id"], "geometry_type": kind, "geometry_data": data});
        let path = format!("/conditions/{condition}/measurements");
        let server = &server;
        async move { server.post(&path, body).await.expect(201) }
    };
    let corners = [(600, 0), (600, 300), (0, 300), (0, 0)].map(|(x, y)| json!({"x": x, "y": y}));
    let twice = again(json!({"points": corners}), "polygon").await;
    let notice = twice["notice"].as_str().unwrap();
    assert!(notice.contains(made["id"].as_str().unwrap()) && notice.contains("both count"), "{notice}");
    assert_eq!(server.get(&path).await.expect(200)["total_quantity"], 3_600.0);
    let other = again(json!({"x": 0, "y": 0, "width": 600, "height": 290}), "rectangle").await;
    assert_eq!(other["notice"], Value::Null);

    let page = server.get(&format!("/pages/{}", made["page_id"].as_str().unwrap())).await.expect(200);
    let document = page["document_id"].as_str().unwrap();
    let rows = server.get(&format!("/documents/{document}/pages")).await.expect(200);
    assert_eq!(rows["pages"][0]["scale_value"], 10.0);
}
