//! What sled takes for durable is durable.
//!
//! sled writes its log and asks the system to begin writing it out (`sync_file_range`), which promises nothing: not the file's
//! length, not the disk's own cache. It takes that for durable all the same, and soon uses again the parts of the log whose
//! rows it has written anew. Within one long commit, before our own sync, it may so overwrite rows that were acknowledged long
//! ago while their new versions are not on the disk: a loss of power then leaves neither.
//!
//! Nor does it sync the values that it keeps beside its log, which the system may so write out later than what refers to them.
//! After a loss of power sled passes over what refers to nothing and takes what follows: part of a commit, or pages to which
//! no other page leads. They are made durable before any write to the log, whoever causes it: a page that has grown is split by
//! the next that reads it, outside any commit.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::values::LargeValues;

/// Whether writes to logs are seen. Where they are not, values are made durable before the flush, which leaves out
/// what the log takes before it.
pub(super) const SEEN: bool = cfg!(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"));

/// A log by its file system and number there, and what is beside it.
struct Log {
    file: (u64, u64),
    values: Weak<LargeValues>,
}

/// Logs that are open in this process.
static LOGS: RwLock<Vec<Log>> = RwLock::new(Vec::new());

fn number(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|m| (m.dev(), m.ino()))
}

/// From now on `values` are durable before each write to `log`, until they are dropped.
pub(super) fn watch(log: &File, values: &Arc<LargeValues>) -> io::Result<()> {
    let file = number(log)?;
    let mut logs = LOGS.write().unwrap_or_else(PoisonError::into_inner);
    logs.retain(|log| log.values.strong_count() > 0);
    logs.push(Log { file, values: Arc::downgrade(values) });
    Ok(())
}

/// Before a write to this file.
#[cfg(target_os = "linux")]
fn make_way(file: &File) -> io::Result<()> {
    let find = || {
        let logs = LOGS.read().unwrap_or_else(PoisonError::into_inner);
        // Most programs that have this code in them have no log open.
        let file = if logs.is_empty() { return None } else { number(file).ok()? };
        logs.iter().filter(|log| log.file == file).find_map(|log| log.values.upgrade())
    };
    find().map_or(Ok(()), |values| values.sync())
}

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

/// Takes the place of the system's function in this program; `pwrite` is the same one by another name, which Rust's
/// library does not use. Writes that are not to a log go on as they are.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[allow(unsafe_code, reason = "a function of the C library is replaced")]
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    file: libc::c_int,
    bytes: *const libc::c_void,
    len: libc::size_t,
    at: libc::off64_t,
) -> libc::ssize_t {
    use std::mem::ManuallyDrop;
    use std::os::fd::FromRawFd as _;

    if file >= 0 {
        // SAFETY: the caller has it open while it calls, and it is not closed here.
        let borrowed = ManuallyDrop::new(unsafe { File::from_raw_fd(file) });
        if let Err(e) = make_way(&borrowed) {
            // SAFETY: the thread's own place for it.
            unsafe { *libc::__errno_location() = e.raw_os_error().unwrap_or(libc::EIO) };
            return -1;
        }
    }
    // SAFETY: as the caller promises of the function in whose place this is.
    unsafe { libc::pwrite(file, bytes, len, at) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Error;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::FileExt as _;

    use super::*;

    /// A pipe is nothing that could be written out: the system's function says so in other words.
    #[test]
    #[allow(unsafe_code, reason = "a function of the C library is called")]
    fn what_sled_calls_is_the_sync_of_this_program() {
        let (reader, _writer) = std::io::pipe().unwrap();
        // SAFETY: it takes the number of an open file, and touches no memory.
        let answered = unsafe { libc::sync_file_range(reader.as_raw_fd(), 0, 0, 0) };
        assert_eq!((answered, Error::last_os_error().raw_os_error()), (-1, Some(libc::EINVAL)));
    }

    #[test]
    fn a_log_is_written_to_only_when_what_is_beside_it_is_durable() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("blobs");
        let create = |name: &str| File::options().write(true).create_new(true).open(folder.path().join(name));
        let (log, other) = (create("db").unwrap(), create("other").unwrap());
        let values = Arc::new(LargeValues::new(beside.clone()));
        watch(&log, &values).unwrap();
        // Nothing can be made durable in a folder that is not there.
        let refused = log.write_all_at(b"refers", 0).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::ENOENT));
        assert_eq!(log.metadata().unwrap().len(), 0);
        other.write_all_at(b"else", 0).unwrap();
        std::fs::create_dir(&beside).unwrap();
        log.write_all_at(b"refers", 0).unwrap();
        std::fs::remove_dir(&beside).unwrap();
        drop(values);
        log.write_all_at(b"closed", 0).unwrap();
        assert_eq!(std::fs::read(folder.path().join("db")).unwrap(), b"closed");
    }
}
