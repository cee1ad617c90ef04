//! Taking files in: what is refused, and what is left behind. What becomes of them is shown end to end.

use std::io;

use futures::StreamExt as _;
use futures::channel::mpsc;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Reply, Server};

const LIMIT: u64 = 1_000_000;

async fn server() -> (Server, String) {
    let server = Server::start_with(|c| {
        c.limits.upload_bytes = LIMIT;
        c.limits.uploads_at_once = 1;
    })
    .await;
    let project = server.project().await;
    let url = server.url(&format!("/api/v1/projects/{project}/documents"));
    (server, url)
}

fn scratch_files(server: &Server) -> usize {
    std::fs::read_dir(server.handle.blobs().scratch()).map_or(0, Iterator::count)
}

/// A body that is sent as the test says, without a declared length.
fn slow() -> (mpsc::UnboundedSender<Vec<u8>>, Body) {
    let (send, chunks) = mpsc::unbounded();
    (send, Body::wrap_stream(chunks.map(Ok::<Vec<u8>, io::Error>)))
}

const HEAD: &str = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n";

#[tokio::test]
async fn a_form_without_the_file_is_not_valid() {
    let (server, url) = server().await;
    let form = Form::new().text("other", "x".repeat(100_000));
    let reply = Reply::of(server.client.post(&url).multipart(form).send().await.unwrap()).await;
    assert_eq!(reply.problems(), ["missing at body.file"]);
    let json = server.client.post(&url).json(&"x").send().await.unwrap();
    assert_eq!(Reply::of(json).await.problems(), ["missing at body.file"]);
    let empty = Reply::of(server.client.post(&url).send().await.unwrap()).await;
    assert_eq!(empty.problems(), ["missing at body.file"]);
    assert_eq!(scratch_files(&server), 0);
}

#[tokio::test]
async fn a_second_file_is_refused_by_its_name() {
    let (server, url) = server().await;
    let file = |name: &str| Part::bytes(b"%PDF-1.7".to_vec()).file_name(name.to_owned());
    let form = Form::new().part("file", file("a.pdf")).text("note", "x").part("file", file("b.pdf"));
    let reply = Reply::of(server.client.post(&url).multipart(form).send().await.unwrap()).await;
    assert!(reply.json["detail"][0]["msg"].as_str().unwrap().contains("\"b.pdf\""), "{}", reply.json);
    assert_eq!(reply.problems(), ["value_error at body.file"]);
    // As RFC 5987 writes names, and with bytes that are no UTF-8.
    for (name, read) in [
        (&b"filename*=UTF-8''Grundri%C3%9F.pdf"[..], "\"Grundri\u{df}.pdf\""),
        (b"filename=\"Grundri\xdf.pdf\"", "\"Grundri\u{fffd}.pdf\""),
    ] {
        let second =
            [b"x\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; ", name, b"\r\n\r\nx\r\n--B--\r\n"];
        let body = [HEAD.as_bytes(), &second.concat()].concat();
        let form =
            server.client.post(&url).header("content-type", "multipart/form-data; boundary=B").body(body);
        let reply = Reply::of(form.send().await.unwrap()).await;
        assert!(reply.json["detail"][0]["msg"].as_str().unwrap().contains(read), "{}", reply.json);
    }
    assert_eq!(scratch_files(&server), 0);
}

#[tokio::test]
async fn files_past_the_limit_are_refused_declared_or_not() {
    let (server, url) = server().await;
    let size = usize::try_from(LIMIT).unwrap() + 1;
    for extra in [0, 3_000_000] {
        let form = Form::new().part("file", Part::bytes(vec![b'x'; size + extra]).file_name("big.pdf"));
        let reply = Reply::of(server.client.post(&url).multipart(form).send().await.unwrap()).await;
        assert!(reply.detail(413).contains("1000000"));
    }
    let (send, body) = slow();
    let request =
        server.client.post(&url).header("content-type", "multipart/form-data; boundary=B").body(body);
    let answer = tokio::spawn(request.send());
    send.unbounded_send(HEAD.into()).unwrap();
    for _ in 0..30 {
        let _ = send.unbounded_send(vec![b'x'; 50_000]);
    }
    let reply = Reply::of(answer.await.unwrap().unwrap()).await;
    assert!(reply.detail(413).contains("1000000"), "answered while the client still sends");
    drop(send);
    assert_eq!(scratch_files(&server), 0);
}

