//! The parse worker answers requests about files on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pdf_writer::{Content, Pdf, Rect, Ref};
use takeoff_actors::parse_worker::ParseWorker;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{
    FileType, PageHead, PageOutcome, ParseLimits, ParseReply, ParseRequest, RejectReason,
};
use tempfile::TempDir;

/// A set whose page i has i + 1 lines; the page with index `broken` is nonsensically large.
fn plan_set(pages: i32, broken: Option<i32>) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree) = (Ref::new(1), Ref::new(2));
    let ids: Vec<Ref> = (0..pages).map(|i| Ref::new(3 + 2 * i)).collect();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids(ids.iter().copied()).count(pages);
    for (i, id) in ids.iter().enumerate() {
        let content_id = Ref::new(id.get() + 1);
        let side = if broken == Some(i as i32) { 2e7 } else { 200.0 };
        pdf.page(*id).parent(tree).media_box(Rect::new(0.0, 0.0, side, side)).contents(content_id);
        let mut content = Content::new();
        for line in 0..=i {
            let y = 10.0 + line as f32;
            content.move_to(10.0, y).line_to(90.0, y).stroke();
        }
        pdf.stream(content_id, &content.finish());
    }
    pdf.finish()
}

struct Bench {
    folder: TempDir,
    worker: ParseWorker,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), worker: ParseWorker::new() }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn ask(&mut self, request: &ParseRequest) -> Vec<ParseReply> {
        let request = postcard::to_allocvec(request).unwrap();
        let mut replies = Vec::new();
        self.worker
            .handle(&request, &mut |reply| {
                replies.push(postcard::from_bytes(reply).unwrap());
                Ok(())
            })
            .unwrap();
        replies
    }

    fn open(&mut self, path: &Path) -> ParseReply {
        let request = ParseRequest::Open {
            path: path.to_str().unwrap().to_owned(),
            file_type: FileType::Pdf,
            limits: ParseLimits::default(),
        };
        let mut replies = self.ask(&request);
        assert_eq!(replies.len(), 1);
        replies.remove(0)
    }

    fn pages(&mut self, path: &Path, indexes: &[u32]) -> Vec<ParseReply> {
        let request = ParseRequest::Pages {
            path: path.to_str().unwrap().to_owned(),
            file_type: FileType::Pdf,
            indexes: indexes.to_vec(),
            out_dir: self.folder.path().to_str().unwrap().to_owned(),
            limits: ParseLimits::default(),
            memory_bytes: u64::MAX,
        };
        self.ask(&request)
    }
}

#[test]
fn every_page_is_announced_and_its_results_are_files() {
    let mut bench = Bench::new();
    let path = bench.put("set", &plan_set(3, None));
    let replies = bench.pages(&path, &[2, 0]);
    assert_eq!(replies.len(), 4);
    assert_eq!(
        (&replies[0], &replies[2]),
        (&ParseReply::Starting { index: 2 }, &ParseReply::Starting { index: 0 })
    );
    for (reply, expected) in [(&replies[1], 2), (&replies[3], 0)] {
        let ParseReply::Page { index, outcome: PageOutcome::Parsed(page) } = reply else {
            panic!("{reply:?}")
        };
        assert_eq!((*index, page.path_count, page.is_vector), (expected, u64::from(expected) + 1, true));
        let file = |name: &str| {
            assert_eq!(Path::new(name).file_name().unwrap(), name, "a plain name");
            fs::read(bench.folder.path().join(name)).unwrap()
        };
        let list = DisplayList::decode(&file(&page.list_file), 1 << 20).unwrap();
        assert_eq!((list.paths.len() as u64, list.space), (page.path_count, page.space));
        for (name, size) in [(&page.image_file, (417, 417)), (&page.thumbnail_file, (256, 256))] {
            let reader = png::Decoder::new(io::Cursor::new(file(name))).read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), size);
        }
    }
}

#[test]
fn opening_lists_the_pages_or_refuses_the_file() {
    let mut bench = Bench::new();
    let path = bench.put("set", &plan_set(3, Some(1)));
    let ParseReply::Opened(opened) = bench.open(&path) else { panic!("refused") };
    let sized: Vec<bool> = opened.pages.iter().map(|p| matches!(p, PageHead::Sized { .. })).collect();
    assert_eq!(sized, [true, false, true]);
    for bytes in [&b""[..], b"%PDF-1.4 nothing"] {
        let path = bench.put("bad", bytes);
        let ParseReply::Rejected(rejected) = bench.open(&path) else { panic!("accepted") };
        assert_eq!(rejected.reason, RejectReason::Damaged);
        assert!(matches!(bench.pages(&path, &[0])[..], [ParseReply::Rejected(_)]));
    }
}

