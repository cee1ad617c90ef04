//! The fabric of a node that is alone.

use std::collections::HashMap;
use std::sync::Arc;

use takeoff_core::job::{Progress, Stage};
use takeoff_core::model::Id;
use tokio::sync::Notify;

use super::fabric::{Fabric, Member};

/// One wake for each stage; wakes that nobody has taken yet are one wake.
#[derive(Clone, Default)]
pub(crate) struct Wakes(Arc<HashMap<Stage, Arc<Notify>>>);

impl Wakes {
    pub(crate) fn of(stages: impl Iterator<Item = Stage>) -> Self {
        Self(Arc::new(stages.map(|stage| (stage, Arc::default())).collect()))
    }

    pub(crate) fn wake(&self, stage: Stage) {
        if let Some(wake) = self.0.get(&stage) {
            wake.notify_one();
        }
    }

    pub(crate) fn get(&self, stage: Stage) -> Option<Arc<Notify>> {
        self.0.get(&stage).map(Arc::clone)
    }
}

pub(crate) struct Solo {
    wakes: Wakes,
    this: Member,
}

impl Solo {
    pub(crate) fn new(wakes: Wakes, this: Member) -> Self {
        Self { wakes, this }
    }
}

impl Fabric for Solo {
    fn wake(&self, stage: Stage) {
        self.wakes.wake(stage);
    }

    fn woken(&self, stage: Stage) {
        self.wakes.wake(stage);
    }

    fn progress(&self, _: Id, _: &Progress) {
        // The board of this node is the only one.
    }

    fn members(&self) -> Vec<Member> {
        vec![self.this.clone()]
    }
}
