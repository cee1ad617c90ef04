//! Clients that do not go on, and clients that take all places.

use std::time::Duration;

use serde_json::Value;
use takeoff_engine::clock::Stopwatch;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Server};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// Long enough that nothing in a test waits for it.
const NEVER_MS: u64 = 600_000;

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap()
}

/// All that the server sends until it closes.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    tokio::time::timeout(DEADLINE, stream.read_to_end(&mut read)).await.expect("closed in time").unwrap();
    String::from_utf8(read).unwrap()
}

/// One request on a connection of its own, answered and closed by the server.
async fn ask(server: &Server, path: &str) -> String {
    let mut stream = connect(server).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost:5173\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    to_the_end(&mut stream).await
}

#[tokio::test]
async fn heads_that_are_never_whole_and_silence_are_given_up() {
    let server = Server::start_with(|c| c.api.head_timeout_ms = 200).await;
    let (mut half, mut silent) = (connect(&server).await, connect(&server).await);
    half.write_all(b"GET /health HTTP/1.1\r\nhost: he").await.unwrap();
    assert_eq!(to_the_end(&mut half).await, "");
    assert_eq!(to_the_end(&mut silent).await, "");
}

/// The attack: every place is taken by a head that is never whole.
#[tokio::test]
async fn probes_are_answered_while_clients_sit_on_all_connections() {
    const PLACES: usize = 20;
    let server = Server::start_with(|c| {
        c.api.max_connections = PLACES;
        c.api.head_timeout_ms = NEVER_MS;
    })
    .await;
    // More than there are places, and more than there is room for beyond them.
    let mut sitting = Vec::new();
    for _ in 0..PLACES + 100 {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /health HTTP/1.1\r\nx-").await.unwrap();
        sitting.push(stream);
    }
    for path in ["/health", "/ready", "/metrics", "/api/v1/health"] {
        let answer = ask(&server, path).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    }
    let refused = ask(&server, "/api/v1/projects").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    for header in
        ["retry-after: 2", "connection: close", "access-control-allow-origin: http://localhost:5173"]
    {
        assert!(refused.contains(header), "{header} in {refused}");
    }
    assert!(refused.contains("all connections of the node are in use"), "{refused}");
}

#[tokio::test]
async fn a_place_that_becomes_free_is_given_to_the_next() {
    let server = Server::start_with(|c| c.api.max_connections = 1).await;
    let mut first = connect(&server).await;
    first.write_all(HEALTH).await.unwrap();
    first.readable().await.unwrap();
    assert!(ask(&server, "/api/v1/projects").await.starts_with("HTTP/1.1 503"));
    drop(first);
    let served = async {
        // There is no signal for what a server does when its client goes.
        loop {
            let mut stream = connect(&server).await;
            stream
                .write_all(b"GET /api/v1/projects HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .await
                .unwrap();
            if to_the_end(&mut stream).await.starts_with("HTTP/1.1 200") {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, served).await.expect("a place becomes free");
}

/// What is sent of a request, and what it must begin with.
fn json_head(length: usize) -> String {
    format!(
        "POST /api/v1/projects HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
}

fn upload_head(project: &str) -> String {
    format!(
        "POST /api/v1/projects/{project}/documents HTTP/1.1\r\nhost: localhost\r\n\
         content-type: multipart/form-data; boundary=B\r\ncontent-length: 1000000\r\n\r\n--B\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7"
    )
}

#[tokio::test]
async fn bodies_that_stop_are_answered_and_their_places_are_free() {
    let server = Server::start_with(|c| {
        c.api.body_idle_ms = 200;
        c.api.head_timeout_ms = NEVER_MS;
        c.limits.uploads_at_once = 1;
    })
    .await;
    let project = server.project().await;
    for _ in 0..2 {
        for request in [json_head(10) + "{", upload_head(&project)] {
            let mut stream = connect(&server).await;
            stream.write_all(request.as_bytes()).await.unwrap();
            let answer = to_the_end(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("connection: close"), "{answer}");
            assert!(answer.contains("nothing was sent for too long"), "{answer}");
        }
    }
    let scratch = std::fs::read_dir(server.handle.blobs().scratch()).map_or(0, Iterator::count);
    assert_eq!(scratch, 0);
}

/// A byte now and then is progress, although the whole takes several times the patience with silence.
#[tokio::test]
async fn a_slow_but_steady_body_goes_on() {
    const IDLE_MS: u64 = 1_000;
    let server = Server::start_with(|c| c.api.body_idle_ms = IDLE_MS).await;
    let body = r#"{"name": "steady"}"#;
    let mut stream = connect(&server).await;
    stream.write_all(json_head(body.len()).as_bytes()).await.unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(IDLE_MS / 5));
    let since = Stopwatch::start();
    for byte in body.bytes() {
        pace.tick().await;
        stream.write_all(&[byte]).await.unwrap();
    }
    assert!(since.elapsed() > Duration::from_millis(2 * IDLE_MS));
    let mut answer = [0; 12];
    tokio::time::timeout(DEADLINE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
}

/// Who sends a byte now and then would hold a place that others upload in.
#[tokio::test]
async fn an_upload_that_trickles_is_given_up() {
    const IDLE_MS: u64 = 1_000;
    let server = Server::start_with(|c| c.api.body_idle_ms = IDLE_MS).await;
    let project = server.project().await;
    let (mut from, mut to) = connect(&server).await.into_split();
    to.write_all(upload_head(&project).as_bytes()).await.unwrap();
    let trickle = async {
        let mut pace = tokio::time::interval(Duration::from_millis(IDLE_MS / 5));
        while to.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
    };
    let mut answer = [0; 12];
    let answered = tokio::time::timeout(DEADLINE, from.read_exact(&mut answer));
    tokio::select! {
        () = trickle => panic!("closed without an answer"),
        read = answered => { read.unwrap().unwrap(); }
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_request_that_is_not_whole_within_the_limit_is_given_up() {
    let server = Server::start_with(|c| c.api.request_timeout_ms = 100).await;
    let mut stream = connect(&server).await;
    stream.write_all((json_head(10) + "{").as_bytes()).await.unwrap();
    let answer = to_the_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("within 100 ms"), "{answer}");
}

#[tokio::test]
async fn a_host_is_named_once() {
    let server = Server::start().await;
    for (hosts, status) in
        [("host: a\r\n", 200), ("", 400), ("host: a\r\nhost: b\r\n", 400), ("host: a b\r\n", 400)]
    {
        let mut stream = connect(&server).await;
        let request = format!("GET /health HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = to_the_end(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{hosts:?}: {answer}");
        let body = answer.split("\r\n\r\n").nth(1).unwrap();
        assert!(serde_json::from_str::<Value>(body).is_ok(), "{body}");
    }
    let mut old = connect(&server).await;
    old.write_all(b"GET /health HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(to_the_end(&mut old).await.starts_with("HTTP/1.0 200"));
}
