//! Chains of pixels to strokes: hairs off, middles found, corners kept.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x8};

use super::Gray;
use super::graph::{Chain, Graph};
use super::ink::Levels;
use crate::budget::{Budget, Exhausted};
use crate::lanes::{Around, LANES, around};

/// Largest distance between a chain and the line that stands for it, pixels.
const FLATNESS: f32 = 0.5;
/// Pixels before and after a place that give the direction there.
const REACH: usize = 4;
/// Steps between the samples of a profile, pixels, and how far a middle may move.
const STEP: f32 = 0.5;
const MAX_SHIFT: f32 = 1.5;
/// Places of a chain, counted from a junction, that tell where it leads.
const LEADING: (usize, usize) = (4, 10);
/// Nearer than this to a junction, thinning bends a stroke, pixels; and how far a junction may move.
const BENT: f32 = 3.5;
const MAX_MEET: f64 = 1.5;
/// How strongly a junction stays where it was.
const HOLD: f64 = 0.25;

/// Takes off the hairs that thinning leaves at the edge of a thick or ragged stroke.
pub(super) fn prune(graph: &mut Graph, radius: f32) {
    let hair = (radius * 0.5).max(2.0);
    let nodes = &graph.nodes;
    graph.chains.retain(|c| {
        let free = c.ends.map(|e| nodes.get(e as usize).is_some_and(|n| n.free));
        let length = length(&c.points);
        !(free[0] != free[1] && length < hair * 1.5 || free[0] && free[1] && length < hair)
    });
}

fn length(points: &[[f32; 2]]) -> f32 {
    points.windows(2).map(|w| gap(w[0], w[1])).sum()
}

/// Unit normal of a chain at a place; `None` where it has no direction.
fn normal(points: &[[f32; 2]], i: usize, closed: bool) -> Option<[f32; 2]> {
    let n = points.len();
    let (a, b) = if closed {
        (points[(i + n - REACH.min(n / 3)) % n], points[(i + REACH.min(n / 3)) % n])
    } else {
        (points[i.saturating_sub(REACH)], points[(i + REACH).min(n - 1)])
    };
    let (d, l) = ([b[0] - a[0], b[1] - a[1]], gap(a, b));
    (l > 0.5).then(|| [-d[1] / l, d[0] / l])
}

/// Moves each place across the stroke to the middle of its darkness: every other is looked at, the rest lie between.
pub(super) fn centre(chain: &mut Chain, gray: &Gray<'_>, levels: &Levels, radius: f32) {
    dispatch!(Level::new(), simd => centre_with(simd, chain, gray, levels, radius));
}

#[inline(always)]
fn centre_with<S: Simd>(simd: S, chain: &mut Chain, gray: &Gray<'_>, levels: &Levels, radius: f32) {
    let points = chain.points.clone();
    let inner = if chain.closed { 0..points.len() } else { 1..points.len().saturating_sub(1) };
    let steps = ((radius + 1.0) / STEP) as i32;
    for i in inner.clone().filter(|i| i % 2 == 0) {
        let Some(n) = normal(&points, i, chain.closed) else { continue };
        let p = points[i];
        let paper = levels.paper((p[0] as usize).min(gray.width - 1), (p[1] as usize).min(gray.height - 1));
        let profile = Profile::across(simd, gray, (p, n), paper);
        // The darkest place near is in the stroke; from there to either side until it ends: beyond, another
        // one may begin.
        let (mut peak, mut top) = (f32::NEG_INFINITY, 0);
        for t in [0, 1, -1, 2, -2] {
            let here = profile.dark(t);
            if here >= peak {
                (peak, top) = (here, t);
            }
        }
        let (mut sum, mut moment) = (peak, peak * (top as f32 * STEP));
        for side in [-1, 1] {
            let mut before = peak;
            for away in 1..=steps {
                let t = top + side * away;
                let here = profile.dark(t);
                if here < peak * 0.15 || here > before + peak * 0.1 {
                    break;
                }
                sum += here;
                moment += here * (t as f32 * STEP);
                before = here;
            }
        }
        if sum > 0.0 {
            let shift = (moment / sum).clamp(-MAX_SHIFT, MAX_SHIFT);
            chain.points[i] = [p[0] + n[0] * shift, p[1] + n[1] * shift];
        }
    }
    // A stroke hardly bends from one pixel to the next.
    for i in inner.filter(|i| i % 2 == 1) {
        let (a, b) = (chain.points[i - 1], chain.points[(i + 1) % points.len()]);
        chain.points[i] = [f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1])];
    }
}

