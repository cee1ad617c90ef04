//! Chains of pixels to strokes: hairs off, middles found, corners kept.

use super::Gray;
use super::graph::{Chain, Graph};
use super::ink::Levels;
use crate::budget::{Budget, Exhausted};

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

/// Moves each place across the stroke to the middle of its darkness.
pub(super) fn centre(chain: &mut Chain, gray: &Gray<'_>, levels: &Levels, radius: f32) {
    let points = chain.points.clone();
    let inner = if chain.closed { 0..points.len() } else { 1..points.len().saturating_sub(1) };
    for i in inner {
        let Some(n) = normal(&points, i, chain.closed) else { continue };
        let p = points[i];
        let paper = levels.paper((p[0] as usize).min(gray.width - 1), (p[1] as usize).min(gray.height - 1));
        let dark = |t: f32| (paper - gray.sample(p[0] + n[0] * t, p[1] + n[1] * t)).max(0.0);
        // The darkest place near is in the stroke; from there to either side until it ends: beyond, another
        // one may begin.
        let top = [0.0, STEP, -STEP, 2.0 * STEP, -2.0 * STEP].map(|t| (dark(t), t));
        let (peak, top) = top.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
        let (mut sum, mut moment) = (peak, peak * top);
        for side in [-STEP, STEP] {
            let (mut before, mut t) = (peak, top + side);
            while (t - top).abs() <= radius + 1.0 {
                let here = dark(t);
                if here < peak * 0.15 || here > before + peak * 0.1 {
                    break;
                }
                sum += here;
                moment += here * t;
                before = here;
                t += side;
            }
        }
        if sum > 0.0 {
            let shift = (moment / sum).clamp(-MAX_SHIFT, MAX_SHIFT);
            chain.points[i] = [p[0] + n[0] * shift, p[1] + n[1] * shift];
        }
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
