//! Who waits for the end of which job.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use takeoff_core::model::Id;
use tokio::sync::Notify;

type Map = Mutex<HashMap<Id, Arc<Notify>>>;

/// Entries live as long as somebody waits.
#[derive(Default)]
pub(crate) struct Watchers(Arc<Map>);

/// One who waits.
pub(crate) struct Watch {
    map: Arc<Map>,
    job: Id,
    ended: Arc<Notify>,
}

impl Watchers {
    pub(crate) fn watch(&self, job: Id) -> Watch {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = Arc::clone(map.entry(job).or_default());
        Watch { map: Arc::clone(&self.0), job, ended }
    }

    pub(crate) fn tell(&self, ended: &[Id]) {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for job in ended {
            if let Some(waiting) = map.get(job) {
                waiting.notify_waiters();
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Watch {
    /// Resolves when the job ends after this was called (not: after it was first polled).
    pub(crate) fn ended(&self) -> tokio::sync::futures::Notified<'_> {
        self.ended.notified()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own and this one: nobody else waits.
        if Arc::strong_count(&self.ended) <= 2 {
            map.remove(&self.job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_is_told_and_nothing_stays() {
        let watchers = Watchers::default();
        let (a, b) = (watchers.watch(Id::NIL), watchers.watch(Id::NIL));
        assert_eq!(watchers.len(), 1);
        let (first, second) = (a.ended(), b.ended());
        watchers.tell(&[Id::NIL]);
        first.await;
        second.await;
        drop(a);
        assert_eq!(watchers.len(), 1);
        drop(b);
        assert_eq!(watchers.len(), 0);
    }
}
