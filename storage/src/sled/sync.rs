//! What sled takes for durable is durable.
//!
//! sled writes its log and asks the system to begin writing it out (`sync_file_range`), which promises nothing: not the file's
//! length, not the disk's own cache. It takes that for durable all the same, and soon uses again the parts of the log whose
//! rows it has written anew. Within one long commit, before our own sync, it may so overwrite rows that were acknowledged long
//! ago while their new versions are not on the disk: a loss of power then leaves neither.

/// Takes the place of the system's function in this program, for sled is the only one that calls it.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "a function of the C library is replaced")]
#[unsafe(no_mangle)]
extern "C" fn sync_file_range(
    file: libc::c_int,
    _from: i64,
    _bytes: i64,
    _flags: libc::c_uint,
) -> libc::c_int {
    // SAFETY: it takes a number, and answers an error where that is no open file.
    unsafe { libc::fdatasync(file) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Error;
    use std::os::fd::AsRawFd as _;

    /// A pipe is nothing that could be written out: the system's function says so in other words.
    #[test]
    #[allow(unsafe_code, reason = "a function of the C library is called")]
    fn what_sled_calls_is_the_sync_of_this_program() {
        let (reader, _writer) = std::io::pipe().unwrap();
        // SAFETY: it takes the number of an open file, and touches no memory.
        let answered = unsafe { libc::sync_file_range(reader.as_raw_fd(), 0, 0, 0) };
        assert_eq!((answered, Error::last_os_error().raw_os_error()), (-1, Some(libc::EINVAL)));
    }
}
