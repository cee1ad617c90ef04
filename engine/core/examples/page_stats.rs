//! Parses every page of a drawing file and says what came of it and how long it took.
//!
//! `cargo run --release -p takeoff-core --example page_stats -- FILE [OUT_DIR]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool for people")]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use takeoff_core::budget::Budget;
use takeoff_core::page::request::{FileType, ParseLimits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let path = PathBuf::from(args.next().ok_or("usage: page_stats FILE [OUT_DIR]")?);
    let out_dir = args.next().map(PathBuf::from);
    let bytes = std::fs::read(&path)?;
    let file_type = FileType::sniff(&bytes).ok_or("neither PDF, TIFF, PNG nor JPEG")?;
    let limits = ParseLimits::default();
    let start = Instant::now();
    let mut file = match takeoff_core::page::open(Arc::new(bytes), file_type, &limits) {
        Ok(file) => file,
        Err(rejected) => {
            println!("rejected ({:?}): {}", rejected.reason, rejected.message);
            return Ok(());
        }
    };
    println!("{} pages, opened in {:.1} ms", file.opened().pages.len(), ms(start));
    for index in 0..file.opened().pages.len() as u32 {
        let start = Instant::now();
        let walked = file.walk_page(index, &limits, &Budget::unlimited());
        let walk_ms = ms(start);
        if let Err(failure) = walked {
            println!("page {}: {}: {}", index + 1, failure.code, failure.message);
            continue;
        }
        let (mut image, mut thumbnail) = (Vec::new(), Vec::new());
        let start = Instant::now();
        let parsed = file.parse_page(index, &limits, &Budget::unlimited(), &mut image, &mut thumbnail)?;
        let parse_ms = ms(start);
        let list = &parsed.list;
        let start = Instant::now();
        let encoded = list.encode();
        println!(
            "page {}: {}x{} px {:?} {} paths {} verbs {} styles {} layers {} words {} lines {} images; walk {walk_ms:.0} ms, \
             all {parse_ms:.0} ms, encode {:.0} ms; png {} kB, thumbnail {} kB, list {} kB",
            index + 1,
            list.space.width_px,
            list.space.height_px,
            list.kind,
            list.paths.len(),
            list.verbs.len(),
            list.styles.len(),
            list.layers.len(),
            list.words.len(),
            list.lines.len(),
            list.images.len(),
            ms(start),
            image.len() / 1000,
            thumbnail.len() / 1000,
            encoded.len() / 1000
        );
        for finding in &list.findings {
            println!("  {}: {}", finding.code, finding.message);
        }
        if let Some(dir) = &out_dir {
            std::fs::create_dir_all(dir)?;
            std::fs::write(dir.join(format!("{}.png", index + 1)), &image)?;
            std::fs::write(dir.join(format!("{}-small.png", index + 1)), &thumbnail)?;
            let mut lines = std::fs::File::create(dir.join(format!("{}.txt", index + 1)))?;
            for line in &list.lines {
                writeln!(
                    lines,
                    "{:>8.1} {:>8.1} {:>6.1}  {}",
                    line.bounds.left, line.bounds.top, line.angle, line.text
                )?;
            }
        }
    }
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
