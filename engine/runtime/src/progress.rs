//! The progress board: the newest word of every job that runs here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use takeoff_core::job::Progress;
use takeoff_core::model::Id;

use crate::clock::Stopwatch;
use crate::cluster::fabric::Fabric;

/// A job's progress is passed on at most this often.
const PASS_ON: Duration = Duration::from_secs(1);

/// Between two reports of the same step that are this close, the second is dropped.
const SAME_STEP: Duration = Duration::from_millis(50);

/// Longest step text that is kept, characters.
const STEP: usize = 200;

struct Entry {
    /// Token of the lease under which the job runs.
    token: u64,
    progress: Progress,
    reported: Option<Stopwatch>,
    passed_on: Option<Stopwatch>,
}

/// Holds only jobs that run here, so it is as small as the node has slots.
pub(crate) struct Board {
    entries: Mutex<HashMap<Id, Entry>>,
    fabric: Arc<dyn Fabric>,
}

impl Board {
    pub(crate) fn new(fabric: Arc<dyn Fabric>) -> Self {
        Self { entries: Mutex::default(), fabric }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open(&self, job: Id, token: u64, progress: Progress) {
        self.lock().insert(job, Entry { token, progress, reported: None, passed_on: None });
    }

    /// Does nothing when the job runs here again under another lease.
    pub(crate) fn close(&self, job: Id, token: u64) {
        let mut entries = self.lock();
        if entries.get(&job).is_some_and(|e| e.token == token) {
            entries.remove(&job);
        }
    }

    pub(crate) fn latest(&self, job: Id) -> Option<Progress> {
        self.lock().get(&job).map(|e| e.progress.clone())
    }

    /// Takes note of a report, unless it is one of too many.
    pub(crate) fn report(&self, job: Id, percent: f32, step: &str) {
        let recent = |watch: &Option<Stopwatch>, limit| watch.as_ref().is_some_and(|w| w.elapsed() < limit);
        let passed_on = {
            let mut entries = self.lock();
            let Some(entry) = entries.get_mut(&job) else { return };
            let same_step = entry.progress.step.as_deref() == Some(step);
            if same_step && percent < 100.0 && recent(&entry.reported, SAME_STEP) {
                return;
            }
            let percent =
                if percent.is_finite() { percent.clamp(0.0, 100.0) } else { entry.progress.percent };
            entry.progress = Progress { percent, step: Some(step.chars().take(STEP).collect()) };
            entry.reported = Some(Stopwatch::start());
            if recent(&entry.passed_on, PASS_ON) {
                return;
            }
            entry.passed_on = Some(Stopwatch::start());
            entry.progress.clone()
        };
        self.fabric.progress(job, &passed_on);
    }
}

#[cfg(test)]
mod tests {
    use takeoff_core::job::Stage;

    use super::*;
    use crate::cluster::fabric::Member;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<Progress>>);

    impl Fabric for Recorder {
        fn wake(&self, _: Stage) {}

        fn woken(&self, _: Stage) {}

        fn progress(&self, _: Id, progress: &Progress) {
            self.0.lock().unwrap().push(progress.clone());
        }

        fn members(&self) -> Vec<Member> {
            Vec::new()
        }
    }

    #[test]
    fn the_newest_is_kept_and_few_are_passed_on() {
        let recorder = Arc::new(Recorder::default());
        let board = Board::new(Arc::clone(&recorder) as Arc<dyn Fabric>);
        let job = Id::NIL;
        board.report(job, 5.0, "before it runs");
        assert_eq!(board.latest(job), None);

        board.open(job, 2, Progress { percent: 0.0, step: None });
        for page in 1_u8..=50 {
            board.report(job, f32::from(page), &format!("page {page}"));
        }
        assert_eq!(board.latest(job), Some(Progress { percent: 50.0, step: Some("page 50".to_owned()) }));
        assert_eq!(recorder.0.lock().unwrap().len(), 1, "one a second");

        board.report(job, f32::NAN, "odd");
        assert_eq!(board.latest(job).unwrap().percent, 50.0);
        board.close(job, 1);
        assert!(board.latest(job).is_some(), "an earlier lease ends late");
        board.close(job, 2);
        assert_eq!(board.latest(job), None);
    }
}
