//! Small pictures of one number a pixel.

use super::super::template::convex_hull;

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Field {
    pub(super) fn blank(width: usize, height: usize) -> Self {
        Self { width, height, data: vec![0.0; width * height] }
    }

    /// Nothing outside.
    pub(super) fn at(&self, x: i32, y: i32) -> f32 {
        if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
            return 0.0;
        }
        self.data[y as usize * self.width + x as usize]
    }

    /// The most within so many pixels, in a square.
    pub(super) fn spread(&self, by: usize) -> Self {
        self.gathered(by, f32::max)
    }

    /// Each pixel what those within so many come to, in a square, along rows first; nothing outside.
    fn gathered(&self, by: usize, with: impl Fn(f32, f32) -> f32) -> Self {
        let (w, h) = (self.width, self.height);
        let mut across = Self::blank(w, h);
        for (row, out) in self.data.chunks(w).zip(across.data.chunks_mut(w)) {
            out.copy_from_slice(row);
            for away in 1..=by.min(w - 1) {
                out[away..].iter_mut().zip(row).for_each(|(a, b)| *a = with(*a, *b));
                out.iter_mut().zip(&row[away..]).for_each(|(a, b)| *a = with(*a, *b));
            }
        }
        let mut out = Self::blank(w, h);
        for y in 0..h {
            let into = &mut out.data[y * w..][..w];
            for from in y.saturating_sub(by)..(y + by + 1).min(h) {
                into.iter_mut().zip(&across.data[from * w..][..w]).for_each(|(a, b)| *a = with(*a, *b));
            }
        }
        out
    }

    /// Each pixel with its neighbours, those at its sides twice as light as itself.
    pub(super) fn blurred(&self) -> Self {
        let (w, h) = (self.width, self.height);
        let mut across = Self::blank(w, h);
        for (row, out) in self.data.chunks(w).zip(across.data.chunks_mut(w)) {
            for (x, out) in out.iter_mut().enumerate() {
                *out = (row[x.saturating_sub(1)] + 2.0 * row[x] + row[(x + 1).min(w - 1)]) / 4.0;
            }
        }
        let mut out = Self::blank(w, h);
        for y in 0..h {
            let row = |y: usize| &across.data[y * w..][..w];
            let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(h - 1)));
            for (x, out) in out.data[y * w..][..w].iter_mut().enumerate() {
                *out = (above[x] + 2.0 * here[x] + below[x]) / 4.0;
            }
        }
        out
    }

    /// Each pixel the mean of those within so many, in a square; blank outside.
    pub(super) fn averaged(&self, by: usize) -> Self {
        let share = 1.0 / ((2 * by + 1) * (2 * by + 1)) as f32;
        let mut out = self.gathered(by, |a, b| a + b);
        out.data.iter_mut().for_each(|v| *v *= share);
        out
    }

    /// Which pixels lie inside the outline of the ink, or up to `margin` pixels outside it.
    pub(super) fn outline(&self, margin: f64) -> Vec<bool> {
        let w = self.width;
        let ink = (0..self.data.len()).filter(|&i| self.data[i] >= 0.4);
        let hull = convex_hull(ink.map(|i| [(i % w) as f64, (i / w) as f64]).collect());
        let mut inside = vec![hull.len() >= 3; self.data.len()];
        for (a, b) in hull.iter().zip(hull.iter().cycle().skip(1)) {
            let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
            let least = -margin * ex.hypot(ey);
            for (y, row) in inside.chunks_mut(w.max(1)).enumerate() {
                let down = ex * (y as f64 - a[1]);
                row.iter_mut()
                    .enumerate()
                    .for_each(|(x, inside)| *inside &= down - ey * (f64::from(x as u32) - a[0]) >= least);
            }
        }
        inside
    }
}

/// Set pixels that hang together, corner to corner.
pub(super) fn parts(set: &[bool], width: usize) -> Vec<Vec<usize>> {
    let height = set.len() / width.max(1);
    let mut seen = vec![false; set.len()];
    let mut parts = Vec::new();
    for start in 0..set.len() {
        if !set[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        let mut part = vec![start];
        let mut next = 0;
        while next < part.len() {
            let (x, y) = (part[next] % width, part[next] / width);
            next += 1;
            for v in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for u in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let i = v * width + u;
                    if set[i] && !seen[i] {
                        seen[i] = true;
                        part.push(i);
                    }
                }
            }
        }
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_what_lies_no_further_outside_the_hull_than_asked() {
        // A triangle's corners.
        let mut field = Field::blank(30, 20);
        [[5, 4], [24, 4], [5, 15]].into_iter().for_each(|[x, y]| field.data[y * 30 + x] = 1.0);
        for margin in [-1.0, 0.0, 1.6] {
            let outline = field.outline(margin);
            for (x, y) in (0..30).flat_map(|x| (0..20).map(move |y| (x, y))) {
                let (u, v) = (f64::from(x) - 5.0, f64::from(y) - 4.0);
                // How far inside each of its sides.
                let inside = [u, v, (209.0 - 11.0 * u - 19.0 * v) / 11.0_f64.hypot(19.0)];
                let least = inside.into_iter().fold(f64::INFINITY, f64::min);
                if (least + margin).abs() > 1e-6 {
                    assert_eq!(outline[(y * 30 + x) as usize], least > -margin, "{x} {y} {margin}");
                }
            }
        }
        assert!(!Field::blank(4, 4).outline(1.0).contains(&true), "nothing has no outline");
    }
}
