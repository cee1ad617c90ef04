//! Counts a symbol on one page of a drawing and says what was found and how long it took.
//!
//! `cargo run --release -p takeoff-core --example count_page -- FILE PAGE LEFT BOTTOM RIGHT TOP [SHEET.png [THRESHOLD]]`
//!
//! The box is in PDF points of the upright page, origin bottom-left. SHEET.png gets a crop around
//! every detection and near miss.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool for people")]

use std::sync::Arc;
use std::time::Instant;

use image::{GenericImage, Rgb, RgbImage};
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountOutcome, CountParams, Detection, Exemplar, PageIndex, find};
use takeoff_core::geom::PxRect;
use takeoff_core::page::request::{FileType, ParseLimits};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: count_page FILE PAGE LEFT BOTTOM RIGHT TOP [SHEET.png [THRESHOLD]]";
    let [path, page, left, bottom, right, top, rest @ ..] = args.as_slice() else { return Err(usage.into()) };
    let bytes = std::fs::read(path)?;
    let file_type = FileType::sniff(&bytes).ok_or("neither PDF, TIFF, PNG nor JPEG")?;
    let (limits, budget) = (ParseLimits::default(), Budget::unlimited());
    let mut file = takeoff_core::page::open(Arc::new(bytes), file_type, &limits).map_err(|r| r.message)?;
    let index = page.parse::<u32>()?.checked_sub(1).ok_or("pages count from 1")?;
    let (mut png, mut thumbnail) = (Vec::new(), Vec::new());
    let list = file.parse_page(index, &limits, &budget, &mut png, &mut thumbnail)?.list;
    let scale = list.space.px_per_unit;
    let height = f64::from(list.space.height_px) / scale;
    let (left, bottom): (f64, f64) = (left.parse()?, bottom.parse()?);
    let (right, top): (f64, f64) = (right.parse()?, top.parse()?);
    let drawn =
        PxRect::new(left * scale, (height - top) * scale, (right - left) * scale, (top - bottom) * scale);

    let mut params = CountParams::default();
    if let Some(threshold) = rest.get(1) {
        params.threshold = threshold.parse()?;
    }
    let start = Instant::now();
    let page = PageIndex::build(&list, &budget)?;
    println!("index of {} segments: {:.1} ms", page.segment_count(), ms(start));
    page.parts().iter().for_each(|(what, area)| println!("{}: {area:?}", what.name()));
    println!("{:?}", page.sheet());
    let start = Instant::now();
    let exemplar = Exemplar::cut(&page, drawn, &budget)?;
    println!("{exemplar}: {:.1} ms", ms(start));
    for round in ["first", "second"] {
        let start = Instant::now();
        let found = find(&page, &exemplar, &params, &budget);
        println!("{round} count: {:.1} ms", ms(start));
        if round == "second" {
            print(&found.value);
            found.findings.iter().for_each(|f| println!("{}: {}", f.code, f.message));
            if let Some(out) = rest.first() {
                sheet(&png, &found.value, out)?;
            }
        }
    }
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn print(outcome: &CountOutcome) {
    let line = |d: &Detection| {
        println!(
            "  {:.3} (coverage {:.3}, extra {:.3}) at {:7.1},{:7.1} px {:5.1} deg x{:.3}{}{} {}",
            d.confidence,
            d.coverage,
            d.extra,
            d.center.x,
            d.center.y,
            d.angle_deg,
            d.scale,
            if d.mirrored { " mirrored" } else { "" },
            if d.is_exemplar { " exemplar" } else { "" },
            d.apart.map_or("", |a| a.name()),
        );
    };
    println!("{} found, {} kept", outcome.found, outcome.detections.len());
    outcome.detections.iter().for_each(line);
    println!("{} lack the same part, trimmed {}", outcome.lacking_a_part, outcome.trimmed.is_some());
    println!(
        "{} places in part: {:?}",
        outcome.partly.len(),
        outcome.partly.iter().take(8).collect::<Vec<_>>()
    );
    println!("{} near misses", outcome.near_misses.len());
    outcome.near_misses.iter().take(30).for_each(line);
}

/// A contact sheet, eight crops a row: detections framed green, near misses red.
fn sheet(png: &[u8], outcome: &CountOutcome, out: &str) -> Result<(), Failure> {
    const SIDE: u32 = 150;
    let page = image::load_from_memory(png)?.to_rgb8();
    let all: Vec<(&Detection, Rgb<u8>)> = outcome
        .detections
        .iter()
        .map(|d| (d, Rgb([0, 170, 0])))
        .chain(outcome.near_misses.iter().map(|d| (d, Rgb([220, 0, 0]))))
        .take(96)
        .collect();
    let mut sheet = RgbImage::new(SIDE * 8, SIDE * (all.len() as u32).div_ceil(8).max(1));
    for (i, (d, colour)) in all.into_iter().enumerate() {
        let half = (d.bbox.w.max(d.bbox.h) * 0.9).max(20.0);
        let (x, y) = ((d.center.x - half).max(0.0) as u32, (d.center.y - half).max(0.0) as u32);
        let side = (half * 2.0) as u32;
        let crop =
            image::imageops::crop_imm(&page, x, y, side.min(page.width() - x), side.min(page.height() - y));
        let mut tile = image::imageops::resize(
            &crop.to_image(),
            SIDE - 4,
            SIDE - 4,
            image::imageops::FilterType::Triangle,
        );
        for k in 0..SIDE - 4 {
            for t in 0..3 {
                tile.put_pixel(k, t, colour);
                tile.put_pixel(t, k, colour);
            }
        }
        sheet.copy_from(&tile, (i as u32 % 8) * SIDE, (i as u32 / 8) * SIDE)?;
    }
    Ok(sheet.save(out)?)
}
