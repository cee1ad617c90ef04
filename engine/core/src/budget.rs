//! A cancel flag and a step limit, polled in hot loops.
//!
//! A thread cannot be killed, so every loop whose length depends on a drawing polls a [`Budget`].
//! It knows no time: whoever owns a clock raises the cancel flag when a deadline passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Why a budget ended the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// The caller is gone, the job was cancelled or its deadline passed.
    #[error("the work was cancelled")]
    Cancelled,
    /// The step limit was used up.
    #[error("the work needed more steps than its limit allows")]
    Steps,
}

/// Shared between the thread that works and whoever may stop it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Budget {
    cancelled: Arc<AtomicBool>,
    steps_left: Arc<AtomicU64>,
    used_us: Arc<AtomicU64>,
    polls: Arc<AtomicU64>,
}

impl Budget {
    /// A budget of `steps`; one step is one turn of some hot loop, its unit is the loop's own.
    pub fn with_steps(steps: u64) -> Self {
        Self {
            cancelled: Arc::new(AtomicBool::new(false)),
            steps_left: Arc::new(AtomicU64::new(steps)),
            used_us: Arc::default(),
            polls: Arc::default(),
        }
    }

    /// A budget that only ends by [`Budget::cancel`].
    pub fn unlimited() -> Self {
        Self::with_steps(u64::MAX)
    }

    /// A budget that only ends by its own cancel, of work that is done in a thread of this one's: what it asks, this one
    /// is said to have asked.
    pub fn aside(&self) -> Self {
        Self { polls: Arc::clone(&self.polls), ..Self::unlimited() }
    }

    /// Notes CPU time that work of this budget took, microseconds. For whoever has a clock.
    pub fn charge(&self, cpu_us: u64) {
        self.used_us.fetch_add(cpu_us, Ordering::Relaxed);
    }

    /// All that was charged, microseconds.
    pub fn charged_us(&self) -> u64 {
        self.used_us.load(Ordering::Relaxed)
    }

    /// How often the work, its parts too, has asked whether it may go on: work that asks can be stopped.
    pub fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// A budget of `steps` of its own for a part of the work; whoever cancels one cancels both.
    pub fn part(&self, steps: u64) -> Self {
        Self { steps_left: Arc::new(AtomicU64::new(steps)), ..self.clone() }
    }

    /// Steps that may still be spent.
    pub fn steps_left(&self) -> u64 {
        self.steps_left.load(Ordering::Relaxed)
    }

    /// Ends the work at its next poll.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Takes `steps` from the budget. Callers poll every few hundred turns with the number of turns
    /// made, so that the shared counter is not contended.
    pub fn spend(&self, steps: u64) -> Result<(), Exhausted> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        if self.is_cancelled() {
            return Err(Exhausted::Cancelled);
        }
        let left = self.steps_left.load(Ordering::Relaxed);
        if left < steps {
            self.steps_left.store(0, Ordering::Relaxed);
            return Err(Exhausted::Steps);
        }
        if left != u64::MAX {
            // Two threads may both read `left`; the limit is a guard, not an account, so a lost
            // subtraction only lets the work run a few hundred turns longer.
            self.steps_left.store(left - steps, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_out_and_stay_out() {
        let budget = Budget::with_steps(10);
        assert_eq!(budget.spend(6), Ok(()));
        assert_eq!(budget.spend(6), Err(Exhausted::Steps));
        assert_eq!(budget.spend(1), Err(Exhausted::Steps));
    }

    #[test]
    fn a_cancel_reaches_every_clone() {
        let budget = Budget::unlimited();
        let other = budget.clone();
        other.cancel();
        assert_eq!(budget.spend(1), Err(Exhausted::Cancelled));
    }

    #[test]
    fn a_part_has_steps_of_its_own_and_is_cancelled_with_the_whole() {
        let budget = Budget::with_steps(10);
        let part = budget.part(3);
        assert_eq!(part.spend(4), Err(Exhausted::Steps));
        assert_eq!((part.steps_left(), budget.steps_left()), (0, 10));
        let part = budget.part(3);
        budget.cancel();
        assert_eq!(part.spend(1), Err(Exhausted::Cancelled));
    }
}
