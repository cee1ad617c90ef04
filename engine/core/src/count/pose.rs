//! A placed exemplar: turn, size, mirroring and place.

use std::f64::consts::PI;

/// Maps places of an exemplar (relative to its middle) onto a page: mirror about the vertical axis
/// first when asked to, then turn clockwise and scale, then move. List units; y points down, so a
/// positive angle is clockwise to the eye.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// Scale times cosine and sine of the turn.
    pub re: f64,
    pub im: f64,
    pub x: f64,
    pub y: f64,
    pub mirrored: bool,
}

impl Pose {
    pub(super) fn turned(angle: f64, mirrored: bool) -> Self {
        Self { re: angle.cos(), im: angle.sin(), x: 0.0, y: 0.0, mirrored }
    }

    /// The exemplar as it is, its middle at a place.
    pub(super) fn at(middle: [f32; 2]) -> Self {
        Self { x: f64::from(middle[0]), y: f64::from(middle[1]), ..Self::turned(0.0, false) }
    }

    /// The pose that brings `from` onto `to`; `None` when a baseline has no length.
    pub(super) fn from_baselines(from: [[f64; 2]; 2], to: [[f64; 2]; 2], mirrored: bool) -> Option<Self> {
        let flip = if mirrored { -1.0 } else { 1.0 };
        let (ax, ay) = (from[0][0] * flip, from[0][1]);
        let (vx, vy) = (from[1][0] * flip - ax, from[1][1] - ay);
        let (wx, wy) = (to[1][0] - to[0][0], to[1][1] - to[0][1]);
        let n = vx * vx + vy * vy;
        if n <= 1e-12 {
            return None;
        }
        let (re, im) = ((wx * vx + wy * vy) / n, (wy * vx - wx * vy) / n);
        Some(Self { re, im, x: to[0][0] - (re * ax - im * ay), y: to[0][1] - (im * ax + re * ay), mirrored })
    }

    pub(super) fn apply(&self, p: [f64; 2]) -> [f64; 2] {
        let [x, y] = self.turn(p);
        [x + self.x, y + self.y]
    }

    /// A direction: turned and scaled, not moved.
    pub(super) fn turn(&self, d: [f64; 2]) -> [f64; 2] {
        let x = if self.mirrored { -d[0] } else { d[0] };
        [self.re * x - self.im * d[1], self.im * x + self.re * d[1]]
    }

    /// Where on the exemplar a place of the page lies.
    pub(super) fn invert(&self, p: [f64; 2]) -> [f64; 2] {
        self.unturn([p[0] - self.x, p[1] - self.y])
    }

    pub(super) fn unturn(&self, d: [f64; 2]) -> [f64; 2] {
        let n = self.re * self.re + self.im * self.im;
        let x = (self.re * d[0] + self.im * d[1]) / n;
        let y = (self.re * d[1] - self.im * d[0]) / n;
        [if self.mirrored { -x } else { x }, y]
    }

    /// The same of another size.
    pub(super) fn sized(self, by: f64) -> Self {
        Self { re: self.re * by, im: self.im * by, ..self }
    }

    pub(super) fn scale(&self) -> f64 {
        (self.re * self.re + self.im * self.im).sqrt()
    }

    /// Whether another is turned the same way, but for so many radians, and mirrored as this is.
    pub(super) fn is_turned_like(&self, other: &Self, by: f64) -> bool {
        let (dot, cross) = (self.re * other.re + self.im * other.im, self.re * other.im - self.im * other.re);
        self.mirrored == other.mirrored && dot > 0.0 && cross.abs() <= by.sin() * self.scale() * other.scale()
    }

    /// Degrees clockwise, 0 to 360.
    pub(super) fn angle_deg(&self) -> f64 {
        let a = self.im.atan2(self.re) * 180.0 / PI;
        let a = if a < 0.0 { a + 360.0 } else { a };
        // A turn of -1e-12 degrees is none.
        if a >= 360.0 - 1e-9 { 0.0 } else { a }
    }

    /// The same place, turn and mirroring at another size about the exemplar's place `about`.
    pub(super) fn with_scale(&self, scale: f64, about: [f64; 2]) -> Self {
        let k = scale / self.scale();
        let kept = self.apply(about);
        let mut out = Self { re: self.re * k, im: self.im * k, ..*self };
        let moved = out.turn(about);
        (out.x, out.y) = (kept[0] - moved[0], kept[1] - moved[1]);
        out
    }

    /// The same place and size without turn and mirroring, about the exemplar's place `about`.
    pub(super) fn unturned(&self, about: [f64; 2]) -> Self {
        let kept = self.apply(about);
        let scale = self.scale();
        let (x, y) = (kept[0] - scale * about[0], kept[1] - scale * about[1]);
        Self { re: scale, im: 0.0, x, y, mirrored: false }
    }

    /// First `inner`, then `self`.
    pub(super) fn after(&self, inner: &Self) -> Self {
        let [x, y] = self.apply([inner.x, inner.y]);
        // Mirroring conjugates the inner turn.
        let im = if self.mirrored { -inner.im } else { inner.im };
        Self {
            re: self.re * inner.re - self.im * im,
            im: self.re * im + self.im * inner.re,
            x,
            y,
            mirrored: self.mirrored != inner.mirrored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: [f64; 2], b: [f64; 2]) -> bool {
        (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-9
    }

    #[test]
    fn a_pose_brings_one_baseline_onto_another_and_back() {
        for mirrored in [false, true] {
            let (from, to) = ([[1.0, 2.0], [4.0, -1.0]], [[10.0, 5.0], [3.0, 9.0]]);
            let pose = Pose::from_baselines(from, to, mirrored).unwrap();
            assert!(close(pose.apply(from[0]), to[0]) && close(pose.apply(from[1]), to[1]));
            assert!(close(pose.invert(to[1]), from[1]));
        }
    }

    #[test]
    fn composition_is_one_after_the_other() {
        for (m, n) in [(false, false), (true, false), (false, true), (true, true)] {
            let outer = Pose { x: 3.0, y: -2.0, ..Pose::turned(0.7, m) };
            let inner = Pose { x: -1.0, y: 5.0, ..Pose::turned(-1.9, n) };
            let p = [2.5, -0.5];
            assert!(close(outer.after(&inner).apply(p), outer.apply(inner.apply(p))));
        }
    }

    #[test]
    fn resizing_keeps_the_place_it_is_about() {
        let pose = Pose { x: 3.0, y: -2.0, ..Pose::turned(0.7, true) };
        let about = [4.0, 1.0];
        let resized = pose.with_scale(1.2, about);
        assert!(close(resized.apply(about), pose.apply(about)) && (resized.scale() - 1.2).abs() < 1e-12);
        let upright = resized.unturned(about);
        assert!(close(upright.apply(about), pose.apply(about)) && (upright.scale() - 1.2).abs() < 1e-12);
        assert!(close(upright.turn([1.0, 0.0]), [1.2, 0.0]));
    }

    #[test]
    fn angles_are_clockwise_from_0_to_360() {
        assert!((Pose::turned(-0.5 * PI, false).angle_deg() - 270.0).abs() < 1e-9);
        assert_eq!(Pose::turned(-1e-14, false).angle_deg(), 0.0);
    }
}
