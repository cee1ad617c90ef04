//! Places for work, handed out in two lanes: a bounded queue in front of something that can only do so
//! much at once. Work may take several places; what takes more than there are has them all to itself.

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
    pub(crate) places: u64,
    /// Places beyond those that only the first lane may take, so that it never waits for the other.
    pub(crate) reserve: u64,
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
    /// Places taken by both lanes, and those of them by the first one.
    busy: u64,
    busy_first: u64,
    /// Most that were ever taken at once.
    peak: u64,
    passes: usize,
    first_in_a_row: u32,
    closed: bool,
    first: VecDeque<Waiter>,
    rest: VecDeque<Waiter>,
}

struct Waiter {
    sender: oneshot::Sender<Pass>,
    places: u64,
}

/// Taken places; given back when dropped.
pub(crate) struct Pass {
    gate: Option<Arc<Inner>>,
    places: u64,
    turn: Turn,
}

impl Pass {
    pub(crate) fn places(&self) -> u64 {
        self.places
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            let mut state = gate.lock();
            state.busy -= self.places;
            if self.turn == Turn::First {
                state.busy_first -= self.places;
            }
            state.passes -= 1;
            gate.admit(&mut state);
        }
    }
}

impl Inner {
    fn lock(self: &Arc<Self>) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane whose turn it is, when there are places for its next one.
    ///
    /// Only the next one of a lane is looked at, so what needs many places is not passed by what needs few.
    /// While the other lane is owed a turn, the first one takes no places but its own reserve: those that
    /// become free are for who is owed them. The other lane in turn passes nobody of the first one.
    fn next(&self, state: &mut State) -> Option<Turn> {
        for lane in [&mut state.first, &mut state.rest] {
            while lane.front().is_some_and(|w| w.sender.is_closed()) {
                lane.pop_front();
            }
        }
        let GateSize { places, reserve, .. } = self.size;
        // What the first lane holds of its own reserve is not taken from the others.
        let shared = state.busy - state.busy_first.min(reserve);
        let rest = state.rest.front().map(|w| w.places);
        let rest_fits = rest.is_some_and(|n| shared == 0 || shared.saturating_add(n) <= places);
        let owed = rest.is_some() && state.first_in_a_row >= FIRST_IN_A_ROW;
        let first_fits = state.first.front().is_some_and(|w| {
            let of_reserve = state.busy_first.saturating_add(w.places) <= reserve;
            let of_all = state.busy.saturating_add(w.places) <= places + reserve || state.busy == 0;
            of_reserve || (of_all && !owed)
        });
        match (first_fits, rest_fits) {
            (_, true) if owed => Some(Turn::Rest),
            (true, _) => Some(Turn::First),
            (false, true) if state.first.is_empty() => Some(Turn::Rest),
            (false, _) => None,
        }
    }

    /// Hands free places to those who wait.
    fn admit(self: &Arc<Self>, state: &mut State) {
        while let Some(turn) = self.next(state) {
            let waiter = match turn {
                Turn::First => state.first.pop_front(),
                Turn::Rest => state.rest.pop_front(),
            };
            let Some(Waiter { sender, places }) = waiter else { return };
            let pass = Pass { gate: Some(Arc::clone(self)), places, turn };
            if let Err(mut unwanted) = sender.send(pass) {
                // The caller went away. Its pass must not give back places that were never taken.
                unwanted.gate = None;
                continue;
            }
            state.busy += places;
            state.busy_first += if turn == Turn::First { places } else { 0 };
            state.peak = state.peak.max(state.busy);
            state.passes += 1;
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
        self.enter_with(turn, 1, wait, budget).await
    }

    /// As [`Gate::enter`], for so many places at once. More than there are is all of them.
    pub(crate) async fn enter_with(
        &self,
        turn: Turn,
        places: u64,
        wait: Option<Duration>,
        budget: &Budget,
    ) -> Result<Pass, Refused> {
        if budget.is_cancelled() {
            return Err(Refused::Cancelled);
        }
        let _leaving = Leaving(self);
        let receiver = self.stand_in_line(turn, places.min(self.0.size.places))?;
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

    fn stand_in_line(&self, turn: Turn, places: u64) -> Result<oneshot::Receiver<Pass>, Refused> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.first.len() + state.rest.len() >= self.0.size.waiting {
            // Callers that gave up may still stand in the queue.
            state.first.retain(|w| !w.sender.is_closed());
            state.rest.retain(|w| !w.sender.is_closed());
        }
        if state.first.len() + state.rest.len() >= self.0.size.waiting {
            return Err(Refused::Busy);
        }
        let (sender, receiver) = oneshot::channel();
        let waiter = Waiter { sender, places };
        match turn {
            Turn::First => state.first.push_back(waiter),
            Turn::Rest => state.rest.push_back(waiter),
        }
        self.0.admit(&mut state);
        Ok(receiver)
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

    /// Places that are taken.
    pub(crate) fn busy(&self) -> u64 {
        self.0.lock().busy
    }

    /// Most places that were ever taken at once.
    pub(crate) fn peak(&self) -> u64 {
        self.0.lock().peak
    }

    /// Callers that have their places.
    pub(crate) fn passes(&self) -> usize {
        self.0.lock().passes
    }

    pub(crate) fn waiting(&self) -> usize {
        let state = self.0.lock();
        state.first.iter().chain(&state.rest).filter(|w| !w.sender.is_closed()).count()
    }

    /// Places that those who wait want.
    pub(crate) fn wanted(&self) -> u64 {
        let state = self.0.lock();
        state.first.iter().chain(&state.rest).filter(|w| !w.sender.is_closed()).map(|w| w.places).sum()
    }
}

/// Who waited at the head of a lane and gives up, in whatever way, lets those behind it be looked at.
struct Leaving<'g>(&'g Gate);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let gate = &self.0.0;
        gate.admit(&mut gate.lock());
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "callers that wait are tasks here")]
mod tests {
    use super::*;

