//! What a page is thought to take of memory (`core/page/weight.rs`) beside what it takes: each is measured in a process
//! of its own, whose peak is `VmHWM` of its `/proc/self/status`, less what is mapped of files.

pub mod made;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use takeoff_actors::parse_worker::ParseWorker;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, PageIndex, suggest};
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{FileType, PageOutcome, ParseLimits, ParseReply, ParseRequest};
use takeoff_core::page::{PROGRAM_BYTES, worked_list_bytes};

/// Largest list that is unpacked.
const LIST_BYTES: usize = 1 << 30;

/// Longest that is looked for what repeats.
const LOOK: Duration = Duration::from_secs(20);

/// What was thought and what was seen, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Under this no worker can do it; 0 where nothing is said of that.
    pub least: u64,
    pub likely: u64,
    pub peak: u64,
}

impl Compared {
    /// The part of the estimate that was needed: above 1 it was too small.
    pub fn ratio(&self) -> f64 {
        self.peak as f64 / self.likely as f64
    }
}

/// A page that was parsed, and its list that was worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageAndList {
    pub page: Compared,
    pub list: Compared,
}

/// Both of one page, `index` counting from 0; `program` is one that passes its `--peak-of` to [`answer`].
///
/// # Errors
/// The page is refused, or a process ends without an answer.
pub fn of_page(program: &Path, file: &Path, index: u32) -> anyhow::Result<PageAndList> {
    let folder = tempfile::tempdir()?;
    let page = apart(program, "page", file, index, folder.path())?;
    let list = apart(program, "list", &list_of(folder.path(), index), index, folder.path())?;
    Ok(PageAndList { page, list })
}

fn list_of(folder: &Path, index: u32) -> PathBuf {
    folder.join(format!("page-{index}.list"))
}

fn apart(program: &Path, kind: &str, file: &Path, index: u32, folder: &Path) -> anyhow::Result<Compared> {
    let ran = Command::new(program)
        .args(["--peak-of", kind])
        .arg(file)
        .arg(index.to_string())
        .arg(folder)
        .output()
        .with_context(|| program.display().to_string())?;
    let said = String::from_utf8_lossy(&ran.stdout);
    let numbers: Vec<u64> = said.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [least, likely, peak] = numbers[..] else {
        bail!("{}: {}", file.display(), String::from_utf8_lossy(&ran.stderr).trim());
    };
    Ok(Compared { least, likely, peak })
}

/// What the process that [`of_page`] starts does: kind (`page`, `list`), file, page from 0, folder.
///
/// # Errors
/// The page is refused, or the arguments are none.
pub fn answer(what: &[String]) -> anyhow::Result<String> {
    let [kind, file, index, folder] = what else { bail!("a kind, a file, a page and a folder are needed") };
    let compared = match kind.as_str() {
        "page" => parsed(file, index.parse()?, folder)?,
        "list" => worked(Path::new(file))?,
        other => bail!("{other} is no kind"),
    };
    Ok(format!("{} {} {}\n", compared.least, compared.likely, compared.peak))
}

/// A parse worker is a process of its own: what it held before the page is in its peak, as it is in the estimate.
fn parsed(file: &str, index: u32, folder: &str) -> anyhow::Result<Compared> {
    let file_type = {
        let head = std::fs::read(file).context("the file cannot be read")?;
        FileType::sniff(&head).context("neither PDF, TIFF, PNG nor JPEG")?
    };
    let (path, out_dir, limits) = (file.to_owned(), folder.to_owned(), ParseLimits::default());
    let mut worker = ParseWorker::new();
    let weigh = ParseRequest::Weigh { path: path.clone(), file_type, index, limits };
    let Some(ParseReply::Weight { weight: Some(mut weight) }) = ask(&mut worker, &weigh)? else {
        bail!("the page has no weight");
    };
    reset_peak()?;
    let parse = |memory_bytes| {
        let (path, out_dir) = (path.clone(), out_dir.clone());
        ParseRequest::Pages { path, file_type, indexes: vec![index], out_dir, limits, memory_bytes }
    };
    let mut answer = ask(&mut worker, &parse(weight.likely_bytes()))?;
    if let Some(ParseReply::Heavier { weight: known, .. }) = answer {
        weight = known;
        answer = ask(&mut worker, &parse(u64::MAX))?;
    }
    match answer {
        Some(ParseReply::Page { outcome: PageOutcome::Parsed(_), .. }) => {}
        other => bail!("the page was refused: {other:?}"),
    }
    let (least, likely) = (weight.least_bytes(), weight.likely_bytes());
    Ok(Compared { least, likely, peak: own_peak()? + PROGRAM_BYTES })
}

/// A list is worked on in the node's own process: what counts is what it adds. As `actors/page_list.rs` and
/// `commands/reads/looks.rs` do it, with what is dearest done to it.
fn worked(file: &Path) -> anyhow::Result<Compared> {
    let packed = std::fs::metadata(file)?.len();
    reset_peak()?;
    let before = status_bytes("RssAnon:")?;
    let list = {
        let bytes = std::fs::read(file)?;
        DisplayList::decode(&bytes, LIST_BYTES).map_err(|e| anyhow!("{e}"))?
    };
    let space = list.picture.as_ref().map(|_| list.space);
    let pixels = space.map_or(0, |s| u64::from(s.width_px) * u64::from(s.height_px));
    let budget = Budget::unlimited();
    let index = PageIndex::build(&list, &budget)?;
    drop(list);
    // As a request has it; what is dearest is held long before.
    let (done, ends) = mpsc::channel::<()>();
    let late = budget.clone();
    std::thread::spawn(move || {
        if ends.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
            late.cancel();
        }
    });
    let found = suggest(&index, &CountParams::default(), &budget);
    drop(done);
    ensure!(found.value.list.len() < usize::MAX, "what was found is looked at, so that it is made");
    let peak = own_peak()?.saturating_sub(before);
    Ok(Compared { least: 0, likely: worked_list_bytes(packed, pixels), peak })
}

/// The last reply of a parse worker in this process.
///
/// # Errors
/// The worker cannot go on.
pub fn ask(worker: &mut ParseWorker, request: &ParseRequest) -> anyhow::Result<Option<ParseReply>> {
    let request = postcard::to_allocvec(request).map_err(|e| anyhow!("{e}"))?;
    let mut last = None;
    worker.handle(&request, &mut |reply| {
        last = postcard::from_bytes(reply).ok();
        Ok(())
    })?;
    Ok(last)
}

/// What this process held before is nobody's memory but its own.
fn reset_peak() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the peak cannot be reset")
}

/// Most that the process held of its own. How much of the program's file is mapped beside it depends on the build and on
/// what the kernel maps around a fault: a page's estimate has a fixed part for it.
fn own_peak() -> anyhow::Result<u64> {
    Ok(status_bytes("VmHWM:")?.saturating_sub(status_bytes("RssFile:")?))
}

fn status_bytes(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1024)
}
