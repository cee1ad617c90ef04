//! Memory tokens: whoever is about to hold much memory takes as many bytes of the node's budget first, and
//! gives them back when it holds them no more.
//!
//! The sum of what is taken never exceeds the budget. What is thought to need more than the whole budget takes
//! all of it and runs alone; nobody passes it meanwhile, and it passes nobody. Tokens are given back when they
//! are dropped: by an attempt that ends, panics, is cancelled, fenced off or torn away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use takeoff_core::budget::Budget;
use takeoff_core::job::Lane;
use takeoff_core::page::OPENING_BYTES;

use crate::erased;
use crate::gate::{Gate, GateSize, Pass, Refused, Turn};
use crate::metrics as names;

/// Callers that may wait; slots and requests are bounded below that.
const WAITING: usize = 1_024;

/// Bytes of one token: a budget is counted in these, rounded up.
const TOKEN_BYTES: u64 = 1024;

/// Why no memory was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Others hold it, or too many wait already.
    #[error("the node's memory is taken by other work")]
    Taken,
    #[error("the wait for memory was cancelled")]
    Cancelled,
}

/// The budget as operators see it. All in bytes but the numbers of holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryView {
    pub budget_bytes: u64,
    pub taken_bytes: u64,
    /// Most that was ever taken at once.
    pub peak_bytes: u64,
    pub holders: usize,
    pub waiting: usize,
    pub waiting_bytes: u64,
    /// Times that something was had.
    pub granted: u64,
    /// Those of them that were thought to need more than the whole budget and ran alone.
    pub alone: u64,
    /// Times that somebody gave up waiting.
    pub postponed: u64,
    /// Pages that were refused because no parse worker may hold what they need.
    pub refused: u64,
}

#[derive(Default)]
struct Counts {
    granted: AtomicU64,
    alone: AtomicU64,
    postponed: AtomicU64,
    refused: AtomicU64,
}

/// The node's memory budget. Cheap to clone.
#[derive(Clone)]
pub struct Memory {
    gate: Gate,
    tokens: u64,
    reserve: u64,
    counts: Arc<Counts>,
}

/// Bytes that are taken; given back when dropped.
pub struct Held(Pass);

impl Held {
    pub fn bytes(&self) -> u64 {
        self.0.places() * TOKEN_BYTES
    }
}

fn raise(counter: &AtomicU64, outcome: &'static str) {
    counter.fetch_add(1, Ordering::Relaxed);
    ::metrics::counter!(names::MEMORY_REQUESTS, "outcome" => outcome).increment(1);
}

impl Memory {
    pub fn new(budget_bytes: u64) -> Self {
        let tokens = (budget_bytes / TOKEN_BYTES).max(2);
        // For looks that a person waits for; they wait for no page of a batch.
        let reserve = OPENING_BYTES.div_ceil(TOKEN_BYTES).min(tokens / 4);
        let gate = Gate::new(GateSize { places: tokens - reserve, reserve, waiting: WAITING });
        Self { gate, tokens, reserve, counts: Arc::default() }
    }

    /// Takes so many bytes, for a job of this lane or a request (`Interactive`). Waits its turn for at most
    /// `wait`.
    ///
    /// # Errors
    /// `Taken` when the wait was too long or too many wait; `Cancelled` by the budget.
    #[erased]
    pub async fn take(
        &self,
        lane: Lane,
        bytes: u64,
        wait: Duration,
        budget: &Budget,
    ) -> Result<Held, MemoryError> {
        let turn = match lane {
            Lane::Interactive => Turn::First,
            Lane::Batch => Turn::Rest,
        };
        let tokens = bytes.div_ceil(TOKEN_BYTES).max(1);
        match self.gate.enter_with(turn, tokens, Some(wait), budget).await {
            Ok(pass) => {
                let alone = tokens > pass.places();
                self.counts.alone.fetch_add(u64::from(alone), Ordering::Relaxed);
                raise(&self.counts.granted, if alone { "alone" } else { "granted" });
                Ok(Held(pass))
            }
            Err(Refused::Busy | Refused::Closed) => {
                raise(&self.counts.postponed, "postponed");
                Err(MemoryError::Taken)
            }
            Err(Refused::Cancelled) => Err(MemoryError::Cancelled),
        }
    }

    /// Counts a page that was refused for what it needs.
    pub fn refused(&self) {
        raise(&self.counts.refused, "refused");
    }

    pub fn view(&self) -> MemoryView {
        let of = |c: &AtomicU64| c.load(Ordering::Relaxed);
        MemoryView {
            budget_bytes: self.tokens * TOKEN_BYTES,
            taken_bytes: self.gate.busy() * TOKEN_BYTES,
            peak_bytes: self.gate.peak() * TOKEN_BYTES,
            holders: self.gate.passes(),
            waiting: self.gate.waiting(),
            waiting_bytes: self.gate.wanted() * TOKEN_BYTES,
            granted: of(&self.counts.granted),
            alone: of(&self.counts.alone),
            postponed: of(&self.counts.postponed),
            refused: of(&self.counts.refused),
        }
    }

    /// Most that a batch job can have, bytes.
    pub fn most_bytes(&self) -> u64 {
        (self.tokens - self.reserve) * TOKEN_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;
    const SOON: Duration = Duration::from_millis(5);

    #[tokio::test]
    async fn the_sum_stays_within_the_budget_and_comes_back() {
        let memory = Memory::new(256 * MIB);
        let budget = Budget::unlimited();
        let most = memory.most_bytes();
        let held = memory.take(Lane::Batch, most / 2, SOON, &budget).await.unwrap();
        let other = memory.take(Lane::Batch, most / 2, SOON, &budget).await.unwrap();
        assert_eq!(memory.take(Lane::Batch, MIB, SOON, &budget).await.err(), Some(MemoryError::Taken));
        let person = memory.take(Lane::Interactive, OPENING_BYTES, SOON, &budget).await.unwrap();
        assert_eq!((memory.view().taken_bytes, memory.view().holders), (256 * MIB, 3));
        drop((held, other, person));
        let view = memory.view();
        assert_eq!((view.taken_bytes, view.holders, view.peak_bytes), (0, 0, 256 * MIB));
        assert_eq!((view.granted, view.postponed, view.alone), (3, 1, 0));
    }

    #[tokio::test]
    async fn what_is_dearer_than_the_budget_has_all_of_it() {
        let memory = Memory::new(256 * MIB);
        let budget = Budget::unlimited();
        let dear = memory.take(Lane::Batch, 5_000 * MIB, SOON, &budget).await.unwrap();
        assert_eq!((dear.bytes(), memory.view().alone), (memory.most_bytes(), 1));
        assert_eq!(memory.take(Lane::Batch, 1, SOON, &budget).await.err(), Some(MemoryError::Taken));
        drop(dear);
        memory.take(Lane::Batch, 1, SOON, &budget).await.unwrap();
    }
}
