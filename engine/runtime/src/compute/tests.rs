use std::sync::mpsc;
use std::time::Duration;

use super::*;

const SOON: Duration = Duration::from_secs(20);

fn pool(threads: usize, queue_per_thread: usize, health_ms: u64) -> Compute {
    Compute::start(&ComputeSettings { threads, queue_per_thread, health_ms }).unwrap()
}

async fn within<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(SOON, work).await.expect("a signal that must come did not come")
}

/// Work that keeps its thread until the sender is dropped or sends, without looking at its budget.
fn blocked() -> (mpsc::Sender<()>, impl FnOnce(&mut Scratch) + Send + 'static) {
    let (release, wait) = mpsc::channel();
    (release, move |_: &mut Scratch| {
        let _ = wait.recv();
    })
}

async fn until(compute: &Compute, what: impl Fn(&ComputeView) -> bool) {
    within(async {
        while !what(&compute.view()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_and_keeps_the_thread() {
    let compute = pool(1, 4, 10_000);
    let budget = Budget::unlimited();
    for round in 0..20 {
        let outcome: Result<(), _> = within(compute.run(&budget, move |_| panic!("round {round}"))).await;
        assert_eq!(outcome, Err(ComputeError::Panicked(format!("round {round}"))));
    }
    assert_eq!(within(compute.run(&budget, |_| 7)).await, Ok(7));
    let view = compute.view();
    assert_eq!((view.threads, view.panics, view.done), (1, 20, 21));
    assert_eq!(within(compute.check()).await, None);
}

/// A result whose drop panics, which happens outside of the caught work when nobody takes it.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("the drop of a result panics");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_around_the_work_keeps_the_thread_too() {
    let compute = pool(1, 4, 10_000);
    let (started_tx, started) = oneshot::channel();
    let (release, hold) = mpsc::channel::<()>();
    let its = compute.clone();
    let caller = tokio::spawn(async move {
        let work = move |_: &mut Scratch| {
            started_tx.send(()).unwrap();
            let _ = hold.recv();
            Grenade
        };
        its.run(&Budget::unlimited(), work).await.map(std::mem::forget)
    });
    within(started).await.unwrap();
    caller.abort();
    assert!(within(caller).await.unwrap_err().is_cancelled());
    drop(release);
    assert_eq!(within(compute.run(&Budget::unlimited(), |_| 7)).await, Ok(7));
    assert_eq!(compute.view().threads, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn scratch_stays_with_its_thread_and_goes_with_a_panic() {
    let compute = pool(1, 4, 10_000);
    let budget = Budget::unlimited();
    let push = |scratch: &mut Scratch| {
        let kept = scratch.get::<Vec<u8>>();
        kept.push(1);
        kept.len()
    };
    assert_eq!(within(compute.run(&budget, push)).await, Ok(1));
    assert_eq!(within(compute.run(&budget, push)).await, Ok(2));
    let _: Result<(), _> = within(compute.run(&budget, |_| panic!("half-written"))).await;
    assert_eq!(within(compute.run(&budget, push)).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_bounded() {
    let compute = pool(1, 1, 10_000);
    let (release, work) = blocked();
    let mut callers = vec![tokio::spawn({
        let compute = compute.clone();
        async move { compute.run(&Budget::unlimited(), work).await }
    })];
    until(&compute, |v| v.busy == 1).await;
    for _ in 0..3 {
        let compute = compute.clone();
        callers.push(tokio::spawn(async move { compute.run(&Budget::unlimited(), |_| ()).await }));
    }
    // One runs, one has a place, two wait outside of actix's queue.
    until(&compute, |v| v.queued == 1 && v.waiting == 2).await;
    drop(release);
    for caller in callers {
        assert_eq!(within(caller).await.unwrap(), Ok(()));
    }
    assert_eq!(compute.view().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_wants_is_skipped() {
    let compute = pool(1, 8, 10_000);
    let (release, work) = blocked();
    let holder = tokio::spawn({
        let compute = compute.clone();
        async move { compute.run(&Budget::unlimited(), work).await }
    });
    until(&compute, |v| v.busy == 1).await;
    let (ran_tx, ran) = mpsc::channel();
    let cancelled = Budget::unlimited();
    let mut callers = Vec::new();
    for budget in [cancelled.clone(), Budget::unlimited()] {
        let (compute, ran) = (compute.clone(), ran_tx.clone());
        callers.push(tokio::spawn(async move { compute.run(&budget, move |_| ran.send(()).unwrap()).await }));
    }
    drop(ran_tx);
    until(&compute, |v| v.queued == 2).await;
    cancelled.cancel();
    let gone = callers.pop().unwrap();
    gone.abort();
    assert!(within(gone).await.unwrap_err().is_cancelled());
    drop(release);
    assert_eq!(within(holder).await.unwrap(), Ok(()));
    assert_eq!(within(callers.pop().unwrap()).await.unwrap(), Err(ComputeError::Cancelled));
    until(&compute, |v| v.skipped == 2).await;
    assert_eq!(ran.recv(), Err(mpsc::RecvError), "neither may have run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_does_not_answer_is_noticed_and_recovers() {
    let compute = pool(1, 4, 30);
    let (release, work) = blocked();
    let holder = tokio::spawn({
        let compute = compute.clone();
        async move { compute.run(&Budget::unlimited(), work).await }
    });
    until(&compute, |v| v.busy == 1).await;
    let trouble = within(compute.check()).await.unwrap();
    assert!(trouble.contains("has not answered"), "{trouble}");
    assert_eq!(compute.trouble(), Some(trouble));
    let refused = within(compute.run(&Budget::unlimited(), |_| ())).await;
    assert_eq!(refused, Err(ComputeError::Unhealthy));
    drop(release);
    within(holder).await.unwrap().unwrap();
    assert_eq!(within(compute.check()).await, None);
    assert_eq!(within(compute.run(&Budget::unlimited(), |_| ())).await, Ok(()));
}

/// Work that keeps its thread until the sender is dropped or sends, and asks all the time whether it may go on.
fn asking(budget: &Budget) -> (mpsc::Sender<()>, impl FnOnce(&mut Scratch) + Send + 'static) {
    let ((release, wait), budget) = (mpsc::channel(), budget.clone());
    (release, move |_: &mut Scratch| {
        while wait.try_recv() == Err(mpsc::TryRecvError::Empty) && budget.spend(1).is_ok() {
            std::thread::yield_now();
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_that_can_be_stopped_on_all_threads_is_no_trouble() {
    let compute = pool(1, 4, 30);
    let budget = Budget::unlimited();
    // As a session's budget is of its attempt's.
    let (release, work) = asking(&budget.aside());
    let (its, its_budget) = (compute.clone(), budget.clone());
    let holder = tokio::spawn(async move { its.run(&its_budget, work).await });
    until(&compute, |v| v.busy == 1).await;
    assert_eq!(within(compute.check()).await, None);
    assert_eq!(compute.view().probes, 0, "it was not answered");
    drop(release);
    within(holder).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_leaves_a_thread_to_short_work() {
    let compute = pool(2, 4, 10_000);
    let budget = Budget::unlimited();
    let mut holders = Vec::new();
    for _ in 0..2 {
        let (release, work) = asking(&budget);
        let (its, its_budget) = (compute.clone(), budget.clone());
        holders.push((release, tokio::spawn(async move { its.run_long(&its_budget, work).await })));
    }
    until(&compute, |v| v.busy == 1).await;
    assert_eq!(within(compute.run(&Budget::unlimited(), |_| 7)).await, Ok(7));
    // The second waits; a thread answers before it says that it is free.
    until(&compute, |v| v.busy == 1).await;
    for (release, holder) in holders {
        drop(release);
        within(holder).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stuck_thread_of_two_is_noticed() {
    let compute = pool(2, 4, 30);
    let budget = Budget::unlimited();
    let (release, work) = blocked();
    let (its, its_budget) = (compute.clone(), budget.clone());
    let holder = tokio::spawn(async move { its.run(&its_budget, work).await });
    until(&compute, |v| v.busy == 1).await;
    assert_eq!(within(compute.check()).await, None, "long work is no trouble while it is wanted");
    budget.cancel();
    let trouble = within(async {
        loop {
            if let Some(trouble) = compute.check().await {
                return trouble;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(trouble.contains("is stuck"), "{trouble}");
    drop(release);
    within(holder).await.unwrap().unwrap();
    until(&compute, |v| v.busy == 0).await;
    assert_eq!(within(compute.check()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn close_ends_the_threads() {
    let compute = pool(2, 4, 10_000);
    assert_eq!(within(compute.run(&Budget::unlimited(), |_| 1)).await, Ok(1));
    assert!(compute.close(SOON).await);
    assert_eq!(compute.view().threads, 0);
    assert_eq!(within(compute.run(&Budget::unlimited(), |_| 1)).await, Err(ComputeError::Unhealthy));
}

#[tokio::test]
async fn inline_runs_on_the_spot() {
    let compute = Compute::inline();
    let budget = Budget::unlimited();
    let here = std::thread::current().id();
    assert_eq!(compute.run(&budget, |_| std::thread::current().id()).await, Ok(here));
    let outcome: Result<(), _> = compute.run(&budget, |_| panic!("no")).await;
    assert_eq!(outcome, Err(ComputeError::Panicked("no".to_owned())));
    budget.cancel();
    assert_eq!(compute.run(&budget, |_| 1).await, Err(ComputeError::Cancelled));
}
