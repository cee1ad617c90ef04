//! Exhaustive search: every state that can be reached, breadth first, so that the first bad one has the shortest
//! history; and, backwards, from which of them the end can still be reached.

use std::collections::hash_map::Entry;
use std::fmt::Debug;

use rustc_hash::FxHashMap;

/// A step, where it leads, and whether it is one that happens by itself once nothing goes wrong any more.
pub(crate) struct Move<M: Model> {
    pub(crate) step: M::Step,
    pub(crate) to: Result<M, String>,
    pub(crate) is_fault: bool,
}

pub(crate) trait Model: Clone {
    type Step: Copy + Debug;

    /// What tells states apart. Two of one key must have the same future.
    fn key(&self) -> Vec<u8>;
    fn moves(&self) -> Vec<Move<Self>>;
    /// The first rule that the state breaks.
    fn broken(&self) -> Option<String>;
    fn is_end(&self) -> bool;
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) moves: usize,
    pub(crate) ends: usize,
    pub(crate) violation: Option<Violation>,
}

#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) what: String,
    /// The steps that lead to it, one a line.
    pub(crate) trace: Vec<String>,
}

struct Reached<S> {
    /// From which state and by which step it was reached first; the start by none.
    by: Option<(u32, S)>,
    is_end: bool,
}

struct Search<S> {
    known: FxHashMap<Vec<u8>, u32>,
    reached: Vec<Reached<S>>,
    /// Moves without faults, as (to, from).
    unforced: Vec<(u32, u32)>,
    moves: usize,
}

impl<S: Copy + Debug> Search<S> {
    fn trace(&self, mut at: u32) -> Vec<String> {
        let mut trace = Vec::new();
        while let Some((from, step)) = self.reached[at as usize].by {
            trace.push(format!("{step:?}"));
            at = from;
        }
        trace.reverse();
        trace
    }

    fn found(self, violation: Option<Violation>) -> Found {
        let ends = self.reached.iter().filter(|r| r.is_end).count();
        Found { states: self.reached.len(), moves: self.moves, ends, violation }
    }

    /// The number of a state, and whether it is new.
    fn number<M: Model>(&mut self, state: &M, by: Option<(u32, S)>) -> (u32, bool) {
        let next = u32::try_from(self.reached.len()).expect("fewer than four thousand million states");
        match self.known.entry(state.key()) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(place) => {
                place.insert(next);
                self.reached.push(Reached { by, is_end: state.is_end() });
                (next, true)
            }
        }
    }

    /// The first state, in the order of the search, from which no end can be reached without a fault.
    fn stuck(&self) -> Option<u32> {
        let mut sorted = self.unforced.clone();
        sorted.sort_unstable();
        let mut ends: Vec<bool> = self.reached.iter().map(|r| r.is_end).collect();
        let mut open: Vec<u32> = (0..).zip(&ends).filter(|(_, end)| **end).map(|(n, _)| n).collect();
        while let Some(at) = open.pop() {
            let first = sorted.partition_point(|(to, _)| *to < at);
            for (_, from) in sorted[first..].iter().take_while(|(to, _)| *to == at) {
                if !std::mem::replace(&mut ends[*from as usize], true) {
                    open.push(*from);
                }
            }
        }
        ends.iter().position(|end| !end).map(|n| u32::try_from(n).expect("as they are numbered"))
    }
}

/// Ends at the first state that breaks a rule, or with all of them.
pub(crate) fn search<M: Model>(start: M) -> Found {
    let mut search =
        Search { known: FxHashMap::default(), reached: Vec::new(), unforced: Vec::new(), moves: 0 };
    let (first, _) = search.number(&start, None);
    let mut level = vec![(first, start)];
    while !level.is_empty() {
        let mut below = Vec::new();
        for (at, state) in level {
            for Move { step, to, is_fault } in state.moves() {
                search.moves += 1;
                let to = to.and_then(|to| to.broken().map_or(Ok(to), Err));
                let to = match to {
                    Ok(to) => to,
                    Err(what) => {
                        let mut trace = search.trace(at);
                        trace.push(format!("{step:?}"));
                        return search.found(Some(Violation { what, trace }));
                    }
                };
                let (number, is_new) = search.number(&to, Some((at, step)));
                if !is_fault && number != at {
                    search.unforced.push((number, at));
                }
                if is_new {
                    below.push((number, to));
                }
            }
        }
        level = below;
    }
    let stuck = search.stuck().map(|at| Violation {
        what: "from here on nothing that happens by itself brings the jobs to their end".to_owned(),
        trace: search.trace(at),
    });
    search.found(stuck)
}
