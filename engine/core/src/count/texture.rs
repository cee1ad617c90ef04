//! Regular families of parallel lines: hatch, tiles, louvres.

use super::ink::{InkStyle, Segment};
use crate::geom::{ListRect, clip};

/// Lines of a family at least.
const MIN_LINES: usize = 6;
/// Directions of one family differ by less, degrees.
pub(super) const SAME_DIRECTION: f32 = 1.5;
/// Offsets this close are one line, and an offset this close to a lattice is on it, list units.
const SAME_OFFSET: f32 = 0.13;
/// Share by which gaps of a family may differ.
const GAP_SHARE: f32 = 0.15;
/// Share of the gaps that must be regular (some lines of a hatch are cut away).
const REGULAR_SHARE: f32 = 0.6;
/// Lattices between each other at most, lines in a row of one that may be wanting, and the share that must be there.
const MAX_INTERLEAVED: usize = 3;
/// Lines of one at least: a few at one distance are found among any lines.
const MIN_INTERLEAVED: usize = 12;
/// Of more lines it takes too long to tell.
const MOST_BETWEEN: usize = 200;
const FIRST_STEPS: usize = 4;
const MAX_WANTING: f32 = 3.0;
const INTERLEAVED_SHARE: f32 = 0.8;
/// Share of all places that lie on one of the lines, from which on lines at any distance are found by chance.
const CROWDED: f32 = 0.5;
/// Shorter pieces have no sure direction.
const MIN_LENGTH: f32 = 0.5;

pub(super) fn direction_deg(s: &Segment) -> f32 {
    let d = (s.b[1] - s.a[1]).atan2(s.b[0] - s.a[0]).to_degrees().rem_euclid(180.0);
    // Directions around 0 and 180 degrees are the same family.
    if d > 180.0 - SAME_DIRECTION { d - 180.0 } else { d }
}

/// Distance of a piece from the origin, across a direction.
fn offset(s: &Segment, direction_deg: f32) -> f32 {
    let (sin, cos) = direction_deg.to_radians().sin_cos();
    let m = s.at(0.5);
    m[1] * cos - m[0] * sin
}

/// Pieces of one pen grouped by direction. By pen first: pieces of curves would join directions, and turn what they
/// have in common.
fn families(pieces: &[Segment]) -> Vec<(f32, Vec<usize>)> {
    let mut order: Vec<(u32, f32, usize)> = pieces
        .iter()
        .enumerate()
        .filter(|(_, s)| s.length() >= MIN_LENGTH)
        .map(|(i, s)| (s.style, direction_deg(s), i))
        .collect();
    order.sort_by(|p, q| p.0.cmp(&q.0).then(p.1.total_cmp(&q.1)).then(p.2.cmp(&q.2)));
    order
        .chunk_by(|p, q| p.0 == q.0 && q.1 - p.1 < SAME_DIRECTION * 0.5)
        .filter(|family| family.len() >= MIN_LINES)
        .map(|family| (family[family.len() / 2].1, family.iter().map(|f| f.2).collect()))
        .collect()
}

/// Which pieces belong to at least [`MIN_LINES`] parallel lines of one pen in a row at one distance,
/// smaller than `max_gap`.
pub(super) fn regular(pieces: &[Segment], max_gap: f32) -> Vec<bool> {
    let mut marks = vec![false; pieces.len()];
    for (direction, family) in families(pieces) {
        let mut offsets: Vec<(f32, usize)> =
            family.iter().map(|&i| (offset(&pieces[i], direction), i)).collect();
        offsets.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
        let groups: Vec<&[(f32, usize)]> = offsets.chunk_by(|p, q| q.0 - p.0 < SAME_OFFSET).collect();
        let gap_at = |i: usize| groups[i + 1][0].0 - groups[i][0].0;
        let mut from = 0;
        while from + 1 < groups.len() {
            let gap = gap_at(from);
            let mut to = from + 1;
            while to + 1 < groups.len() && (gap_at(to) - gap).abs() <= gap * GAP_SHARE {
                to += 1;
            }
            if to + 1 - from >= MIN_LINES && gap <= max_gap {
                groups[from..=to].iter().flat_map(|g| g.iter()).for_each(|&(_, i)| marks[i] = true);
            }
            from = to;
        }
    }
    marks
}

/// Hatches of a neighbourhood.
#[derive(Debug, Default)]
pub(super) struct Hatches {
    lattices: Vec<Lattice>,
}

/// Parallel lines of one pen at one distance.
#[derive(Debug)]
struct Lattice {
    direction: f32,
    style: InkStyle,
    first: f32,
    pitch: f32,
    lines: Vec<Extent>,
}

/// Where a line of a lattice runs: across and along its direction.
#[derive(Debug)]
struct Extent {
    offset: f32,
    from: f32,
    to: f32,
    piece: [[f32; 2]; 2],
}

