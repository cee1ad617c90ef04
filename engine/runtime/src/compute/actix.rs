//! The pool as actix sync actors. The only file that names actix.
//!
//! Measured on actix 0.13.5: the arbiter's queue has no limit (so callers take a place before they
//! send), a panic in a handler kills its thread for good while the address stays connected (so the
//! handler catches), and nothing tells that the threads are gone (so health is asked with real work).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use ::actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext, System};

use super::threads::{Thread, Threads};
use super::{Scratch, Task};

struct Worker {
    thread: Thread,
    scratch: Scratch,
}

impl Actor for Worker {
    type Context = SyncContext<Self>;
}

impl Message for Task {
    type Result = ();
}

impl Handler<Task> for Worker {
    type Result = ();

    fn handle(&mut self, task: Task, _: &mut Self::Context) {
        self.thread.begin(task.budget);
        // The work's own panics are caught inside. This net is for what may panic around it, such as the
        // drop of a result that nobody took: whatever unwinds from here costs the pool a thread.
        if catch_unwind(AssertUnwindSafe(|| (task.run)(&mut self.scratch))).is_err() {
            self.scratch = Scratch::default();
            tracing::error!("a panic outside of the work itself was caught in the compute pool");
        }
        self.thread.end();
    }
}

pub(super) struct Pool {
    address: Addr<Worker>,
    system: System,
}

impl Pool {
    /// Starts actix on a thread of its own and returns when the pool takes work.
    pub(super) fn start(count: usize, threads: &Arc<Threads>) -> Result<Self, String> {
        let (sender, started) = mpsc::channel();
        let threads = Arc::clone(threads);
        std::thread::Builder::new()
            .name("compute-system".to_owned())
            .spawn(move || {
                let runner = System::new();
                let numbers = AtomicUsize::new(0);
                runner.block_on(async {
                    let worker = move || Worker {
                        thread: threads.enter(numbers.fetch_add(1, Ordering::Relaxed)),
                        scratch: Scratch::default(),
                    };
                    let address = SyncArbiter::start_with_thread_builder(count, named, worker);
                    // A receiver that is gone has given up on the pool; it ends with its address.
                    let _ = sender.send((address, System::current()));
                });
                if let Err(e) = runner.run() {
                    tracing::error!(error = %e, "the compute pool's system failed");
                }
            })
            .map_err(|e| format!("the compute pool's thread cannot be started: {e}"))?;
        let (address, system) = started.recv().map_err(|_| "the compute pool did not start".to_owned())?;
        Ok(Self { address, system })
    }

    /// The caller holds a place in the queue.
    pub(super) fn submit(&self, task: Task) {
        self.address.do_send(task);
    }

    pub(super) fn stop(&self) {
        self.system.stop();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.system.stop();
    }
}

fn named() -> std::thread::Builder {
    std::thread::Builder::new().name("compute".to_owned())
}
