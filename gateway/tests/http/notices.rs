//! What would be a wrong number without a word: it is refused, or the answer says so.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, header};
use serde_json::{Value, json};
use takeoff_core::model::{Index, Kind, TenantId};
use takeoff_storage::Batch;
use takeoff_storage::catalog::{NewRecord, Op};

use crate::support::{Reply, Server};

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap_or_else(|| panic!("no id: {of}"))
}

/// A page of 10 pixels per foot.
struct Scaled(String);

impl Scaled {
    async fn of(server: &Server, project: &str) -> Self {
        let page = server.page(project, b"png").await.id.to_string();
        server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10})).await.expect(200);
        Self(page)
    }

    /// The body of a measurement on it.
    fn shape(&self, kind: &str, data: Value) -> Value {
        json!({"page_id": self.0, "geometry_type": kind, "geometry_data": data})
    }
}

fn rectangle() -> Value {
    json!({"x": 100, "y": 100, "width": 100, "height": 50})
}

#[tokio::test]
async fn a_price_that_nothing_gives_is_an_error_wherever_it_is_shown() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    server
        .post(&format!("/conditions/{condition}/measurements"), page.shape("rectangle", rectangle()))
        .await
        .expect(201);
    let made = server.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let assembly = format!("/assemblies/{}", id(&made));
    let component =
        |formula: &str| json!({"name": "C", "unit": "CY", "unit_cost": 165, "quantity_formula": formula});
    let line = server.post(&format!("{assembly}/components"), component("{volume_cy}")).await.expect(201);
    let why = "The formula reads {volume_cy}: the condition has no depth, set its `depth` in inches";
    assert_eq!((&line["error"], &line["extended_cost"]), (&json!(why), &json!("0.00")));
    let priced = server.act(&format!("{assembly}/calculate")).await.expect(200);
    assert_eq!((&priced["components_in_error"], &priced["components"][0]["error"]), (&json!(1), &json!(why)));
    let summary = format!("/projects/{project}/cost-summary");
    let lacking = server.get(&summary).await.expect(200);
    assert_eq!(lacking["components_in_error"], 1);
    assert!(lacking["notice"].as_str().unwrap().contains("lack 1 component"), "{lacking}");
    let path = format!("/projects/{project}/conditions/{condition}");
    server.put(&path, json!({"depth": 6})).await.expect(200);
    let whole = server.get(&summary).await.expect(200);
    assert_eq!((&whole["components_in_error"], &whole["notice"]), (&json!(0), &Value::Null));
    assert_eq!(whole["total_cost"], format!("{:.2}", 50.0 * 0.5 / 27.0 * 165.0));
    server.put(&path, json!({"depth": null})).await.expect(200);
    assert_eq!(server.get(&summary).await.expect(200)["components_in_error"], 1, "and gone again");
}

#[tokio::test]
async fn a_locked_price_says_what_it_was_made_for_when_its_condition_changed() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    let list = format!("/conditions/{condition}/measurements");
    server.post(&list, page.shape("rectangle", rectangle())).await.expect(201);
    let of_condition = format!("/conditions/{condition}/assembly");
    let made = server.post(&of_condition, json!({"default_waste_percent": 0})).await.expect(201);
    let assembly = format!("/assemblies/{}", id(&made));
    let line = json!({"name": "C", "unit": "SF", "unit_cost": 2});
    server.post(&format!("{assembly}/components"), line).await.expect(201);
    let locked = server.act(&format!("{assembly}/lock")).await.expect(200);
    assert_eq!((&locked["total_cost"], &locked["notice"]), (&json!("100.00"), &Value::Null));
    let summary = format!("/projects/{project}/cost-summary");
    assert_eq!(server.get(&summary).await.expect(200)["notice"], Value::Null);
    let more = json!({"x": 300, "y": 100, "width": 100, "height": 20});
    server.post(&list, page.shape("rectangle", more)).await.expect(201);
    let said = "locked at 50 SF; the condition now measures 70 SF";
    let says = |of: &Value| of["notice"].as_str().is_some_and(|n| n.starts_with(said));
    for path in [&assembly, &of_condition] {
        let read = server.get(path).await.expect(200);
        assert!(says(&read) && read["total_cost"] == "100.00", "{read}");
    }
    assert!(says(&server.act(&format!("{assembly}/lock")).await.expect(200)), "locked already");
    let sums = server.get(&summary).await.expect(200);
    assert!(sums["notice"].as_str().unwrap().contains(&format!("\"Slab\": {said}")), "{sums}");
    let open = server.act(&format!("{assembly}/unlock")).await.expect(200);
    assert_eq!((&open["total_cost"], &open["notice"]), (&json!("140.00"), &Value::Null));
    assert_eq!(server.get(&summary).await.expect(200)["notice"], Value::Null);
}

