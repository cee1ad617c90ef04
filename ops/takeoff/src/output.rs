//! The only place that prints.
#![expect(clippy::print_stderr, reason = "the command line's output module")]

use std::borrow::Cow;
use std::io::Write as _;

use crate::cli::exit;

/// To standard output, as is; the exit code. A closed pipe (`takeoff ... | head`) is the reader's choice, no failure.
pub(crate) fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            complain(&format!("the output cannot be written: {e}"));
            exit::FAILED
        }
        _ => 0,
    }
}

/// A line to standard error.
pub(crate) fn complain(text: &str) {
    eprintln!("takeoff: {text}");
}

/// A plain progress line to standard error.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Text of others, such as a name, as it may be shown: what steers a terminal or turns the order of the
/// letters is written as an escape.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}