#[tokio::test]
async fn a_form_that_never_comes_to_its_file_is_cut_off() {
    let (server, url) = server().await;
    let body = "no boundary here ".repeat(120_000);
    let request = server.client.post(&url).header("content-type", "multipart/form-data; boundary=B");
    let reply = Reply::of(request.body(body).send().await.unwrap()).await;
    assert!(matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE), "{reply:?}");
    assert!(reply.json["detail"].is_string());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_behind() {
    let (server, url) = server().await;
    let (send, body) = slow();
    let request =
        server.client.post(&url).header("content-type", "multipart/form-data; boundary=B").body(body);
    let answer = tokio::spawn(request.send());
    send.unbounded_send(HEAD.into()).unwrap();
    send.unbounded_send(vec![b'x'; 100_000]).unwrap();
    until(|| scratch_files(&server) == 1).await;

    // While it is under way the one place is taken.
    let form = Form::new().part("file", Part::bytes(vec![b'x'; 10]).file_name("b.pdf"));
    let busy = Reply::of(server.client.post(&url).multipart(form).send().await.unwrap()).await;
    assert!(busy.headers.contains_key("retry-after"));
    busy.detail(503);

    answer.abort();
    drop(send);
    until(|| scratch_files(&server) == 0).await;
}

/// Waits until the files are as expected; there is no signal for what a server does when its client goes.
async fn until(done: impl Fn() -> bool) {
    let turns = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, turns).await.expect("in time");
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_everything_before_it_reads() {
    let (server, _) = server().await;
    let size = 30_000_000;
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /api/v1/projects/00000000-0000-4000-8000-000000000000/documents HTTP/1.1\r\nhost: localhost\r\n\
         content-type: multipart/form-data; boundary=B\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Much more than the buffers of a connection hold.
    stream.write_all(&vec![b'x'; size]).await.expect("the server reads on");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("Project not found"), "{answer}");
}

#[tokio::test]
async fn a_file_that_is_no_plan_is_refused_with_its_reason() {
    let (server, url) = server().await;
    for (bytes, name) in [(Vec::new(), "empty.pdf"), (b"just text".to_vec(), "notes.txt")] {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(name));
        let reply = Reply::of(server.client.post(&url).multipart(form).send().await.unwrap()).await;
        assert!(!reply.detail(400).is_empty());
    }
    assert_eq!(scratch_files(&server), 0);
}

/// Peak of this process's resident memory since [`forget_peak`], KiB.
#[cfg(target_os = "linux")]
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_stays_flat_while_a_large_file_comes_in() {
    const CHUNK: usize = 1024 * 1024;
    const CHUNKS: usize = 300;
    let server = Server::start().await;
    let url = server.url(&format!("/api/v1/projects/{}/documents", server.project().await));
    forget_peak();
    let before = peak_kib();
    let chunks = futures::stream::iter(0..CHUNKS)
        .map(|i| Ok::<_, io::Error>(if i == 0 { HEAD.as_bytes().to_vec() } else { vec![b'x'; CHUNK] }));
    let tail = futures::stream::iter([Ok(b"\r\n--B--\r\n".to_vec())]);
    let request = server.client.post(&url).header("content-type", "multipart/form-data; boundary=B");
    let request = request.body(Body::wrap_stream(chunks.chain(tail)));
    let reply = Reply::of(request.send().await.unwrap()).await;
    assert!(reply.detail(400).contains("type"), "received whole, then refused for what it is");
    let grown_mib = peak_kib().saturating_sub(before) / 1024;
    assert!(grown_mib < 100, "300 MiB came in and {grown_mib} MiB were used");
}
