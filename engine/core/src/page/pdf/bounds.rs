//! Boxes of the walk, list space.

use kurbo::{Point, Rect};

use crate::geom::ListRect;

/// Whether the point is finite and was added.
pub(super) fn push_point(coords: &mut Vec<[f32; 2]>, bounds: &mut ListRect, p: Point) -> bool {
    let (x, y) = (p.x as f32, p.y as f32);
    coords.push([x, y]);
    bounds.add(x, y);
    x.is_finite() && y.is_finite()
}

pub(super) fn list_rect(r: Rect) -> ListRect {
    ListRect { left: r.x0 as f32, top: r.y0 as f32, right: r.x1 as f32, bottom: r.y1 as f32 }
}

pub(super) fn intersect(a: &ListRect, b: &ListRect) -> ListRect {
    ListRect {
        left: a.left.max(b.left),
        top: a.top.max(b.top),
        right: a.right.min(b.right),
        bottom: a.bottom.min(b.bottom),
    }
}

/// `bounds` cut to `clip`; where only the pen's width reaches into the clip, the nearest edge of it.
pub(super) fn visible_part(bounds: &ListRect, clip: &ListRect) -> ListRect {
    let cut = |lo: f32, hi: f32, min: f32, max: f32| (lo.max(min).min(max), hi.min(max).max(min));
    let (left, right) = cut(bounds.left, bounds.right, clip.left, clip.right);
    let (top, bottom) = cut(bounds.top, bounds.bottom, clip.top, clip.bottom);
    ListRect { left, top, right, bottom }
}

pub(super) fn grow(r: &ListRect, by: f32) -> ListRect {
    ListRect { left: r.left - by, top: r.top - by, right: r.right + by, bottom: r.bottom + by }
}

/// Control points of the cubic that is the same curve as a quadratic one.
pub(super) fn cubic_of(from: Point, control: Point, to: Point) -> (Point, Point) {
    (from + (control - from) * (2.0 / 3.0), to + (control - to) * (2.0 / 3.0))
}