#[tokio::test]
async fn a_volume_without_a_depth_is_no_quiet_zero() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let body = json!({"name": "Pad", "measurement_type": "volume"});
    let made = server.post(&format!("/projects/{project}/conditions"), body).await.expect(201);
    assert!(made["notice"].as_str().unwrap().contains("`depth`"), "{made}");
    let (condition, path) = (id(&made).to_owned(), format!("/projects/{project}/conditions/{}", id(&made)));
    let list = format!("/conditions/{condition}/measurements");
    let flat = server.post(&list, page.shape("rectangle", rectangle())).await.expect(201);
    let says = |m: &Value| m["notice"].as_str().is_some_and(|n| n.contains("so the volume is 0"));
    assert!(flat["quantity"] == 0.0 && says(&flat), "{flat}");
    let one = format!("/measurements/{}", id(&flat));
    assert!(says(&server.get(&one).await.expect(200)));
    assert!(says(&server.get(&list).await.expect(200)["measurements"][0]));
    let assembly = server.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let component = json!({"name": "C", "unit": "CY", "unit_cost": 165});
    let line = server.post(&format!("/assemblies/{}/components", id(&assembly)), component).await.expect(201);
    assert!(line["error"].as_str().unwrap().contains("a volume without a depth"), "{line}");
    let summary = format!("/projects/{project}/cost-summary");
    let lacking = server.get(&summary).await.expect(200);
    assert!(lacking["notice"].as_str().unwrap().contains("\"Pad\""), "{lacking}");
    let listed = server.get(&format!("/projects/{project}/conditions")).await.expect(200);
    assert!(listed["conditions"][0]["notice"].is_string());

    let deep = server.put(&path, json!({"depth": 12})).await.expect(200);
    assert_eq!(deep["notice"], Value::Null);
    let now = server.get(&one).await.expect(200);
    assert_eq!((&now["notice"], now["quantity"].as_f64()), (&Value::Null, Some(50.0 / 27.0)));
    let whole = server.get(&summary).await.expect(200);
    assert_eq!((&whole["notice"], &whole["components_in_error"]), (&Value::Null, &json!(0)));
}

#[tokio::test]
async fn what_an_assembly_is_made_with_is_taken_and_what_is_rounded_is_told() {
    let server = Server::start().await;
    let project = server.project().await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    let body = json!({"name": "Mine", "overhead_percent": 10, "profit_percent": 8, "default_waste_percent": 0,
                      "notes": "n", "csi_code": "03", "productivity_rate": 4, "crew_size": 3, "colour": "red"});
    let url = server.url(&format!("/api/v1/conditions/{condition}/assembly"));
    let reply = Reply::of(server.client.post(url).json(&body).send().await.unwrap()).await;
    assert_eq!(reply.headers["x-ignored-fields"], "colour");
    let made = reply.expect(201);
    for (field, value) in body.as_object().unwrap().iter().filter(|(field, _)| *field != "colour") {
        let as_number = |v: &Value| v.as_f64().map_or(v.clone(), Value::from);
        assert_eq!(as_number(&made[field]), as_number(value), "{field}");
    }
    assert!(
        made["notice"].as_str().unwrap().ends_with("pricing nothing: crew_size, productivity_rate"),
        "{made}"
    );

    let components = format!("/assemblies/{}/components", id(&made));
    let new = json!({"name": "C", "unit": "EA", "quantity_formula": "100000", "unit_cost": 0.00015, "labor_rate": "45.555"});
    let line = server.post(&components, new).await.expect(201);
    assert_eq!((&line["unit_cost"], &line["labor_rate"]), (&json!("0.0002"), &json!("45.56")));
    let said = line["notice"].as_str().unwrap();
    assert!(said.contains("unit_cost 0.00015 is kept as 0.0002, with 4 places"), "{said}");
    assert!(said.contains("labor_rate 45.555 is kept as 45.56, with 2 places"), "{said}");
    assert!(said.contains("pricing nothing: labor_rate ("), "{said}");
    let one = format!("/components/{}", id(&line));
    let exact = server.put(&one, json!({"unit_cost": "0.00020", "labor_rate": null})).await.expect(200);
    assert_eq!(exact["notice"], Value::Null, "no digit of it was lost");
    let rounded = server.put(&one, json!({"unit_cost": 1.23456})).await.expect(200);
    assert!(rounded["notice"].as_str().unwrap().contains("1.23456 is kept as 1.2346"), "{rounded}");
    // 123,460.00 with 10 and 8 percent on it.
    let priced = server.get(&format!("/assemblies/{}", id(&made))).await.expect(200);
    assert_eq!(priced["total_with_markup"], "145682.80");
    let assembly = format!("/conditions/{condition}/assembly");
    let too_much = server.post(&assembly, json!({"overhead_percent": -1})).await;
    assert_eq!(too_much.problems(), ["greater_than_equal at body.overhead_percent"]);
}

