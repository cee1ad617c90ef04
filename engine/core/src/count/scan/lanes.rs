//! A page as ink, eight places at a time.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x8};

use super::super::pose::Pose;
use super::sheet::Sheet;
use crate::lanes::{Around, LANES, around};

/// Places, a whole number of lanes: the last ones may stand for none.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub x: Vec<f32>,
    pub y: Vec<f32>,
    /// How far the farthest is from the origin.
    reach: f32,
}

impl Places {
    pub(super) fn of(places: impl ExactSizeIterator<Item = [f32; 2]>) -> Self {
        let all = places.len().next_multiple_of(LANES);
        let mut out = Self { x: Vec::with_capacity(all), y: Vec::with_capacity(all), reach: 0.0 };
        for [x, y] in places {
            out.x.push(x);
            out.y.push(y);
            out.reach = out.reach.max(x.hypot(y));
        }
        out.x.resize(all, 0.0);
        out.y.resize(all, 0.0);
        out
    }

    /// Turned and grown as a pose is, not moved.
    #[inline(always)]
    pub(super) fn turned<S: Simd>(&self, simd: S, pose: &Pose, into: &mut Self) {
        let (re, im) = (f32x8::splat(simd, pose.re as f32), f32x8::splat(simd, pose.im as f32));
        let flip = f32x8::splat(simd, if pose.mirrored { -1.0 } else { 1.0 });
        into.x.resize(self.x.len(), 0.0);
        into.y.resize(self.y.len(), 0.0);
        into.reach = self.reach * pose.scale() as f32;
        let from = self.x.chunks_exact(LANES).zip(self.y.chunks_exact(LANES));
        let to = into.x.chunks_exact_mut(LANES).zip(into.y.chunks_exact_mut(LANES));
        for ((x, y), (to_x, to_y)) in from.zip(to) {
            let (x, y) = (f32x8::from_slice(simd, x) * flip, f32x8::from_slice(simd, y));
            (re * x - im * y).store_slice(to_x);
            (im * x + re * y).store_slice(to_y);
        }
    }
}

/// Darkness as ink: from where it begins to where it is full.
#[derive(Debug, Clone, Copy)]
pub(super) struct Through {
    pub begins: f32,
    pub full: f32,
}

impl Through {
    /// Of each darkness, how much of it is ink.
    pub(super) fn table(self) -> Box<[f32; 256]> {
        let ink = |v: usize| (v as f32 - self.begins) / (self.full - self.begins);
        Box::new(std::array::from_fn(|v| ink(v).clamp(0.0, 1.0)))
    }
}

/// A page seen as ink.
#[derive(Clone, Copy)]
pub(super) struct InkPage<'a> {
    pub sheet: &'a Sheet,
    pub table: &'a [f32; 256],
    pub through: Through,
}

impl InkPage<'_> {
    /// Whether all places around one, moved so far, lie so that each has four pixels around it.
    pub(super) fn holds(&self, at: [f32; 2], places: &Places, moved: f32) -> bool {
        let size = [self.sheet.width as f32, self.sheet.height as f32];
        let reach = places.reach + moved;
        (0..2).all(|axis| at[axis] - reach >= 1.0 && at[axis] + reach + 2.0 <= size[axis])
    }

    /// Ink at eight places of the page, which `holds` said are in it.
    #[inline(always)]
    pub(super) fn eight<S: Simd>(&self, simd: S, x: f32x8<S>, y: f32x8<S>) -> f32x8<S> {
        let Around { pixels, right, down } = around(simd, self.sheet.pixels(), self.sheet.width, x, y);
        let scale = 1.0 / (self.through.full - self.through.begins);
        let (zero, one) = (f32x8::splat(simd, 0.0), f32x8::splat(simd, 1.0));
        let [mut a, mut b, mut c, mut d] = pixels;
        for v in [&mut a, &mut b, &mut c, &mut d] {
            *v = ((*v - self.through.begins) * scale).max(zero).min(one);
        }
        let (above, below) = (a + (b - a) * right, c + (d - c) * right);
        above + (below - above) * down
    }
}
