//! What a parse child does with a request: the side that touches bytes nobody trusts.
//!
//! One file is kept open between requests. Pages are parsed one at a time and their results go to
//! files, so that memory holds one page however long the set is.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use takeoff_core::budget::Budget;
use takeoff_core::page::display::PageKind;
use takeoff_core::page::request::{
    FileType, Opened, PageOutcome, ParseLimits, ParseReply, ParseRequest, ParsedPage, RejectReason, Rejected,
};
use takeoff_core::page::{Bytes, FileBytes, OpenedFile, ParseError, ParsedContent};
use takeoff_engine::child::confine;
use takeoff_storage::error::is_no_room;

/// Steps of one page's walk; a step is about one path segment or glyph. Above any page that the
/// segment and glyph limits let through, below what the child's deadline would have to end.
const PAGE_STEPS: u64 = 50_000_000;

/// What a page may take of memory that is thought to take so much, bytes: estimates are near, and what is asked of the
/// system is not all touched.
const fn allowed_bytes(granted: u64) -> u64 {
    granted.saturating_add(granted / 4).saturating_add(64 * 1024 * 1024)
}

/// Sends one reply frame.
pub type Reply<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Answers parse requests, one after the other.
#[derive(Default)]
pub struct ParseWorker {
    open: Option<OpenFile>,
    /// The process has nothing else to do.
    alone: bool,
}

struct OpenFile {
    path: String,
    state: FileState,
    file_type: FileType,
    limits: ParseLimits,
    file: OpenedFile,
    bytes: FileBytes,
}

/// A file's bytes, by a read-only mapping.
struct Mapped(memmap2::Mmap);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Bytes for Mapped {
    /// Takes them out of this process's memory; what is read again comes from the system's cache. A worker that has read
    /// the pages of a large set would else hold all of it.
    #[allow(unsafe_code, reason = "the library has no safe form for this advice")]
    fn let_go(&self) {
        // SAFETY: the mapping is of a file, shared and read-only: what is dropped is read from the file again when it is
        // next touched, and by the rule of blobs that is the same bytes.
        let advised = unsafe { self.0.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        // Without it the pages stay until the system needs them.
        drop(advised);
    }
}

/// What shows that a path leads to the file that it led to before, and that nobody wrote to it: a damaged blob is
/// replaced under its own name.
#[derive(Debug, PartialEq)]
struct FileState {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileState {
    fn of(m: &Metadata) -> Self {
        Self {
            inode: (m.dev(), m.ino()),
            size: m.len(),
            modified: (m.mtime(), m.mtime_nsec()),
            changed: (m.ctime(), m.ctime_nsec()),
        }
    }
}

impl ParseWorker {
    pub fn new() -> Self {
        Self::default()
    }

    /// For a process that is nothing but a worker: pages that take much more memory than they are given end it.
    pub fn of_a_process() -> Self {
        Self { alone: true, ..Self::default() }
    }

    /// Answers `request` (an encoded [`ParseRequest`]) with encoded [`ParseReply`]s.
    ///
    /// An error means that the worker cannot go on (its pipe is closed, its disk failed, the request unreadable);
    /// bad bytes of a drawing are always a reply, and so is a disk without room.
    pub fn handle(&mut self, request: &[u8], reply: &mut Reply<'_>) -> io::Result<()> {
        let request: ParseRequest =
            postcard::from_bytes(request).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        let answered = self.answer(request, reply);
        if let Some(open) = &self.open {
            open.bytes.let_go();
        }
        answered
    }

    fn answer(&mut self, request: ParseRequest, reply: &mut Reply<'_>) -> io::Result<()> {
        match request {
            ParseRequest::Open { path, file_type, limits } => {
                let answer = match self.opened(&path, file_type, limits)? {
                    Ok(file) => ParseReply::Opened(Opened::clone(file.opened())),
                    Err(rejected) => ParseReply::Rejected(rejected),
                };
                send(reply, &answer)
            }
            ParseRequest::Pages { path, file_type, indexes, out_dir, limits, memory_bytes } => {
                if let Err(rejected) = self.opened(&path, file_type, limits)? {
                    return send(reply, &ParseReply::Rejected(rejected));
                }
                for index in indexes {
                    send(reply, &ParseReply::Starting { index })?;
                    if self.alone {
                        confine((memory_bytes < u64::MAX).then(|| allowed_bytes(memory_bytes)))?;
                    }
                    // A panic takes the open file with it: its caches may be in any state.
                    let file = self.opened(&path, file_type, limits)?;
                    let answer = match file {
                        Ok(file) => {
                            file.grant(memory_bytes);
                            page(file, index, &limits, Path::new(&out_dir))?
                        }
                        Err(rejected) => Some(failed(index, "rejected", rejected.message)),
                    };
                    let answer = answer.unwrap_or_else(|| {
                        self.open = None;
                        let why = "The page is damaged in a way that the parser cannot cope with.";
                        failed(index, "parser_panic", why)
                    });
                    if self.alone {
                        confine(None)?;
                    }
                    if let Some(open) = &self.open {
                        open.bytes.let_go();
                    }
                    send(reply, &answer)?;
                    if matches!(answer, ParseReply::NoRoom { .. }) {
                        break;
                    }
                }
                Ok(())
            }
            ParseRequest::Weigh { path, file_type, index, limits } => {
                let weight = match self.opened(&path, file_type, limits)? {
                    Ok(file) => catch_unwind(AssertUnwindSafe(|| file.weigh_page(index, &limits).ok())),
                    Err(_) => Ok(None),
                };
                let weight = weight.unwrap_or_else(|_| {
                    self.open = None;
                    None
                });
                send(reply, &ParseReply::Weight { weight })
            }
            ParseRequest::Key { path, file_type, index, limits } => {
                let key = match self.opened(&path, file_type, limits)? {
                    Ok(file) => catch_unwind(AssertUnwindSafe(|| file.page_key(index, &limits))),
                    Err(_) => Ok(None),
                };
                let key = key.unwrap_or_else(|_| {
                    self.open = None;
                    None
                });
                send(reply, &ParseReply::Key { key })
            }
        }
    }

