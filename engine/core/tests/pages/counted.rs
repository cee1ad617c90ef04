//! Counting agrees with the picture: what is hidden is not counted, what is seen is.

use proptest::prelude::*;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Detection, Exemplar, PageIndex, find, suggest};
use takeoff_core::geom::PxRect;
use takeoff_core::page::display::DisplayList;
use takeoff_core::scale::detect;

use crate::support::{Doc, HELVETICA, Picture, one_page, parse};

/// Side of a symbol, and from one to the next, pt.
pub(crate) const SIDE: f64 = 8.0;
const STEP: f64 = 24.0;
pub(crate) const COLUMNS: usize = 10;
const PAGE_PT: f64 = 300.0;
pub(crate) const PAGE: &str = "/MediaBox [0 0 300 300]";

pub(crate) fn corner(n: usize) -> (f64, f64) {
    (30.0 + (n % COLUMNS) as f64 * STEP, 30.0 + (n / COLUMNS) as f64 * STEP)
}

fn symbol(n: usize) -> String {
    let (x, y) = corner(n);
    format!(
        "{x} {y} 8 8 re S {x} {y} m {} {} l S {} {} m {} {} l S\n",
        x + 8.0,
        y + 8.0,
        x + 2.0,
        y + 4.0,
        x + 6.0,
        y + 4.0
    )
}

pub(crate) fn symbols(count: usize) -> String {
    (0..count).map(symbol).collect::<String>()
}

/// Pixels of a box of the page's points, from below.
fn px(list: &DisplayList, [left, bottom, right, top]: [f64; 4]) -> PxRect {
    let at = |x: f64, y: f64| list.space.to_px(x as f32, (PAGE_PT - y) as f32);
    PxRect::from_corners(at(left, top), at(right, bottom))
}

/// Counts what is like symbol 0.
pub(crate) fn count(list: &DisplayList) -> Vec<Detection> {
    count_like(list, 0)
}

/// Counts what is like a symbol.
fn count_like(list: &DisplayList, n: usize) -> Vec<Detection> {
    let budget = Budget::unlimited();
    let page = PageIndex::build(list, &budget).unwrap();
    let (x, y) = corner(n);
    let around = px(list, [x - 2.0, y - 2.0, x + SIDE + 2.0, y + SIDE + 2.0]);
    let exemplar = Exemplar::cut(&page, around, &budget).unwrap();
    find(&page, &exemplar, &CountParams::default(), &budget).value.detections
}

fn counted(content: &str) -> usize {
    count(&parse(&mut one_page(PAGE, content), 0).unwrap().0.list).len()
}

/// A patch over each symbol of the columns from the sixth on.
fn patches(path: impl Fn(f64, f64) -> String) -> String {
    (0..50).filter(|n| n % COLUMNS >= 5).map(corner).map(|(x, y)| path(x - 3.0, y - 3.0)).collect()
}

#[test]
fn what_is_masked_is_not_counted() {
    let all = format!("1 w\n{}", symbols(50));
    assert_eq!(counted(&all), 50);
    let square = |x: f64, y: f64| format!("{x} {y} 14 14 re f ");
    let polygon = |x: f64, y: f64| {
        format!("{x} {y} m {} {y} l {} {} l {x} {} l h f* ", x + 14.0, x + 14.0, y + 14.0, y + 14.0)
    };
    for mask in [
        "1 1 1 rg 147 20 130 130 re f".to_owned(),
        ".98 g 147 20 400 130 re f".to_owned(),
        format!("1 g {}", patches(square)),
        format!("1 g {}", patches(polygon)),
        format!("0 g {}", patches(square)),
        format!(".8 g {}", patches(square)),
        "1 G 130 w 212 20 m 212 150 l S".to_owned(),
    ] {
        assert_eq!(counted(&format!("{all}{mask}")), 25, "{mask}");
    }
    // The mask came first: all is seen.
    assert_eq!(counted(&format!("1 g 147 20 130 130 re f\n{all}")), 50);
}

#[test]
fn what_a_viewport_leaves_out_is_not_counted() {
    let clipped = |clip: &str| counted(&format!("q {clip} W n 1 w\n{} Q", symbols(50)));
    // Columns 0 to 4, and the lowest row.
    assert_eq!(clipped("0 0 m 300 0 l 300 45 l 145 45 l 145 300 l 0 300 l h"), 30);
    assert_eq!(clipped("0 0 m 300 0 l 300 300 l 0 300 l h"), 50);
    // A diagonal from the lower right to the upper left passes between symbols.
    let below = (0..50).map(corner).filter(|(x, y)| x + y + 2.0 * SIDE < 250.0).count();
    let above = (0..50).map(corner).filter(|(x, y)| x + y > 250.0).count();
    let seen = clipped("0 0 m 250 0 l 0 250 l h");
    assert!(seen >= below && seen <= 50 - above, "{seen} of {below} to {}", 50 - above);
}

