//! The only place that prints.
#![expect(clippy::print_stderr, reason = "the program's output module")]

use std::io::Write as _;

/// To standard output. A closed pipe is the reader's choice, no failure.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line to standard error.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}