/// Darkness across a stroke, by steps to either side.
struct Profile<'a> {
    gray: &'a Gray<'a>,
    p: [f32; 2],
    n: [f32; 2],
    paper: f32,
    /// That of as many steps as a pen is wide, and more; what is further away is seldom asked for.
    near: [f32; 2 * LANES],
}

impl<'a> Profile<'a> {
    #[inline(always)]
    fn across<S: Simd>(simd: S, gray: &'a Gray<'a>, (p, n): ([f32; 2], [f32; 2]), paper: f32) -> Self {
        let mut profile = Self { gray, p, n, paper, near: [0.0; 2 * LANES] };
        let mut steps = [0.0_f32; 2 * LANES];
        for (t, step) in (-(LANES as i32)..).zip(&mut steps) {
            *step = t as f32 * STEP;
        }
        let reach = LANES as f32 * STEP + 2.0;
        let size = [gray.width as f32, gray.height as f32];
        if (0..2).any(|axis| p[axis] < reach || p[axis] + reach > size[axis]) {
            profile.near = steps.map(|t| profile.beyond(t));
            return profile;
        }
        let (one, zero) = (f32x8::splat(simd, 1.0), f32x8::splat(simd, 0.0));
        for (steps, near) in steps.chunks(LANES).zip(profile.near.chunks_mut(LANES)) {
            let t = f32x8::from_slice(simd, steps);
            let (x, y) = (t * n[0] + p[0], t * n[1] + p[1]);
            let Around { pixels: [a, b, c, d], right, down } = around(simd, gray.data, gray.width, x, y);
            let (above, below) = (a * (one - right) + b * right, c * (one - right) + d * right);
            let bright = above * (one - down) + below * down;
            (f32x8::splat(simd, paper) - bright).max(zero).store_slice(near);
        }
        profile
    }

    fn dark(&self, t: i32) -> f32 {
        let near = usize::try_from(t + LANES as i32).ok().and_then(|k| self.near.get(k));
        near.copied().unwrap_or_else(|| self.beyond(t as f32 * STEP))
    }

    #[inline(never)]
    fn beyond(&self, t: f32) -> f32 {
        (self.paper - self.gray.sample(self.p[0] + self.n[0] * t, self.p[1] + self.n[1] * t)).max(0.0)
    }
}

/// Brings strokes together where their middles cross: near a junction, thinning bends them.
pub(super) fn meet(graph: &mut Graph) {
    // Normal equations of each junction: the place nearest to all lines that lead there.
    let mut systems = vec![[0.0_f64; 5]; graph.nodes.len()];
    for chain in &graph.chains {
        for (end, from_start) in [(chain.ends[0], true), (chain.ends[1], false)] {
            let Some(node) = graph.nodes.get(end as usize).filter(|n| !n.free) else { continue };
            let Some((c, d)) = leading(&chain.points, from_start) else { continue };
            let n = [f64::from(-d[1]), f64::from(d[0])];
            let off = n[0] * f64::from(c[0] - node.place[0]) + n[1] * f64::from(c[1] - node.place[1]);
            let s = &mut systems[end as usize];
            for (cell, v) in s.iter_mut().zip([n[0] * n[0], n[0] * n[1], n[1] * n[1], n[0] * off, n[1] * off])
            {
                *cell += v;
            }
        }
    }
    for (node, [a, b, c, p, q]) in graph.nodes.iter_mut().zip(systems) {
        let (a, c) = (a + HOLD, c + HOLD);
        let det = a * c - b * b;
        let (x, y) = ((p * c - q * b) / det, (q * a - p * b) / det);
        if x.hypot(y) <= MAX_MEET {
            node.place = [node.place[0] + x as f32, node.place[1] + y as f32];
        }
    }
    for chain in &mut graph.chains {
        for (end, from_start) in [(chain.ends[0], true), (chain.ends[1], false)] {
            let Some(node) = graph.nodes.get(end as usize) else { continue };
            if !from_start {
                chain.points.reverse();
            }
            chain.points[0] = node.place;
            if !node.free {
                let bent = chain.points[1..].iter().take_while(|p| gap(**p, node.place) < BENT).count();
                // The other end stays, and so does what there is of a short one.
                let bent = bent.min(chain.points.len().saturating_sub(2));
                chain.points.drain(1..1 + bent);
            }
            if !from_start {
                chain.points.reverse();
            }
        }
    }
}