#[test]
fn a_failing_page_is_an_answer_and_the_next_one_is_parsed() {
    let mut bench = Bench::new();
    let path = bench.put("set", &plan_set(3, Some(1)));
    let replies = bench.pages(&path, &[1, 7, 2]);
    let outcomes: Vec<Option<&str>> = replies
        .iter()
        .filter_map(|reply| match reply {
            ParseReply::Page { outcome: PageOutcome::Failed { code, .. }, .. } => Some(Some(code.as_str())),
            ParseReply::Page { outcome: PageOutcome::Parsed(_), .. } => Some(None),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [Some("page_unreadable"), Some("no_such_page"), None]);
}

#[test]
fn another_file_under_another_path_is_opened_anew() {
    let mut bench = Bench::new();
    let one = bench.put("one", &plan_set(1, None));
    let two = bench.put("two", &plan_set(2, None));
    for (path, pages) in [(&one, 1), (&two, 2), (&one, 1)] {
        let ParseReply::Opened(opened) = bench.open(path) else { panic!("refused") };
        assert_eq!(opened.pages.len(), pages);
    }
}

/// The page is not to blame, and the worker lives on.
/// Bytes of a file that this process has mapped, in memory.
#[cfg(target_os = "linux")]
fn held_of(path: &Path) -> u64 {
    let name = path.to_str().unwrap();
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = maps.lines().skip_while(|line| !line.ends_with(name));
    assert!(lines.next().is_some(), "{name} is not mapped");
    let rss = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
    rss.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_holds_no_file_in_memory_that_it_has_read() {
    let mut set = Pdf::new();
    let (catalog, tree, page, content, extra) =
        (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    set.catalog(catalog).pages(tree);
    set.pages(tree).kids([page]).count(1);
    set.page(page).parent(tree).media_box(Rect::new(0.0, 0.0, 200.0, 200.0)).contents(content);
    set.stream(content, b"10 10 m 90 90 l S");
    let large = vec![b'/'; 24 << 20];
    set.stream(extra, &large);
    let mut bench = Bench::new();
    let path = bench.put("large.pdf", &set.finish());
    let path = path.canonicalize().unwrap();
    assert!(matches!(bench.open(&path), ParseReply::Opened(_)));
    assert!(held_of(&path) < 1 << 20, "{} bytes are held after the file was opened", held_of(&path));
    bench.pages(&path, &[0]);
    assert!(held_of(&path) < 1 << 20, "{} bytes are held after its page was parsed", held_of(&path));
}

#[test]
fn a_disk_without_room_is_an_answer() {
    let mut bench = Bench::new();
    let path = bench.put("set", &plan_set(2, None));
    for file in ["page-1.png", "page-1-thumbnail.png", "page-1.list"] {
        let at = bench.folder.path().join(file);
        // What an earlier round made.
        let _ = fs::remove_file(&at);
        std::os::unix::fs::symlink("/dev/full", &at).unwrap();
        let replies = bench.pages(&path, &[1, 0]);
        let [ParseReply::Starting { index: 1 }, ParseReply::NoRoom { index: 1, why }] = &replies[..] else {
            panic!("{file}: {replies:?}")
        };
        assert!(why.contains("No space left on device"), "{file}: {why}");
        fs::remove_file(at).unwrap();
    }
    let parsed = bench.pages(&path, &[1]).pop();
    assert!(matches!(parsed, Some(ParseReply::Page { outcome: PageOutcome::Parsed(_), .. })), "{parsed:?}");
}

#[test]
fn what_the_worker_cannot_help_ends_it() {
    let mut bench = Bench::new();
    assert!(bench.worker.handle(b"\xFF\xFF", &mut |_| Ok(())).is_err());
    let path = bench.put("set", &plan_set(1, None));
    let request = ParseRequest::Open {
        path: path.to_str().unwrap().to_owned(),
        file_type: FileType::Pdf,
        limits: ParseLimits::default(),
    };
    let request = postcard::to_allocvec(&request).unwrap();
    let closed = bench.worker.handle(&request, &mut |_| Err(io::ErrorKind::BrokenPipe.into()));
    assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
