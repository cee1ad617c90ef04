//! Files of pages with known seeds, to be put into a folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pdf_writer::{Finish as _, Name, Pdf, Rect, Ref};
use takeoff_actors::parse_worker::ParseWorker;
use takeoff_core::page::request::{FileType, ParseLimits, ParseRequest};
use takeoff_samples::{Habit, big_page, raster, sheet};

use super::ask;
use crate::sizes::Sizes;

/// Habits whose sheets are scanned, too: what a scanner would make of them, all ink to be traced.
const SCANNED: [&str; 2] = ["blocks", "dense"];
/// Draws of one picture on a page that draws it often.
const OFTEN: usize = 4;

/// Their paths, from the lightest to those that press against the limits.
///
/// # Errors
/// The folder cannot be used.
pub fn pages(folder: &Path, sizes: &Sizes, seed: u64) -> anyhow::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    let mut put = |name: String, bytes: Vec<u8>| -> anyhow::Result<()> {
        let path = folder.join(name);
        std::fs::write(&path, bytes)?;
        pages.push(path);
        Ok(())
    };
    for &paths in sizes.estimated_paths {
        put(format!("vector-{paths}.pdf"), big_page(paths, seed).0)?;
    }
    for &(width, height) in sizes.estimated_pictures {
        let picture = raster::picture(seed, width, height);
        put(format!("scan-{width}x{height}.png"), picture.png(Some(300)))?;
        put(format!("scan-{width}x{height}.jpeg"), picture.jpeg(80)?)?;
        put(format!("scan-{width}x{height}.tiff"), raster::tiff(&[picture], Some(300)))?;
    }
    for habit in Habit::NAMES.into_iter().take(sizes.estimated_habits) {
        let drawn = sheet(seed, Habit::named(habit).context("a habit has a name")?);
        put(format!("sheet-{habit}.pdf"), drawn.pdf.clone())?;
        if SCANNED.contains(&habit) {
            let image = image_of(folder, &drawn.pdf)?;
            put(format!("scanned-{habit}.pdf"), picture_pdf(&image, 1)?)?;
            put(format!("often-{habit}.pdf"), picture_pdf(&image, OFTEN)?)?;
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
        memory_bytes: u64::MAX,
    };
    ask(&mut ParseWorker::new(), &request)?;
    Ok(std::fs::read(folder.join("page-0.png"))?)
}

/// A page that is one grey picture, as scanners write them, drawn so many times.
fn picture_pdf(png: &[u8], times: usize) -> anyhow::Result<Vec<u8>> {
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
    let drawn = format!("q {width} 0 0 {height} 0 0 cm /Im Do Q ").repeat(times);
    pdf.stream(content, drawn.as_bytes());
    Ok(pdf.finish())
}
