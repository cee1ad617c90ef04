//! Jobs as they were last stored, so that what is looked at again soon is neither read nor decoded: a job's next
//! transition, and whoever waits for its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use takeoff_core::job::Job;
use takeoff_core::model::{Id, TenantId};

pub(super) type JobKey = (TenantId, Id);

/// Jobs of one half. There are two: when the younger is full, the older is forgotten.
const JOBS: usize = 2_048;
/// Bytes of the longest row of a job that is kept: what carries more is read when it is wanted.
const ROW_BYTES: usize = 4_096;

/// A job and its row.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) job: Arc<Job>,
    pub(super) row: Arc<[u8]>,
}

#[derive(Default)]
struct Halves {
    younger: HashMap<JobKey, Stored>,
    older: HashMap<JobKey, Stored>,
}

/// Written by the writer once a group is applied, and emptied when the store fails. Never older than what a reader of
/// it was told before.
#[derive(Default)]
pub(super) struct Recent(Mutex<Halves>);

impl Recent {
    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: JobKey) -> Option<Stored> {
        let halves = self.lock();
        halves.younger.get(&key).or_else(|| halves.older.get(&key)).cloned()
    }

    /// What a group has left of jobs; `None` is one that was removed.
    pub(super) fn take_over(&self, jobs: impl IntoIterator<Item = (JobKey, Option<Stored>)>) {
        let mut halves = self.lock();
        for (key, stored) in jobs {
            halves.older.remove(&key);
            match stored.filter(|stored| stored.row.len() <= ROW_BYTES) {
                Some(stored) => halves.younger.insert(key, stored),
                None => halves.younger.remove(&key),
            };
            if halves.younger.len() >= JOBS {
                halves.older = std::mem::take(&mut halves.younger);
            }
        }
    }

    pub(super) fn clear(&self) {
        *self.lock() = Halves::default();
    }
}

#[cfg(test)]
mod tests {
    use takeoff_core::model::Timestamp;

    use super::*;
    use crate::conformance;

    fn stored(n: u64, bytes: usize) -> (JobKey, Option<Stored>) {
        let job = takeoff_core::job::enqueue(conformance::job(n), TenantId::DEFAULT, None, Timestamp(0));
        ((job.tenant, job.id), Some(Stored { job: Arc::new(job), row: vec![0; bytes].into() }))
    }

    #[test]
    fn the_last_are_kept_and_no_more() {
        let recent = Recent::default();
        let jobs = JOBS as u64;
        recent.take_over((0..3 * jobs).map(|n| stored(n, 1)));
        let kept = |n| recent.get(stored(n, 1).0).is_some();
        assert!(kept(3 * jobs - 1) && kept(2 * jobs) && !kept(jobs));
        let newest = stored(3 * jobs - 1, 2);
        recent.take_over([newest.clone(), stored(7, ROW_BYTES + 1)]);
        assert_eq!(recent.get(newest.0).unwrap().row.len(), 2, "the older one is gone");
        assert!(!kept(7), "too long");
        recent.take_over([(newest.0, None)]);
        assert!(recent.get(newest.0).is_none());
        recent.clear();
        assert!(!kept(3 * jobs - 2));
    }
}