/// Middle and direction of a chain past what a junction bends; `None` for a short one.
fn leading(points: &[[f32; 2]], from_start: bool) -> Option<([f32; 2], [f32; 2])> {
    let n = points.len();
    let at = |k: usize| if from_start { points[k] } else { points[n - 1 - k] };
    let to = LEADING.1.min(n.checked_sub(3)?);
    if to < LEADING.0 + 3 {
        return None;
    }
    let half = (LEADING.0 + to) / 2;
    let mean = |from: usize, to: usize| {
        let sum = (from..=to).map(at).fold([0.0; 2], |a, p| [a[0] + p[0], a[1] + p[1]]);
        sum.map(|v| v / (to - from + 1) as f32)
    };
    let (near, far) = (mean(LEADING.0, half), mean(half, to));
    let l = gap(near, far);
    (l > 0.5).then(|| (mean(LEADING.0, to), [(far[0] - near[0]) / l, (far[1] - near[1]) / l]))
}

/// Each place of an outline moved to where brightness is half way to paper, then smoothed.
pub(super) fn on_edge(mut chain: Chain, gray: &Gray<'_>, levels: &Levels) -> Chain {
    let points = chain.points.clone();
    for (i, p) in points.iter().enumerate() {
        let Some(n) = normal(&points, i, chain.closed) else { continue };
        let paper = levels.paper((p[0] as usize).min(gray.width - 1), (p[1] as usize).min(gray.height - 1));
        let bright = |t: f32| gray.sample(p[0] + n[0] * t, p[1] + n[1] * t);
        let half = (paper + bright(0.0).min(paper)) / 2.0;
        let crossing = [-1.0_f32, 1.0]
            .into_iter()
            .find_map(|side| (1..=4).map(|k| side * STEP * k as f32).find(|&t| bright(t) > half));
        if let Some(t) = crossing {
            let t = t - t.signum() * STEP / 2.0;
            chain.points[i] = [p[0] + n[0] * t, p[1] + n[1] * t];
        }
    }
    chain
}

/// Two passes of a short average; ends stay.
pub(super) fn smoothed(mut chain: Chain) -> Chain {
    let n = chain.points.len();
    if n < 5 {
        return chain;
    }
    for _ in 0..2 {
        let old = chain.points.clone();
        for i in 0..n {
            let (a, b) = match (chain.closed, i) {
                (true, _) => ((i + n - 1) % n, (i + 1) % n),
                (false, 0) => continue,
                (false, i) if i == n - 1 => continue,
                (false, i) => (i - 1, i + 1),
            };
            let average = |k: usize| (old[a][k] + 2.0 * old[i][k] + old[b][k]) / 4.0;
            chain.points[i] = [average(0), average(1)];
        }
    }
    chain
}

/// Only the places that shape the chain (Douglas and Peucker).
pub(super) fn reduced(chain: &Chain, budget: &Budget) -> Result<Chain, Exhausted> {
    budget.spend(chain.points.len() as u64)?;
    let mut points = chain.points.clone();
    if chain.closed {
        points.extend(chain.points.first().copied());
    }
    let Some(last) = points.len().checked_sub(1).filter(|l| *l > 1) else { return Ok(chain.clone()) };
    let mut keep = vec![false; points.len()];
    (keep[0], keep[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((a, b)) = open.pop() {
        // Between two like places, as a closed chain begins, all are as far as they are from the one.
        let worst = (a + 1..b)
            .map(|i| (off(points[i], points[a], points[b]), i))
            .max_by(|p, q| p.0.total_cmp(&q.0).then(q.1.cmp(&p.1)));
        if let Some((_, i)) = worst.filter(|w| w.0 > FLATNESS) {
            keep[i] = true;
            open.extend([(a, i), (i, b)]);
        }
    }
    let mut kept: Vec<[f32; 2]> = points.iter().zip(&keep).filter(|(_, k)| **k).map(|(p, _)| *p).collect();
    if chain.closed {
        kept.pop();
    }
    Ok(Chain { points: kept, ..chain.clone() })
}

fn gap(a: [f32; 2], b: [f32; 2]) -> f32 {
    // No pixels are so far apart that this overflows, and a root is the same everywhere.
    ((b[0] - a[0]).powi(2) + (b[1] - a[1]).powi(2)).sqrt()
}

/// Distance of a place from the line between two others.
fn off(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let n = dx * dx + dy * dy;
    if n == 0.0 {
        return gap(p, a);
    }
    let t = (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / n).clamp(0.0, 1.0);
    gap(p, [a[0] + dx * t, a[1] + dy * t])
}