#[tokio::test]
async fn what_a_geometry_says_in_vain_is_named_and_what_would_change_its_size_is_refused() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    let path = format!("/conditions/{condition}/measurements");
    let send = async |method: Method, path: &str, body: Value| {
        let reply = server.client.request(method, server.url(&Server::api(path))).json(&body).send();
        let reply = Reply::of(reply.await.unwrap()).await;
        let ignored = reply.headers.get("x-ignored-fields").map(|v| v.to_str().unwrap().to_owned());
        (ignored, reply)
    };
    let mut data = rectangle();
    (data["rotation"], data["label"], data["hieght"]) = (json!(30), json!("a"), json!(9));
    let (ignored, made) = send(Method::POST, &path, page.shape("rectangle", data)).await;
    assert_eq!(ignored.unwrap(), "geometry_data.hieght (height?), geometry_data.label");
    let made = made.expect(201);
    assert_eq!((&made["quantity"], &made["geometry_data"]["label"]), (&json!(50.0), &json!("a")));

    let corners = [(0, 0), (100, 0), (100, 100)].map(|(x, y)| json!({"x": x, "y": y, "bulge": 1}));
    let (ignored, made) =
        send(Method::POST, &path, page.shape("polygon", json!({"points": corners, "closed": true}))).await;
    assert_eq!(ignored.unwrap(), "geometry_data.closed, geometry_data.points.bulge");
    made.expect(201);
    let (ignored, _) = send(Method::POST, &path, page.shape("rectangle", rectangle())).await;
    assert_eq!(ignored, None);

    let mut holed = rectangle();
    holed["holes"] = json!([[{"x": 110, "y": 110}, {"x": 120, "y": 110}, {"x": 120, "y": 120}]]);
    let refused = server.post(&path, page.shape("rectangle", holed.clone())).await.detail(400);
    assert!(refused.starts_with("geometry_data.holes: no hole is taken off"), "{refused}");
    let backwards = json!({"x": 200, "y": 150, "width": -100, "height": -50, "holes": []});
    let made = server.post(&path, page.shape("rectangle", backwards)).await.expect(201);
    assert_eq!(made["quantity"], 50.0);
    let corner = json!({"x": 100.0, "y": 100.0, "width": 100.0, "height": 50.0, "holes": []});
    assert_eq!(made["geometry_data"], corner, "as it would be drawn");
    let one = format!("/measurements/{}", id(&made));
    server.put(&one, json!({"geometry_data": holed})).await.detail(400);
    let mut more = rectangle();
    more["witdh"] = json!(3);
    let (ignored, changed) = send(Method::PUT, &one, json!({"geometry_data": more})).await;
    assert_eq!(ignored.unwrap(), "geometry_data.witdh (width?)");
    changed.expect(200);
}

