//! A bucket that is slow, silent, failing, away or full under a node: every acknowledged upload ends, whoever is refused
//! is told so in time, and no attempt of a job is spent on it.

use std::time::Duration;

use reqwest::Method;
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::Habit;
use takeoff_tests::cluster::Shared;
use takeoff_tests::line::{Fault, Line};
use takeoff_tests::{Answer, Client, Node, eventually};

/// Longest that a node may take to notice a fault, or its end.
const NOTICE: Duration = Duration::from_secs(30);
/// Longest that work may take.
const WORK: Duration = Duration::from_secs(120);
/// Longest that an upload may wait for a bucket that does not answer: one try, and what a busy machine adds.
const TOLD: Duration = Duration::from_secs(25);
const PAGES: usize = 3;
/// A failure of the kind that costs attempts would have used them up: a job has four.
const TRIES: u64 = 5;

struct Stored {
    shared: Shared,
    line: Line,
    node: Node,
    client: Client,
    project: String,
}

impl Stored {
    async fn start(more: &[(&str, &str)]) -> Self {
        let shared = Shared::open().await;
        let line = Line::to(shared.bucket_address()).await;
        let endpoint = format!("http://{}", line.address());
        let settings = [&[("MINIO_ENDPOINT", endpoint.as_str())], more].concat();
        let node = shared.node("a", &settings);
        let client = node.client();
        let project = client.project("Stored").await;
        Self { shared, line, node, client, project }
    }

    async fn upload(&self, seed: u64, pages: usize) -> Answer {
        let (pdf, _) = takeoff_samples::sheets(seed, pages as u32, Habit::named("blocks").unwrap());
        let sent = self.client.try_upload(&self.project, "set.pdf", pdf, "application/pdf").await;
        sent.expect("the node answers")
    }

    async fn acknowledged(&self, seed: u64) -> String {
        self.upload(seed, PAGES).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Address of the image of its first page.
    async fn ends(&self, document: &str) -> String {
        let pages = self.client.pages_of(document, PAGES).await;
        let numbers: Vec<u64> = pages.iter().filter_map(|p| p["page_number"].as_u64()).collect();
        assert_eq!(numbers, (1..=PAGES as u64).collect::<Vec<_>>(), "every page once");
        pages[0]["image_url"].as_str().unwrap().to_owned()
    }

    /// Attempts that were postponed so far.
    async fn postponed(&self) -> u64 {
        let text = self.client.request(Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
        let lines =
            text.lines().filter(|l| l.starts_with("takeoff_attempts_total") && l.contains("\"snoozed\""));
        lines.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    async fn until_postponed(&self, times: u64) {
        let before = self.postponed().await;
        eventually("work is postponed", WORK, || async {
            (self.postponed().await >= before + times).then_some(())
        })
        .await;
    }

    /// Waits until the node is ready or is not, and gives its reasons.
    async fn until_ready(&self, ready: bool) -> String {
        eventually(&format!("ready is {ready}"), NOTICE, || async {
            let asked = self.client.get("//ready").await;
            ((asked.status == 200) == ready).then(|| asked.body["reasons"].to_string())
        })
        .await
    }

    fn nothing_was_spent(&self) {
        let costs = "SELECT count(*) FROM jobs WHERE state = 5 OR attempts > 0 OR node_deaths > 0";
        assert_eq!(self.shared.sql(costs), "0");
    }
}

fn refused(answer: Answer, why: &str) {
    let detail = answer.expect(503)["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, why);
}

/// What lasts longer than its lease is not given to another, and runs once.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_bucket_takes_longer_than_the_lease_and_nothing_runs_twice() {
    let lease = [("TAKEOFF_JOBS_LEASE_MS", "2500"), ("TAKEOFF_JOBS_RENEW_MS", "400")];
    let s = Stored::start(&lease).await;
    s.line.set(Fault::Slow(Duration::from_millis(700)));
    let document = s.acknowledged(11).await;
    s.ends(&document).await;
    let longest =
        s.shared.sql("SELECT max(finished_at - started_at) / 1000 FROM jobs WHERE parent IS NOT NULL");
    assert!(longest.parse::<i64>().unwrap() > 2_500, "{longest} ms is no longer than the lease");
    assert_eq!(s.shared.sql("SELECT max(token) FROM jobs WHERE parent IS NOT NULL"), "1", "leased once each");
    s.until_ready(true).await;
    // Beyond all patience: whoever waits is told, and the node says that it cannot work.
    s.line.set(Fault::Silent);
    let since = Stopwatch::start();
    refused(s.upload(12, 1).await, "the store is unavailable");
    assert!(since.elapsed() < TOLD, "{:?}", since.elapsed());
    let why = s.until_ready(false).await;
    assert!(why.contains("the store of files"), "{why}");
    s.line.set(Fault::None);
    s.until_ready(true).await;
    s.nothing_was_spent();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_waits_for_a_bucket_that_fails_or_is_away() {
    let s = Stored::start(&[]).await;
    let failing = Fault::Answered { status: 500, code: "InternalError", all: true };
    let before = s.acknowledged(19).await;
    let image = s.ends(&before).await;
    for (n, fault) in [failing, Fault::Refused].into_iter().enumerate() {
        let document = s.acknowledged(20 + n as u64).await;
        s.line.set(fault);
        s.until_postponed(TRIES).await;
        refused(s.upload(30, 1).await, "the store is unavailable");
        assert_eq!(reqwest::get(&image).await.unwrap().status(), 503);
        let why = s.until_ready(false).await;
        assert!(why.contains("the store of files does not answer"), "{why}");
        assert!(!why.contains("127.0.0.1"), "{why}");
        s.line.set(Fault::None);
        s.until_ready(true).await;
        s.ends(&document).await;
        assert_eq!(reqwest::get(&image).await.unwrap().status(), 200);
    }
    s.upload(31, 1).await.expect(201);
    s.nothing_was_spent();
}

/// It still gives what it has, so the node is as ready as it was.
#[tokio::test(flavor = "multi_thread")]
async fn work_waits_for_room_in_a_full_bucket() {
    let mut s = Stored::start(&[]).await;
    for (n, (status, code)) in [(507, "XMinioStorageFull"), (403, "QuotaExceeded")].into_iter().enumerate() {
        let document = s.acknowledged(40 + n as u64).await;
        s.line.set(Fault::Answered { status, code, all: false });
        s.until_postponed(if n == 0 { TRIES } else { 1 }).await;
        refused(s.upload(50, 1).await, "the store is full: nothing can be stored until there is room");
        s.until_ready(true).await;
        s.line.set(Fault::None);
        s.ends(&document).await;
    }
    s.nothing_was_spent();
    let told = s.node.log().join("\n");
    assert!(told.contains("there is no room: free space, the work waits for it"), "{told}");
}
