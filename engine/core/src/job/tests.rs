use serde_json::{Value, json};

use super::*;
use crate::model::{Id, TenantId, Timestamp};

const T0: Timestamp = Timestamp(1_000_000_000);
const LEASE_MS: i64 = 10_000;

fn id(n: u64) -> Id {
    Id(uuid::Uuid::from_u64_pair(1, n))
}

fn new_job(n: u64) -> NewJob {
    NewJob {
        id: id(n),
        stage: Stage::Noop,
        args: json!({}),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 10_000 },
        project_id: None,
        subject_id: None,
        task: None,
        request_id: None,
    }
}

fn ready() -> Job {
    enqueue(new_job(1), TenantId::DEFAULT, None, T0)
}

fn step(job: &Job, cause: Cause, now: Timestamp) -> Transition {
    transition(job, cause, now, 7).expect("allowed")
}

fn lease(job: &Job, now: Timestamp) -> Job {
    step(job, Cause::Lease { node: "a".into(), lease_ms: LEASE_MS }, now).job
}

fn by_holder(job: &Job, event: JobEvent) -> Cause {
    Cause::Reported { token: Some(job.token), event }
}

fn outside(event: JobEvent) -> Cause {
    Cause::Reported { token: None, event }
}

fn fail(job: &Job, kind: FailureKind) -> Cause {
    by_holder(job, JobEvent::Fail { kind, message: "why".into() })
}

fn cancel() -> Cause {
    outside(JobEvent::Cancel { reason: "stop".into() })
}

#[test]
fn a_lease_is_given_when_due_and_only_once() {
    let job = enqueue(NewJob { run_at: Some(T0.plus_ms(50)), ..new_job(1) }, TenantId::DEFAULT, None, T0);
    let ask = || Cause::Lease { node: "a".into(), lease_ms: LEASE_MS };
    assert_eq!(transition(&job, ask(), T0, 0), Err(Refused::State(JobState::Ready)));
    let leased = lease(&job, T0.plus_ms(50));
    let until = T0.plus_ms(50 + LEASE_MS);
    assert_eq!(leased.lease, Some(Lease { node: "a".into(), token: 1, until }));
    assert_eq!((leased.started_at, leased.attempts), (Some(T0.plus_ms(50)), 0));
    assert_eq!(transition(&leased, ask(), T0.plus_ms(99_999), 0), Err(Refused::State(JobState::Leased)));
}

#[test]
fn retries_rest_longer_each_time_and_end_in_death() {
    let mut job = ready();
    let mut now = T0;
    for (attempt, shortest, longest) in [(1, 50, 100), (2, 100, 200)] {
        let leased = lease(&job, now);
        assert!(!dies_of(&leased, FailureKind::Retry));
        let after = step(&leased, fail(&leased, FailureKind::Retry), now);
        assert!(after.readied && !after.ended);
        job = after.job;
        assert_eq!((job.state, job.attempts), (JobState::Ready, attempt));
        let rest = job.run_at.ms_since(now);
        assert!((shortest..=longest).contains(&rest), "{rest}");
        now = job.run_at;
    }
    let leased = lease(&job, now);
    assert!(dies_of(&leased, FailureKind::Hang));
    let after = step(&leased, fail(&leased, FailureKind::Hang), now);
    assert!(after.ended && !after.readied);
    assert_eq!((after.job.state, after.job.attempts), (JobState::Dead, 3));
    assert_eq!(after.job.error.as_deref(), Some("why"));
    let kinds: Vec<_> = after.job.failures.iter().map(|f| (f.token, f.kind)).collect();
    assert_eq!(kinds, [(1, FailureKind::Retry), (2, FailureKind::Retry), (3, FailureKind::Hang)]);
}

#[test]
fn reject_and_the_third_child_death_are_final() {
    let leased = lease(&ready(), T0);
    assert_eq!(step(&leased, fail(&leased, FailureKind::Reject), T0).job.state, JobState::Dead);
    let mut job = Job { retry: RetryPolicy { max_attempts: 100, ..ready().retry }, ..ready() };
    for death in 1..=MAX_CHILD_DEATHS {
        let leased = lease(&job, job.run_at);
        assert_eq!(dies_of(&leased, FailureKind::ChildDeath), death == MAX_CHILD_DEATHS);
        assert!(!dies_of(&leased, FailureKind::Panic));
        job = step(&leased, fail(&leased, FailureKind::ChildDeath), job.run_at).job;
        assert_eq!(job.child_deaths, death);
    }
    assert_eq!((job.state, job.attempts), (JobState::Dead, 3));
    let said = format!("quarantined: its parse child died {MAX_CHILD_DEATHS} times; the last: ");
    assert!(job.error.is_some_and(|why| why.starts_with(&said)));
}

