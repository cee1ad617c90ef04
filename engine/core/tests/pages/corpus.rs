//! Real drawings. They are found through `TAKEOFF_CORPUS`; without it these tests say that they did
//! nothing, and fail where a build server runs them.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests say where their drawings are, and that they are missing"
)]

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use takeoff_core::budget::Budget;
use takeoff_core::found::Finding;
use takeoff_core::geom::PxRect;
use takeoff_core::page::display::PageKind;
use takeoff_core::page::request::{FileType, ParseLimits, RejectReason};
use takeoff_core::page::{OpenedFile, ParseError};

use crate::support::{open_bytes, parse};

fn corpus() -> Option<PathBuf> {
    let found = std::env::var_os("TAKEOFF_CORPUS").map(PathBuf::from);
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TAKEOFF_CORPUS must name the folder of real drawings");
        eprintln!("SKIPPED: TAKEOFF_CORPUS is not set, no real drawing was read");
    }
    found
}

fn opened(path: &Path) -> OpenedFile {
    let bytes = std::fs::read(path).unwrap();
    let file_type = FileType::sniff(&bytes).unwrap();
    open_bytes(bytes, file_type).unwrap()
}

#[test]
fn the_finish_plan() {
    let Some(corpus) = corpus() else { return };
    let mut file = opened(&corpus.join("plans/opentakeoff/sample-finish-plan.pdf"));
    assert_eq!(file.opened().pages.len(), 2);
    let (content, image, thumbnail) = parse(&mut file, 0).unwrap();
    let list = &content.list;
    assert_eq!((list.space.width_px, list.space.height_px), (6300, 4500));
    assert_eq!(content.inches, Some((42.0, 30.0)));
    assert_eq!(list.kind, PageKind::Vector);
    assert!(list.paths.len() > 30_000, "{}", list.paths.len());
    assert!(list.findings.is_empty(), "{:?}", list.findings);
    assert!(list.lines.iter().any(|l| l.text == "1/8\" = 1'-0\""));
    assert_eq!(list.words.iter().filter(|w| w.text == "CG").count(), 35);
    // "PATIENT" and "ROOM" stand on two lines, the second just below the first.
    let rooms = list.lines.iter().filter(|room| {
        room.text == "ROOM"
            && list.lines.iter().any(|patient| {
                patient.text == "PATIENT"
                    && (patient.bounds.left + patient.bounds.right - room.bounds.left - room.bounds.right)
                        .abs()
                        < 8.0
                    && (0.0..14.0).contains(&(room.bounds.top - patient.bounds.top))
            })
    });
    assert_eq!(rooms.count(), 14);
    // The ruler bars along the left border are read upwards.
    assert!(list.lines.iter().any(|l| l.text == "one inch = one foot" && (l.angle + 90.0).abs() < 0.1));
    // A water closet of the README, PDF points from below: its paths are there, and ink is in the image.
    let (left, right, top, bottom) = (1906.9, 1921.9, 2160.0 - 847.7, 2160.0 - 826.0);
    let inside = list.paths.iter().filter(|p| {
        p.bounds.left >= left && p.bounds.right <= right && p.bounds.top >= top && p.bounds.bottom <= bottom
    });
    assert!(inside.count() >= 10);
    let place = PxRect::from_corners(list.space.to_px(left, top), list.space.to_px(right, bottom));
    let dark = (0..place.w as u32)
        .flat_map(|x| (0..place.h as u32).map(move |y| (x, y)))
        .filter(|(x, y)| image.at(place.x as u32 + x, place.y as u32 + y)[0] < 100)
        .count();
    assert!(dark > 50, "{dark}");
    assert_eq!((thumbnail.width, thumbnail.height), (256, 183));
}

#[test]
fn the_small_fixtures() {
    let Some(corpus) = corpus() else { return };
    let plans = corpus.join("plans/opentakeoff");
    let layered = parse(&mut opened(&plans.join("layered-plan.pdf")), 0).unwrap().0.list;
    assert!(layered.layers.iter().any(|l| l.contains("WALL")), "{:?}", layered.layers);
    assert_eq!(layered.findings[0].code, "layers_hidden");
    let scanned = parse(&mut opened(&plans.join("scanned-plan.pdf")), 0).unwrap().0.list;
    assert_eq!((scanned.kind, scanned.images.len()), (PageKind::Raster, 1));
    let symbols = parse(&mut opened(&plans.join("symbol-plan.pdf")), 0).unwrap().0.list;
    assert_eq!(symbols.kind, PageKind::Vector);
    let mut level = opened(&corpus.join("plans/ev-blueprint/E003.png"));
    let (content, ..) = parse(&mut level, 0).unwrap();
    assert_eq!((content.list.space.width_px, content.list.space.height_px), (10_800, 7_201));
}

