//! Eight places of a picture at a time.
//!
//! Nothing is fused, and sums are kept by lane and added up in one order: all processors give the same numbers.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x8, i32x8};

pub(crate) const LANES: usize = 8;

/// The pixels around eight places: those at the left and right above, and below; and what of the way to the right
/// and down each place lies.
pub(crate) struct Around<S: Simd> {
    pub pixels: [f32x8<S>; 4],
    pub right: f32x8<S>,
    pub down: f32x8<S>,
}

/// Around places of a picture of one byte a pixel, rows of `width` from the top. Each of the places has four pixels
/// around it, or this panics.
#[inline(always)]
pub(crate) fn around<S: Simd>(simd: S, data: &[u8], width: usize, x: f32x8<S>, y: f32x8<S>) -> Around<S> {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let columns: [i32; LANES] = i32x8::truncate_from(left).into();
    let rows: [i32; LANES] = i32x8::truncate_from(top).into();
    let mut four = [0_i32; LANES];
    for k in 0..LANES {
        let i = rows[k] as usize * width + columns[k] as usize;
        let (above, below) = (&data[i..i + 2], &data[i + width..i + width + 2]);
        four[k] = i32::from_le_bytes([above[0], above[1], below[0], below[1]]);
    }
    let four = i32x8::from_slice(simd, &four);
    let byte = f32x8::float_from;
    Around {
        pixels: [byte(four & 255), byte(four >> 8 & 255), byte(four >> 16 & 255), byte(four >> 24 & 255)],
        right: x - left,
        down: y - top,
    }
}
