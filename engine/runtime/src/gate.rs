//! Places for work, handed out in two lanes: a bounded queue in front of something that can only do so
//! much at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use takeoff_core::budget::Budget;
use tokio::sync::oneshot;

/// How often a wait looks at the budget of its caller.
const BUDGET_POLL: Duration = Duration::from_millis(20);

/// Admissions of the first lane in a row while the other lane waits; then the other lane gets one.
const FIRST_IN_A_ROW: u32 = 4;

/// Ends when the budget is cancelled. A budget is a flag without a waker, so this polls.
pub(crate) async fn cancelled(budget: &Budget) {
    while !budget.is_cancelled() {
        tokio::time::sleep(BUDGET_POLL).await;
    }
}

/// Who goes before whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    First,
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No place became free in time, or too many wait already.
    Busy,
    Cancelled,
    Closed,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct GateSize {
    /// Places that both lanes may take.
    pub(crate) places: usize,
    /// Places beyond those that only the first lane may take, so that it never waits for the other.
    pub(crate) reserve: usize,
    /// Callers that may wait, both lanes together; more are refused at once.
    pub(crate) waiting: usize,
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    size: GateSize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    busy: usize,
    first_in_a_row: u32,
    closed: bool,
    first: VecDeque<oneshot::Sender<Pass>>,
    rest: VecDeque<oneshot::Sender<Pass>>,
}

/// A taken place; given back when dropped.
pub(crate) struct Pass(Option<Arc<Inner>>);

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            let mut state = gate.lock();
            state.busy -= 1;
            gate.admit(&mut state);
        }
    }
}

impl Inner {
    fn lock(self: &Arc<Self>) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane whose turn it is, when there is a place for it.
    fn next(&self, state: &State) -> Option<Turn> {
        let rest_fits = !state.rest.is_empty() && state.busy < self.size.places;
        let first_fits = !state.first.is_empty() && state.busy < self.size.places + self.size.reserve;
        match (first_fits, rest_fits) {
            (true, true) if state.first_in_a_row >= FIRST_IN_A_ROW => Some(Turn::Rest),
            (true, _) => Some(Turn::First),
            (false, true) => Some(Turn::Rest),
            (false, false) => None,
        }
    }

    /// Hands free places to those who wait.
    fn admit(self: &Arc<Self>, state: &mut State) {
        while let Some(turn) = self.next(state) {
            let waiter = match turn {
                Turn::First => state.first.pop_front(),
                Turn::Rest => state.rest.pop_front(),
            };
            let Some(waiter) = waiter else { return };
            if let Err(mut unwanted) = waiter.send(Pass(Some(Arc::clone(self)))) {
                // The caller went away. Its pass must not give back a place that was never taken.
                unwanted.0 = None;
                continue;
            }
            state.busy += 1;
            state.first_in_a_row = if turn == Turn::First { state.first_in_a_row + 1 } else { 0 };
        }
    }
}

impl Gate {
    pub(crate) fn new(size: GateSize) -> Self {
        Self(Arc::new(Inner { size, state: Mutex::default() }))
    }

    /// Waits for a place until `wait` has passed or the budget is cancelled; `None` waits as long as
    /// the budget lets it.
    pub(crate) async fn enter(
        &self,
        turn: Turn,
        wait: Option<Duration>,
        budget: &Budget,
    ) -> Result<Pass, Refused> {
        if budget.is_cancelled() {
            return Err(Refused::Cancelled);
        }
        let receiver = {
            let mut state = self.0.lock();
            if state.closed {
                return Err(Refused::Closed);
            }
            if state.first.len() + state.rest.len() >= self.0.size.waiting {
                // Callers that gave up still stand in the queue until their turn comes.
                state.first.retain(|w| !w.is_closed());
                state.rest.retain(|w| !w.is_closed());
            }
            if state.first.len() + state.rest.len() >= self.0.size.waiting {
                return Err(Refused::Busy);
            }
            let (sender, receiver) = oneshot::channel();
            match turn {
                Turn::First => state.first.push_back(sender),
                Turn::Rest => state.rest.push_back(sender),
            }
            self.0.admit(&mut state);
            receiver
        };
        let deadline = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            pass = receiver => pass.map_err(|_| Refused::Closed),
            () = cancelled(budget) => Err(Refused::Cancelled),
            () = deadline => Err(Refused::Busy),
        }
    }

    /// Refuses everyone from now on, those who wait included.
    pub(crate) fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.first.clear();
        state.rest.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    pub(crate) fn busy(&self) -> usize {
        self.0.lock().busy
    }

    pub(crate) fn waiting(&self) -> usize {
        let state = self.0.lock();
        state.first.iter().chain(&state.rest).filter(|w| !w.is_closed()).count()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "callers that wait are tasks here")]
