//! A set of which one sheet changed comes again: the others are not parsed again, and everything is as if they were.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use takeoff_core::model::{BlobHash, Id, Index, Page, PageStatus, TenantId};
use takeoff_core::page::display::DisplayList;
use takeoff_engine::clock::SystemClock;
use takeoff_storage::{embedded, list_all};
use takeoff_tests::{Client, Node};

const PAGES: usize = 100;
const STOP: Duration = Duration::from_secs(40);
const TENANT: TenantId = TenantId::DEFAULT;

/// A set of letter pages, each with lines of its own; `changed` is the page, from 0, whose lines are others.
fn set(changed: Option<usize>) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut kids = String::new();
    for page in 0..PAGES {
        let mark = if changed == Some(page) { 7 } else { 0 };
        let mut content = format!(
            "BT /F1 12 Tf 60 40 Td (SHEET A-{page} SCALE: 1/{} IN = 1'-0\") Tj ET\n",
            if page % 2 == 0 { 4 } else { 8 }
        );
        for line in 0..40 {
            let (x, y) = (40 + (line * 37 + page * 11 + mark * line) % 500, 80 + line * 16);
            let _ = writeln!(content, "{x} {y} m {} {} l S", x + 30 + line, y + page % 13);
        }
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            objects.len()
        ));
        let _ = write!(kids, "{} 0 R ", objects.len());
    }
    objects[1] = format!("<< /Type /Pages /Count {PAGES} /Kids [{kids}] >>");
    let mut out = "%PDF-1.7\n".to_owned();
    let mut table = String::new();
    for (i, body) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        let _ = write!(out, "{} 0 obj\n{body}\nendobj\n", i + 1);
    }
    let (size, start) = (objects.len() + 1, out.len());
    let _ = write!(
        out,
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF"
    );
    out.into_bytes()
}

/// Uploads and waits until every page's scale was looked for; the document's id.
async fn ingest(client: &Client, pdf: Vec<u8>) -> Id {
    let project = client.project("Revisions").await;
    let uploaded = client.try_upload(&project, "set.pdf", pdf, "application/pdf").await.expect("an answer");
    let document = uploaded.expect(201)["id"].as_str().expect("an id").to_owned();
    for page in client.pages_of(&document, PAGES).await {
        client.scale(page["id"].as_str().expect("an id")).await;
    }
    document.parse().expect("an id")
}

