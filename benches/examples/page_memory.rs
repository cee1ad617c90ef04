//! Compares what a page is thought to take of memory with what a parse worker takes that parses it, and what its list is
//! thought to take with what work on it takes.
//!
//! `cargo run --release -p takeoff-benches --example page_memory -- [FILE PAGE]...`
//!
//! Without files it makes pages of its own: vector pages of many sizes, scans, and pages with pictures.
#![expect(clippy::print_stdout, reason = "a measuring tool for people")]

use std::path::{Path, PathBuf};

use anyhow::bail;
use takeoff_benches::inputs::SEED;
use takeoff_benches::peaks::{self, Compared, made};
use takeoff_benches::sizes::Sizes;

const MIB: f64 = 1024.0 * 1024.0;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("--peak-of", what)) = args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        print!("{}", peaks::answer(what)?);
        return Ok(());
    }
    if args.is_empty() {
        let folder = tempfile::tempdir()?;
        let files = made::pages(folder.path(), &Sizes::full(), SEED)?;
        return compare(&files.into_iter().map(|file| (file, 0)).collect::<Vec<_>>());
    }
    if !args.len().is_multiple_of(2) {
        bail!("usage: page_memory [FILE PAGE]...");
    }
    let pages = args.chunks_exact(2).map(|p| anyhow::Ok((PathBuf::from(&p[0]), p[1].parse::<u32>()? - 1)));
    compare(&pages.collect::<Result<Vec<_>, _>>()?)
}

fn compare(pages: &[(PathBuf, u32)]) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    println!(
        "{:<28} {:>10} {:>10} {:>10} {:>8} {:>10} {:>10} {:>8}",
        "page", "least MiB", "likely", "peak", "of it", "its list", "peak", "of it"
    );
    let (mut of_pages, mut of_lists) = (Vec::new(), Vec::new());
    for (path, index) in pages {
        match peaks::of_page(&program, path, *index) {
            Ok(found) => {
                let mib = |bytes: u64| bytes as f64 / MIB;
                let (page, list) = (found.page, found.list);
                println!(
                    "{:<28} {:>10.1} {:>10.1} {:>10.1} {:>8.2} {:>10.1} {:>10.1} {:>8.2}",
                    name(path, *index),
                    mib(page.least),
                    mib(page.likely),
                    mib(page.peak),
                    page.ratio(),
                    mib(list.likely),
                    mib(list.peak),
                    list.ratio()
                );
                of_pages.push(page);
                of_lists.push(list);
            }
            Err(e) => println!("{:<28} {e}", name(path, *index)),
        }
    }
    summary("pages", &of_pages);
    summary("lists", &of_lists);
    Ok(())
}

fn summary(what: &str, all: &[Compared]) {
    let mut ratios: Vec<f64> = all.iter().map(Compared::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    if let [least, .., most] = ratios[..] {
        let middle = ratios[ratios.len() / 2];
        let above = ratios.iter().filter(|r| **r > 1.0).count();
        println!(
            "{} {what}: {least:.2} to {most:.2} of the estimate were needed, {middle:.2} in the median; {above} above 1",
            ratios.len()
        );
    }
}

fn name(path: &Path, index: u32) -> String {
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if index == 0 { file } else { format!("{file} p{}", index + 1) }
}