/// What became of a hostile file.
#[derive(Debug, PartialEq)]
enum End {
    Refused(RejectReason),
    Pages { parsed: usize, failed: usize },
}

fn end_of(bytes: Vec<u8>, file_type: FileType) -> End {
    let mut file = match open_bytes(bytes, file_type) {
        Ok(file) => file,
        Err(refused) => {
            assert!(refused.message.ends_with('.'), "{}", refused.message);
            return End::Refused(refused.reason);
        }
    };
    let (mut parsed, mut failed) = (0, 0);
    let limits = ParseLimits::default();
    for index in 0..file.opened().pages.len() as u32 {
        let (mut image, mut thumbnail) = (Vec::new(), Vec::new());
        match file.parse_page(index, &limits, &Budget::with_steps(10_000_000), &mut image, &mut thumbnail) {
            Ok(content) => {
                let stored = content.list.encode();
                let read = takeoff_core::page::display::DisplayList::decode(&stored, 1 << 30).unwrap();
                assert_eq!(read, content.list);
                parsed += 1;
            }
            Err(ParseError::Page(failure)) => {
                assert!(failure.message.ends_with('.'), "{}", failure.message);
                failed += 1;
            }
            Err(e) => panic!("a vector refused bytes, or a page all memory: {e}"),
        }
    }
    End::Pages { parsed, failed }
}

#[test]
fn every_hostile_file_ends_in_a_defined_state() {
    let Some(corpus) = corpus() else { return };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(corpus.join("hostile"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pdf"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 41, "{}", paths.len());
    let mut ends = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let Some(file_type) = FileType::sniff(&bytes) else { continue };
        let (done, end) = mpsc::channel();
        // A stack as large as a process's first one; a panic drops the sender.
        let thread = std::thread::Builder::new().stack_size(8 << 20);
        thread.spawn(move || done.send(end_of(bytes, file_type))).unwrap();
        match end.recv_timeout(Duration::from_secs(60)) {
            Ok(end) => ends.push((name, end)),
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{name}: the parser panicked"),
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: no end within a minute"),
        }
    }
    let end = |part: &str| &ends.iter().find(|(name, _)| name.contains(part)).unwrap().1;
    // A password is needed, or an empty one does.
    assert_eq!(*end("pr6531_1"), End::Refused(RejectReason::Password));
    assert_eq!(*end("saslprep"), End::Refused(RejectReason::Password));
    assert_eq!(*end("empty_protected"), End::Pages { parsed: 1, failed: 0 });
    assert_eq!(*end("issue15590"), End::Refused(RejectReason::Damaged));
}

/// What is damaged of the corpus: file, page from 1, and what is said.
fn damaged(folder: &Path, out: &mut Vec<(String, usize, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damaged(&path, out);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let Some(FileType::Pdf) = FileType::sniff(&bytes) else { continue };
        let Ok(mut file) = open_bytes(bytes, FileType::Pdf) else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for index in 0..file.opened().pages.len().min(20) as u32 {
            let walked = file.walk_page(index, &ParseLimits::default(), &Budget::with_steps(10_000_000));
            let findings = walked.map(|content| content.list.findings).unwrap_or_default();
            let told = findings.into_iter().filter(Finding::is_damage);
            out.extend(told.map(|f| (name.clone(), index as usize + 1, f.message)));
        }
    }
}

#[test]
fn whole_drawings_are_called_damaged_by_nobody() {
    let Some(corpus) = corpus() else { return };
    let mut found = Vec::new();
    damaged(&corpus, &mut found);
    // Content within its page's dictionary, without an end, and patterns and fonts that are none: fuzzers' files.
    let broken = ["direct_content_stream", "bug_552046", "bug_901654"];
    let is_broken = |(name, ..): &(String, usize, String)| broken.iter().any(|part| name.contains(part));
    assert_eq!(found.iter().filter(|file| is_broken(file)).count(), broken.len(), "{found:?}");
    found.retain(|file| !is_broken(file));
    assert_eq!(found, []);
}