#[test]
fn suggestions_and_scales_do_not_see_it_either() {
    let mask = "1 g 20 20 270 270 re f ";
    let note = "BT 0 g /F1 10 Tf 30 200 Td (SCALE: 1/4\" = 1'-0\") Tj ET ";
    let page = |content: String| {
        let mut file = one_page(&format!("{PAGE} {HELVETICA}"), content);
        let list = parse(&mut file, 0).unwrap().0.list;
        let budget = Budget::unlimited();
        let index = PageIndex::build(&list, &budget).unwrap();
        (
            suggest(&index, &CountParams::default(), &budget).value.list.len(),
            detect(&list).value.best.is_some(),
        )
    };
    let drawn = format!("1 w\n{}{note}", symbols(30));
    assert_eq!(page(drawn.clone()), (1, true));
    assert_eq!(page(format!("{drawn}{mask}")), (0, false));
    assert_eq!(page(format!("{mask}{drawn}")), (1, true));
}

/// Something that lies over a page, as the content that draws it.
fn covers() -> impl Strategy<Value = String> {
    let place = || (0..PAGE_PT as u32, 0..PAGE_PT as u32);
    let grey = prop_oneof![Just("1"), Just(".98"), Just("0.8"), Just("0")];
    let rect = (grey.clone(), place(), 4_u32..120, 4_u32..120)
        .prop_map(|(g, (x, y), w, h)| format!("{g} g {x} {y} {w} {h} re f\n"));
    let corners = prop::collection::vec(place(), 3..6);
    let polygon = (grey.clone(), corners, any::<bool>()).prop_map(|(g, corners, even_odd)| {
        let lines = path_of(&corners);
        format!("{g} g {lines}{}\n", if even_odd { "f*" } else { "f" })
    });
    let stroke = (grey, place(), place(), 3_u32..60)
        .prop_map(|(g, (x, y), (u, v), w)| format!("{g} G {w} w {x} {y} m {u} {v} l S 0 G 1 w\n"));
    let light = prop_oneof![Just("1"), Just(".98")];
    let strips = (light, place(), 4_u32..120, 4_u32..120).prop_map(|(g, (x, y), w, h)| {
        let strips: String = (0..h).map(|i| format!("{x} {} {w} 1 re f ", y + i)).collect();
        format!("{g} g {strips}\n")
    });
    let dashed = (place(), place(), 3_u32..60).prop_map(|((x, y), (u, v), w)| {
        format!("[40 9] 0 d 1 G {w} w {x} {y} m {u} {v} l S [] 0 d 0 G 1 w\n")
    });
    // With what `things` has: pictures, a pattern, and a mask that nothing shows through.
    let things = (0..5_usize, place(), 4_u32..120, 4_u32..120).prop_map(|(kind, (x, y), w, h)| match kind {
        0 => format!("q 1 g {w} 0 0 {h} {x} {y} cm /Stencil Do Q\n"),
        1 => format!("q 0 g {w} 0 0 {h} {x} {y} cm /Stencil Do Q\n"),
        2 => format!("q {w} 0 0 {h} {x} {y} cm /Half Do Q\n"),
        3 => format!("/Pattern cs /Closed scn {x} {y} {w} {h} re f 0 g\n"),
        _ => format!("q /Deep gs 1 g {x} {y} {w} {h} re f Q\n"),
    });
    prop_oneof![2 => rect, 2 => polygon, 1 => stroke, 1 => strips, 1 => dashed, 2 => things]
}

/// A document, and resources of a page that cover things.
fn things() -> (Doc, String) {
    let mut doc = Doc::new();
    let image = "/Type /XObject /Subtype /Image";
    let stencil =
        doc.stream(&format!("{image} /Width 1 /Height 1 /ImageMask true /BitsPerComponent 1"), &[0]);
    let gray = "/ColorSpace /DeviceGray /BitsPerComponent 8";
    let mask = doc.stream(&format!("{image} /Width 2 /Height 1 {gray}"), &[0, 255]);
    let half = doc.stream(&format!("{image} /Width 1 /Height 1 {gray} /SMask {mask} 0 R"), &[255]);
    let short = doc.stream(&format!("{image} /Width 40 /Height 40 {gray}"), &[255; 10]);
    let closed = doc.stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 10 10] /XStep 10 /YStep 10 /Resources << >>",
        b"1 g 0 0 10 10 re f",
    );
    let group =
        "/Type /XObject /Subtype /Form /BBox [0 0 300 300] /Group << /S /Transparency /CS /DeviceGray >>";
    let deep = doc.stream(group, b"0 g 0 0 300 300 re f");
    let right = format!("1 w {}", (0..50).filter(|n| n % COLUMNS >= 5).map(symbol).collect::<String>());
    let right = doc.stream(group, right.as_bytes());
    let resources = format!(
        "/Resources << /XObject << /Stencil {stencil} 0 R /Half {half} 0 R /Short {short} 0 R /Right {right} 0 R >> \
         /Pattern << /Closed {closed} 0 R >> /ExtGState << /Deep << /SMask << /S /Luminosity /G {deep} 0 R >> >> \
         /None << /ca 0 >> >> >>"
    );
    (doc, resources)
}