impl Extent {
    fn of(s: &Segment, direction_deg: f32) -> Self {
        let (sin, cos) = direction_deg.to_radians().sin_cos();
        let along = |p: [f32; 2]| p[0] * cos + p[1] * sin;
        let (a, b) = (along(s.a), along(s.b));
        Self { offset: offset(s, direction_deg), from: a.min(b), to: a.max(b), piece: [s.a, s.b] }
    }
}

impl Hatches {
    /// The hatches that some pieces make whose lines are at most `max_gap` apart.
    pub(super) fn of(pieces: &[Segment], styles: &[InkStyle], max_gap: f32) -> Self {
        let mut lattices = Vec::new();
        for (direction, family) in families(pieces) {
            let offsets = family.iter().map(|&i| offset(&pieces[i], direction)).collect();
            // Strokes that were drawn as areas have two edges each, which lie at any distance.
            let drawn = family.iter().all(|&i| !pieces[i].solid);
            for (first, pitch) in found(offsets, max_gap, drawn) {
                let style = styles[pieces[family[0]].style as usize];
                let lines = family.iter().map(|&i| Extent::of(&pieces[i], direction)).collect();
                lattices.push(Lattice { direction, style, first, pitch, lines });
            }
        }
        Self { lattices }
    }

    /// Without those that have no line in a box: what hatches a neighbour is not what is under a symbol. Of `inside`,
    /// too, the pieces that were taken for the symbol's, none sticks out of its box where the hatch is its own.
    pub(super) fn entering(mut self, area: &ListRect, inside: &[Segment], styles: &[InkStyle]) -> Self {
        let enters = |[a, b]: [[f32; 2]; 2]| clip(a, b, area).is_some();
        let stay = |s: &Segment| clip(s.a, s.b, area).is_some_and(|(a, b)| [a, b] == [s.a, s.b]);
        let out: Vec<&Segment> = inside.iter().filter(|s| !stay(s)).collect();
        self.lattices.retain(|l| {
            l.lines.iter().any(|line| enters(line.piece)) || out.iter().any(|s| l.holds(s, styles))
        });
        self
    }

    /// Whether a piece is a scrap of one of the hatches: on its lattice, where none of its lines runs.
    /// A stroke over a line of a hatch that goes on under it is a stroke of its own.
    pub(super) fn hold(&self, piece: &Segment, styles: &[InkStyle]) -> bool {
        self.lattices.iter().any(|l| l.holds(piece, styles))
    }
}

impl Lattice {
    fn holds(&self, piece: &Segment, styles: &[InkStyle]) -> bool {
        let turn = (direction_deg(piece) - self.direction).abs();
        if turn.min(180.0 - turn) >= SAME_DIRECTION || !self.style.is_as(&styles[piece.style as usize]) {
            return false;
        }
        let own = Extent::of(piece, self.direction);
        let steps = (own.offset - self.first) / self.pitch;
        if (steps - steps.round()).abs() * self.pitch > SAME_OFFSET {
            return false;
        }
        let under = |line: &Extent| {
            (line.offset - own.offset).abs() <= SAME_OFFSET * 1.5
                && line.to.min(own.to) - line.from.max(own.from) > 0.5 * (own.to - own.from)
                && line.piece != own.piece
        };
        !self.lines.iter().any(under)
    }
}

/// First offset and pitch of each lattice that lines make.
fn found(mut offsets: Vec<f32>, max_gap: f32, drawn: bool) -> Vec<(f32, f32)> {
    offsets.sort_by(f32::total_cmp);
    offsets.dedup_by(|q, p| *q - *p < SAME_OFFSET);
    match lattice(&offsets, max_gap) {
        Some(one) => vec![one],
        None if !drawn => Vec::new(),
        None => interleaved(offsets, max_gap),
    }
}

/// Lattices of lines that lie between each other: hatches on both sides of a wall, each with a start of its own.
fn interleaved(mut offsets: Vec<f32>, max_gap: f32) -> Vec<(f32, f32)> {
    let mut found = Vec::new();
    if are_crowded(&offsets) || offsets.len() > MOST_BETWEEN {
        return found;
    }
    while found.len() < MAX_INTERLEAVED {
        let mut best = Chain::default();
        for (i, &first) in offsets.iter().enumerate() {
            for &other in offsets[i + 1..].iter().take(2 * MAX_INTERLEAVED * FIRST_STEPS) {
                // A pitch over some lines: each is rounded by itself.
                let pitch = (other - first) / FIRST_STEPS as f32;
                if pitch < 3.0 * SAME_OFFSET || pitch > max_gap {
                    continue;
                }
                let more = best.members.len().max(MIN_INTERLEAVED - 1) + 1;
                if let Some(chain) = Chain::of(&offsets, i, pitch, more) {
                    best = chain;
                }
            }
        }
        if best.members.len() < MIN_INTERLEAVED {
            break;
        }
        found.push((offsets[best.members[0]], best.pitch));
        let mut n = 0;
        offsets.retain(|_| {
            n += 1;
            !best.members.contains(&(n - 1))
        });
    }
    found
}

