//! What the process gives back of its memory.

/// From this size on a block is mapped by itself, and goes back to the system when it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: i32 = 1024 * 1024;
/// Free memory at the end of a heap that is kept for the next.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: i32 = 1024 * 1024;
/// Heaps of threads, at most: each keeps what its busiest moment took.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAX_HEAPS: i32 = 8;

/// Has the allocator return what a count or an ingest took for a moment. Left alone, glibc takes the largest block
/// that was ever freed, up to 32 MiB, for the size from which blocks are mapped, and keeps twice that in each of up to
/// eight heaps a core: a node under steady load grows for hours. To be called before any thread is started. What the
/// operator set in the environment (`MALLOC_ARENA_MAX` and the like) was read before, and is overridden.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn settle() {
    let cores =
        std::thread::available_parallelism().map_or(2, |n| i32::try_from(n.get()).unwrap_or(MAX_HEAPS));
    set(libc::M_ARENA_MAX, cores.clamp(2, MAX_HEAPS));
    set(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
    set(libc::M_TRIM_THRESHOLD, KEPT);
}

/// Other C libraries give memory back by rules of their own.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn settle() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the allocator's settings have no safe form")]
fn set(what: i32, value: i32) {
    // SAFETY: mallopt takes two numbers and touches no memory of ours; no other thread runs yet that could allocate
    // while it changes the allocator's state.
    let _taken = unsafe { libc::mallopt(what, value) };
}
