//! What real pages are thought to take of memory, held against what processes take that parse them, and that unpack,
//! index and search their lists. The benchmark runner does the same with generated pages.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Pages of one file that are looked at.
const MOST_PAGES: u32 = 8;

/// Bytes that were thought of and bytes that were taken; `None` where there is no such page, or none that can be parsed.
fn compared(kind: &str, file: &Path, index: u32, folder: &Path) -> Option<(u64, u64)> {
    let program = takeoff_tests::program().with_file_name("takeoff-benches");
    let mut ask = Command::new(program);
    ask.args(["--peak-of", kind]).arg(file).arg(index.to_string()).arg(folder);
    let ran = ask.output().expect("the benchmark runner runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    let numbers: Vec<u64> = said.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [_, likely, peak] = numbers[..] else { return None };
    Some((likely, peak))
}

fn drawings(below: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![below.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
            if path.is_dir() {
                open.push(path);
            } else if ["pdf", "png", "jpg", "jpeg", "tif", "tiff"].contains(&kind.as_str()) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn real_pages_take_no_more_memory_than_is_taken_for_them() {
    let Some(corpus) = takeoff_tests::corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut pages, mut wrong) = (0, Vec::new());
    for file in drawings(&corpus.join("plans")) {
        for index in 0..MOST_PAGES {
            let Some(page) = compared("page", &file, index, folder.path()) else { break };
            let list = folder.path().join(format!("page-{index}.list"));
            let list = compared("list", &list, index, folder.path());
            let list = list.unwrap_or_else(|| panic!("the list of {} cannot be worked on", file.display()));
            pages += 1;
            for (what, (likely, peak)) in [("page", page), ("list", list)] {
                if peak > likely {
                    wrong.push(format!("{what} {index} of {}: {peak} of {likely} bytes", file.display()));
                }
            }
        }
    }
    assert!(pages >= 10, "{pages} pages are no corpus");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