    /// The file at `path`, opened unless it is the one that is open.
    fn opened(
        &mut self,
        path: &str,
        file_type: FileType,
        limits: ParseLimits,
    ) -> io::Result<Result<&mut OpenedFile, Rejected>> {
        let file = File::open(path)?;
        let state = FileState::of(&file.metadata()?);
        let same = |open: &OpenFile| {
            open.path == path && open.state == state && open.file_type == file_type && open.limits == limits
        };
        let open = match self.open.take().filter(same) {
            Some(open) => open,
            None => match open_file(&file, state.size, file_type, &limits)? {
                Ok((file, bytes)) => {
                    OpenFile { path: path.to_owned(), state, file_type, limits, file, bytes }
                }
                Err(rejected) => return Ok(Err(rejected)),
            },
        };
        Ok(Ok(&mut self.open.insert(open).file))
    }
}

fn open_file(
    file: &File,
    size: u64,
    file_type: FileType,
    limits: &ParseLimits,
) -> io::Result<Result<(OpenedFile, FileBytes), Rejected>> {
    if size == 0 {
        // A mapping cannot be empty.
        return Ok(Err(Rejected { reason: RejectReason::Damaged, message: "The file is empty.".to_owned() }));
    }
    let bytes: FileBytes = Arc::new(Mapped(map_blob(file)?));
    let shared = Arc::clone(&bytes);
    let opened = catch_unwind(AssertUnwindSafe(|| takeoff_core::page::open(shared, file_type, limits)));
    let opened = opened.map(|opened| opened.map(|file| (file, bytes)));
    Ok(opened.unwrap_or_else(|_| {
        Err(Rejected {
            reason: RejectReason::Damaged,
            message: "The file is damaged in a way that the parser cannot cope with.".to_owned(),
        })
    }))
}

/// Maps a stored blob read-only.
#[allow(unsafe_code, reason = "mapping a file has no safe form")]
fn map_blob(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: a mapping is sound while nobody changes the file. Blobs are written under a temporary
    // name, renamed once and never written again; deleting one leaves the mapping whole.
    unsafe { memmap2::Mmap::map(file) }
}

/// The answer about a page; `None` where the parser panicked.
fn page(
    file: &mut OpenedFile,
    index: u32,
    limits: &ParseLimits,
    out_dir: &Path,
) -> io::Result<Option<ParseReply>> {
    Ok(match files_of(file, index, limits, out_dir) {
        Ok(parsed) => parsed.map(|parsed| ParseReply::Page { index, outcome: PageOutcome::Parsed(parsed) }),
        Err(ParseError::Page(failure)) => Some(failed(index, failure.code, failure.message)),
        Err(ParseError::Heavier(weight)) => Some(ParseReply::Heavier { index, weight }),
        Err(ParseError::Write(e)) if is_no_room(&e) => Some(ParseReply::NoRoom { index, why: e.to_string() }),
        Err(ParseError::Write(e)) => return Err(e),
    })
}

/// Parses a page into files; `None` where the parser panicked.
fn files_of(
    file: &mut OpenedFile,
    index: u32,
    limits: &ParseLimits,
    out_dir: &Path,
) -> Result<Option<ParsedPage>, ParseError> {
    let image_file = format!("page-{index}.png");
    let thumbnail_file = format!("page-{index}-thumbnail.png");
    let list_file = format!("page-{index}.list");
    let mut image = BufWriter::new(Output::create(&out_dir.join(&image_file))?);
    let mut thumbnail = BufWriter::new(Output::create(&out_dir.join(&thumbnail_file))?);
    let budget = Budget::with_steps(PAGE_STEPS);
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        file.parse_page(index, limits, &budget, &mut image, &mut thumbnail)
    }));
    let ParsedContent { list, inches } = match parsed {
        Ok(Ok(content)) => content,
        Ok(Err(ParseError::Write(e))) => {
            let refused =
                [image.get_mut(), thumbnail.get_mut()].into_iter().find_map(|out| out.refused.take());
            return Err(refused.unwrap_or(e).into());
        }
        Ok(Err(e)) => return Err(e),
        Err(_) => return Ok(None),
    };
    image.flush()?;
    thumbnail.flush()?;
    fs::write(out_dir.join(&list_file), list.encode())?;
    Ok(Some(ParsedPage {
        space: list.space,
        inches,
        list_file,
        image_file,
        thumbnail_file,
        is_vector: list.kind == PageKind::Vector,
        path_count: list.paths.len() as u64,
        word_count: list.words.len() as u64,
        findings: list.findings,
    }))
}

/// A file of a page. It remembers why the system refused a write: whoever encodes in between passes on the words of an
/// error and not its kind.
struct Output {
    file: File,
    refused: Option<io::Error>,
}

impl Output {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, refused: None })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|e| {
            let said = e.raw_os_error().map_or_else(|| e.kind().into(), io::Error::from_raw_os_error);
            self.refused = Some(said);
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(index: u32, code: &str, message: impl Into<String>) -> ParseReply {
    let outcome = PageOutcome::Failed { code: code.to_owned(), message: message.into() };
    ParseReply::Page { index, outcome }
}

fn send(reply: &mut Reply<'_>, answer: &ParseReply) -> io::Result<()> {
    let bytes = postcard::to_allocvec(answer).map_err(io::Error::other)?;
    reply(&bytes)
}
