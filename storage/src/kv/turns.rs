//! Leases: whose turn it is, and what that project does next. What [`Catalog::lease`] says, without looking at
//! more rows than are leased.
//!
//! [`Catalog::lease`]: crate::catalog::Catalog::lease

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use takeoff_core::job::{Cause, Job, Lane, PRIORITY_STEP_MS, Stage};
use takeoff_core::model::Id;

use super::commit::Change;
use super::overlay::Row;
use super::queue::Group;
use super::{Kv, keys, rows};
use crate::catalog::LeaseRequest;
use crate::error::StoreError;

/// A project in the line for the next lease; the least is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct InLine {
    at: u64,
    project: Option<Id>,
    step: u64,
    /// Its groups among those of the lane.
    first: usize,
    end: usize,
}

impl InLine {
    /// How many jobs it may take before `next` is next, at least 1.
    fn run_before(&self, next: Option<&Self>) -> usize {
        let Some(next) = next else { return usize::MAX };
        let ahead = next.at.saturating_sub(self.at);
        let (whole, rest) = (ahead / self.step, ahead % self.step);
        let loses_tie = rest == 0 && self.project > next.project;
        usize::try_from(whole.saturating_add(u64::from(!loses_tie))).unwrap_or(usize::MAX).max(1)
    }
}

fn line(groups: &[Group], request: &LeaseRequest) -> BinaryHeap<Reverse<InLine>> {
    let paused: HashSet<Id> = request.paused.iter().copied().collect();
    let mut first = 0;
    let mut line = BinaryHeap::new();
    for of_project in groups.chunk_by(|a, b| a.project == b.project) {
        let (start, end) = (first, first + of_project.len());
        first = end;
        let project = groups[start].project;
        if project.is_none_or(|id| !paused.contains(&id)) {
            let (at, step) = request.turns.of(project);
            line.push(Reverse(InLine { at, project, step, first: start, end }));
        }
    }
    line
}

/// Where a ready row stands within its project: when it is due, later by its priority.
fn rank(key: &[u8], group: Group) -> Option<(i64, Id)> {
    let due = keys::ready_run_at(key)?;
    Some((due.plus_ms(i64::from(group.priority) * PRIORITY_STEP_MS).0, keys::last_id(key)?))
}

impl<K: Kv> Change<'_, '_, K> {
    pub(super) fn lease(&mut self, request: &LeaseRequest) -> Result<Vec<Job>, StoreError> {
        let mut leased = Vec::new();
        for lane in [Lane::Interactive, Lane::Batch] {
            let groups = self.queue.groups(request.stage, lane, self.now);
            let mut line = line(&groups, request);
            while leased.len() < request.max_jobs
                && let Some(Reverse(mut turn)) = line.pop()
            {
                let run = turn.run_before(line.peek().map(|next| &next.0));
                let wanted = run.min(request.max_jobs - leased.len());
                let due = self.due(request.stage, &groups[turn.first..turn.end], wanted)?;
                let found = due.len();
                for row in due {
                    leased.push(self.lease_one(row, request)?);
                }
                if found == wanted {
                    turn.at = turn.at.saturating_add(turn.step.saturating_mul(found as u64));
                    line.push(Reverse(turn));
                }
            }
        }
        Ok(leased)
    }

    /// The first due rows of one project's groups, by rank.
    fn due(&self, stage: Stage, groups: &[Group], limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for group in groups {
            let from = keys::ready_group(stage, *group);
            let to = keys::ready_group_due_end(stage, *group, self.now);
            found.extend(
                self.rows.scan(&from, &to, limit)?.into_iter().map(|row| (rank(&row.0, *group), row)),
            );
        }
        if groups.len() > 1 {
            found.sort_by_key(|(rank, _)| *rank);
            found.truncate(limit);
        }
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }

    fn lease_one(&mut self, (key, tenant): Row, request: &LeaseRequest) -> Result<Job, StoreError> {
        let id =
            keys::last_id(&key).ok_or_else(|| rows::damaged(rows::row_name(&key), "no job".to_owned()))?;
        let before = self.existing_job(rows::decode_tenant(&key, &tenant)?, id)?;
        let cause = Cause::Lease { node: request.node.clone(), lease_ms: request.lease_ms };
        let after = self.decide(&before, cause)?;
        self.store(&before, &after.job);
        Ok(after.job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(at: u64, step: u64, project: u8) -> InLine {
        InLine { at, project: Some(Id::from_bytes([project; 16])), step, first: 0, end: 1 }
    }

    /// Takes one at a time, as the trait says it.
    fn by_ones(mut turn: InLine, next: &InLine) -> usize {
        let mut taken = 0;
        while (turn.at, turn.project) < (next.at, next.project) {
            turn.at += turn.step;
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_run_is_as_long_as_one_job_at_a_time_would_be() {
        for at in 0..8 {
            for step in 1..5 {
                for next_at in at..12 {
                    for (own, other) in [(1, 2), (2, 1)] {
                        let (turn, next) = (turn(at, step, own), turn(next_at, 1, other));
                        if (turn.at, turn.project) < (next.at, next.project) {
                            assert_eq!(
                                turn.run_before(Some(&next)),
                                by_ones(turn, &next),
                                "{turn:?} {next:?}"
                            );
                        }
                    }
                }
            }
        }
        assert_eq!(turn(5, 1, 1).run_before(None), usize::MAX);
    }
}
