//! What operators hold back, as this node knows it. The catalogue has it; this is a copy, as old as one poll
//! at most, or two when the store is slow.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::Serialize;
use takeoff_core::job::Stage as StageName;
use takeoff_core::model::{Control, Id, Index, Pause, Scope, TenantId, Timestamp};
use takeoff_storage::{Catalog, StoreError, entity};

/// Controls that there may be. They go with every lease request.
pub const MAX_CONTROLS: usize = 1_000;

/// Longest that the store may take to tell them.
const READ: Duration = Duration::from_secs(10);

/// Something that is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// `stage ingest`, `project …`, `node …`.
    pub what: String,
    pub since: Timestamp,
    pub age_ms: i64,
    pub cause: String,
}

impl Paused {
    pub(crate) fn of(scope: &Scope, pause: &Pause, now: Timestamp) -> Self {
        let age_ms = now.ms_since(pause.since).max(0);
        Self { what: scope.to_string(), since: pause.since, age_ms, cause: pause.cause.clone() }
    }

    /// One sentence.
    pub fn sentence(&self) -> String {
        format!("{} is paused since {} s: {}", self.what, self.age_ms / 1_000, self.cause)
    }
}

#[derive(Default)]
pub(crate) struct Controls(RwLock<Arc<Vec<Control>>>);

impl Controls {
    pub(crate) fn all(&self) -> Arc<Vec<Control>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them anew. Whether anything is different from before.
    pub(crate) async fn reload(&self, catalog: &dyn Catalog) -> Result<bool, StoreError> {
        let (tenant, index) = (TenantId::DEFAULT, Index::All);
        let read = entity::list_page::<Control>(catalog, tenant, index, Id::NIL, None, false, MAX_CONTROLS);
        let slow = || Err(StoreError::Unavailable(format!("no answer within {} s", READ.as_secs())));
        let found = tokio::time::timeout(READ, read).await.unwrap_or_else(|_| slow())?;
        let found: Vec<Control> = found.into_iter().map(|stored| stored.value).collect();
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = **current != found;
        if changed {
            *current = Arc::new(found);
        }
        Ok(changed)
    }

    pub(crate) fn pause(&self, scope: &Scope) -> Option<Pause> {
        self.all().iter().find(|c| c.scope == *scope)?.pause.clone()
    }

    /// Why this stage starts nothing on this node.
    pub(crate) fn holds(&self, node: &str, stage: StageName) -> bool {
        self.all().iter().any(|c| {
            c.pause.is_some()
                && match &c.scope {
                    Scope::Stage(name) => *name == stage,
                    Scope::Node(name) => name == node,
                    Scope::Project(_) => false,
                }
        })
    }

    pub(crate) fn paused_projects(&self) -> Vec<Id> {
        let paused = |c: &Control| match c.scope {
            Scope::Project(id) if c.pause.is_some() => Some(id),
            _ => None,
        };
        self.all().iter().filter_map(paused).collect()
    }

    /// Of projects that operators gave one.
    pub(crate) fn weights(&self) -> Vec<(Id, u16)> {
        let weight = |c: &Control| match c.scope {
            Scope::Project(id) => Some((id, c.weight?)),
            _ => None,
        };
        self.all().iter().filter_map(weight).collect()
    }

    /// Everything that is paused, the oldest pause first.
    pub(crate) fn paused(&self, now: Timestamp) -> Vec<Paused> {
        self.paused_if(now, |_| true)
    }

    /// Stages that are paused, and this node: what a probe has to be told.
    pub(crate) fn paused_here(&self, node: &str, now: Timestamp) -> Vec<Paused> {
        self.paused_if(now, |scope| match scope {
            Scope::Stage(_) => true,
            Scope::Node(name) => name == node,
            Scope::Project(_) => false,
        })
    }

    fn paused_if(&self, now: Timestamp, wanted: impl Fn(&Scope) -> bool) -> Vec<Paused> {
        let all = self.all();
        let wanted = all.iter().filter(|c| wanted(&c.scope));
        let mut paused: Vec<Paused> =
            wanted.filter_map(|c| Some(Paused::of(&c.scope, c.pause.as_ref()?, now))).collect();
        paused.sort_by_key(|p| p.since);
        paused
    }
}