#[test]
fn snooze_release_and_expiry_cost_nothing() {
    let leased = lease(&ready(), T0);
    let until = T0.plus_ms(500);
    let snooze = by_holder(
        &leased,
        JobEvent::Snooze { until, checkpoint: Some(json!(1)), why: Some("no room".to_owned()) },
    );
    let after = step(&leased, snooze, T0).job;
    assert_eq!((after.run_at, &after.checkpoint), (until, &Some(json!(1))));
    assert_eq!(after.progress.step.as_deref(), Some("rests: no room"));
    let leased = lease(&after, until);
    let past = by_holder(&leased, JobEvent::Snooze { until: T0, checkpoint: None, why: None });
    let kept = step(&leased, past, until).job;
    assert_eq!((kept.run_at, &kept.checkpoint), (until, &Some(json!(1))), "never before now; kept");
    for cause in [by_holder(&leased, JobEvent::Release), Cause::Expire] {
        let after = step(&leased, cause, until);
        assert!(after.readied);
        assert_eq!((after.job.state, after.job.run_at), (JobState::Ready, until));
        assert_eq!((after.job.attempts, after.job.failures.len()), (0, 0));
    }
    assert_eq!(transition(&ready(), Cause::Expire, T0, 0), Err(Refused::State(JobState::Ready)));
}

#[test]
fn lone_deaths_of_its_node_make_it_poison_and_cost_no_attempt() {
    let died = |job: &Job, alone, now| step(job, Cause::NodeDied { alone }, now).job;
    let once = died(&lease(&ready(), T0), true, T0);
    let seen = (once.state, once.run_at, once.node_deaths, once.lone_deaths);
    assert_eq!(seen, (JobState::Ready, T0, 1, 1), "one death is any death");
    let mut job = once;
    let mut rested_ms = 0;
    for deaths in 2..=MAX_LONE_DEATHS {
        assert_eq!(job.poison(), None);
        let now = job.run_at;
        job = died(&lease(&job, now), true, now);
        let rest_ms = job.run_at.ms_since(now);
        assert!(rest_ms >= rested_ms / 2, "{rest_ms} after {rested_ms}");
        rested_ms = rest_ms;
        assert_eq!((job.lone_deaths, job.attempts, job.failures.len()), (deaths, 0, 0));
    }
    let said = format!("quarantined: {MAX_LONE_DEATHS} times in a row the node died");
    assert!(job.poison().is_some_and(|why| why.contains(&said)));
    assert!(rested_ms <= 4_000, "{rested_ms}");
    let run_at = job.run_at;
    assert_eq!(died(&lease(&job, run_at), true, run_at).lone_deaths, MAX_LONE_DEATHS);

    let dead = step(&lease(&job, run_at), fail(&lease(&job, run_at), FailureKind::Reject), run_at).job;
    assert_eq!((dead.state, dead.lone_deaths), (JobState::Dead, MAX_LONE_DEATHS), "it says what it died of");
    let again = step(&dead, outside(JobEvent::Requeue), run_at).job;
    assert_eq!((again.lone_deaths, again.node_deaths, again.poison()), (0, 0, None));
    let unleased = transition(&ready(), Cause::NodeDied { alone: true }, T0, 0);
    assert_eq!(unleased, Err(Refused::State(JobState::Ready)));
}

#[test]
fn deaths_in_company_never_make_a_job_poison() {
    let mut job = ready();
    for deaths in 1..=40 {
        let now = job.run_at;
        job = step(&lease(&job, now), Cause::NodeDied { alone: false }, now).job;
        assert_eq!((job.node_deaths, job.lone_deaths, job.attempts, job.poison()), (deaths, 0, 0, None));
    }
}

