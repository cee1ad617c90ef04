//! Counted and measured pages for eyes: every detection boxed and every shape traced in the color of its condition, and
//! a strip below that says which condition has which color and how much it has here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use image::{Rgb, RgbImage};
use takeoff_commands::Ctx;
use takeoff_core::geom::PxRect;
use takeoff_core::measure::Geometry;

use super::files::Outputs;
use super::report::{ConditionReport, DetectionReport, HIGH, Report};
use super::sheets::Sheets;
use super::text::short;
use super::{color, lettering, trace};

/// Largest page image that is read back, bytes.
const MAX_IMAGE_BYTES: u64 = 1 << 30;
const GREY: Rgb<u8> = Rgb([120, 120, 120]);
const PAPER: u8 = 255;
/// Width of a box's line and its distance from the symbol, pixels.
const LINE: i64 = 3;
const GAP: f64 = 4.0;
/// A dash and the gap after it, pixels.
const DASH: i64 = 6;
/// A corner is this part of a side.
const CORNER: i64 = 4;
/// The strip's letters: as many dots fit on a page's width; a dot's side, pixels.
const DOTS_ACROSS: u32 = 1_400;
const DOT: std::ops::RangeInclusive<u32> = 1..=4;
/// Conditions that the strip names: with thousands it would be larger than the page.
const MOST_NAMED: usize = 100;
/// Height of a row of the strip, and indent of its text, in dots.
const ROW: u32 = 14;
const INDENT: u32 = 20;

/// What a page shows of one condition.
#[derive(Debug)]
struct Layer {
    name: String,
    color: Rgb<u8>,
    /// Whether it was counted here.
    counts: bool,
    /// Whether a count was cut off, so that there are more.
    cut_off: bool,
    detections: Vec<DetectionReport>,
    /// Places that are like the symbol and not counted.
    less_alike: Vec<PxRect>,
    /// What was measured here, its sum, and the unit of that.
    shapes: Vec<Geometry>,
    measured: f64,
    unit: String,
}

impl Layer {
    fn blank(condition: &ConditionReport) -> Self {
        Self {
            name: condition.name.clone(),
            color: color::parse(&condition.color).unwrap_or(GREY),
            counts: false,
            cut_off: false,
            detections: Vec::new(),
            less_alike: Vec::new(),
            shapes: Vec::new(),
            measured: 0.0,
            unit: condition.unit.clone(),
        }
    }
}

/// Writes `DOCUMENT-pageN.png`, and its name into the report, for each page that was searched or measured on; for every
/// page, when the recipe has no condition yet and its places are to be found.
pub(crate) async fn write_all(
    ctx: &Ctx<'_>,
    out: &Outputs,
    sheets: &[Sheets],
    report: &mut Report,
) -> anyhow::Result<()> {
    let (names, mut drawn) = (names(sheets), BTreeMap::new());
    let written = write_pages(ctx, out, sheets, (&*report, &names), &mut drawn).await;
    for page in &mut report.pages {
        page.picture = drawn.remove(&(page.document.clone(), page.page));
    }
    written
}

/// Notes in `drawn` what is written, also where not all can be.
async fn write_pages(
    ctx: &Ctx<'_>,
    out: &Outputs,
    sheets: &[Sheets],
    (report, names): (&Report, &[String]),
    drawn: &mut BTreeMap<(String, u32), String>,
) -> anyhow::Result<()> {
    for ((document, number), layers) in pages(report, sheets) {
        let page = sheets.iter().find(|s| s.id == document).and_then(|s| s.page(number).ok());
        let Some(blobs) = page.and_then(|p| p.blobs) else { continue };
        let png = ctx.handle.blobs().read(ctx.tenant, blobs.image, MAX_IMAGE_BYTES).await?;
        let Some(nth) = sheets.iter().position(|s| s.id == document) else { continue };
        let name = format!("{}-page{number}.png", names[nth]);
        let path = out.take(&name)?;
        tokio::task::spawn_blocking(move || annotate(&png, &layers, &path)).await??;
        drawn.insert((document.to_owned(), number), name);
    }
    Ok(())
}

