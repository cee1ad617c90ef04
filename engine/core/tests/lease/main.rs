//! A model of leases, searched to the end: every order in which a few nodes, a store and what can go wrong between
//! them may act. What the store decides is decided by `takeoff_core::job::transition`. Guards that are taken out
//! must make the search find what they are there for.

mod moves;
mod rules;
mod search;
mod world;

use rules::{Fence, IN_FORCE, LostAnswer, PLAIN, Rescue, Rules, Setup};
use search::{Found, search};
use world::World;

#[expect(clippy::print_stdout, reason = "how much was searched, and the shortest way to what was found")]
fn explore(name: &str, setup: &'static Setup) -> Found {
    let found = search(World::new(setup));
    println!("{name}: {} states, {} moves, {} of the states are ends", found.states, found.moves, found.ends);
    if let Some(violation) = &found.violation {
        println!("{name}: {}, after\n  {}", violation.what, violation.trace.join("\n  "));
    }
    found
}

fn holds(name: &str, setup: &'static Setup, least: usize) {
    let found = explore(name, setup);
    if let Some(violation) = found.violation {
        panic!("{name}: {}, after\n  {}", violation.what, violation.trace.join("\n  "));
    }
    assert!(found.ends > 0 && found.states >= least, "{name}: too little was searched: {found:?}");
}

#[track_caller]
fn finds(name: &str, setup: &'static Setup, what: &str) {
    let violation = explore(name, setup).violation.unwrap_or_else(|| panic!("{name}: nothing was found"));
    assert!(violation.what.contains(what), "{name}: found another thing: {violation:?}");
    assert!(!violation.trace.is_empty());
}

#[test]
fn leases_hold_whatever_order_things_happen_in() {
    static SETUP: Setup = PLAIN;
    holds("two nodes, one job", &SETUP, 1_000);
}

#[test]
fn leases_hold_between_three_nodes() {
    static SETUP: Setup = Setup { nodes: 3, renewals: false, answers_lost: false, ..PLAIN };
    holds("three nodes, one job", &SETUP, 1_000);
}

#[test]
fn leases_hold_with_two_jobs() {
    static SETUP: Setup = Setup { jobs: 2, renewals: false, answers_lost: false, failures: false, ..PLAIN };
    holds("two nodes, two jobs", &SETUP, 1_000);
}

#[test]
fn a_fan_in_happens_once() {
    static SETUP: Setup =
        Setup { fans_out: true, renewals: false, failures: false, crashes: false, max_attempts: 1, ..PLAIN };
    holds("fan-out and fan-in", &SETUP, 1_000);
}

#[test]
fn parts_take_effect_once() {
    static SETUP: Setup = Setup { parts: 2, renewals: false, failures: false, ..PLAIN };
    holds("parts", &SETUP, 1_000);
}

#[test]
fn a_clock_that_is_slow_by_less_than_the_margin_does_no_harm() {
    static SETUP: Setup =
        Setup { slow_clocks: true, answers_lost: false, failures: false, max_attempts: 1, ..PLAIN };
    holds("slow clocks", &SETUP, 1_000);
}

#[test]
fn no_correctness_rests_on_clocks() {
    static SETUP: Setup = Setup {
        jumps: 2,
        cancels: true,
        ahead: 2,
        renewals: false,
        failures: false,
        max_attempts: 1,
        ..PLAIN
    };
    holds("the store's clock jumps, clients cancel", &SETUP, 1_000);
}

/// Counted for themselves, and the job that its nodes keep dying of comes to an end.
#[test]
fn deaths_of_nodes_cost_no_attempt() {
    static SETUP: Setup = Setup {
        rules: Rules { rescue: Rescue::NodeDied, ..IN_FORCE },
        renewals: false,
        answers_lost: false,
        max_attempts: 1,
        ..PLAIN
    };
    holds("deaths of nodes", &SETUP, 1_000);
}

#[test]
fn without_the_fence_an_effect_happens_twice() {
    static SETUP: Setup = Setup {
        rules: Rules { fence: Fence::None, ..IN_FORCE },
        answers_lost: false,
        failures: false,
        ..PLAIN
    };
    finds("no fence, acknowledged apart", &SETUP, "took effect twice");
}

#[test]
fn without_the_token_a_stranger_commits() {
    static SETUP: Setup =
        Setup { rules: Rules { fence: Fence::AnyLease, ..IN_FORCE }, answers_lost: false, ..PLAIN };
    finds("no fence, any lease will do", &SETUP, "was applied, and the newest is");
}

#[test]
fn without_the_token_a_renewal_makes_two_holders() {
    static SETUP: Setup = Setup { rules: Rules { renewal_has_token: false, ..IN_FORCE }, ..PLAIN };
    finds("renewals without a token", &SETUP, "each sure of its lease");
}

#[test]
fn trust_since_the_answer_makes_two_holders() {
    static SETUP: Setup = Setup { rules: Rules { trust_since_asked: false, ..IN_FORCE }, ..PLAIN };
    finds("trust since the answer", &SETUP, "each sure of its lease");
}

#[test]
fn trust_without_a_margin_makes_two_holders() {
    static SETUP: Setup =
        Setup { rules: Rules { trust: rules::LEASE, ..IN_FORCE }, slow_clocks: true, ..PLAIN };
    finds("trust to the end of the lease", &SETUP, "each sure of its lease");
}

#[test]
fn the_clock_of_a_node_makes_two_holders() {
    static SETUP: Setup = Setup { rules: Rules { store_time: false, ..IN_FORCE }, ahead: 2, ..PLAIN };
    finds("the rescuer's own clock", &SETUP, "each sure of its lease");
}

#[test]
fn a_death_that_is_taken_for_a_failure_is_found() {
    static SETUP: Setup = Setup { rules: Rules { rescue: Rescue::AsFailure, ..IN_FORCE }, ..PLAIN };
    finds("a death as a failure", &SETUP, "attempts were counted");
}

#[test]
fn a_lost_answer_that_nobody_looks_after_costs_an_attempt() {
    static SETUP: Setup =
        Setup { rules: Rules { lost_answer: LostAnswer::Believes, ..IN_FORCE }, fans_out: true, ..PLAIN };
    finds("nobody looks after a lost answer", &SETUP, "the lost answer to a commit cost it an attempt");
}

/// The answer to a fan-out is lost, the children end, the next lease is given: only the children tell that it was
/// applied.
#[test]
fn a_fan_out_is_told_by_its_children() {
    static SETUP: Setup = Setup {
        rules: Rules { lost_answer: LostAnswer::LooksAtTheJob, ..IN_FORCE },
        fans_out: true,
        renewals: false,
        crashes: false,
        ..PLAIN
    };
    finds("a look at the job alone", &SETUP, "the lost answer to a commit cost it an attempt");
}

#[test]
fn without_rescue_a_job_is_stuck() {
    static SETUP: Setup = Setup { rules: Rules { rescue: Rescue::Nobody, ..IN_FORCE }, ..PLAIN };
    finds("no rescue", &SETUP, "from here on nothing");
}
