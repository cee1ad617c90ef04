//! The limits that the node itself holds: with a setting out of reach, its case ends otherwise.

use std::time::Duration;

use serde_json::Value;
use takeoff_samples::Hostile;
use takeoff_tests::{Client, Node};

use crate::deliver::deliver;
use crate::heavy::padded_pdf;

const BOUND: Duration = Duration::from_secs(60);

/// A node with these settings, and a project on it.
async fn node(settings: &[(&str, &str)]) -> (tempfile::TempDir, Node, Client, String) {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), settings);
    let client = node.client();
    let project = client.project("Limits").await;
    (data, node, client, project)
}

fn bytes_of(kind: Hostile) -> Vec<u8> {
    let mut bytes = Vec::new();
    kind.write_to(&mut bytes).unwrap();
    bytes
}

/// Spaces behind a filter whose growth is not measured beforehand: 128 for two bytes.
fn run_length_page(unpacked: usize) -> Vec<u8> {
    const RUN_OF_128: u8 = 129;
    let packed = [RUN_OF_128, b' '].repeat(unpacked / 128);
    let mut pdf = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 612 792]>>endobj\n"
        .to_vec();
    let head = format!("4 0 obj<</Length {}/Filter/RunLengthDecode>>stream\n", packed.len());
    pdf.extend_from_slice(head.as_bytes());
    pdf.extend_from_slice(&packed);
    // Readers find the objects of a file without a table themselves.
    pdf.extend_from_slice(b"\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF\n");
    pdf
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_a_parse_worker() {
    // Less than the limit for content.
    let page = run_length_page(200 << 20);
    let (_data, _node, client, project) = node(&[("TAKEOFF_CHILDREN_MEMORY_MIB", "256")]).await;
    let tight = deliver(&client, &project, "run-length.pdf", page.clone(), BOUND).await;
    assert!(!tight.is_ready(), "{}", tight.document);
    assert!(tight.said().contains("needs more memory than the limit of 256 MiB"), "{}", tight.said());

    let (_data, _node, client, project) = node(&[("TAKEOFF_CHILDREN_MEMORY_MIB", "4096")]).await;
    let loose = deliver(&client, &project, "run-length.pdf", page, BOUND).await;
    assert!(loose.is_ready(), "{}", loose.said());
}

/// No limit but the deadline stops this drawing early.
const ENDLESS: (&str, &str) = ("TAKEOFF_LIMITS_MAX_SEGMENTS", "20000000");

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_a_page() {
    let bomb = bytes_of(Hostile::FormBomb);
    let (_data, _node, client, project) =
        node(&[ENDLESS, ("TAKEOFF_CHILDREN_PAGE_DEADLINE_MS", "1000")]).await;
    let tight = deliver(&client, &project, "bomb.pdf", bomb.clone(), BOUND).await;
    assert!(tight.said().contains("took longer than the limit of 1 s"), "{}", tight.said());

    let (_data, _node, client, project) =
        node(&[ENDLESS, ("TAKEOFF_CHILDREN_PAGE_DEADLINE_MS", "600000")]).await;
    let taken = client.try_upload(&project, "bomb.pdf", bomb, "application/pdf").await.unwrap().expect(201);
    let id = taken["id"].as_str().unwrap();
    assert_eq!(client.settled(id).await["status"], "ready");
    let ended = tokio::time::timeout(Duration::from_secs(4), client.pages(id)).await;
    assert!(ended.is_err(), "the page ended by itself: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_of_an_upload() {
    let two_mib = padded_pdf(2 << 20).read_all();
    for (mib, status) in [("1", 413), ("3", 201)] {
        let (_data, _node, client, project) = node(&[("TAKEOFF_LIMITS_UPLOAD_MIB", mib)]).await;
        let answer =
            client.try_upload(&project, "set.pdf", two_mib.clone(), "application/pdf").await.unwrap();
        let body: Value = answer.expect(status);
        if status == 413 {
            assert_eq!(body["detail"], "the file is larger than the limit of 1048576 bytes");
        }
    }
}

/// Objects that lead to no page. A reader must look at all of them to know.
fn many_objects_and_no_page() -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    for n in 1..=2_000_000 {
        pdf.extend_from_slice(format!("{n} 0 obj<</Kind/Leaf/Next {} 0 R>>endobj\n", n + 1).as_bytes());
    }
    pdf.extend_from_slice(b"%%EOF\n");
    pdf
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_look_at_an_upload() {
    let pageless = many_objects_and_no_page();
    let (_data, _node, client, project) = node(&[("TAKEOFF_API_OPEN_WAIT_MS", "60000")]).await;
    let awaited = deliver(&client, &project, "leaves.pdf", pageless.clone(), BOUND).await;
    assert_eq!(awaited.status, 400, "{}", awaited.document);

    let (_data, _node, client, project) = node(&[("TAKEOFF_API_OPEN_WAIT_MS", "100")]).await;
    let taken = deliver(&client, &project, "leaves.pdf", pageless, BOUND).await;
    assert_eq!((taken.status, &taken.document["status"]), (201, &Value::from("error")));
    assert_eq!(taken.reason, awaited.reason, "both ways give the same reason");
}
