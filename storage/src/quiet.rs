//! Panics that are answers: the embedded store's own library panics on some damage.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Panics of this thread are answers, not news.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

#[cfg(test)]
thread_local! {
    /// Panics of this thread that were told.
    static TOLD: Cell<u32> = const { Cell::new(0) };
}

/// Does something that may panic, without a backtrace on the screen; what the panic said is the error. Other
/// threads' panics are told as ever.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                #[cfg(test)]
                TOLD.set(TOLD.get() + 1);
                told(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    done.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_the_error() {
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| -> u8 { panic!("torn at {}", 3) }), Err("torn at 3".to_owned()));
        assert_eq!(caught(|| -> u8 { panic!("torn") }), Err("torn".to_owned()));
        assert_eq!(TOLD.get(), 0, "nobody is told");
        assert!(catch_unwind(|| panic!("another")).is_err());
        assert_eq!(TOLD.get(), 1, "afterwards panics are news again");
    }
}
