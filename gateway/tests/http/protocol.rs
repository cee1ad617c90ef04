//! What holds for every route.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Reply, Server};

const ORIGIN: &str = "http://localhost:5173";
const NO_ID: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_json_with_cors() {
    let server = Server::start().await;
    for (method, path, status, detail) in [
        (Method::GET, "/api/v1/nope", 404, "Not Found"),
        (Method::GET, "/", 404, "Not Found"),
        (Method::DELETE, "/api/v1/projects", 405, "Method Not Allowed"),
        (Method::POST, "/health", 405, "Method Not Allowed"),
    ] {
        let request = server.client.request(method, server.url(path)).header("origin", ORIGIN);
        let reply = Reply::of(request.send().await.unwrap()).await;
        assert_eq!(reply.headers["access-control-allow-origin"], ORIGIN, "{path}");
        if status == 405 {
            assert!(reply.headers.contains_key(header::ALLOW), "{path} says what is allowed");
        }
        assert_eq!(reply.detail(status), detail);
    }
}

#[tokio::test]
async fn preflights_answer_as_the_contract_says() {
    let server = Server::start().await;
    let preflight = |origin: &'static str| {
        server
            .client
            .request(Method::OPTIONS, server.url("/api/v1/projects"))
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "content-type,x-thing")
            .send()
    };
    let reply = preflight(ORIGIN).await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    let headers = reply.headers();
    assert_eq!(headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["access-control-max-age"], "600");
    assert_eq!(headers["access-control-allow-headers"], "content-type,x-thing");
    let methods = headers["access-control-allow-methods"].to_str().unwrap();
    for method in ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] {
        assert!(methods.contains(method), "{method} in {methods}");
    }
    let vary: Vec<&str> = headers.get_all("vary").iter().map(|v| v.to_str().unwrap()).collect();
    assert!(vary.join(",").to_lowercase().contains("origin"));
    let foreign = preflight("http://evil.example").await.unwrap();
    assert_eq!(foreign.headers().get("access-control-allow-origin"), None);
}

#[tokio::test]
async fn every_listed_route_is_served_and_nothing_else_on_its_path() {
    let server = Server::start().await;
    let document = server.send(Method::GET, "/openapi.json", None).await.expect(200);
    let mut asked = 0;
    for (template, item) in document["paths"].as_object().unwrap() {
        let path: String = template
            .split('/')
            .map(|part| if part.starts_with('{') { NO_ID } else { part })
            .collect::<Vec<_>>()
            .join("/");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let listed = item.get(method.as_str().to_lowercase()).is_some();
            let response = server.client.request(method.clone(), server.url(&path)).send().await.unwrap();
            let status = response.status();
            let is_text = path == "/metrics";
            let body = Reply::of(response).await.json;
            asked += 1;
            if listed {
                assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {template}");
                assert_ne!(body["detail"], "Not Found", "{method} {template}");
                assert!(status.as_u16() < 500, "{method} {template}: {status} {body}");
                assert!(
                    is_text || !body.is_null() || status == StatusCode::OK,
                    "{method} {template}: {status}"
                );
            } else {
                assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {template}");
            }
        }
    }
    assert!(asked > 250);
}

#[tokio::test]
async fn a_request_keeps_the_name_its_caller_gave_it() {
    let server = Server::start().await;
    let with = |id: &'static str| server.client.get(server.url("/health")).header("x-request-id", id).send();
    assert_eq!(with("trace-7").await.unwrap().headers()["x-request-id"], "trace-7");
    let made = with("not sane").await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(made.len(), 36, "{made}");
    let unmatched = server.client.get(server.url("/nope")).header("x-request-id", "x").send().await.unwrap();
    assert_eq!(unmatched.headers()["x-request-id"], "x");
}

