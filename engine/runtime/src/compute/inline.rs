//! The pool that is none: work runs on the caller's thread.

use super::{Scratch, Task};

pub(super) fn run(task: Task) {
    (task.run)(&mut Scratch::default());
}