/// The pages to draw by document and number, each with its conditions in the recipe's order.
fn pages<'r>(report: &'r Report, sheets: &'r [Sheets]) -> BTreeMap<(&'r str, u32), Vec<Layer>> {
    let mut pages: BTreeMap<(&str, u32), Vec<Layer>> = BTreeMap::new();
    if report.conditions.is_empty() {
        let all = sheets.iter().flat_map(|s| s.pages.iter().map(|p| (s.id.as_str(), p.number)));
        return all.map(|place| (place, Vec::new())).collect();
    }
    for condition in &report.conditions {
        let blank = || Layer::blank(condition);
        let mut own: BTreeMap<(&str, u32), Layer> = BTreeMap::new();
        for count in &condition.counts {
            for number in &count.searched_pages {
                let layer = own.entry((&count.document, *number)).or_insert_with(blank);
                layer.counts = true;
                layer.cut_off |= count.incomplete.is_some();
                layer.detections.extend(count.detections.iter().filter(|d| d.page == *number).cloned());
                let here = count.less_alike.iter().filter(|p| p.page == *number);
                layer.less_alike.extend(here.map(|p| p.bbox));
            }
        }
        for measure in &condition.measures {
            let layer = own.entry((&measure.document, measure.page)).or_insert_with(blank);
            layer.shapes.extend(Geometry::parse(measure.geometry, &measure.geometry_data));
            layer.measured += measure.quantity;
        }
        for (place, layer) in own {
            pages.entry(place).or_default().push(layer);
        }
    }
    pages
}

/// Longest part of an id that is in a file name, bytes: a name has 255 at most.
const MAX_NAME_BYTES: usize = 180;

/// A document's id as part of a file name: letters and digits of any script stay.
fn file_safe(id: &str) -> String {
    let mut name = String::new();
    for c in id.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' }) {
        if name.len() + c.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        name.push(c);
    }
    name
}

/// What the files of each document begin with: ids that differ only by what no file name can hold, or by what some file
/// systems do not tell apart, get a number.
fn names(sheets: &[Sheets]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut name = |sheets: &Sheets| {
        let plain = file_safe(&sheets.id);
        let numbered = (2..).map(|n: u32| format!("{plain}-{n}"));
        let mut all = std::iter::once(plain.clone()).chain(numbered);
        all.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
    };
    sheets.iter().map(&mut name).collect()
}

fn annotate(png: &[u8], layers: &[Layer], path: &Path) -> anyhow::Result<()> {
    let mut image = image::load_from_memory_with_format(png, image::ImageFormat::Png)?.into_rgb8();
    // Tints first, so that no area lies over the outline of another.
    let mut tints = trace::Tints::of(&image);
    for layer in layers {
        layer.shapes.iter().for_each(|shape| trace::tint(&mut image, shape, layer.color, &mut tints));
    }
    for layer in layers {
        layer.shapes.iter().for_each(|shape| trace::outline(&mut image, shape, layer.color));
        for detection in &layer.detections {
            // Dashed is what is less sure.
            let color = if detection.counted { layer.color } else { GREY };
            let line =
                if detection.counted && detection.confidence < HIGH { Line::Dashed } else { Line::Whole };
            outline(&mut image, &detection.bbox, color, line);
        }
        for bbox in &layer.less_alike {
            outline(&mut image, bbox, layer.color, Line::Corners);
        }
    }
    let image = if layers.is_empty() { image } else { with_strip(image, layers)? };
    image.save(path).with_context(|| format!("{} cannot be written", path.display()))
}

/// Adds the strip below the page, so that places on the page stay where they are.
fn with_strip(image: RgbImage, layers: &[Layer]) -> anyhow::Result<RgbImage> {
    let (width, height) = image.dimensions();
    let dot = (width / DOTS_ACROSS).clamp(*DOT.start(), *DOT.end());
    let named = &layers[..layers.len().min(MOST_NAMED)];
    let more = layers.len() - named.len();
    let rows = named.len() as u32 + u32::from(more > 0) + 1;
    let total = height.checked_add(rows * ROW * dot).context("the picture is too high")?;
    let mut pixels = image.into_raw();
    pixels.resize(width as usize * total as usize * 3, PAPER);
    let mut image = RgbImage::from_raw(width, total, pixels).context("the picture is too large")?;
    for (nth, layer) in (0u32..).zip(named) {
        let top = height + nth * ROW * dot;
        lettering::fill(&mut image, 6 * dot, top + 4 * dot, lettering::HEIGHT * dot, layer.color);
        lettering::write(&mut image, INDENT * dot, top + 4 * dot, dot, &caption(layer));
    }
    if more > 0 {
        let top = height + (rows - 2) * ROW * dot;
        let said = format!("and {more} more conditions that the report lists");
        lettering::write(&mut image, INDENT * dot, top + 4 * dot, dot, &said);
    }
    let top = height + (rows - 1) * ROW * dot;
    let counted =
        "DASHED: CONFIDENCE BELOW 0.90.  CORNERS: LESS ALIKE, NOT COUNTED.  GREY: FOUND AND LEFT OUT.";
    let said = [
        layers.iter().any(|l| l.counts).then_some(counted),
        layers.iter().any(|l| !l.shapes.is_empty()).then_some("LINES, TINTED AREAS AND DISCS: MEASURED."),
    ];
    let said = &said.into_iter().flatten().collect::<Vec<_>>().join("  ");
    lettering::write(&mut image, INDENT * dot, top + 4 * dot, dot, said);
    Ok(image)
}

