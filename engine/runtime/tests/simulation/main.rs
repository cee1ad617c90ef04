//! The engine, simulated: the real runtime (supervision, pullers, renewers, rescuers, attempts, settling, the
//! schedule) of a few nodes on one store in memory, in one thread whose time is made. Order, length and all faults
//! come from a seed, so that a seed that breaks a rule can be looked at again:
//!
//! `TAKEOFF_SIM_SEED=7 cargo test -p takeoff-engine --test simulation one_seed -- --nocapture`

mod check;
mod fate;
mod history;
mod run;
mod stage;
mod store;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};

use run::{Outcome, run};
use store::Broken;
use takeoff_storage::{BlobStore, mem};

/// Seeds of each test run; `TAKEOFF_SIM_SEEDS` has another number for a soak.
const SEEDS: u64 = 2_000;

/// Among so many, each broken store must be found out.
const FOUND_WITHIN: u64 = 200;

#[expect(clippy::disallowed_methods, reason = "how a seed is asked for again")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Panics that a seed wants are not told.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<String>();
            if text.is_none_or(|text| text != stage::MEANT) {
                usual(info);
            }
        }));
    });
}

fn blobs() -> Arc<dyn BlobStore> {
    quiet();
    mem::blobs().expect("a scratch folder")
}

fn verdict(seed: u64, outcome: &Outcome) -> String {
    format!(
        "seed {seed} breaks a rule:\n  {}\nagain, with its history:\n  \
         TAKEOFF_SIM_SEED={seed} cargo test -p takeoff-engine --test simulation one_seed -- --nocapture",
        outcome.wrong.join("\n  ")
    )
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was simulated")]
fn no_seed_breaks_a_rule() {
    let blobs = blobs();
    let seeds = asked("TAKEOFF_SIM_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let (failed, sums) = (Mutex::new(Vec::new()), Mutex::new((0, 0)));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let outcome = run(seed, Broken::Nothing, &blobs);
                    let mut sums = sums.lock().unwrap();
                    *sums = (sums.0 + outcome.jobs, sums.1 + outcome.leases);
                    if !outcome.wrong.is_empty() {
                        failed.lock().unwrap().push((seed, verdict(seed, &outcome)));
                    }
                }
            });
        }
    });
    let (jobs, leases) = *sums.lock().unwrap();
    println!("{seeds} seeds: {jobs} jobs, {leases} leases");
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    let told: Vec<&str> = failed.iter().take(5).map(|(_, what)| what.as_str()).collect();
    assert!(failed.is_empty(), "{} seeds break a rule; the first:\n{}", failed.len(), told.join("\n"));
    assert!(jobs as u64 > seeds * 4 && leases > jobs, "too little happened: {jobs} jobs, {leases} leases");
}

#[test]
#[expect(clippy::print_stdout, reason = "what was asked for")]
fn one_seed() {
    let seed = asked("TAKEOFF_SIM_SEED").unwrap_or(0);
    let outcome = run(seed, Broken::Nothing, &blobs());
    println!("{}", outcome.log.join("\n"));
    assert!(outcome.wrong.is_empty(), "{}", verdict(seed, &outcome));
}

#[test]
fn a_seed_has_one_history() {
    let blobs = blobs();
    let mut lines = 0;
    for seed in 0..40 {
        let (first, second) =
            (run(seed, Broken::Nothing, &blobs).log, run(seed, Broken::Nothing, &blobs).log);
        let apart = first.iter().zip(&second).position(|(a, b)| a != b);
        assert_eq!(apart.map(|n| (&first[n], &second[n])), None, "seed {seed} goes two ways");
        assert_eq!(first.len(), second.len(), "seed {seed} goes two ways");
        lines += first.len();
    }
    assert!(lines > 1_000, "too little happened: {lines} lines");
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "how soon it was found")]
fn is_found_out(broken: Broken, what: &str) {
    let blobs = blobs();
    for seed in 0..FOUND_WITHIN {
        let outcome = run(seed, broken, &blobs);
        if let Some(found) = outcome.wrong.iter().find(|wrong| wrong.contains(what)) {
            println!("{broken:?}: seed {seed}: {found}");
            return;
        }
    }
    panic!("a store without {broken:?} was not found out by {FOUND_WITHIN} seeds");
}

#[test]
fn a_store_without_a_fence_is_found_out() {
    is_found_out(Broken::Fence, "and the newest is");
}

#[test]
fn a_store_that_tears_effects_from_ends_is_found_out() {
    is_found_out(Broken::Atomicity, "happened 2 times");
}

#[test]
fn a_store_that_rescues_nobody_is_found_out() {
    is_found_out(Broken::Rescue, "it is stuck");
}

#[test]
fn a_store_that_acknowledges_too_early_is_found_out() {
    is_found_out(Broken::Acknowledgement, "it was acknowledged and is not there");
}
