//! Measured shapes on a picture: their outline, and what an area encloses tinted so that the drawing stays readable.

use image::{Rgb, RgbImage};
use takeoff_core::geom::PxPoint;
use takeoff_core::measure::Geometry;

/// Half the width of an outline, pixels.
const HALF: i64 = 2;
/// Radius of a point's mark, pixels.
const MARK: f64 = 9.0;
/// Of 256: how much of the color a tinted pixel has.
const TINT: u16 = 64;
/// Corners that stand for a circle.
const CORNERS: std::ops::RangeInclusive<f64> = 24.0..=720.0;

/// How much of a picture may be tinted: areas that lie over each other, thousands of them as large as the page, say
/// nothing by their tint, and take hours.
pub(crate) struct Tints {
    /// Pixels.
    left: f64,
}

/// Times that the whole picture may be tinted.
const TINTED: f64 = 20.0;

impl Tints {
    pub(crate) fn of(image: &RgbImage) -> Self {
        Self { left: TINTED * f64::from(image.width()) * f64::from(image.height()) }
    }

    /// Whether there is enough left for a shape, which then is taken off.
    fn take(&mut self, image: &RgbImage, shape: &Geometry) -> bool {
        let b = shape.bounds();
        let within = |at: f64, size: f64, all: u32| {
            let all = f64::from(all);
            (at + size).clamp(0.0, all) - at.clamp(0.0, all)
        };
        let area = within(b.x, b.w, image.width()) * within(b.y, b.h, image.height());
        let enough = area <= self.left;
        self.left -= if enough { area } else { 0.0 };
        enough
    }
}

/// Tints what the shape encloses, as long as there is anything left for it; lines and points enclose nothing.
pub(crate) fn tint(image: &mut RgbImage, shape: &Geometry, color: Rgb<u8>, tints: &mut Tints) {
    if let (corners, true) = path(shape)
        && tints.take(image, shape)
    {
        fill(image, &corners, |pixel| {
            for (old, new) in pixel.0.iter_mut().zip(color.0) {
                *old = ((u16::from(*old) * (256 - TINT) + u16::from(new) * TINT) / 256) as u8;
            }
        });
    }
}

/// Draws its outline; a point is a disc.
pub(crate) fn outline(image: &mut RgbImage, shape: &Geometry, color: Rgb<u8>) {
    if let Geometry::Point(at) = shape {
        let disc = around(*at, MARK);
        return fill(image, &disc, |pixel| *pixel = color);
    }
    let (points, closed) = path(shape);
    points.windows(2).for_each(|two| stroke(image, two[0], two[1], color));
    if let (true, Some(first), Some(last)) = (closed, points.first(), points.last()) {
        stroke(image, *last, *first, color);
    }
}

/// The points of a shape, and whether they enclose an area.
fn path(shape: &Geometry) -> (Vec<PxPoint>, bool) {
    match shape {
        Geometry::Line { start, end } => (vec![*start, *end], false),
        Geometry::Polyline(points) => (points.clone(), false),
        Geometry::Polygon(points) => (points.clone(), true),
        Geometry::Rectangle { corner, width, height } => {
            let (right, bottom) = (corner.x + width, corner.y + height);
            let corners = [(corner.x, corner.y), (right, corner.y), (right, bottom), (corner.x, bottom)];
            (corners.map(|(x, y)| PxPoint::new(x, y)).to_vec(), true)
        }
        Geometry::Circle { center, radius } => (around(*center, *radius), true),
        Geometry::Point(at) => (vec![*at], false),
    }
}

fn around(center: PxPoint, radius: f64) -> Vec<PxPoint> {
    let corners = (radius * std::f64::consts::TAU / 4.0).clamp(*CORNERS.start(), *CORNERS.end()).round();
    let at = |nth: u32| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(nth) / corners).sin_cos();
        PxPoint::new(center.x + radius * cos, center.y + radius * sin)
    };
    (0..corners as u32).map(at).collect()
}

/// Paints the pixels whose centre the ring encloses an odd number of times.
fn fill(image: &mut RgbImage, ring: &[PxPoint], paint: impl Fn(&mut Rgb<u8>)) {
    let (width, height) = image.dimensions();
    let row = |y: f64| (y - 0.5).ceil().clamp(0.0, f64::from(height)) as u32;
    let (top, end) =
        ring.iter().map(|p| row(p.y)).fold((height, 0), |(top, end), row| (top.min(row), end.max(row)));
    // Of each row of pixels that it reaches, where edges cross the line through its centres.
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); end.saturating_sub(top) as usize];
    for (nth, from) in ring.iter().enumerate() {
        let to = ring[(nth + 1) % ring.len()];
        let (upper, lower) = if from.y <= to.y { (*from, to) } else { (to, *from) };
        for y in row(upper.y)..row(lower.y) {
            let along = (f64::from(y) + 0.5 - upper.y) / (lower.y - upper.y);
            crossings[(y - top) as usize].push(upper.x + (lower.x - upper.x) * along);
        }
    }
    for (y, crossed) in (top..end).zip(&mut crossings) {
        crossed.sort_by(f64::total_cmp);
        let column = |x: f64| (x - 0.5).ceil().clamp(0.0, f64::from(width)) as u32;
        for pair in crossed.chunks_exact(2) {
            (column(pair[0])..column(pair[1])).for_each(|x| paint(image.get_pixel_mut(x, y)));
        }
    }
}

