//! What the gateway asks of whoever started the node.

use std::collections::BTreeMap;

use takeoff_config::{Change, Problem};

/// Reads the node's configuration again.
pub trait Reload: Send + Sync + 'static {
    /// Takes over what can be; all that differs from what was in force, what waits for a restart included.
    ///
    /// # Errors
    /// Everything that is wrong with it; then nothing has changed.
    fn reload(&self) -> Result<Vec<Change>, Vec<Problem>>;

    /// Where each setting in force comes from, by its key.
    fn origins(&self) -> BTreeMap<&'static str, String>;
}