mod tests {
    use super::*;

    const SECOND: Option<Duration> = Some(Duration::from_secs(1));

    fn gate(places: usize, reserve: usize, waiting: usize) -> Gate {
        Gate::new(GateSize { places, reserve, waiting })
    }

    #[tokio::test]
    async fn the_reserve_is_for_the_first_lane_only() {
        let gate = gate(1, 1, 8);
        let budget = Budget::unlimited();
        let _batch = gate.enter(Turn::Rest, SECOND, &budget).await.unwrap();
        let none = gate.enter(Turn::Rest, Some(Duration::from_millis(5)), &budget).await;
        assert_eq!(none.err(), Some(Refused::Busy));
        let _interactive = gate.enter(Turn::First, SECOND, &budget).await.unwrap();
        assert_eq!(gate.busy(), 2);
    }

    #[tokio::test]
    async fn a_caller_that_gave_up_costs_no_place() {
        let gate = gate(1, 0, 8);
        let budget = Budget::unlimited();
        let held = gate.enter(Turn::Rest, SECOND, &budget).await.unwrap();
        let gone = gate.enter(Turn::Rest, Some(Duration::from_millis(1)), &budget).await;
        assert_eq!(gone.err(), Some(Refused::Busy));
        drop(held);
        assert_eq!(gate.busy(), 0);
        gate.enter(Turn::Rest, SECOND, &budget).await.unwrap();
        assert_eq!(gate.busy(), 0);
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_cancel_leaves_it() {
        let gate = gate(1, 0, 1);
        let budget = Budget::unlimited();
        let _held = gate.enter(Turn::Rest, SECOND, &budget).await.unwrap();
        let waiting = Budget::unlimited();
        let (waiter, gate_of_waiter) = (waiting.clone(), gate.clone());
        let waits = tokio::spawn(async move { gate_of_waiter.enter(Turn::Rest, None, &waiter).await.err() });
        while gate.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.enter(Turn::First, SECOND, &budget).await.err(), Some(Refused::Busy));
        waiting.cancel();
        assert_eq!(waits.await.unwrap(), Some(Refused::Cancelled));
        assert_eq!(gate.waiting(), 0);
    }

    #[tokio::test]
    async fn neither_lane_starves() {
        let gate = gate(1, 0, 64);
        let budget = Budget::unlimited();
        let held = gate.enter(Turn::Rest, SECOND, &budget).await.unwrap();
        let (order_tx, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = Vec::new();
        for turn in std::iter::once(Turn::Rest).chain(std::iter::repeat_n(Turn::First, 8)) {
            let (gate, order_tx, waiting) = (gate.clone(), order_tx.clone(), gate.waiting());
            let its_gate = gate.clone();
            tasks.push(tokio::spawn(async move {
                let pass = its_gate.enter(turn, SECOND, &Budget::unlimited()).await.unwrap();
                order_tx.send(turn).unwrap();
                drop(pass);
            }));
            while gate.waiting() == waiting {
                tokio::task::yield_now().await;
            }
        }
        drop((held, order_tx));
        let mut seen = Vec::new();
        while let Some(turn) = order.recv().await {
            seen.push(turn);
        }
        assert_eq!(seen.iter().position(|t| *t == Turn::Rest), Some(FIRST_IN_A_ROW as usize), "{seen:?}");
    }

    #[tokio::test]
    async fn a_closed_gate_lets_nobody_in() {
        let gate = gate(1, 0, 4);
        gate.close();
        assert_eq!(gate.enter(Turn::First, SECOND, &Budget::unlimited()).await.err(), Some(Refused::Closed));
        assert!(gate.is_closed());
    }
}
