//! Curves as chords.

/// Largest distance between a curve and the chords that stand for it, list units.
const FLATNESS: f32 = 0.05;
/// Chords of one curve at most.
const MAX_CHORDS: usize = 64;

/// Appends the chords of a cubic curve, its start left out.
pub(crate) fn flatten(p0: [f32; 2], pairs: &[[f32; 2]], out: &mut Vec<[f32; 2]>) {
    let [p1, p2, p3] = [pairs[0], pairs[1], pairs[2]];
    let bend =
        |a: [f32; 2], b: [f32; 2], c: [f32; 2]| (a[0] - 2.0 * b[0] + c[0]).hypot(a[1] - 2.0 * b[1] + c[1]);
    let d = bend(p0, p1, p2).max(bend(p1, p2, p3));
    let chords = ((0.75 * d / FLATNESS).sqrt().ceil() as usize).clamp(1, MAX_CHORDS);
    for i in 1..chords {
        let t = i as f32 / chords as f32;
        let u = 1.0 - t;
        let [b0, b1, b2, b3] = [u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t];
        out.push([
            b0 * p0[0] + b1 * p1[0] + b2 * p2[0] + b3 * p3[0],
            b0 * p0[1] + b1 * p1[1] + b2 * p2[1] + b3 * p3[1],
        ]);
    }
    out.push(p3);
}