/// Symbols counted on a page that may use `things`, and what is found of it.
fn counted_of(content: &str) -> (usize, Vec<String>) {
    let (mut doc, resources) = things();
    doc.page(&format!("{PAGE} {resources}"), content);
    let list = parse(&mut doc.open(), 0).unwrap().0.list;
    (count(&list).len(), list.findings.iter().map(|f| f.code.clone()).collect())
}

#[test]
fn symbols_are_counted_as_far_as_they_show_whatever_lies_over_them() {
    let side =
        |right: bool| -> String { (0..50).filter(|n| (n % COLUMNS >= 5) == right).map(symbol).collect() };
    let (left, right) = (side(false), side(true));
    let all = format!("1 w {left}{right}");
    let place = "q 140 0 0 130 147 20 cm";
    let strips: String = (20..150).map(|y| format!("147 {y} 140 1 re f ")).collect();
    for (content, expected) in [
        (format!("{all} {place} 1 g /Stencil Do Q"), 25),
        (format!("{all} 1 g {strips}"), 25),
        (format!("{all} [1000] 0 d 1 G 130 w 147 85 m 287 85 l S"), 25),
        (format!("{all} /Pattern cs /Closed scn 147 20 140 130 re f"), 25),
        // Its right half is opaque.
        (format!("{all} q 280 0 0 130 7 20 cm /Half Do Q"), 25),
        (format!("1 w {left} q /Deep gs {right} Q"), 25),
        (format!("1 w {left} /None gs /Right Do"), 25),
        (format!("1 w {left} /Right Do"), 50),
        (format!("1 w {left} 0 g 147 20 140 130 re f {right}"), 25),
        // Ink, but of another pen.
        (format!("1 w {left} 0 0 .5 rg 147 20 140 130 re f 1 G {right}"), 25),
        (format!("1 w {left} 1 G {right}"), 25),
    ] {
        assert_eq!(counted_of(&content), (expected, vec![]), "{content}");
    }
    let light = one_page(PAGE, format!("1 w {left} 0 0 .5 rg 147 20 140 130 re f 1 G {right}"));
    let list = parse(&mut { light }, 0).unwrap().0.list;
    assert_eq!(count_like(&list, 5).len(), 25, "white on the dark");
    let (seen, codes) = counted_of(&format!("{all} {place} /Short Do Q"));
    assert_eq!((seen, codes.contains(&"content_damaged".to_owned())), (50, true), "{codes:?}");
}

fn path_of(corners: &[(u32, u32)]) -> String {
    let lines =
        corners.iter().enumerate().map(|(i, (x, y))| format!("{x} {y} {} ", if i == 0 { "m" } else { "l" }));
    lines.collect::<String>() + "h "
}

/// A page that is drawn, covered in parts, and clipped; symbol 0 is drawn last.
#[derive(Debug, Clone)]
struct Covered {
    clip: Option<(Vec<(u32, u32)>, bool)>,
    covers: Vec<String>,
}

impl Covered {
    fn any() -> impl Strategy<Value = Self> {
        let corner = (0..PAGE_PT as u32, 0..PAGE_PT as u32);
        let clip = prop::option::of((prop::collection::vec(corner, 3..7), any::<bool>()));
        (clip, prop::collection::vec(covers(), 0..6)).prop_map(|(clip, covers)| Self { clip, covers })
    }

    fn parse(&self) -> (DisplayList, Picture) {
        let clip = self.clip.as_ref().map_or(String::new(), |(corners, even_odd)| {
            format!("{} {} n ", path_of(corners), if *even_odd { "W*" } else { "W" })
        });
        let (x, y) = corner(0);
        let content = format!(
            "q {clip} 1 w\n{}{} Q 1 g {} {} 14 14 re f 1 w {}",
            symbols(100),
            self.covers.concat(),
            x - 3.0,
            y - 3.0,
            symbol(0)
        );
        let (mut doc, resources) = things();
        doc.page(&format!("{PAGE} {resources}"), content);
        let (content, picture, _) = parse(&mut doc.open(), 0).unwrap();
        (content.list, picture)
    }
}

