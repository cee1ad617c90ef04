//! The wall clock of a machine is set while its node works: leases, waits and deadlines are by the store's time, so
//! nothing is taken away, doubled or stuck, and what the API says of times stays true.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use takeoff_core::model::Timestamp;
use takeoff_engine::clock::{Stopwatch, SystemClock};
use takeoff_samples::Habit;
use takeoff_storage::catalog::Clock as _;
use takeoff_tests::cluster::Shared;
use takeoff_tests::history::{Acknowledged, Place, Told, check, work_on};
use takeoff_tests::wall::Wall;
use takeoff_tests::{Client, Drawn, Node, eventually};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// What the clock is off by, one after the other.
const STEPS: [i64; 4] = [HOUR, -HOUR, DAY, -DAY];
/// Longest that clients may take to get some work done.
const WORK: Duration = Duration::from_secs(120);
/// How far a time may be from those of the test.
const OFF_MS: i64 = 60_000;

/// A minute for a session from its start to its end: less than any of the steps, and looked at every few seconds.
const DEADLINE: (&str, &str) = ("TAKEOFF_JOBS_SESSION_DEADLINE_MS", "60000");

/// So long that no load of the machine ends one.
const LEASE: [(&str, &str); 2] = [("TAKEOFF_JOBS_LEASE_MS", "15000"), ("TAKEOFF_JOBS_RENEW_MS", "3000")];

/// Steps of the clocks, each while clients get some work done under it.
async fn steps(nodes: &[Client], place: &Arc<Place>, walls: &[&Wall]) -> Acknowledged {
    let (told, stop) = (Told::default(), Arc::new(AtomicBool::new(false)));
    let working: Vec<_> = (0..3)
        .map(|n| {
            let work = (nodes.to_vec(), Arc::clone(place), Arc::clone(&told), Arc::clone(&stop));
            tokio::spawn(work_on((n, 8), work.0, work.1, work.2, work.3))
        })
        .collect();
    let so_far = || {
        let told = told.lock().unwrap();
        (told.measurements.len(), told.sessions.len())
    };
    for (n, ahead_s) in STEPS.into_iter().chain([0]).enumerate() {
        walls[n % walls.len()].set(ahead_s);
        let (before, since) = (so_far(), Stopwatch::start());
        eventually("the clients get on", WORK, || async {
            let now = so_far();
            (now.0 > before.0 + 5 && now.1 > before.1).then_some(())
        })
        .await;
        tell(&format!("{ahead_s} s: some work done in {:?}", since.elapsed()));
    }
    eventually("clients were told of enough", WORK, || async {
        told.lock().unwrap().is_enough().then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for client in working {
        client.await.unwrap();
    }
    std::mem::take(&mut *told.lock().unwrap())
}

#[expect(clippy::print_stderr, reason = "the figures, for whoever reads the test's output")]
fn tell(what: &str) {
    eprintln!("{what}");
}

/// A time as the API writes it: `2026-11-28T16:30:00.000000Z`.
fn parsed(text: &str) -> Option<Timestamp> {
    let parts: Vec<i64> = text
        .strip_suffix('Z')?
        .split(['-', 'T', ':', '.'])
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let &[year, month, day, hour, minute, second, micros] = &parts[..] else { return None };
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    Some(Timestamp((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micros))
}

/// How many times an answer has, which are all of the test's own time.
fn true_times(what: &Value, start: Timestamp) -> usize {
    match what {
        Value::Object(fields) => fields.values().map(|value| true_times(value, start)).sum(),
        Value::Array(all) => all.iter().map(|value| true_times(value, start)).sum(),
        Value::String(text) => match parsed(text) {
            Some(at) => {
                let (before_ms, after_ms) = (start.ms_since(at), at.ms_since(SystemClock.now()));
                assert!(before_ms < OFF_MS && after_ms < OFF_MS, "{text} was not in this test");
                1
            }
            None => 0,
        },
        _ => 0,
    }
}

async fn all_times(client: &Client, place: &Place, told: &Acknowledged, start: Timestamp) {
    let mut paths = vec![
        format!("/projects/{}", place.project),
        format!("/projects/{}/documents", place.project),
        format!("/projects/{}/conditions", place.project),
        "/admin/jobs?limit=100".to_owned(),
        "/admin/nodes".to_owned(),
        "/admin/node".to_owned(),
    ];
    paths.extend(told.documents.iter().map(|d| format!("/documents/{d}")));
    paths.extend(told.sessions.keys().map(|s| format!("/auto-count-sessions/{s}")));
    for path in paths {
        let seen = true_times(&client.get(&path).await.expect(200), start);
        assert!(seen > 0, "{path} has no time");
    }
}

#[test]
fn times_are_read() {
    assert_eq!(parsed("1970-01-01T00:00:00.000000Z"), Some(Timestamp(0)));
    assert_eq!(parsed("2024-02-29T12:00:01.000002Z"), Some(Timestamp(1_709_208_001_000_002)));
    assert_eq!(parsed("set.pdf"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_a_database_go_by_its_time() {
    let start_at = SystemClock.now();
    let shared = Shared::open().await;
    let drawn = Drawn::open_with(&shared.settings("first", &[])).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    drawn.node.kill();
    let walls = [Wall::default(), Wall::default()];
    let environments = walls.each_ref().map(Wall::environment);
    let start = |name, n: usize| {
        let mut settings = vec![DEADLINE, LEASE[0], LEASE[1]];
        settings.extend(environments[n].iter().map(|(key, value)| (*key, value.as_str())));
        shared.node(name, &settings)
    };
    // One of them is off from its start.
    walls[1].set(-DAY);
    let nodes = [start("a", 0), start("b", 1)];
    let clients: Vec<Client> = nodes.iter().map(Node::client).collect();
    let told = steps(&clients, &place, &[&walls[0], &walls[1]]).await;
    walls[0].set(DAY);
    check(&clients[0], &place, &told, &undisturbed).await;
    for client in &clients {
        all_times(client, &place, &told, start_at).await;
    }
    // Nobody was thought to be dead, and no lease was taken away.
    let costs = "SELECT count(*) FROM jobs WHERE state = 5 OR attempts > 0 OR node_deaths > 0";
    assert_eq!(shared.sql(costs), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_its_own_goes_on_by_its_own_time() {
    let start = SystemClock.now();
    let wall = Wall::default();
    let environment = wall.environment();
    let mut settings = vec![DEADLINE];
    settings.extend(environment.iter().map(|(key, value)| (*key, value.as_str())));
    let drawn = Drawn::open_with(&settings).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    let client = drawn.client.clone();
    let told = steps(std::slice::from_ref(&client), &place, &[&wall]).await;
    check(&client, &place, &told, &undisturbed).await;
    all_times(&client, &place, &told, start).await;
    // What waits when the clock is put back is not late by it.
    let (pdf, _) = takeoff_samples::sheets(23, 6, Habit::named("blocks").unwrap());
    let uploaded = client.try_upload(&place.project, "set.pdf", pdf, "application/pdf").await.unwrap();
    let id = uploaded.expect(201)["id"].as_str().unwrap().to_owned();
    wall.set(-DAY);
    client.pages_of(&id, 6).await;
    let jobs = client.get("/admin/jobs?limit=100").await.expect(200)["jobs"].clone();
    for job in jobs.as_array().unwrap() {
        assert_eq!((&job["attempts"], &job["node_deaths"]), (&0.into(), &0.into()), "{job}");
    }
}
