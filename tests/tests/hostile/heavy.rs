//! Sound files that are large or many: memory stays flat.

use std::io;
use std::path::Path;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde_json::Value;
use takeoff_tests::{Client, MemoryWatch, Node, Seen, eventually};

const MIB: u64 = 1024 * 1024;
const CHUNK: usize = 256 * 1024;

/// A file in three pieces: its beginning, a number of zeros, its end.
pub(crate) struct Padded {
    head: Vec<u8>,
    zeros: u64,
    tail: Vec<u8>,
}

/// A sound PDF of one page and, in a stream that no page uses, zeros up to about `size` bytes.
pub(crate) fn padded_pdf(size: u64) -> Padded {
    let mut head = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    let content = "2 w 72 72 468 648 re S";
    for object in [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 612 792]>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        format!("<</Length {size}>>stream\n"),
    ] {
        places.push(head.len());
        head.extend_from_slice(format!("{} 0 obj\n{object}", places.len()).as_bytes());
        if places.len() < 5 {
            head.extend_from_slice(b"\nendobj\n");
        }
    }
    let end = "\nendstream\nendobj\n";
    let table: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let start = head.len() as u64 + size + end.len() as u64;
    let tail = format!(
        "{end}xref\n0 6\n0000000000 65535 f \n{table}trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    );
    Padded { head, zeros: size, tail: tail.into_bytes() }
}

impl Padded {
    pub(crate) fn read_all(self) -> Vec<u8> {
        let zeros = vec![0; usize::try_from(self.zeros).unwrap()];
        [self.head, zeros, self.tail].concat()
    }

    fn len(&self) -> u64 {
        self.head.len() as u64 + self.zeros + self.tail.len() as u64
    }

    /// The file piece by piece, made as it is sent.
    fn stream(self) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
        let whole = self.zeros / CHUNK as u64;
        let rest = vec![0; (self.zeros % CHUNK as u64) as usize];
        let zeros = futures::stream::iter(0..whole).map(|_| vec![0; CHUNK]);
        let piece = |bytes| futures::stream::iter([bytes]);
        piece(self.head).chain(zeros).chain(piece(rest)).chain(piece(self.tail)).map(Ok)
    }
}

/// Sends the file as it is made; without a declared length when `declared` is false.
async fn send(client: &Client, project: &str, file: Padded, declared: bool) -> (u16, Value) {
    let length = file.len();
    let body = Body::wrap_stream(file.stream());
    let part = if declared { Part::stream_with_length(body, length) } else { Part::stream(body) };
    let form = Form::new().part("file", part.file_name("set.pdf"));
    let request = client.request(Method::POST, &format!("/projects/{project}/documents")).multipart(form);
    let response = request.send().await.expect("the upload is answered");
    (response.status().as_u16(), response.json().await.expect("the answer is JSON"))
}

fn scratch_bytes(data: &Path) -> u64 {
    let entries = std::fs::read_dir(data.join("blobs/scratch")).unwrap().flatten();
    entries.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_gigabyte_passes_through_flat_memory() {
    /// What receiving may add to the node: buffers, not files.
    const FLAT_KIB: u64 = 48 * 1024;
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let client = node.client();
    let project = client.project("Large").await;
    // What the first upload of a node brings into memory is not this upload's.
    let small = client.try_upload(&project, "small.pdf", padded_pdf(MIB).read_all(), "application/pdf").await;
    let small = small.unwrap().expect(201);
    let id = small["id"].as_str().unwrap();
    client.settled(id).await;
    client.pages(id).await;
    let before = node.status_kib("VmHWM:");

    let (status, document) = send(&client, &project, padded_pdf(480 * MIB), true).await;
    assert_eq!(status, 201, "{document}");
    assert!(document["file_size"].as_u64().is_some_and(|size| size > 480 * MIB), "{document}");
    let id = document["id"].as_str().unwrap();
    assert_eq!(client.settled(id).await["status"], "ready");
    let pages = client.pages(id).await;
    assert_eq!(pages[0]["status"], "ready", "{pages:?}");
    let grown = node.status_kib("VmHWM:") - before;
    assert!(grown < FLAT_KIB, "a large upload took {grown} KiB");

    for declared in [true, false] {
        let (status, refused) = send(&client, &project, padded_pdf(502 * MIB), declared).await;
        assert_eq!(status, 413, "{refused}");
        assert_eq!(refused["detail"], "the file is larger than the limit of 524288000 bytes");
        eventually("what was received is removed", Duration::from_secs(20), || async {
            (scratch_bytes(data.path()) == 0).then_some(())
        })
        .await;
    }
    let grown = node.status_kib("VmHWM:") - before;
    assert!(grown < FLAT_KIB, "large uploads took {grown} KiB");
    client.get("//ready").await.expect(200);
}

/// Ingests the first `count` sheets of a set on a fresh node: its own peak, and what was seen.
async fn ingest(count: u32) -> (u64, Seen) {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let client = node.client();
    let project = client.project("Set").await;
    let set = takeoff_samples::set_of(count, 7_000, 20);
    let watch = MemoryWatch::start(node.id(), "parse-worker");
    let taken = client.try_upload(&project, "set.pdf", set, "application/pdf").await.unwrap().expect(201);
    let id = taken["id"].as_str().unwrap();
    assert_eq!(client.settled(id).await["page_count"], count);
    let pages = client.pages(id).await;
    assert!(pages.len() == count as usize && pages.iter().all(|p| p["status"] == "ready"), "{pages:?}");
    (node.status_kib("VmHWM:"), watch.stop())
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_pages_take_no_more_memory_than_four() {
    // Allocators keep what they had; a page kept in memory would be many times this.
    const SLACK_KIB: u64 = 32 * 1024;
    let (few_node, few) = ingest(4).await;
    let (many_node, many) = ingest(20).await;
    assert!(!many.children.is_empty(), "{many:?}");
    assert!(many_node < 300 * 1024 && many.all < 900 * 1024, "node {many_node} KiB, {many:?}");
    assert!(many_node <= few_node + SLACK_KIB, "the node: {few_node} KiB for 4 pages, {many_node} for 20");
    let within = few.child + few.child / 2 + SLACK_KIB;
    assert!(many.child <= within, "a worker: {} KiB for 4 pages, {} for 20", few.child, many.child);
}
