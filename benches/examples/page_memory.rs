//! Compares what a page is thought to take of memory with what a parse worker takes that parses it.
//!
//! `cargo run --release -p takeoff-benches --example page_memory -- [FILE PAGE]...`
//!
//! Without files it makes pages of its own: vector pages of many sizes, scans, and pages with pictures. Each
//! page is parsed by a process of its own, whose peak is `VmHWM` of its `/proc/self/status`; what it held
//! before the page is in it, as it is in the estimate.
#![expect(clippy::print_stdout, reason = "a measuring tool for people")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, bail};
use pdf_writer::{Finish as _, Name, Pdf, Rect, Ref};
use takeoff_actors::parse_worker::ParseWorker;
use takeoff_benches::inputs::SEED;
use takeoff_core::page::request::{FileType, ParseLimits, ParseReply, ParseRequest};
use takeoff_samples::{Habit, big_page, raster, sheet};

const MIB: f64 = 1024.0 * 1024.0;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--one", path, index] => return one(path, index.parse()?),
        [] => {}
        ref pairs if pairs.len().is_multiple_of(2) => {
            let pages =
                pairs.chunks_exact(2).map(|p| anyhow::Ok((PathBuf::from(p[0]), p[1].parse::<u32>()? - 1)));
            return compare(&pages.collect::<Result<Vec<_>, _>>()?);
        }
        _ => bail!("usage: page_memory [FILE PAGE]..."),
    }
    let folder = tempfile::tempdir()?;
    compare(&made(folder.path())?)
}

/// Pages with known seeds, from the lightest to those that press against the limits.
fn made(folder: &Path) -> anyhow::Result<Vec<(PathBuf, u32)>> {
    let mut pages = Vec::new();
    let mut put = |name: String, bytes: Vec<u8>| -> anyhow::Result<()> {
        let path = folder.join(name);
        std::fs::write(&path, bytes)?;
        pages.push((path, 0));
        Ok(())
    };
    for paths in [100, 3_000, 20_000, 60_000, 150_000, 400_000] {
        put(format!("vector-{paths}.pdf"), big_page(paths, SEED).0)?;
    }
    for (width, height) in [(1_000, 800), (3_300, 2_550), (6_600, 5_100), (10_000, 9_000)] {
        let picture = raster::picture(SEED, width, height);
        put(format!("scan-{width}x{height}.png"), picture.png(Some(300)))?;
        put(format!("scan-{width}x{height}.jpeg"), picture.jpeg(80)?)?;
        put(format!("scan-{width}x{height}.tiff"), raster::tiff(&[picture], Some(300)))?;
    }
    for habit in Habit::NAMES {
        let drawn = sheet(SEED, Habit::named(habit).context("a habit has a name")?);
        put(format!("sheet-{habit}.pdf"), drawn.pdf.clone())?;
        if ["blocks", "dense"].contains(&habit) {
            // What a scanner would make of it: all ink is traced.
            let image = image_of(folder, &drawn.pdf)?;
            put(format!("scanned-{habit}.pdf"), picture_pdf(&image)?)?;
            put(format!("scanned-{habit}.png"), image)?;
        }
    }
    Ok(pages)
}

/// The page's image as PNG.
fn image_of(folder: &Path, pdf: &[u8]) -> anyhow::Result<Vec<u8>> {
    let path = folder.join("to-be-scanned.pdf");
    std::fs::write(&path, pdf)?;
    let text =
        |path: &Path| anyhow::Ok(path.to_str().context("a temporary folder has a plain name")?.to_owned());
    let request = ParseRequest::Pages {
        path: text(&path)?,
        file_type: FileType::Pdf,
        indexes: vec![0],
        out_dir: text(folder)?,
        limits: ParseLimits::default(),
    };
    ask(&mut ParseWorker::new(), &request)?;
    Ok(std::fs::read(folder.join("page-0.png"))?)
}