#[tokio::test]
async fn credits_and_prices_of_nothing_are_told_and_names_have_something_to_read() {
    let server = Server::start().await;
    let project = server.project().await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    let of_condition = format!("/conditions/{condition}/assembly");
    let empty = ["string_too_short at body.name"];
    assert_eq!(server.post(&of_condition, json!({"name": ""})).await.problems(), empty);
    let made = server.post(&of_condition, json!({})).await.expect(201);
    let assembly = format!("/assemblies/{}", id(&made));
    assert_eq!(server.put(&assembly, json!({"name": " "})).await.problems(), empty);
    assert_eq!(server.get(&assembly).await.expect(200)["name"], "Slab");
    let components = format!("{assembly}/components");
    assert_eq!(server.post(&components, json!({"name": "", "unit": "EA"})).await.problems(), empty);
    let free = server.post(&components, json!({"name": "C", "unit": "EA"})).await.expect(201);
    assert!(free["notice"].as_str().unwrap().contains("unit_cost is 0"), "{free}");
    let one = format!("/components/{}", id(&free));
    assert_eq!(server.put(&one, json!({"name": ""})).await.problems(), empty);
    let credit = json!({"unit_cost": 2.5, "quantity_formula": "-4"});
    let credit = server.put(&one, credit).await.expect(200);
    let said = "comes to -10.00 and lowers the totals: its quantity is below 0";
    assert_eq!((&credit["extended_cost"], &credit["notice"]), (&json!("-10.00"), &json!(said)));
    let whole = server.get(&assembly).await.expect(200);
    assert_eq!((&whole["total_cost"], &whole["components"][0]["notice"]), (&json!("-10.00"), &json!(said)));
    let out = server.put(&one, json!({"is_included": false, "unit_cost": 0})).await.expect(200);
    assert_eq!(out["notice"], Value::Null, "it is in no sum");
}

#[tokio::test]
async fn a_size_that_no_page_shows_is_refused_and_keys_of_another_shape_are_named() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    let path = format!("/conditions/{condition}/measurements");
    let mut thin = rectangle();
    thin["width"] = json!(1e-320);
    let refused = server.post(&path, page.shape("rectangle", thin.clone())).await.detail(400);
    assert_eq!(refused, "geometry_data.width: is 1e-320 px, and no page shows less than 0.000001 px");
    let made = server.post(&path, page.shape("rectangle", rectangle())).await.expect(201);
    let one = format!("/measurements/{}", id(&made));
    let refused = server.put(&one, json!({"geometry_data": thin})).await.detail(400);
    assert!(refused.starts_with("geometry_data.width: "), "{refused}");
    let mut more = rectangle();
    more["points"] = json!([{"x": 1, "y": 2}]);
    for (method, path, body) in [
        (Method::POST, &path, page.shape("rectangle", more.clone())),
        (Method::PUT, &one, json!({"geometry_data": more})),
    ] {
        let sent = server.client.request(method, server.url(&Server::api(path))).json(&body).send();
        let reply = Reply::of(sent.await.unwrap()).await;
        assert_eq!(reply.headers["x-ignored-fields"], "geometry_data.points", "{}", reply.json);
        assert!(reply.status.is_success(), "{}", reply.json);
    }
    let unknown = "/measurements/00000000-0000-4000-8000-000000000000";
    server.put(unknown, json!({"geometry_data": rectangle()})).await.detail(404);
    assert_eq!(
        server.put("/measurements/7", json!({"geometry_data": 3})).await.problems(),
        ["uuid_parsing at path.measurement_id", "dict_type at body.geometry_data"]
    );
}

#[tokio::test]
async fn what_is_made_is_made_although_nothing_can_be_looked_up_beside_it() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let condition = server.condition(&project, json!({"name": "Slab", "measurement_type": "area"})).await;
    let list = format!("/conditions/{condition}/measurements");
    // A measurement of the condition that nobody can read.
    let mut batch = Batch::new(TenantId::DEFAULT);
    batch.ops.push(Op::Put(NewRecord {
        kind: Kind::Measurement,
        id: server.handle.next_id(),
        format: 1,
        lists: vec![(Index::ByCondition, condition.parse().unwrap())],
        blobs: Vec::new(),
        body: b"{}".to_vec(),
    }));
    server.handle.commit(batch).await.unwrap();
    assert_eq!(server.get(&list).await.status, 500, "and so no list of them");
    let made = server.post(&list, page.shape("rectangle", rectangle())).await.expect(201);
    assert_eq!((&made["quantity"], &made["notice"]), (&json!(50.0), &Value::Null));
    let stored = server.get(&format!("/measurements/{}", id(&made))).await.expect(200);
    assert_eq!(stored["quantity"], 50.0);
    let of_condition = server.get(&format!("/projects/{project}/conditions")).await.expect(200);
    assert_eq!(of_condition["conditions"][0]["total_quantity"], 50.0);
}