#[test]
fn an_attempt_that_comes_on_clears_its_node_and_a_drain_says_nothing() {
    let twice = Job { node_deaths: 2, lone_deaths: 2, ..ready() };
    let leased = lease(&twice, T0);
    let snooze = by_holder(&leased, JobEvent::Snooze { until: T0, checkpoint: None, why: None });
    let went_on = by_holder(&leased, JobEvent::Continue);
    let release = by_holder(&leased, JobEvent::Release);
    for (cause, deaths) in [(release, 2), (Cause::Expire, 2), (snooze, 0), (went_on, 0)] {
        let after = step(&leased, cause, T0).job;
        assert_eq!((after.node_deaths, after.lone_deaths), (deaths, deaths));
    }
}

#[test]
fn only_the_holder_may_report() {
    let old = lease(&ready(), T0);
    let new = lease(&step(&old, Cause::Expire, T0).job, T0);
    let events = [
        JobEvent::Succeed { result: Value::Null },
        JobEvent::FanOut { children: vec![new_job(2)], checkpoint: Value::Null },
        JobEvent::Snooze { until: T0, checkpoint: None, why: None },
        JobEvent::Fail { kind: FailureKind::Retry, message: String::new() },
        JobEvent::Release,
    ];
    for event in events {
        for token in [Some(old.token), Some(9), None] {
            let cause = Cause::Reported { token, event: event.clone() };
            assert_eq!(transition(&new, cause, T0, 0), Err(Refused::Fenced { token: token.unwrap_or(0) }));
        }
        let cause = Cause::Reported { token: Some(new.token), event };
        // Late, but nobody else has it.
        assert!(transition(&new, cause, T0.plus_ms(LEASE_MS * 9), 0).is_ok());
    }
    let renew = |token| Cause::Renew { token, lease_ms: LEASE_MS, progress: None };
    assert_eq!(transition(&new, renew(old.token), T0, 0), Err(Refused::Fenced { token: 1 }));
}

#[test]
fn a_renewal_lengthens_and_never_shortens() {
    let leased = lease(&ready(), T0);
    let renew = |lease_ms, progress| Cause::Renew { token: 1, lease_ms, progress };
    let later = step(&leased, renew(LEASE_MS, None), T0.plus_ms(400)).job;
    assert_eq!(later.lease.as_ref().map(|l| l.until), Some(T0.plus_ms(400 + LEASE_MS)));
    let back = step(&later, renew(LEASE_MS, None), T0).job;
    assert_eq!(back.lease, later.lease);
    for (told, kept) in [(130.0, 100.0), (-1.0, 0.0), (f32::NAN, 0.0), (42.5, 42.5)] {
        let progress = Some(Progress { percent: told, step: Some("s".into()) });
        let after = step(&leased, renew(LEASE_MS, progress), T0).job;
        assert_eq!(after.progress, Progress { percent: kept, step: Some("s".into()) });
    }
}

#[test]
fn a_late_fence_costs_one_attempt_and_nothing_else() {
    let old = lease(&ready(), T0);
    let new = lease(&step(&old, Cause::Expire, T0).job, T0);
    let fenced = |token| outside(JobEvent::Fenced { token, message: "late".into() });
    let after = step(&new, fenced(1), T0).job;
    let expected = Job { attempts: 1, failures: after.failures.clone(), ..new.clone() };
    assert_eq!(after, expected);
    assert_eq!(after.failures[0].kind, FailureKind::Fenced);
    assert_eq!(step(&after, fenced(1), T0).job, after, "told twice");
    for token in [0, 2, 3] {
        assert!(transition(&new, fenced(token), T0, 0).is_err(), "{token} is nobody's or the holder's");
    }
    let done = step(&after, by_holder(&after, JobEvent::Succeed { result: Value::Null }), T0).job;
    assert_eq!(transition(&done, fenced(1), T0, 0), Err(Refused::State(JobState::Succeeded)));
    // Fences alone never kill: the attempt that runs still counts.
    let mut job = Job { retry: RetryPolicy { max_attempts: 1, ..after.retry }, ..new };
    job = step(&job, fenced(1), T0).job;
    assert_eq!((job.state, job.attempts), (JobState::Leased, 1));
    assert!(transition(&job, by_holder(&job, JobEvent::Succeed { result: Value::Null }), T0, 0).is_ok());
    assert_eq!(step(&job, fail(&job, FailureKind::Retry), T0).job.state, JobState::Dead);
}