    const SECOND: Option<Duration> = Some(Duration::from_secs(1));

    fn gate(places: u64, reserve: u64, waiting: usize) -> Gate {
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
        assert_eq!(gate.passes(), 2);
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

    /// Stands in line for so many places and tells the name when it has them.
    async fn line_up(
        gate: &Gate,
        turn: Turn,
        places: u64,
        name: &'static str,
        told: &tokio::sync::mpsc::UnboundedSender<(&'static str, Pass)>,
    ) {
        let (its_gate, told, waiting) = (gate.clone(), told.clone(), gate.waiting());
        // Who would be let in at once is asked for without this.
        tokio::spawn(async move {
            let pass = its_gate.enter_with(turn, places, SECOND, &Budget::unlimited()).await.unwrap();
            told.send((name, pass)).unwrap();
        });
        while gate.waiting() == waiting {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_takes_more_than_there_is_has_it_all_and_is_not_passed_by_others() {
        let gate = gate(10, 0, 64);
        let budget = Budget::unlimited();
        let held = gate.enter_with(Turn::Rest, 6, SECOND, &budget).await.unwrap();
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        line_up(&gate, Turn::Rest, 1_000, "dear", &told).await;
        for name in ["a", "b"] {
            line_up(&gate, Turn::Rest, 4, name, &told).await;
        }
        assert_eq!((gate.busy(), gate.passes(), gate.wanted()), (6, 1, 18), "four fit and may not pass");
        drop(held);
        let (name, dear) = order.recv().await.unwrap();
        assert_eq!((name, dear.places(), gate.busy(), gate.passes()), ("dear", 10, 10, 1));
        drop(dear);
        let (a, b) = (order.recv().await.unwrap(), order.recv().await.unwrap());
        assert_eq!((a.0, b.0, gate.busy(), gate.peak()), ("a", "b", 8, 10));
        drop((a, b));
        assert_eq!((gate.busy(), gate.passes()), (0, 0));
    }

    #[tokio::test]
    async fn a_stream_of_the_first_lane_keeps_nothing_from_the_other() {
        let gate = gate(10, 2, 64);
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        let budget = Budget::unlimited();
        let first = || gate.enter_with(Turn::First, 2, SECOND, &budget);
        let mut running = vec![first().await.unwrap(), first().await.unwrap(), first().await.unwrap()];
        line_up(&gate, Turn::Rest, 10, "dear", &told).await;
        running.push(first().await.unwrap());
        line_up(&gate, Turn::First, 2, "late", &told).await;
        assert_eq!(gate.waiting(), 2, "there is space for it, which is for who is owed it");
        running.truncate(1);
        let dear = order.recv().await.unwrap();
        assert_eq!((dear.0, gate.busy()), ("dear", 12), "beside what the first lane has of its reserve");
        drop(running);
        let late = order.recv().await.unwrap();
        assert_eq!((late.0, gate.busy()), ("late", 12), "a person waits for no page");
    }

    #[tokio::test]
    async fn the_other_lane_passes_nobody_of_the_first() {
        let gate = gate(10, 0, 64);
        let held = gate.enter_with(Turn::Rest, 6, SECOND, &Budget::unlimited()).await.unwrap();
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        line_up(&gate, Turn::First, 10, "dear", &told).await;
        line_up(&gate, Turn::Rest, 4, "cheap", &told).await;
        drop(held);
        let first = order.recv().await.unwrap();
        assert_eq!((first.0, gate.busy()), ("dear", 10));
        drop(first);
        assert_eq!(order.recv().await.unwrap().0, "cheap");
    }

    #[tokio::test]
    async fn who_gives_up_at_the_head_lets_others_by() {
        let gate = gate(10, 0, 64);
        let budget = Budget::unlimited();
        let _held = gate.enter_with(Turn::Rest, 6, SECOND, &budget).await.unwrap();
        let dear = Budget::unlimited();
        let (its_gate, its_budget) = (gate.clone(), dear.clone());
        let waits =
            tokio::spawn(async move { its_gate.enter_with(Turn::Rest, 10, None, &its_budget).await.err() });
        while gate.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        line_up(&gate, Turn::Rest, 4, "cheap", &told).await;
        dear.cancel();
        assert_eq!(order.recv().await.unwrap().0, "cheap");
        assert_eq!(waits.await.unwrap(), Some(Refused::Cancelled));
    }

    #[tokio::test]
    async fn a_closed_gate_lets_nobody_in() {
        let gate = gate(1, 0, 4);
        gate.close();
        assert_eq!(gate.enter(Turn::First, SECOND, &Budget::unlimited()).await.err(), Some(Refused::Closed));
        assert!(gate.is_closed());
    }
}