#[tokio::test]
async fn a_point_beside_another_is_told() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = Scaled::of(&server, &project).await;
    let condition = server.condition(&project, json!({"name": "WC", "measurement_type": "count"})).await;
    let path = format!("/conditions/{condition}/measurements");
    let point = |x: f64, y: f64| server.post(&path, page.shape("point", json!({"x": x, "y": y})));
    let first = point(300.0, 300.0).await.expect(201);
    assert_eq!(first["notice"], Value::Null);
    let near = point(303.0, 304.0).await.expect(201);
    let said = near["notice"].as_str().unwrap();
    assert!(said.contains("a point 5.0 px from this one") && said.contains(id(&first)), "{said}");
    assert!(said.contains("both count"), "{said}");
    assert_eq!(point(320.0, 300.0).await.expect(201)["notice"], Value::Null);
    let same = point(320.4, 300.0).await.expect(201);
    assert!(same["notice"].as_str().unwrap().contains("the same shape"), "{same}");
    let other = server.condition(&project, json!({"name": "UR", "measurement_type": "count"})).await;
    let body = page.shape("point", json!({"x": 300, "y": 300}));
    let elsewhere = server.post(&format!("/conditions/{other}/measurements"), body).await.expect(201);
    assert_eq!(elsewhere["notice"], Value::Null, "another thing may stand there");
}

#[tokio::test]
async fn a_part_of_a_list_is_named_by_whole_numbers_on_every_route() {
    let server = Server::start().await;
    let project = server.project().await;
    for path in [
        "/projects".to_owned(),
        "/assembly-templates".to_owned(),
        format!("/projects/{project}/conditions"),
        format!("/projects/{project}/documents"),
        format!("/tasks/project/{project}"),
        "/admin/jobs".to_owned(),
    ] {
        for (query, problem) in [
            ("limit=-1", "greater_than_equal at query.limit"),
            ("limit=0", "greater_than_equal at query.limit"),
            ("limit=a", "int_parsing at query.limit"),
            ("offset=-1", "greater_than_equal at query.offset"),
            ("offset=x", "int_parsing at query.offset"),
        ] {
            assert_eq!(server.get(&format!("{path}?{query}")).await.problems(), [problem], "{path}");
        }
        let reply = server.get(&format!("{path}?limit=1&offset=0")).await;
        let paged = path.starts_with("/tasks") || path.starts_with("/admin");
        let named = reply.headers.get("x-ignored-fields").map(|v| v.to_str().unwrap());
        assert_eq!(named, (!paged).then_some("query.limit, query.offset"), "{path}");
        reply.expect(200);
    }
}

#[tokio::test]
async fn a_key_of_a_query_that_nothing_reads_is_named_and_refused_where_it_would_widen_what_operators_pick() {
    let server = Server::start().await;
    let project = server.project().await;
    for (path, named) in [
        ("/assembly-templates?scop=project".to_owned(), Some("query.scop (scope?)")),
        ("/assembly-templates?scope=project".to_owned(), None),
        (format!("/tasks/project/{project}?state=dead&limit=5"), Some("query.state (status?)")),
        (format!("/projects/{project}?a=1&b="), Some("query.a, query.b")),
    ] {
        let reply = server.get(&path).await;
        assert_eq!(reply.headers.get("x-ignored-fields").map(|v| v.to_str().unwrap()), named, "{path}");
        reply.expect(200);
    }
    let refused = |reply: Reply, at: &str, words: &str| {
        let msg = reply.json["detail"][0]["msg"].as_str().unwrap_or_default();
        assert!(msg.contains(words), "{} {}", reply.status, reply.json);
        assert_eq!(reply.problems(), [format!("extra_forbidden at query.{at}")]);
    };
    let reads =
        "this route reads stage, project_id, subject_id, tasks_only, state, older_than_s, limit, offset";
    refused(server.get("/admin/jobs?status=dead").await, "status", reads);
    refused(server.act(&format!("/admin/jobs/{project}/retry?stage=noop")).await, "stage", "nothing is read");
    for route in ["retry", "discard"] {
        let path = format!("/admin/dead-jobs/{route}?project={project}");
        refused(server.act(&path).await, "project", "project_id");
    }
}