#[test]
fn children_release_their_parent_when_the_last_has_ended() {
    let leased = lease(&ready(), T0);
    let children = vec![new_job(2), NewJob { run_at: Some(T0.plus_ms(9)), ..new_job(3) }];
    let event = JobEvent::FanOut { children, checkpoint: json!("rest") };
    let after = step(&leased, by_holder(&leased, event), T0);
    assert!(!after.readied && !after.ended);
    assert_eq!(
        after.children.iter().map(|c| (c.id, c.parent)).collect::<Vec<_>>(),
        [(id(2), Some(id(1))), (id(3), Some(id(1)))]
    );
    assert_eq!((after.job.state, after.job.children_left), (JobState::Waiting, 2));
    let one = step(&after.job, Cause::ChildEnded { failed: true }, T0);
    assert_eq!((one.readied, one.job.children_left, one.job.children_failed), (false, 1, 1));
    let two = step(&one.job, Cause::ChildEnded { failed: false }, T0);
    assert_eq!((two.readied, two.job.state, two.job.children_failed), (true, JobState::Ready, 1));
    let told = transition(&two.job, Cause::ChildEnded { failed: false }, T0, 0);
    assert_eq!(told, Err(Refused::State(JobState::Ready)));
    assert_eq!(two.job.attempts, 0);
}

#[test]
fn children_are_due_since_their_parent_was() {
    let leased = lease(&ready(), T0.plus_ms(5));
    let now = T0.plus_ms(20);
    let at = |n, ms: i64| NewJob { run_at: Some(T0.plus_ms(ms)), ..new_job(n) };
    let event = JobEvent::FanOut { children: vec![new_job(2), at(3, 90), at(4, 7)], checkpoint: Value::Null };
    let children = step(&leased, by_holder(&leased, event), now).children;
    let due: Vec<_> = children.iter().map(|c| c.run_at.ms_since(T0)).collect();
    assert_eq!(
        due,
        [0, 90, 20],
        "at the parent's time, later where it says so, never before now where it says that"
    );
    assert!(children.iter().all(|c| c.created_at == now));
}

#[test]
fn a_cancelled_parent_takes_its_children_along() {
    let leased = lease(&ready(), T0);
    let event = JobEvent::FanOut { children: vec![new_job(2)], checkpoint: Value::Null };
    let waiting = step(&leased, by_holder(&leased, event), T0).job;
    let after = step(&waiting, cancel(), T0);
    assert!(after.cancel_children && after.ended);
    assert_eq!(after.job.state, JobState::Cancelled);
    assert!(!step(&leased, cancel(), T0).cancel_children);
}

#[test]
fn an_operator_starts_the_dead_over() {
    let leased = lease(&ready(), T0);
    let dead = step(&leased, fail(&leased, FailureKind::Reject), T0).job;
    let child = Job { parent: Some(id(9)), checkpoint: Some(json!(1)), ..dead };
    let later = T0.plus_ms(77);
    let again = step(&child, outside(JobEvent::Requeue), later);
    assert!(again.readied);
    let expected = Job { token: 1, run_at: later, ..ready() };
    assert_eq!(again.job, expected, "as new, but for the token, and on its own");
    let done = step(&leased, by_holder(&leased, JobEvent::Succeed { result: Value::Null }), T0).job;
    for (job, state) in [(ready(), JobState::Ready), (leased, JobState::Leased), (done, JobState::Succeeded)]
    {
        assert_eq!(transition(&job, outside(JobEvent::Requeue), T0, 0), Err(Refused::State(state)));
    }
}

#[test]
fn a_broken_job_is_refused_and_not_made_worse() {
    let broken = Job { state: JobState::Waiting, ..ready() };
    assert!(matches!(transition(&broken, cancel(), T0, 0), Err(Refused::Broken(_))));
    let broken = Job { attempts: 4, ..ready() };
    assert!(matches!(transition(&broken, cancel(), T0, 0), Err(Refused::Broken(_))));
}

#[test]
fn only_the_newest_failures_are_kept() {
    let mut job =
        Job { retry: RetryPolicy { max_attempts: 50, base_delay_ms: 0, max_delay_ms: 0 }, ..ready() };
    for _ in 0..15 {
        let leased = lease(&job, T0);
        job = step(&leased, fail(&leased, FailureKind::Retry), T0).job;
    }
    let tokens: Vec<_> = job.failures.iter().map(|f| f.token).collect();
    assert_eq!(tokens, (6..=15).collect::<Vec<_>>());
    assert_eq!(job.attempts, 15);
}