fn caption(layer: &Layer) -> String {
    let counted = layer.detections.iter().filter(|d| d.counted).count();
    let left_out = layer.detections.len() - counted;
    let mut said = Vec::new();
    if layer.counts {
        let least = if layer.cut_off { "at least " } else { "" };
        said.push(format!("{least}{counted} counted on this page"));
    }
    if !layer.shapes.is_empty() {
        said.push(format!(
            "{} measured on this page ({} {})",
            layer.shapes.len(),
            short(layer.measured),
            layer.unit
        ));
    }
    for (number, what) in [(layer.less_alike.len(), "less alike"), (left_out, "left out")] {
        said.extend((number > 0).then(|| format!("{number} {what}")));
    }
    format!("{}: {}", layer.name, said.join(", "))
}

/// How a frame is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    Whole,
    Dashed,
    Corners,
}

/// A frame around a box; what lies off the page is not drawn.
fn outline(image: &mut RgbImage, bbox: &PxRect, color: Rgb<u8>, line: Line) {
    let (left, top) = ((bbox.x - GAP).round() as i64, (bbox.y - GAP).round() as i64);
    let (right, bottom) = ((bbox.x + bbox.w + GAP).round() as i64, (bbox.y + bbox.h + GAP).round() as i64);
    let mut fill = |x0: i64, y0: i64, x1: i64, y1: i64| {
        let along_x = x1 - x0 > y1 - y0;
        for y in y0.max(0)..=y1.min(i64::from(image.height()) - 1) {
            for x in x0.max(0)..=x1.min(i64::from(image.width()) - 1) {
                let (at, all) = if along_x { (x - x0, x1 - x0) } else { (y - y0, y1 - y0) };
                let drawn = match line {
                    Line::Whole => true,
                    Line::Dashed => (at / DASH) % 2 == 0,
                    Line::Corners => at.min(all - at) * CORNER <= all,
                };
                if drawn {
                    image.put_pixel(x as u32, y as u32, color);
                }
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
    use takeoff_core::geom::PxPoint;

    use super::*;

    const GREEN: Rgb<u8> = Rgb([0, 150, 60]);
    const WHITE: Rgb<u8> = Rgb([255; 3]);

    fn detection(x: f64, confidence: f64, counted: bool) -> DetectionReport {
        let bbox = PxRect::new(x, 20.0, 30.0, 30.0);
        DetectionReport {
            page: 1,
            bbox,
            confidence,
            angle: 0.0,
            mirrored: false,
            in_legend: !counted,
            apart: (!counted).then_some(takeoff_core::count::Apart::Legend),
            is_exemplar: false,
            other_pen: false,
            counted,
        }
    }

    #[test]
    fn documents_have_files_of_their_own_whatever_their_ids_are() {
        let long = "\u{d55c}".repeat(200);
        let ids = ["pl\u{e4}ne", "\u{56f3}\u{9762}", "a b", "a/b", "a_b-2", "A_B", "plans", &long];
        let sheets = ids.map(|id| Sheets { id: id.to_owned(), pages: Vec::new(), whole: true });
        let names = names(&sheets);
        let short = ["pl\u{e4}ne", "\u{56f3}\u{9762}", "a_b", "a_b-2", "a_b-2-2", "A_B-3", "plans"];
        assert_eq!(names[..7], short);
        assert!(names[7].len() <= MAX_NAME_BYTES && long.starts_with(&names[7]));
    }

    #[test]
    fn a_box_at_the_edge_stays_on_the_page() {
        let mut image = RgbImage::from_pixel(20, 20, WHITE);
        outline(&mut image, &PxRect::new(-50.0, 10.0, 200.0, 200.0), GREEN, Line::Whole);
        assert_eq!(*image.get_pixel(5, 5), GREEN);
        assert_eq!(*image.get_pixel(5, 15), WHITE);
    }

    #[test]
    fn conditions_have_their_own_colors_and_are_named_below_the_page() {
        let blank = RgbImage::from_pixel(400, 100, WHITE);
        let folder = tempfile::tempdir().unwrap();
        let (page, path) = (folder.path().join("page.png"), folder.path().join("out.png"));
        blank.save(&page).unwrap();
        let layer = |name: &str, color: [u8; 3], detections| Layer {
            name: name.into(),
            color: Rgb(color),
            counts: true,
            cut_off: false,
            detections,
            less_alike: vec![],
            shapes: vec![],
            measured: 0.0,
            unit: "EA".to_owned(),
        };
        let mut layers = [
            layer("A", [200, 0, 0], vec![detection(20.0, 1.0, true), detection(80.0, 0.85, true)]),
            layer("B", [0, 0, 200], vec![detection(140.0, 1.0, true), detection(200.0, 1.0, false)]),
        ];
        layers[1].less_alike.push(PxRect::new(260.0, 20.0, 30.0, 30.0));
        annotate(&std::fs::read(&page).unwrap(), &layers, &path).unwrap();
        let drawn = image::open(&path).unwrap().into_rgb8();
        // Two conditions and a row that explains the lines, below a page that stays where it was.
        assert_eq!(drawn.dimensions(), (400, 100 + 3 * ROW));
        // The line left of each box, over its height.
        let line = |x: u32| (13..50).map(|y| drawn.get_pixel(x - 5, y).0).collect::<Vec<_>>();
        assert!(line(20).iter().all(|c| *c == [200, 0, 0]));
        assert!(line(80).contains(&[200, 0, 0]) && line(80).contains(&[255; 3]), "not dashed");
        assert!(line(140).iter().all(|c| *c == [0, 0, 200]));
        assert!(line(200).iter().all(|c| *c == GREY.0));
        let corners = line(260);
        assert_eq!((corners[3], corners[20], corners[36]), ([0, 0, 200], [255; 3], [0, 0, 200]));
        let row = |nth: u32, color: [u8; 3]| {
            let (top, end) = (100 + nth * ROW, 100 + (nth + 1) * ROW);
            (top..end).any(|y| (0..400).any(|x| drawn.get_pixel(x, y).0 == color))
        };
        assert!(row(0, [200, 0, 0]) && row(1, [0, 0, 200]) && !row(2, [0, 0, 200]));
        assert!((0..3).all(|nth| row(nth, [0, 0, 0])), "a row without letters");
        assert_eq!(caption(&layers[1]), "B: 1 counted on this page, 1 less alike, 1 left out");
        layers[1].cut_off = true;
        assert!(caption(&layers[1]).starts_with("B: at least 1 counted"));
    }

    #[test]
    fn a_strip_names_so_many_conditions_and_says_how_many_more_there_are() {
        let layer = |nth: usize| Layer {
            name: format!("Wall {nth}"),
            color: GREEN,
            counts: true,
            cut_off: false,
            detections: vec![],
            less_alike: vec![],
            shapes: vec![],
            measured: 0.0,
            unit: "EA".to_owned(),
        };
        let height = |layers: usize| {
            let layers: Vec<Layer> = (0..layers).map(layer).collect();
            with_strip(RgbImage::from_pixel(400, 100, WHITE), &layers).unwrap().height()
        };
        assert_eq!(height(MOST_NAMED), 100 + (MOST_NAMED as u32 + 1) * ROW);
        assert_eq!(height(MOST_NAMED + 1), 100 + (MOST_NAMED as u32 + 2) * ROW);
        assert_eq!(height(5_000), height(MOST_NAMED + 1));
    }

    #[test]
    fn measured_shapes_have_their_conditions_color_and_a_row() {
        let blank = RgbImage::from_pixel(400, 100, WHITE);
        let folder = tempfile::tempdir().unwrap();
        let (page, path) = (folder.path().join("page.png"), folder.path().join("out.png"));
        blank.save(&page).unwrap();
        let corner = PxPoint::new(20.0, 20.0);
        let floor = Layer {
            name: "Floor".into(),
            color: GREEN,
            counts: false,
            cut_off: false,
            detections: vec![],
            less_alike: vec![],
            shapes: vec![Geometry::Rectangle { corner, width: 100.0, height: 50.0 }],
            measured: 12.5,
            unit: "SF".to_owned(),
        };
        annotate(&std::fs::read(&page).unwrap(), std::slice::from_ref(&floor), &path).unwrap();
        let drawn = image::open(&path).unwrap().into_rgb8();
        assert_eq!(drawn.dimensions(), (400, 100 + 2 * ROW));
        assert_eq!(*drawn.get_pixel(20, 40), GREEN);
        let inside = *drawn.get_pixel(60, 40);
        assert!(inside != WHITE && inside != GREEN, "an area is tinted: {inside:?}");
        assert!((100..114).any(|y| (0..20).any(|x| *drawn.get_pixel(x, y) == GREEN)), "no row of its own");
        assert_eq!(caption(&floor), "Floor: 1 measured on this page (12.5 SF)");
    }
}