/// Whether so many lines lie there that they say nothing: trying them all would take long, too.
fn are_crowded(offsets: &[f32]) -> bool {
    let span = offsets.last().zip(offsets.first()).map_or(0.0, |(last, first)| last - first);
    2.0 * SAME_OFFSET * offsets.len() as f32 > CROWDED * (span + 2.0 * SAME_OFFSET)
}

/// Lines in equal steps, some of which may be wanting.
#[derive(Default)]
struct Chain {
    members: Vec<usize>,
    pitch: f32,
    /// From the first to the last.
    steps: f32,
}

impl Chain {
    /// Of a smaller pitch, too, there would be lines, and more that are wanting.
    fn is_whole(&self) -> bool {
        self.members.len() as f32 >= INTERLEAVED_SHARE * (self.steps + 1.0)
    }

    /// `None` if it has less members than so many, or is not whole: given up once what is left could hardly mend that.
    fn of(offsets: &[f32], from: usize, pitch: f32, least: usize) -> Option<Self> {
        let first = offsets[from];
        // The pitch changes a little on the way.
        let most_steps = (offsets[offsets.len() - 1] - first) / pitch * 1.1 + 2.0;
        let may_want = (most_steps + 1.0) * (1.0 - INTERLEAVED_SHARE) + 1.0;
        if offsets.len() - from < least || most_steps + 1.0 < least as f32 {
            return None;
        }
        let mut chain = Self { members: vec![from], pitch, steps: 0.0 };
        for (n, &o) in offsets.iter().enumerate().skip(from + 1) {
            // To the nearest without a call of `round`: there are millions.
            let steps = ((o - first) / chain.pitch + 0.5) as u32 as f32;
            if steps > chain.steps + MAX_WANTING {
                break;
            }
            if steps - chain.members.len() as f32 > may_want {
                return None;
            }
            if steps > chain.steps && (o - first - steps * chain.pitch).abs() <= SAME_OFFSET {
                chain.members.push(n);
                chain.steps = steps;
                if steps > FIRST_STEPS as f32 {
                    chain.pitch = (o - first) / steps;
                }
            }
        }
        (chain.members.len() >= least && chain.is_whole()).then_some(chain)
    }
}

/// First offset and pitch of lines that are mostly equally far apart, of sorted offsets.
fn lattice(offsets: &[f32], max_gap: f32) -> Option<(f32, f32)> {
    if offsets.len() < MIN_LINES {
        return None;
    }
    let gaps: Vec<f32> = offsets.windows(2).map(|w| w[1] - w[0]).collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    let fits = |g: &f32| (g - median).abs() <= median * GAP_SHARE;
    let regular = gaps.iter().filter(|g| fits(g)).count();
    if median > max_gap || regular + 1 < MIN_LINES || (regular as f32) < gaps.len() as f32 * REGULAR_SHARE {
        return None;
    }
    // The pitch as the mean over the longest regular stretch.
    let (mut best, mut from) = ((0, 0), 0);
    for i in 0..=gaps.len() {
        if i == gaps.len() || !fits(&gaps[i]) {
            if i - from > best.1 - best.0 {
                best = (from, i);
            }
            from = i + 1;
        }
    }
    let pitch = (offsets[best.1] - offsets[best.0]) / (best.1 - best.0) as f32;
    (best.1 - best.0 + 1 >= MIN_LINES).then_some((offsets[best.0], pitch))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines in equal steps.
    fn lines(first: f32, pitch: f32, count: u16) -> impl Iterator<Item = f32> {
        (0..count).map(move |k| first + f32::from(k) * pitch)
    }

    #[test]
    fn hatches_between_each_other_are_told_unless_lines_lie_everywhere() {
        let two = || lines(0.0, 4.0, 25).chain(lines(1.3, 5.1, 20));
        let both = found(two().collect(), 20.0, true);
        let pitches: Vec<f32> = both.iter().map(|l| (l.1 * 10.0).round() / 10.0).collect();
        assert_eq!(pitches, [4.0, 5.1]);
        assert!(found(two().collect(), 20.0, false).is_empty(), "areas have two edges each");
        // Among so many, any distance is one that lines have.
        let anywhere = (0..900_u32).map(|k| (k * 7_919 % 11_500) as f32 / 100.0);
        assert!(found(two().chain(anywhere).collect(), 20.0, true).is_empty());
    }
}