#[tokio::test]
async fn the_node_tells_how_it_is() {
    let server = Server::start().await;
    for path in ["/health", "/api/v1/health"] {
        let health = server.send(Method::GET, path, None).await.expect(200);
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    }
    assert_eq!(server.send(Method::GET, "/version", None).await.expect(200)["name"], "takeoff");
    assert_eq!(server.send(Method::GET, "/ready", None).await.expect(200)["ready"], true);
    let node = server.get("/admin/node").await.expect(200);
    assert!(!node["actors"].as_array().unwrap().is_empty());
    server.handle.drain(1_000).await;
    let unready = server.send(Method::GET, "/ready", None).await.expect(503);
    assert_eq!(unready["ready"], false);
    assert!(!unready["reasons"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn metrics_name_routes_by_their_template() {
    let server = Server::start().await;
    server.get(&format!("/projects/{NO_ID}")).await.detail(404);
    server.get("/no/such/path").await.detail(404);
    let response = server.client.get(server.url("/metrics")).send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = response.text().await.unwrap();
    let has = |parts: &[&str]| text.lines().any(|line| parts.iter().all(|p| line.contains(p)));
    let route = "endpoint=\"/api/v1/projects/{project_id}\"";
    assert!(has(&["http_requests_total{", route, "method=\"GET\"", "status=\"404\""]), "{text}");
    assert!(has(&["http_requests_total{", "endpoint=\"unmatched\""]));
    assert!(has(&["http_request_duration_seconds_bucket{", route, "le=\"0.5\""]));
    assert!(has(&["http_active_connections "]));
    assert!(!text.contains(NO_ID), "ids would make a series each");
}

#[tokio::test]
async fn bodies_are_judged_whole() {
    let server = Server::start().await;
    let send = |body: &'static str, kind: &'static str| {
        server.client.post(server.url("/api/v1/projects")).header("content-type", kind).body(body).send()
    };
    let problems = |r| async { Reply::of(r).await.problems() };
    let json = "application/json";
    assert_eq!(problems(send("{\"name\": ]", json).await.unwrap()).await, ["json_invalid at body.9"]);
    assert_eq!(problems(send("", json).await.unwrap()).await, ["missing at body"]);
    assert_eq!(problems(send("null", json).await.unwrap()).await, ["missing at body"]);
    assert_eq!(problems(send("[]", json).await.unwrap()).await, ["model_attributes_type at body"]);
    assert_eq!(problems(send("{}", json).await.unwrap()).await, ["missing at body.name"]);
    assert_eq!(
        problems(send("{\"name\":\"x\"}", "text/plain").await.unwrap()).await,
        ["model_attributes_type at body"]
    );
    // A page of another site sends such a body without asking first.
    let untyped = server.client.post(server.url("/api/v1/projects")).body("{\"name\":\"x\"}").send();
    assert_eq!(problems(untyped.await.unwrap()).await, ["model_attributes_type at body"]);
    let reply = Reply::of(send("{\"name\":\"ä\",\"unknown\":1}", json).await.unwrap()).await;
    assert_eq!(reply.expect(201)["name"], "ä");
}

#[tokio::test]
async fn path_and_body_are_judged_together() {
    let server = Server::start().await;
    let reply = server.put("/projects/x/conditions/y", json!({"line_width": "w", "depth": []})).await;
    assert_eq!(
        reply.problems(),
        [
            "uuid_parsing at path.project_id",
            "uuid_parsing at path.condition_id",
            "int_parsing at body.line_width",
            "float_type at body.depth",
        ]
    );
}

#[tokio::test]
async fn a_body_past_the_limit_is_refused() {
    let server = Server::start_with(|c| c.limits.json_body_bytes = 1_000).await;
    let reply = server.post("/projects", json!({"name": "x", "description": "y".repeat(2_000)})).await;
    assert!(reply.detail(413).contains("1000"));
    server.post("/projects", json!({"name": "x", "description": "y".repeat(500)})).await.expect(201);
}

/// A connection of our own, on which the test says what is sent when.
async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap()
}

/// Reads until the bytes hold `end`, or all of them when the server closes.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    let more = async {
        while !String::from_utf8_lossy(&read).contains(end) && stream.read_buf(&mut read).await.unwrap() > 0 {
        }
    };
    tokio::time::timeout(DEADLINE, more).await.expect("an answer in time");
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn coded_bodies_are_refused_and_not_read_as_they_are() {
    let server = Server::start().await;
    let send = |coding: &'static str| {
        let request = server.client.post(server.url("/api/v1/projects")).json(&json!({"name": "x"}));
        request.header(header::CONTENT_ENCODING, coding).send()
    };
    for coding in ["gzip", "br", "identity, gzip"] {
        let reply = Reply::of(send(coding).await.unwrap()).await;
        assert_eq!(reply.headers[header::ACCEPT_ENCODING], "identity", "{coding}");
        assert!(reply.detail(415).contains("Content-Encoding"), "{coding}");
    }
    Reply::of(send("identity").await.unwrap()).await.expect(201);
    assert_eq!(server.get("/projects").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn any_origin_may_be_let_in() {
    let server = Server::start_with(|c| c.api.cors_origins = vec!["*".to_owned()]).await;
    let request = server.client.get(server.url("/health")).header("origin", "http://other.example");
    let reply = request.send().await.unwrap();
    assert_eq!(reply.headers()["access-control-allow-origin"], "http://other.example");
}

#[tokio::test]
async fn a_draining_node_takes_no_new_jobs_and_says_when_to_come_back() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await;
    server.handle.drain(1_000).await;
    let reply = server.act(&format!("/pages/{}/detect-scale", page.id)).await;
    assert!(reply.headers.contains_key(header::RETRY_AFTER));
    reply.detail(503);
    let still: Value = server.get(&format!("/pages/{}", page.id)).await.expect(200);
    assert_eq!(still["status"], "ready", "reads go on");
}

#[tokio::test]
async fn requests_in_flight_end_before_the_gateway_does() {
    let server = Server::start().await;
    let path = format!("/api/v1/projects/{}/conditions", server.project().await);
    let body = r#"{"name": "late", "measurement_type": "count"}"#;
    let mut stream = connect(&server).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The handler reads the body: the request is in flight.
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 100"));
    let (client, url) = (server.client.clone(), server.url("/health"));
    let ending = server.stop();
    stream.write_all(body.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "no such text: until it closes").await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(ending.await.unwrap(), 0, "no connection was cut");
    assert!(client.get(url).send().await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_client_that_never_ends_is_cut_at_the_end_of_the_drain() {
    let server = Server::start_with(|c| c.jobs.drain_ms = 100).await;
    let mut stream = connect(&server).await;
    let head = "POST /api/v1/projects HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 100"));
    let ending = tokio::time::timeout(DEADLINE, server.stop()).await.expect("in time");
    assert_eq!(ending.unwrap(), 1);
}

#[tokio::test]
async fn what_a_body_says_in_vain_is_named_beside_the_answer() {
    let server = Server::start().await;
    let project = server.project().await;
    let url = server.url(&format!("/api/v1/projects/{project}/conditions"));
    let sent = |body: serde_json::Value| server.client.post(&url).json(&body).send();
    let said =
        |r: &reqwest::Response| r.headers().get("x-ignored-fields").map(|v| v.to_str().unwrap().to_owned());
    // As the contract has it, nothing is refused for it.
    let more =
        json!({"name": "C", "measurement_type": "area", "colour": "#ff0000", "Depth": 4, "zone": "b\u{e9}"});
    let made = sent(more).await.unwrap();
    assert_eq!(
        (made.status().as_u16(), said(&made)),
        (201, Some("Depth (depth?), colour (color?), zone".to_owned()))
    );
    let plain = sent(json!({"name": "C", "measurement_type": "area", "depth": 4})).await.unwrap();
    assert_eq!((plain.status().as_u16(), said(&plain)), (201, None));

    // A client's own object is its own.
    let own = json!({"name": "C", "measurement_type": "area", "extra_metadata": {"anything": 1}});
    assert_eq!(said(&sent(own).await.unwrap()), None);
    let page = server.page(&project, b"png").await.id;
    let condition = server.condition(&project, json!({"name": "WC", "measurement_type": "count"})).await;
    let url = server.url(&format!("/api/v1/pages/{page}/auto-count"));
    let body = json!({"condition_id": condition, "template_bbox": {"x": 1, "y": 1, "w": 9, "h": 9, "width": 9},
                      "threshold": 0.9});
    let counted = server.client.post(url).json(&body).send().await.unwrap();
    assert_eq!(said(&counted), Some("width, threshold (confidence_threshold?)".to_owned()));
}
