//! The template library.

use crate::{CommandError, Ctx};

/// Writes the system templates that are not there yet, by name. Returns how many were written.
pub async fn seed(_ctx: &Ctx<'_>) -> Result<usize, CommandError> {
    todo!()
}
