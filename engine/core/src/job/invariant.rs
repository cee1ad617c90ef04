//! What is true of every stored job and of every change of one. Checked on each transition: a job that
//! breaks a rule is refused, not stored.

use super::transition::{MAX_CHILD_DEATHS, MAX_FAILURES, MAX_LONE_DEATHS, Transition};
use super::types::{Job, JobState};

/// The first rule that a job breaks.
pub(super) fn holds(job: &Job) -> Result<(), &'static str> {
    let leased = job.state == JobState::Leased;
    let rules = [
        (leased == job.lease.is_some(), "leased and lease disagree"),
        (job.lease.as_ref().is_none_or(|l| l.token == job.token), "the lease is not the newest"),
        (job.state.is_terminal() == job.finished_at.is_some(), "terminal and finished_at disagree"),
        ((job.state == JobState::Waiting) == (job.children_left > 0), "waiting and children_left disagree"),
        (
            u64::from(job.children_left) + u64::from(job.children_failed) <= u64::from(job.children_total),
            "more children ended than there were",
        ),
        (job.attempts <= job.retry.max_attempts.max(1), "more attempts than allowed"),
        (job.failures.len() <= MAX_FAILURES, "too many failures kept"),
        (
            job.child_deaths < MAX_CHILD_DEATHS || job.state.is_terminal(),
            "a job that killed its child three times lives on",
        ),
        (job.lone_deaths <= MAX_LONE_DEATHS, "more deaths of its node than are counted"),
        ((0.0..=100.0).contains(&job.progress.percent), "progress outside 0 to 100"),
    ];
    rules.iter().find(|(true_of_it, _)| !true_of_it).map_or(Ok(()), |(_, rule)| Err(rule))
}

/// The first rule that a change breaks.
pub(super) fn follows(before: &Job, after: &Transition) -> Result<(), &'static str> {
    let job = &after.job;
    let leasable = |j: &Job| j.state == JobState::Ready;
    let rules = [
        (job.id == before.id && job.tenant == before.tenant, "another job"),
        (job.token == before.token || job.token == before.token + 1, "a token was skipped or taken back"),
        (
            (job.token > before.token) == (leasable(before) && job.state == JobState::Leased),
            "a lease without a new token, or a token without a lease",
        ),
        (
            !before.state.is_terminal()
                || matches!(before.state, JobState::Dead | JobState::Cancelled) && leasable(job)
                || before.state == JobState::Dead && job.state == JobState::Refused,
            "a terminal job changed other than by a requeue or a discard",
        ),
        (after.ended == (job.state.is_terminal() && !before.state.is_terminal()), "an end that is none"),
        (after.readied == (leasable(job) && !leasable(before)), "ready that is not news"),
        (
            after.children.is_empty() || job.state == JobState::Waiting && before.state == JobState::Leased,
            "children of a job that does not wait for them",
        ),
        (after.children.iter().all(|c| c.parent == Some(job.id)), "a child of another"),
        (!after.cancel_children || before.state == JobState::Waiting, "cancelled children of nobody"),
    ];
    rules.iter().find(|(true_of_it, _)| !true_of_it).map_or(Ok(()), |(_, rule)| Err(rule))
}
