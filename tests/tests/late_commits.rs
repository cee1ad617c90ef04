//! A lease that outlives its holder's pause: what a node has sent before it stood still arrives when another has done
//! the work long since.

use std::time::Duration;

use takeoff_samples::Habit;
use takeoff_tests::cluster::Shared;
use takeoff_tests::line::Line;
use takeoff_tests::{Client, eventually};

/// Longest that work may take, and so each step of the test.
const WORK: Duration = Duration::from_secs(120);
/// The holder's lease, and about how long it trusts one.
const LEASE_MS: &str = "8000";
const TRUSTED: Duration = Duration::from_secs(7);
/// Sets of which the node may have finished one before it could be held up.
const TRIES: u64 = 20;

async fn outcomes(client: &Client, outcome: &str) -> f64 {
    let text = client.request(reqwest::Method::GET, "//metrics").send().await.expect("an answer");
    let text = text.text().await.expect("a body");
    let of = format!("outcome=\"{outcome}\"");
    let line = |l: &&str| {
        l.starts_with("takeoff_attempts_total{") && l.contains(&of) && l.contains("stage=\"ingest\"")
    };
    let values = text.lines().filter(line).filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok());
    values.sum()
}

async fn until_ready(client: &Client) {
    eventually("it is ready again", WORK, || async {
        (client.get("//ready").await.status == 200).then_some(())
    })
    .await;
}

/// A set of one page, from its upload to its end.
async fn done(client: &Client, project: &str, seed: u64) {
    let (pdf, _) = takeoff_samples::sheets(seed, 1, Habit::named("blocks").unwrap());
    let uploaded = client.try_upload(project, "set.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    client.pages_of(uploaded["id"].as_str().unwrap(), 1).await;
}

/// A page that the node works on, and its document.
async fn begun(client: &Client, project: &str, seed: u64) -> Option<(String, String)> {
    let (pdf, _) = takeoff_samples::sheets(seed, 1, Habit::named("blocks").unwrap());
    let uploaded = client.try_upload(project, "set.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    let document = uploaded["id"].as_str().unwrap().to_owned();
    let path = format!("/documents/{document}/pages");
    let page = eventually("a page is begun", WORK, || async {
        let pages = client.get(&path).await.expect(200)["pages"].clone();
        let page = pages.as_array().unwrap().first()?.clone();
        (page["status"] != "pending").then_some(page)
    })
    .await;
    let id = page["id"].as_str().unwrap().to_owned();
    (page["status"] == "processing").then_some((document, id))
}

/// Works on sets until the commit of a page is on its way, and stays there: its document, and the page.
async fn held_up(line: &Line, client: &Client, project: &str) -> (String, String) {
    for seed in 0..TRIES {
        // Connections that have made such commits before need ask nothing for the next one.
        let warm = (0..4).map(|n| done(client, project, 1_000 + 10 * seed + n));
        futures::future::join_all(warm).await;
        let Some((document, page)) = begun(client, project, 40 + seed).await else { continue };
        line.hold(true);
        // Raw, as statements carry it.
        let id = u128::from_str_radix(&page.replace('-', ""), 16).unwrap().to_be_bytes();
        let commit = eventually("the page is committed", WORK, || async {
            line.holds(&[b"BEGIN\0", &id]).then_some(())
        });
        // While its lease can be trusted, it commits; afterwards it does not try.
        if tokio::time::timeout(TRUSTED, commit).await.is_ok() {
            return (document, page);
        }
        line.hold(false);
        until_ready(client).await;
        client.pages_of(&document, 1).await;
    }
    panic!("no commit of a page was on its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_after_the_lease_is_nowhere() {
    let shared = Shared::open().await;
    let line = Line::to(&format!("127.0.0.1:{}", shared.server.port())).await;
    let through = shared.database_at(line.address().port());
    let settings = [
        ("DATABASE_URL", through.as_str()),
        ("TAKEOFF_JOBS_LEASE_MS", LEASE_MS),
        // Between its begin and its commit a page asks the database nothing.
        ("TAKEOFF_PAGE_CACHE_PAGES", "0"),
        ("TAKEOFF_DATABASE_CONNECTIONS", "6"),
    ];
    let a = shared.node("a", &settings);
    let client = a.client();
    let project = client.project("Late").await;
    let (document, page) = held_up(&line, &client, &project).await;
    let succeeded = outcomes(&client, "succeeded").await;
    let in_vain = async || outcomes(&client, "fenced").await + outcomes(&client, "lost").await;
    let so_far = in_vain().await;
    a.signal("STOP");
    // Longer than its lease: another does it.
    let b = shared.node("b", &[]);
    let other = b.client();
    let pages = other.pages_of(&document, 1).await;
    assert_eq!(pages[0]["id"].as_str(), Some(page.as_str()));
    let of_page = format!("SELECT version FROM records WHERE id = '{page}'");
    let job = format!(
        "SELECT string_agg(state || ' ' || token || ' ' || attempts || ' ' || coalesce(lease_node, ''), ',') \
         FROM jobs WHERE subject_id IN ('{page}', '{document}')"
    );
    // What follows from a page (its scale) comes to rest first.
    eventually("b has no work left", WORK, || async {
        (shared.sql("SELECT count(*) FROM jobs WHERE state < 3") == "0").then_some(())
    })
    .await;
    let events = "SELECT count(*) FROM events";
    let before = (shared.sql(&of_page), shared.sql(&job), shared.sql(events));
    // The commit arrives, and the node goes on with it.
    line.hold(false);
    a.signal("CONT");
    eventually("the late attempt has ended", WORK, || async { (in_vain().await > so_far).then_some(()) })
        .await;
    assert_eq!(outcomes(&client, "succeeded").await, succeeded, "nothing of it is done");
    until_ready(&client).await;
    // One that works again has nothing of the old attempt left.
    b.kill();
    done(&client, &project, 99).await;
    assert_eq!((shared.sql(&of_page), shared.sql(&job)), (before.0, before.1));
    let of_document = format!("SELECT count(*) FROM record_lists WHERE parent = '{document}'");
    assert_eq!(shared.sql(&of_document), "1", "its page is there once");
    assert_eq!(client.pages_of(&document, 1).await, pages);
    assert_eq!(shared.sql("SELECT count(*) FROM jobs WHERE state = 5 OR attempts > 0"), "0");
}