/// A line of even width; what lies off the picture is not drawn.
fn stroke(image: &mut RgbImage, from: PxPoint, to: PxPoint, color: Rgb<u8>) {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let Some((from, to)) = clipped(from, to, (width as f64, height as f64)) else { return };
    let steps = (to.x - from.x).abs().max((to.y - from.y).abs()).ceil().max(1.0);
    for step in 0..=steps as u32 {
        let along = f64::from(step) / steps;
        let (x, y) = (from.x + (to.x - from.x) * along, from.y + (to.y - from.y) * along);
        let (x, y) = (x.round() as i64, y.round() as i64);
        for v in (y - HALF).max(0)..=(y + HALF).min(height - 1) {
            for u in (x - HALF).max(0)..=(x + HALF).min(width - 1) {
                image.put_pixel(u as u32, v as u32, color);
            }
        }
    }
}

/// The part of a line that lies on the picture or so near that its width does (Liang and Barsky's clipping).
fn clipped(from: PxPoint, to: PxPoint, (width, height): (f64, f64)) -> Option<(PxPoint, PxPoint)> {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let over = HALF as f64 + 1.0;
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (towards, room) in [
        (-dx, from.x + over),
        (dx, width + over - from.x),
        (-dy, from.y + over),
        (dy, height + over - from.y),
    ] {
        if towards == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if towards < 0.0 {
            enters = enters.max(room / towards);
        } else {
            leaves = leaves.min(room / towards);
        }
    }
    let at = |along: f64| PxPoint::new(from.x + dx * along, from.y + dy * along);
    (enters <= leaves).then(|| (at(enters), at(leaves)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb<u8> = Rgb([200, 0, 0]);
    const WHITE: Rgb<u8> = Rgb([255; 3]);
    const TINTED: Rgb<u8> = Rgb([241, 191, 191]);

    fn drawn(shape: &Geometry) -> RgbImage {
        let mut image = RgbImage::from_pixel(100, 80, WHITE);
        let mut tints = Tints::of(&image);
        tint(&mut image, shape, RED, &mut tints);
        outline(&mut image, shape, RED);
        image
    }

    fn point(x: f64, y: f64) -> PxPoint {
        PxPoint::new(x, y)
    }

    #[test]
    fn an_area_is_outlined_and_tinted() {
        let corner = point(20.0, 20.0);
        let bow = [(20.0, 20.0), (80.0, 60.0), (80.0, 20.0), (20.0, 60.0)];
        for (shape, line, inside, outside) in [
            (Geometry::Rectangle { corner, width: 60.0, height: 40.0 }, (20, 40), (50, 40), (10, 40)),
            (Geometry::Circle { center: point(50.0, 40.0), radius: 30.0 }, (80, 40), (50, 40), (85, 65)),
            // Two triangles that meet in the middle: above and below it is nothing.
            (Geometry::Polygon(bow.map(|(x, y)| point(x, y)).to_vec()), (80, 40), (70, 40), (50, 25)),
        ] {
            let image = drawn(&shape);
            let at = |(x, y): (u32, u32)| *image.get_pixel(x, y);
            assert_eq!((at(line), at(inside), at(outside)), (RED, TINTED, WHITE), "{shape:?}");
        }
    }

    #[test]
    fn a_line_is_drawn_from_end_to_end_and_encloses_nothing() {
        let corners = [(10.0, 10.0), (90.0, 10.0), (90.0, 70.0)];
        let image = drawn(&Geometry::Polyline(corners.map(|(x, y)| point(x, y)).to_vec()));
        assert!((10..90).all(|x| *image.get_pixel(x, 10) == RED) && *image.get_pixel(90, 70) == RED);
        // The way back from the end to the beginning is none.
        assert_eq!((*image.get_pixel(50, 40), *image.get_pixel(80, 20)), (WHITE, WHITE));
        let image = drawn(&Geometry::Point(point(40.0, 40.0)));
        assert_eq!((*image.get_pixel(46, 40), *image.get_pixel(40, 52)), (RED, WHITE));
    }

    #[test]
    fn thousands_of_areas_over_each_other_are_not_all_tinted() {
        let mut image = RgbImage::from_pixel(100, 80, WHITE);
        let whole = Geometry::Rectangle { corner: point(-5.0, -5.0), width: 200.0, height: 200.0 };
        let mut tints = Tints::of(&image);
        assert_eq!((0..100).filter(|_| tints.take(&image, &whole)).count(), 20);
        let small = Geometry::Rectangle { corner: point(10.0, 10.0), width: 20.0, height: 20.0 };
        tint(&mut image, &small, RED, &mut tints);
        outline(&mut image, &small, RED);
        assert_eq!((*image.get_pixel(10, 20), *image.get_pixel(20, 20)), (RED, WHITE), "outlined it is");
    }

    #[test]
    fn what_lies_off_the_picture_is_left_out_in_no_time() {
        let far = 1e12;
        for shape in [
            Geometry::Line { start: point(-far, 40.0), end: point(far, 40.0) },
            Geometry::Rectangle { corner: point(-far, -far), width: far, height: 2.0 * far },
            Geometry::Polygon(vec![point(-far, 40.0), point(far, 40.0), point(far, far)]),
        ] {
            drawn(&shape);
        }
        let across = drawn(&Geometry::Line { start: point(-far, 40.0), end: point(far, 40.0) });
        assert!((0..100).all(|x| *across.get_pixel(x, 40) == RED));
        let beside = drawn(&Geometry::Line { start: point(-50.0, -9.0), end: point(200.0, -9.0) });
        assert!(beside.pixels().all(|p| *p == WHITE));
    }
}
