//! Parse workers, with real child processes that misbehave in every way we know of.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use takeoff_core::budget::Budget;
use takeoff_engine::child::{CallLimits, ChildConfig, ChildError, ChildPool, Flow, MAX_FRAME};

const LONG: CallLimits = CallLimits { reply_ms: 20_000, total_ms: 40_000 };

fn config() -> ChildConfig {
    ChildConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_child-probe")),
        args: vec!["parse-worker".to_owned()],
        workers: 2,
        memory_bytes: 256 << 20,
        recycle_after: 100,
        queue_ms: 20_000,
    }
}

async fn first_reply(pool: &ChildPool, request: &str, limits: CallLimits) -> Result<String, ChildError> {
    let mut answer = String::new();
    let mut take = |reply: &[u8]| {
        answer = String::from_utf8_lossy(reply).into_owned();
        Flow::Done
    };
    pool.call(request.as_bytes(), limits, &Budget::unlimited(), &mut take).await?;
    Ok(answer)
}

fn lives(pid: &str) -> bool {
    // A killed child that nobody has waited for yet is a zombie, which is gone as well.
    std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|s| s.trim_start().starts_with('Z')))
}

async fn until_gone(pid: &str) {
    let gone = async {
        while lives(pid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the child lives on");
}

fn died(outcome: Result<String, ChildError>) -> (String, bool) {
    match outcome {
        Err(ChildError::Died { how, memory }) => (how, memory),
        other => panic!("a death was expected, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_child_answers_again() {
    let pool = ChildPool::new(config());
    assert_eq!(first_reply(&pool, "echo a page", LONG).await.unwrap(), "a page");
    let first = first_reply(&pool, "pid", LONG).await.unwrap();
    assert_eq!(first_reply(&pool, "pid", LONG).await.unwrap(), first);
    let view = pool.view();
    assert_eq!((view.spawned, view.calls, view.busy, view.idle), (1, 3, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_replies_reach_the_caller_in_order() {
    let pool = ChildPool::new(config());
    let mut seen = Vec::new();
    let mut take = |reply: &[u8]| {
        seen.push(String::from_utf8_lossy(reply).parse::<u32>().unwrap());
        if seen.len() == 5_000 { Flow::Done } else { Flow::More }
    };
    pool.call(b"count 5000", LONG, &Budget::unlimited(), &mut take).await.unwrap();
    assert_eq!(seen, (0..5_000).collect::<Vec<_>>());
    assert_eq!(pool.view().idle, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_of_the_node_stays_with_the_node() {
    let pool = ChildPool::new(config());
    assert_eq!(first_reply(&pool, "environment", LONG).await.unwrap(), "MALLOC_ARENA_MAX");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_hangs_is_killed_at_its_deadline() {
    let pool = ChildPool::new(config());
    let limits = CallLimits { reply_ms: 200, total_ms: 40_000 };
    let mut pid = String::new();
    let mut take = |reply: &[u8]| {
        pid = String::from_utf8_lossy(reply).into_owned();
        Flow::More
    };
    // Warm, so that the deadline measures the answer and not the start.
    first_reply(&pool, "echo x", LONG).await.unwrap();
    let outcome = pool.call(b"hang", limits, &Budget::unlimited(), &mut take).await;
    assert_eq!(outcome, Err(ChildError::Deadline { ms: 200 }));
    until_gone(&pid).await;
    assert_eq!(pool.view().timeouts, 1);
    assert_eq!(first_reply(&pool, "echo again", LONG).await.unwrap(), "again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_total_deadline_ends_a_child_that_keeps_talking() {
    let pool = ChildPool::new(config());
    let limits = CallLimits { reply_ms: 20_000, total_ms: 200 };
    let mut replies = 0_u64;
    let mut take = |_: &[u8]| {
        replies += 1;
        Flow::More
    };
    let outcome = pool.call(b"flood abc", limits, &Budget::unlimited(), &mut take).await;
    assert_eq!(outcome, Err(ChildError::Deadline { ms: 200 }));
    assert_eq!(pool.view().idle, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_the_budget_kills_the_child() {
    let pool = ChildPool::new(config());
    let budget = Budget::unlimited();
    let mut pid = String::new();
    let from_inside = budget.clone();
    let mut take = |reply: &[u8]| {
        pid = String::from_utf8_lossy(reply).into_owned();
        from_inside.cancel();
        Flow::More
    };
    let outcome = pool.call(b"hang", LONG, &budget, &mut take).await;
    assert_eq!(outcome, Err(ChildError::Cancelled));
    until_gone(&pid).await;
    assert_eq!(pool.view().cancelled, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_takes_its_child_with_it() {
    let pool = ChildPool::new(config());
    let (pid_tx, mut pid) = tokio::sync::mpsc::unbounded_channel();
    let its = pool.clone();
    let caller = tokio::spawn(async move {
        let mut take = |reply: &[u8]| {
            pid_tx.send(String::from_utf8_lossy(reply).into_owned()).unwrap();
            Flow::More
        };
        its.call(b"hang", LONG, &Budget::unlimited(), &mut take).await
    });
    let pid = pid.recv().await.unwrap();
    assert!(lives(&pid));
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    until_gone(&pid).await;
    assert_eq!(pool.view().busy, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_past_the_limit_is_recognised() {
    let pool = ChildPool::new(config());
    for request in ["allocate", "allocate-at-once"] {
        let (how, memory) = died(first_reply(&pool, request, LONG).await);
        assert!(memory, "{request}: {how}");
    }
    let view = pool.view();
    assert_eq!((view.deaths, view.memory_deaths), (2, 2));
    assert_eq!(first_reply(&pool, "echo fine", LONG).await.unwrap(), "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_what_cuts() {
    let small = ChildPool::new(config());
    let (how, memory) = died(first_reply(&small, "allocate-mib 400", LONG).await);
    assert!(memory, "{how}");
    let large = ChildPool::new(ChildConfig { memory_bytes: 1 << 30, ..config() });
    let reply = first_reply(&large, "allocate-mib 400", LONG).await.unwrap();
    assert_eq!(reply, (400_usize << 20).to_string());
    let limits = first_reply(&large, "limits", LONG).await.unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|l| l.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max address space")[..2], ["1073741824", "1073741824"]);
    assert_eq!(limit("Max core file size")[..2], ["0", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_among_the_arguments_is_not_repeated() {
    let args = ["parse-worker", "--memory-bytes", "268435456"].map(str::to_owned).to_vec();
    let pool = ChildPool::new(ChildConfig { args, memory_bytes: 1 << 30, ..config() });
    let given = first_reply(&pool, "arguments", LONG).await.unwrap();
    assert_eq!(given, "parse-worker --memory-bytes 268435456");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_deaths_say_how() {
    let pool = ChildPool::new(config());
    for (request, word) in [
        ("abort", "signal 6"),
        ("panic", "page 3 is hostile"),
        ("exit", "exit code 7"),
        ("half", "exit code 0"),
    ] {
        let (how, memory) = died(first_reply(&pool, request, LONG).await);
        assert!(how.contains(word) && !memory, "{request}: {how}");
    }
    assert_eq!(pool.view().deaths, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_no_answer() {
    let pool = ChildPool::new(config());
    for request in ["garbage", "nothing"] {
        let outcome = first_reply(&pool, request, LONG).await;
        assert!(matches!(outcome, Err(ChildError::Protocol(_))), "{request}: {outcome:?}");
    }
    let huge = vec![b'x'; MAX_FRAME + 1];
    let outcome = pool.call(&huge, LONG, &Budget::unlimited(), &mut |_| Flow::Done).await;
    assert!(matches!(outcome, Err(ChildError::Protocol(_))), "{outcome:?}");
    assert_eq!(pool.view().idle, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_program_is_noticed() {
    let missing = ChildPool::new(ChildConfig { program: PathBuf::from("/nowhere/at/all"), ..config() });
    let outcome = first_reply(&missing, "echo x", LONG).await;
    assert!(matches!(&outcome, Err(ChildError::Spawn(e)) if e.contains("/nowhere/at/all")), "{outcome:?}");
    let other = ChildPool::new(ChildConfig { args: vec!["not-a-worker".to_owned()], ..config() });
    let outcome = first_reply(&other, "echo x", LONG).await;
    assert!(matches!(outcome, Err(ChildError::Protocol(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_replaced_after_their_share_of_requests() {
    let pool = ChildPool::new(ChildConfig { recycle_after: 2, ..config() });
    let mut pids = Vec::new();
    for _ in 0..4 {
        pids.push(first_reply(&pool, "pid", LONG).await.unwrap());
    }
    assert_eq!(pids[0], pids[1]);
    assert_ne!(pids[1], pids[2]);
    assert_eq!(pids[2], pids[3]);
    assert_eq!((pool.view().spawned, pool.view().recycled), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_goes_on_after_done_is_not_reused() {
    let pool = ChildPool::new(config());
    let first = first_reply(&pool, "flood x", LONG).await.unwrap();
    assert_eq!(first, "x");
    assert_eq!(pool.view().idle, 0);
    assert_eq!(first_reply(&pool, "echo fine", LONG).await.unwrap(), "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_calls_wait_with_a_deadline_and_never_hold_up_interactive_ones() {
    let pool = ChildPool::new(ChildConfig { workers: 1, queue_ms: 50, ..config() });
    let (pid_tx, mut pid) = tokio::sync::mpsc::unbounded_channel();
    let its = pool.clone();
    let batch = tokio::spawn(async move {
        let mut take = |reply: &[u8]| {
            pid_tx.send(String::from_utf8_lossy(reply).into_owned()).unwrap();
            Flow::More
        };
        its.call(b"hang", LONG, &Budget::unlimited(), &mut take).await
    });
    pid.recv().await.unwrap();
    assert_eq!(first_reply(&pool, "echo x", LONG).await, Err(ChildError::Busy { ms: 50 }));
    let mut answer = Vec::new();
    let mut take = |reply: &[u8]| {
        answer = reply.to_vec();
        Flow::Done
    };
    pool.call_first(b"echo now", LONG, &Budget::unlimited(), &mut take).await.unwrap();
    assert_eq!(answer, b"now");
    batch.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn close_leaves_no_child() {
    let pool = ChildPool::new(config());
    let pid = first_reply(&pool, "pid", LONG).await.unwrap();
    assert!(lives(&pid));
    pool.close().await;
    until_gone(&pid).await;
    assert!(matches!(first_reply(&pool, "echo x", LONG).await, Err(ChildError::Spawn(_))));
}

/// A worker whose pipe closes in the middle of its work has nobody to work for.
#[test]
fn a_working_child_dies_with_its_parent() {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_child-probe"))
        .args(["parse-worker", "--memory-bytes", "268435456"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&[4, 0, 0, 0, 2]).unwrap();
    stdin.write_all(b"hang").unwrap();
    // Hello (5 + 2 bytes) and the header of the first reply: it is at work now.
    let mut said = [0_u8; 12];
    child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    drop(stdin);
    // The pipe's other end closes when the process is gone.
    let mut rest = Vec::new();
    child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
}