#[tokio::test]
async fn the_admin_api_answers_to_a_name_of_its_own_machine() {
    let server = Server::start().await;
    let asked = async |host: &'static str| {
        let request = server.client.get(server.url("/api/v1/admin/node"));
        // As a browser sends it for a page whose name was made to lead here.
        let request = request.header(header::HOST, host).header("sec-fetch-site", "same-origin");
        Reply::of(request.send().await.unwrap()).await
    };
    for ours in ["localhost", "127.0.0.1:1", "[::1]:8000"] {
        asked(ours).await.expect(200);
    }
    for foreign in ["rebound.example", "rebound.example:8000", "10.0.0.1"] {
        assert!(asked(foreign).await.detail(403).contains("Host"), "{foreign}");
    }
    let known = Server::start_with(|c| c.api.public_url = Some("https://plans.example/".to_owned())).await;
    let request = known.client.get(known.url("/api/v1/admin/node")).header(header::HOST, "plans.example");
    Reply::of(request.send().await.unwrap()).await.expect(200);
    let health = server.client.get(server.url("/api/v1/health")).header(header::HOST, "rebound.example");
    assert_eq!(health.send().await.unwrap().status(), 200, "a probe's route answers to any name");
    // A form of another page states no origin in some browsers.
    let form = server.client.post(server.url("/api/v1/admin/reload")).header("sec-fetch-site", "cross-site");
    assert!(Reply::of(form.send().await.unwrap()).await.detail(403).contains("another site"));
}

#[tokio::test]
async fn a_node_on_its_own_machine_is_called_by_its_own_name() {
    let asked = async |server: &Server, host: &'static str| {
        let request = server.client.get(server.url("/api/v1/projects")).header(header::HOST, host);
        Reply::of(request.send().await.unwrap()).await
    };
    let server = Server::start().await;
    asked(&server, "localhost:8000").await.expect(200);
    let refused = asked(&server, "rebound.example:8000").await.detail(403);
    assert!(refused.contains("`api.allowed_hosts`") && refused.contains("Host"), "{refused}");
    let request = server.client.post(server.url("/api/v1/projects")).header(header::HOST, "rebound.example");
    Reply::of(request.json(&json!({"name": "X"})).send().await.unwrap()).await.detail(403);
    assert_eq!(server.get("/projects").await.expect(200), json!([]), "nothing was written");
    let named = Server::start_with(|c| c.api.allowed_hosts = vec!["estimating".to_owned()]).await;
    asked(&named, "estimating:8000").await.expect(200);
    asked(&named, "rebound.example").await.detail(403);
}

#[tokio::test]
async fn a_file_that_a_project_has_already_is_told() {
    let server = Server::start().await;
    let (project, other) = (server.project().await, server.project().await);
    let upload = async |project: &str, name: &'static str, bytes: &'static [u8]| {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(name));
        let url = server.url(&format!("/api/v1/projects/{project}/documents"));
        Reply::of(server.client.post(url).multipart(form).send().await.unwrap()).await.expect(201)
    };
    let first = upload(&project, "a.pdf", b"%PDF-1.7 one").await;
    assert_eq!(first["notice"], Value::Null);
    assert_eq!(upload(&project, "a.pdf", b"%PDF-1.7 two").await["notice"], Value::Null);
    assert_eq!(upload(&other, "a.pdf", b"%PDF-1.7 one").await["notice"], Value::Null);
    let again = upload(&project, "b.pdf", b"%PDF-1.7 one").await;
    let said = again["notice"].as_str().unwrap();
    assert!(said.contains("\"a.pdf\"") && said.contains(id(&first)), "{said}");
}
