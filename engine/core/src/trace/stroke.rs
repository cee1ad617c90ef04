//! Chains of pixels to strokes: hairs off, middles found, corners kept.

use super::Gray;
use super::graph::Chain;
use super::ink::Levels;
use crate::budget::{Budget, Exhausted};

/// Largest distance between a chain and the line that stands for it, pixels.
const FLATNESS: f32 = 0.6;
/// Pixels before and after a place that give the direction there.
const REACH: usize = 4;
/// Steps between the samples of a profile, pixels, and how far a middle may move.
const STEP: f32 = 0.5;
const MAX_SHIFT: f32 = 1.2;

/// Without the hairs that thinning leaves at the edge of a thick or ragged stroke.
pub(super) fn pruned(mut chains: Vec<Chain>, radius: f32) -> Vec<Chain> {
    let hair = (radius * 0.5).max(2.0);
    chains.retain(|c| {
        let loose = c.free[0] != c.free[1];
        let speck = c.free[0] && c.free[1] && !c.closed;
        let length = length(&c.points);
        !(loose && length < hair * 1.5 || speck && length < hair)
    });
    chains
}

fn length(points: &[[f32; 2]]) -> f32 {
    points.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum()
}

/// Unit normal of a chain at a place; `None` where it has no direction.
fn normal(points: &[[f32; 2]], i: usize, closed: bool) -> Option<[f32; 2]> {
    let n = points.len();
    let (a, b) = if closed {
        (points[(i + n - REACH.min(n / 3)) % n], points[(i + REACH.min(n / 3)) % n])
    } else {
        (points[i.saturating_sub(REACH)], points[(i + REACH).min(n - 1)])
    };
    let d = [b[0] - a[0], b[1] - a[1]];
    let l = d[0].hypot(d[1]);
    (l > 0.5).then(|| [-d[1] / l, d[0] / l])
}

/// Each place moved across the stroke to the middle of its darkness, then smoothed.
pub(super) fn centred(mut chain: Chain, gray: &Gray<'_>, levels: &Levels, radius: f32) -> Chain {
    let points = &chain.points;
    let inner = if chain.closed { 0..points.len() } else { 1..points.len().saturating_sub(1) };
    let mut moved = points.clone();
    for i in inner {
        let Some(n) = normal(points, i, chain.closed) else { continue };
        let p = points[i];
        let paper = levels.paper(
            (p[0] as usize).min(gray.width - 1),
            (p[1] as usize).min(gray.height - 1),
        );
        let dark = |t: f32| (paper - gray.sample(p[0] + n[0] * t, p[1] + n[1] * t)).max(0.0);
        let middle = dark(0.0);
        // From the middle to either side until the stroke ends: beyond, another one may begin.
        let (mut sum, mut moment) = (middle, 0.0);
        for side in [-1.0, 1.0] {
            let mut before = middle;
            let mut t = STEP;
            while t <= radius + 1.0 {
                let here = dark(side * t);
                if here < middle * 0.12 || here > before + middle * 0.3 {
                    break;
                }
                sum += here;
                moment += here * side * t;
                before = here;
                t += STEP;
            }
        }
        if sum > 0.0 {
            let shift = (moment / sum).clamp(-MAX_SHIFT, MAX_SHIFT);
            moved[i] = [p[0] + n[0] * shift, p[1] + n[1] * shift];
        }
    }
    chain.points = moved;
    smoothed(chain)
}

/// Each place of an outline moved to where brightness is half way to paper, then smoothed.
pub(super) fn on_edge(mut chain: Chain, gray: &Gray<'_>, levels: &Levels) -> Chain {
    let points = chain.points.clone();
    for (i, p) in points.iter().enumerate() {
        let Some(n) = normal(&points, i, chain.closed) else { continue };
        let paper = levels.paper(
            (p[0] as usize).min(gray.width - 1),
            (p[1] as usize).min(gray.height - 1),
        );
        let bright = |t: f32| gray.sample(p[0] + n[0] * t, p[1] + n[1] * t);
        let half = (paper + bright(0.0).min(paper)) / 2.0;
        let crossing = [-1.0_f32, 1.0].into_iter().find_map(|side| {
            (1..=4).map(|k| side * STEP * k as f32).find(|&t| bright(t) > half)
        });
        if let Some(t) = crossing {
            let t = t - t.signum() * STEP / 2.0;
            chain.points[i] = [p[0] + n[0] * t, p[1] + n[1] * t];
        }
    }
    smoothed(chain)
}

/// Two passes of a short average; ends stay.
fn smoothed(mut chain: Chain) -> Chain {
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
            for k in 0..2 {
                chain.points[i][k] = (old[a][k] + 2.0 * old[i][k] + old[b][k]) / 4.0;
            }
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
    (b[0] - a[0]).hypot(b[1] - a[1])
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
