//! The process's limit of open files, which connections count against too.

/// Raises the limit as far as the process may, and gives it.
pub fn raise_limit() -> u64 {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => limit,
        Err(e) => {
            tracing::warn!(error = %e, "the limit of open files stays as it is");
            rlimit::Resource::NOFILE.get().map_or(u64::MAX, |(soft, _)| soft)
        }
    }
}
