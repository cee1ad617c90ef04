//! SIGKILL at random moments: everything that the embedded catalogue acknowledged is there afterwards.
//!
//! This program is its own writer: called with `writer FOLDER FIRST` it works on the folder and prints a
//! line for each answer, until it is killed.

#![expect(clippy::print_stdout, reason = "the writer reports through its output, the test through its own")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use takeoff_core::job::{JobEvent, JobState, Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Id, Index, Kind, TenantId, Timestamp};
use takeoff_storage::catalog::{Clock, JobChange, JobQuery, LeaseRequest, NewRecord};
use takeoff_storage::{Batch, Catalog, Op};

const TENANT: TenantId = TenantId::DEFAULT;
const ROUNDS: u64 = 12;
/// Numbers that one round may use.
const ROUND_SPAN: u64 = 1_000_000;
const DEADLINE: Duration = Duration::from_secs(60);

/// Counts up: the writer has no use for the time of day.
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.0.fetch_add(1, Ordering::Relaxed)).unwrap_or(i64::MAX))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["writer", folder, first] => write_until_killed(Path::new(folder), first.parse()?),
        ref others if others.contains(&"--list") => println!("kill_nine: test"),
        ref others if is_filtered_out(others) => {}
        _ => {
            run_rounds()?;
            println!("test kill_nine ... ok");
        }
    }
    Ok(())
}

/// Whether the caller named tests, but not this one.
fn is_filtered_out(args: &[&str]) -> bool {
    let mut names = args.iter().filter(|a| !a.starts_with('-')).peekable();
    names.peek().is_some() && !names.any(|name| "kill_nine".contains(name))
}

fn open(folder: &Path, first: u64) -> Arc<dyn Catalog> {
    let clock = Arc::new(Ticks(AtomicU64::new(1_000_000_000_000 + first)));
    takeoff_storage::sled::open(folder, clock).expect("the folder opens")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn id(n: u64) -> Id {
    Id(uuid::Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | n))
}

fn body(n: u64) -> Vec<u8> {
    format!("document {n} ").repeat(1 + usize::try_from(n % 90).unwrap_or(0)).into_bytes()
}

/// A record, a job for it and an event, in one commit.
fn arrival(n: u64) -> Batch {
    let mut batch = Batch::new(TENANT);
    batch.ops.push(Op::Put(NewRecord {
        kind: Kind::Document,
        id: id(n),
        format: 1,
        lists: vec![(Index::ByProject, id(0))],
        blobs: Vec::new(),
        body: body(n),
    }));
    batch.jobs.push(NewJob {
        id: id(n),
        stage: Stage::Noop,
        args: json!({ "n": n }),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: Some(id(0)),
        subject_id: None,
        task: None,
        request_id: None,
    });
    batch.event(id(0), "arrived", json!(n));
    batch
}

fn say(line: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone has killed this process too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn write_until_killed(folder: &Path, first: u64) {
    let catalog = open(folder, first);
    let next = Arc::new(AtomicU64::new(first));
    runtime().block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            tasks.spawn(work(Arc::clone(&catalog), Arc::clone(&next)));
        }
        while tasks.join_next().await.is_some() {}
    });
}

async fn work(catalog: Arc<dyn Catalog>, next: Arc<AtomicU64>) {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        catalog.commit(arrival(n)).await.expect("arrival");
        say(format_args!("arrived {n}"));
        let request = LeaseRequest::new("w", Stage::Noop, 2, 1_000_000);
        for job in catalog.lease(request).await.expect("lease") {
            let done = job.args["n"].as_u64().expect("a number");
            if done % 3 == 0 {
                continue;
            }
            let mut batch = Batch::new(TENANT);
            let event = JobEvent::Succeed { result: json!(done) };
            batch.changes.push(JobChange { job: job.id, token: Some(job.token), event });
            batch.event(id(0), "done", json!(done));
            catalog.commit(batch).await.expect("done");
            say(format_args!("done {done}"));
        }
    }
}

fn run_rounds() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut random = ChaCha8Rng::seed_from_u64(20_26);
    let (mut arrived, mut done) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let lines = random.random_range(0..600);
        for line in killed_after(folder.path(), 1 + round * ROUND_SPAN, lines)? {
            let (what, n) = line.split_once(' ').ok_or("a line of two words")?;
            if what == "arrived" { arrived.push(n.parse()?) } else { done.push(n.parse()?) }
        }
        runtime().block_on(check(folder.path(), round, &arrived, &done));
    }
    assert!(arrived.len() > 1_000 && done.len() > 500, "{} and {} are too few", arrived.len(), done.len());
    Ok(())
}

/// Lines of a writer that was killed at about its nth.
fn killed_after(folder: &Path, first: u64, lines: usize) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut writer = Command::new(std::env::current_exe()?)
        .arg("writer")
        .arg(folder)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = writer.stdout.take().ok_or("no output")?;
    let (sender, receiver) = channel();
    let reader = std::thread::spawn(move || {
        // A last line that was cut off was not acknowledged as far as anybody knows.
        let whole = BufReader::new(output).split(b'\n').map_while(Result::ok);
        for line in whole.filter_map(|l| String::from_utf8(l).ok()) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut said = receive(&receiver, lines)?;
    writer.kill()?;
    writer.wait()?;
    reader.join().map_err(|_| "the reader panicked")?;
    said.extend(receiver.try_iter());
    // The kill may have cut the last line short.
    said.retain(|l| l.split_once(' ').is_some_and(|(_, n)| n.len() == first.to_string().len()));
    Ok(said)
}

fn receive(lines: &Receiver<String>, count: usize) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    (0..count).map(|_| lines.recv_timeout(DEADLINE).map_err(Into::into)).collect()
}

async fn check(folder: &Path, round: u64, arrived: &[u64], done: &[u64]) {
    let catalog = open(folder, (round + 1) * ROUND_SPAN - 1);
    for n in arrived {
        let record = catalog.get(TENANT, Kind::Document, id(*n)).await.expect("get");
        let record = record.unwrap_or_else(|| panic!("round {round}: document {n} is lost"));
        assert_eq!(record.body, body(*n));
        assert!(catalog.job(TENANT, id(*n)).await.expect("job").is_some(), "round {round}: job {n} is lost");
    }
    for n in done {
        let job = catalog.job(TENANT, id(*n)).await.expect("job").expect("a job");
        assert_eq!((job.state, job.result), (JobState::Succeeded, Some(json!(n))), "round {round}");
    }
    // Whole commits only: each document has its job and its event, each completion its event.
    let jobs =
        catalog.jobs(TENANT, JobQuery { limit: usize::MAX, ..JobQuery::default() }).await.expect("jobs");
    let documents = catalog.count(TENANT, Kind::Document, Index::ByProject, id(0)).await.expect("count");
    assert_eq!(jobs.total, documents, "round {round}");
    let succeeded = jobs.jobs.iter().filter(|j| j.state == JobState::Succeeded).count();
    let events = catalog.events(TENANT, id(0), 0, usize::MAX).await.expect("events");
    assert_eq!(events.len(), jobs.jobs.len() + succeeded, "round {round}");
    assert!(events.iter().zip(1..).all(|(e, n)| e.seq == n), "round {round}: a gap in the events");
    // Nobody runs them any more, and nobody has paid for it.
    assert!(jobs.jobs.iter().all(|j| j.state != JobState::Leased && j.attempts == 0), "round {round}");
    let queue = catalog.queue(Stage::Noop).await.expect("queue");
    // Those that were leased at more than one kill rest.
    assert_eq!(queue.ready + queue.delayed + succeeded as u64, jobs.total, "round {round}");
}