/// How often the cache was asked, by outcome: hit, miss, no key, damaged.
async fn looks(client: &Client) -> [u64; 4] {
    let text = client.request(Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    ["hit", "miss", "no_key", "damaged"].map(|outcome| {
        let name = format!("takeoff_page_cache_total{{outcome=\"{outcome}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("no {name}")).parse().expect("a count")
    })
}

/// A page as stored, with what is below its blobs' names.
struct Kept {
    page: Page,
    list: DisplayList,
    image: Vec<u8>,
    thumbnail: Vec<u8>,
}

/// Pages of documents in a folder whose node has ended, in order.
async fn kept(data: &Path, documents: &[Id]) -> Vec<Vec<Kept>> {
    let folder = data.to_path_buf();
    let stores = tokio::task::spawn_blocking(move || embedded::open(&folder, Arc::new(SystemClock)));
    let stores = stores.await.unwrap().unwrap();
    let mut all = Vec::new();
    for document in documents {
        let found = list_all::<Page>(&*stores.catalog, TENANT, Index::ByDocument, *document).await.unwrap();
        let mut pages = Vec::new();
        for page in found.into_iter().map(|stored| stored.value) {
            let blobs = page.blobs.expect("it is ready");
            // A read holds the bytes against their hash.
            let read = async |hash| stores.blobs.read(TENANT, hash, u64::MAX).await.unwrap();
            let list = DisplayList::decode(&read(blobs.list).await, usize::MAX >> 8).unwrap();
            let (image, thumbnail) = (read(blobs.image).await.to_vec(), read(blobs.thumbnail).await.to_vec());
            pages.push(Kept { page, list, image, thumbnail });
        }
        pages.sort_by_key(|k| k.page.number);
        assert_eq!(pages.len(), PAGES);
        all.push(pages);
    }
    all
}

/// Everything but ids and times is equal.
fn assert_equal(some: &[Kept], others: &[Kept]) {
    for (a, b) in some.iter().zip(others) {
        let n = a.page.number;
        assert!(a.list == b.list, "display list of page {n}");
        assert!(a.image == b.image && a.thumbnail == b.thumbnail, "pictures of page {n}");
        assert!(a.list.words.iter().any(|w| w.text == "SCALE:"), "text of page {n}");
        assert_eq!(a.page.status, PageStatus::Ready);
        let mut other = b.page.clone();
        other.id = a.page.id;
        other.document_id = a.page.document_id;
        other.project_id = a.page.project_id;
        other.created_at = a.page.created_at;
        other.updated_at = a.page.updated_at;
        other.scale.detection_job = a.page.scale.detection_job;
        assert_eq!(a.page, other);
        assert!(a.page.scale.px_per_foot.is_some(), "scale of page {n}");
    }
}

fn file_of(data: &Path, hash: BlobHash) -> PathBuf {
    let name = hash.to_string();
    data.join("blobs/blobs").join(TENANT.0.to_string()).join(&name[..2]).join(&name[2..4]).join(&name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_with_one_changed_page_is_parsed_where_it_changed_and_equals_a_fresh_one() {
    let (data, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let node = Node::start(data.path());
    let client = node.client();
    ingest(&client, set(None)).await;
    assert_eq!(looks(&client).await, [0, PAGES as u64, 0, 0]);
    let again = ingest(&client, set(Some(56))).await;
    assert_eq!(looks(&client).await, [PAGES as u64 - 1, PAGES as u64 + 1, 0, 0]);
    assert_eq!(node.stop("TERM", STOP).code(), Some(0));

    let without = Node::start_with(fresh.path(), &[("TAKEOFF_PAGE_CACHE_PAGES", "0")]);
    let alone = ingest(&without.client(), set(Some(56))).await;
    assert_eq!(looks(&without.client()).await, [0; 4]);
    assert_eq!(without.stop("TERM", STOP).code(), Some(0));

    let [reused] = &kept(data.path(), &[again]).await[..] else { panic!() };
    let [parsed] = &kept(fresh.path(), &[alone]).await[..] else { panic!() };
    assert_equal(reused, parsed);

    // One part is damaged where nobody sees it, one is gone: both pages are parsed again, and heal.
    let (damaged, gone) = (reused[3].page.blobs.unwrap().image, reused[4].page.blobs.unwrap().list);
    let mut bytes = reused[3].image.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file_of(data.path(), damaged), bytes).unwrap();
    std::fs::remove_file(file_of(data.path(), gone)).unwrap();
    let node = Node::start(data.path());
    let client = node.client();
    let third = ingest(&client, set(Some(56))).await;
    assert_eq!(looks(&client).await, [PAGES as u64 - 2, 0, 0, 2]);
    assert_eq!(node.stop("TERM", STOP).code(), Some(0));
    let all = kept(data.path(), &[again, third]).await;
    for pages in &all {
        assert_equal(pages, parsed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_beyond_the_bound_is_forgotten_and_parsed_again() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    ingest(&node.client(), set(None)).await;
    assert_eq!(node.stop("TERM", STOP).code(), Some(0));

    // The first round of forgetting is at the start.
    let node = Node::start_with(data.path(), &[("TAKEOFF_PAGE_CACHE_PAGES", "40")]);
    let client = node.client();
    takeoff_tests::eventually("sixty are forgotten", Duration::from_secs(30), || async {
        let view = client.get("/admin/node").await;
        view.body.to_string().contains("\"forgotten\":60").then_some(())
    })
    .await;
    ingest(&client, set(None)).await;
    assert_eq!(looks(&client).await, [40, 60, 0, 0]);
}