/// At how many of eight places on a symbol's outline the picture has ink that paper lies beside.
fn outline(list: &DisplayList, picture: &Picture, n: usize) -> usize {
    let (x, y) = corner(n);
    let dark = |dx: f64, dy: f64| {
        let at = list.space.to_px((x + dx) as f32, (PAGE_PT - y - dy) as f32);
        picture.at(at.x as u32, at.y as u32)[0] < 128
    };
    let places =
        [(2.0, 0.0), (6.0, 0.0), (8.0, 2.0), (8.0, 6.0), (2.0, 8.0), (6.0, 8.0), (0.0, 2.0), (0.0, 6.0)];
    let outward = |v: f64| match v {
        0.0 => -1.5,
        v if v == SIDE => SIDE + 1.5,
        v => v,
    };
    places.iter().filter(|(dx, dy)| dark(*dx, *dy) && !dark(outward(*dx), outward(*dy))).count()
}

/// Whether a symbol shows as symbol 0 does, to the pixel: they stand whole pixels apart.
fn same(list: &DisplayList, picture: &Picture, n: usize) -> bool {
    let corner_px = |n: usize| {
        let (x, y) = corner(n);
        px(list, [x - 1.0, y - 1.0, x + SIDE + 1.0, y + SIDE + 1.0])
    };
    let (first, own) = (corner_px(0), corner_px(n));
    (0..first.w as u32).all(|dx| {
        (0..first.h as u32).all(|dy| {
            let at = |place: &PxRect| picture.at(place.x.round() as u32 + dx, place.y.round() as u32 + dy);
            at(&first) == at(&own)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Every detection is a symbol that the picture shows much of, and every symbol that it shows whole is
    /// detected.
    #[test]
    fn counts_are_what_the_picture_shows(page in Covered::any()) {
        let (list, picture) = page.parse();
        let found = count(&list);
        for n in 0..100 {
            let (x, y) = corner(n);
            let middle = list.space.to_px((x + SIDE / 2.0) as f32, (PAGE_PT - y - SIDE / 2.0) as f32);
            let is_found = found.iter().any(|d| (d.center.x - middle.x).hypot(d.center.y - middle.y) < 4.0);
            if same(&list, &picture, n) {
                prop_assert!(is_found, "symbol {n} is seen whole and not counted");
            }
            if is_found {
                let shown = outline(&list, &picture, n);
                prop_assert!(shown >= 2, "symbol {n} is counted and shows {shown} of 8 places");
            }
        }
    }

    /// Of every stroke that the walk leaves, the picture shows some.
    #[test]
    fn what_is_left_of_strokes_shows(page in Covered::any()) {
        let (list, picture) = page.parse();
        let (mut looked, mut blank) = (0, 0);
        for entry in &list.paths {
            let style = &list.styles[entry.style as usize];
            let (_, coords) = list.path(entry);
            if style.rgba != 0x0000_00FF || style.width != 1.0 || coords.len() != 2 {
                continue;
            }
            let shows = |t: f32| {
                let at = |axis: usize| coords[0][axis] + (coords[1][axis] - coords[0][axis]) * t;
                let p = list.space.to_px(at(0), at(1));
                let dark = |dx: i32, dy: i32| {
                    let (x, y) = (p.x as i32 + dx, p.y as i32 + dy);
                    picture.at(x as u32, y as u32)[0] < 250
                };
                let outside = at(0) < 1.0 || at(1) < 1.0 || at(0) > 299.0 || at(1) > 299.0;
                outside || (-1..=1).any(|dx| (-1..=1).any(|dy| dark(dx, dy)))
            };
            looked += 1;
            blank += usize::from(!(0..=20_u8).any(|k| shows(f32::from(k) / 20.0)));
        }
        // A line along an edge may show less than a pixel of its width.
        prop_assert!(blank <= 1 + looked / 50, "{blank} of {looked} strokes are blank");
    }

    /// A mask over a part of each symbol, as behind a number, takes none of them away.
    #[test]
    fn symbols_that_a_mask_cuts_into_are_counted(width in 1_u32..=2, left in 0_u32..7) {
        let masks: String = (0..50)
            .filter(|n| n % COLUMNS >= 5)
            .map(corner)
            .map(|(x, y)| format!("{} {} {width} 14 re f ", x + f64::from(left), y - 3.0))
            .collect();
        prop_assert_eq!(counted(&format!("1 w\n{}1 g {masks}", symbols(50))), 50);
    }
}
