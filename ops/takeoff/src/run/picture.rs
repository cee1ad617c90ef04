//! Counted pages with every detection boxed, for eyes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use image::{Rgb, RgbImage};
use takeoff_commands::Ctx;
use takeoff_core::geom::PxRect;

use super::report::{DetectionReport, Report};
use super::sheets::Sheets;

/// Largest page image that is read back, bytes.
const MAX_IMAGE_BYTES: u64 = 1 << 30;
/// Confidence bands of the review (high, medium).
const HIGH: f64 = 0.90;
const GREEN: Rgb<u8> = Rgb([0, 150, 60]);
const AMBER: Rgb<u8> = Rgb([230, 140, 0]);
const GREY: Rgb<u8> = Rgb([120, 120, 120]);
/// Width of a box's line and its distance from the symbol, pixels.
const LINE: i64 = 3;
const GAP: f64 = 4.0;

/// Writes `DOCUMENT-pageN.png` for each page with detections.
pub(crate) async fn write_all(
    ctx: &Ctx<'_>,
    out: &Path,
    sheets: &[Sheets],
    report: &Report,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut pages: BTreeMap<(&str, u32), Vec<&DetectionReport>> = BTreeMap::new();
    for count in report.conditions.iter().flat_map(|c| &c.counts) {
        for number in &count.searched_pages {
            pages.entry((&count.document, *number)).or_default();
        }
        for detection in &count.detections {
            pages.entry((&count.document, detection.page)).or_default().push(detection);
        }
    }
    for ((document, number), detections) in pages {
        let page = sheets.iter().find(|s| s.id == document).and_then(|s| s.page(number).ok());
        let Some(blobs) = page.and_then(|p| p.blobs) else { continue };
        let png = ctx.handle.blobs().read(ctx.tenant, blobs.image, MAX_IMAGE_BYTES).await?;
        let boxes: Vec<(PxRect, Rgb<u8>)> = detections.iter().map(|d| (d.bbox, color(d))).collect();
        let path = out.join(format!("{}-page{number}.png", file_safe(document)));
        tokio::task::spawn_blocking(move || annotate(&png, &boxes, &path)).await??;
    }
    Ok(())
}

fn color(detection: &DetectionReport) -> Rgb<u8> {
    match detection {
        d if d.in_legend => GREY,
        d if d.confidence >= HIGH => GREEN,
        _ => AMBER,
    }
}

/// A document's id as part of a file name.
fn file_safe(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}

fn annotate(png: &[u8], boxes: &[(PxRect, Rgb<u8>)], path: &Path) -> anyhow::Result<()> {
    let mut image = image::load_from_memory_with_format(png, image::ImageFormat::Png)?.into_rgb8();
    for (bbox, color) in boxes {
        outline(&mut image, bbox, *color);
    }
    image.save(path).with_context(|| format!("{} cannot be written", path.display()))
}

fn outline(image: &mut RgbImage, bbox: &PxRect, color: Rgb<u8>) {
    let (left, top) = ((bbox.x - GAP).round() as i64, (bbox.y - GAP).round() as i64);
    let (right, bottom) = ((bbox.x + bbox.w + GAP).round() as i64, (bbox.y + bbox.h + GAP).round() as i64);
    let mut fill = |x0: i64, y0: i64, x1: i64, y1: i64| {
        for y in y0.max(0)..=y1.min(i64::from(image.height()) - 1) {
            for x in x0.max(0)..=x1.min(i64::from(image.width()) - 1) {
                image.put_pixel(x as u32, y as u32, color);
            }
        }
    };
    fill(left - LINE, top - LINE, right + LINE, top);
    fill(left - LINE, bottom, right + LINE, bottom + LINE);
    fill(left - LINE, top, left, bottom);
    fill(right, top, right + LINE, bottom);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_at_the_edge_stays_on_the_page() {
        let mut image = RgbImage::from_pixel(20, 20, Rgb([255, 255, 255]));
        outline(&mut image, &PxRect::new(-50.0, 10.0, 200.0, 200.0), GREEN);
        assert_eq!(*image.get_pixel(5, 5), GREEN);
        assert_eq!(*image.get_pixel(5, 15), Rgb([255, 255, 255]));
    }
}