/// A page that is one grey picture, as scanners write them.
fn picture_pdf(png: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a picture has a size")?];
    let info = reader.next_frame(&mut pixels)?;
    let samples = info.color_type.samples();
    let gray: Vec<u8> = pixels[..info.buffer_size()].chunks_exact(samples).map(|p| p[0]).collect();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &gray)?;
    let packed = packed.finish()?;
    let (catalog, tree, page, content, picture) =
        (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let (width, height) = (info.width as f32 * 0.48, info.height as f32 * 0.48);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids([page]).count(1);
    let mut dict = pdf.page(page);
    dict.parent(tree).media_box(Rect::new(0.0, 0.0, width, height)).contents(content);
    dict.resources().x_objects().pair(Name(b"Im"), picture);
    dict.finish();
    let mut image = pdf.image_xobject(picture, &packed);
    image.filter(pdf_writer::Filter::FlateDecode);
    image.width(info.width as i32).height(info.height as i32);
    image.color_space().device_gray();
    image.bits_per_component(8);
    image.finish();
    let drawn = format!("{width} 0 0 {height} 0 0 cm /Im Do");
    pdf.stream(content, drawn.as_bytes());
    Ok(pdf.finish())
}

fn compare(pages: &[(PathBuf, u32)]) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    println!(
        "{:<28} {:>12} {:>12} {:>12} {:>10}",
        "page", "least MiB", "likely MiB", "peak MiB", "likely/peak"
    );
    let mut ratios = Vec::new();
    for (path, index) in pages {
        let ran = Command::new(&program).arg("--one").arg(path).arg(index.to_string()).output()?;
        let said = String::from_utf8(ran.stdout)?;
        let numbers: Vec<f64> = said.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [least, likely, peak] = numbers[..] else {
            let why = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
            println!("{:<28} {why}", name(path, *index));
            continue;
        };
        println!(
            "{:<28} {:>12.1} {:>12.1} {:>12.1} {:>10.2}",
            name(path, *index),
            least / MIB,
            likely / MIB,
            peak / MIB,
            likely / peak
        );
        ratios.push(likely / peak);
    }
    ratios.sort_by(f64::total_cmp);
    if let [least, .., most] = ratios[..] {
        let middle = ratios[ratios.len() / 2];
        let below = ratios.iter().filter(|r| **r < 1.0).count();
        println!(
            "{} pages: likely/peak from {least:.2} over {middle:.2} (median) to {most:.2}, {below} below 1",
            ratios.len()
        );
    }
    Ok(())
}

fn name(path: &Path, index: u32) -> String {
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if index == 0 { file } else { format!("{file} p{}", index + 1) }
}

/// Parses one page in this process and prints what it was thought to take and what it took.
fn one(path: &str, index: u32) -> anyhow::Result<()> {
    let head = std::fs::read(path).context("the file cannot be read")?;
    let file_type = FileType::sniff(&head).context("neither PDF, TIFF, PNG nor JPEG")?;
    drop(head);
    let folder = tempfile::tempdir()?;
    let limits = ParseLimits::default();
    let path = path.to_owned();
    let mut worker = ParseWorker::new();
    let weigh = ParseRequest::Weigh { path: path.clone(), file_type, index, limits };
    let Some(ParseReply::Weight { weight: Some(weight) }) = ask(&mut worker, &weigh)? else {
        bail!("the page has no weight");
    };
    reset_peak()?;
    let out_dir = folder.path().to_str().context("a temporary folder has a plain name")?.to_owned();
    let parse = ParseRequest::Pages { path, file_type, indexes: vec![index], out_dir, limits };
    let Some(ParseReply::Page { .. }) = ask(&mut worker, &parse)? else { bail!("the page was refused") };
    println!("{} {} {}", weight.least_bytes(), weight.likely_bytes(), peak_bytes()?);
    Ok(())
}

/// The last reply.
fn ask(worker: &mut ParseWorker, request: &ParseRequest) -> anyhow::Result<Option<ParseReply>> {
    let request = postcard::to_allocvec(request).map_err(|e| anyhow!("{e}"))?;
    let mut last = None;
    worker.handle(&request, &mut |reply| {
        last = postcard::from_bytes(reply).ok();
        Ok(())
    })?;
    Ok(last)
}

/// The reading of the file by this tool is no worker's memory.
fn reset_peak() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the peak cannot be reset")
}

fn peak_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).context("no peak")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1024)
}
