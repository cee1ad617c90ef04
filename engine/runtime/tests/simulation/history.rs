//! What happened, as the store saw it.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::job::{FailureKind, JobEvent};
use takeoff_core::model::Id;

/// What a stored attempt's end or report was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    Succeed,
    Refuse,
    FanOut(Vec<Id>),
    Snooze,
    Release,
    Fail(FailureKind, String),
    Fenced(u64),
    Part,
    /// From outside: cancel, requeue, discard.
    Other,
}

impl Said {
    pub(crate) fn of(event: &JobEvent) -> Self {
        match event {
            JobEvent::Succeed { .. } => Self::Succeed,
            JobEvent::Refuse { .. } => Self::Refuse,
            JobEvent::FanOut { children, .. } => Self::FanOut(children.iter().map(|c| c.id).collect()),
            JobEvent::Snooze { .. } => Self::Snooze,
            JobEvent::Release => Self::Release,
            JobEvent::Fail { kind, message } => Self::Fail(*kind, message.clone()),
            JobEvent::Fenced { token, .. } => Self::Fenced(*token),
            JobEvent::Continue => Self::Part,
            JobEvent::Cancel { .. } | JobEvent::Requeue | JobEvent::Discard { .. } => Self::Other,
        }
    }

    pub(crate) fn ends_attempt(&self) -> bool {
        !matches!(self, Self::Fenced(_) | Self::Part | Self::Other)
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Fact {
    Leased {
        job: Id,
        token: u64,
    },
    /// A change of a job was applied; `token` is the lease that it was made under.
    Said {
        job: Id,
        token: Option<u64>,
        said: Said,
    },
    Ended {
        job: Id,
    },
    /// The stage did this to the attempt, or let it work.
    Suffered {
        job: Id,
        token: u64,
        what: Suffered,
    },
}

/// What a stage did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suffered {
    Panic,
    Retry,
    Reject,
    ChildDeath,
    /// It takes longer than it may.
    Hang,
}

/// Facts in the order in which they were stored.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) facts: Vec<Fact>,
    /// Jobs that somebody was told are taken.
    pub(crate) acknowledged: BTreeSet<Id>,
    /// Jobs of which somebody was told that they are cancelled.
    pub(crate) cancelled: BTreeSet<Id>,
}

impl History {
    pub(crate) fn of_job(&self, id: Id) -> impl Iterator<Item = (usize, &Fact)> {
        self.facts.iter().enumerate().filter(move |(_, fact)| match fact {
            Fact::Leased { job, .. }
            | Fact::Said { job, .. }
            | Fact::Ended { job }
            | Fact::Suffered { job, .. } => *job == id,
        })
    }

    /// When each job ended.
    pub(crate) fn ends(&self) -> BTreeMap<Id, usize> {
        let ended = self.facts.iter().enumerate();
        ended
            .filter_map(|(at, fact)| if let Fact::Ended { job } = fact { Some((*job, at)) } else { None })
            .collect()
    }
}
