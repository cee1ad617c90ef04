//! Regular families of parallel lines: hatch, tiles, louvres.

use super::ink::Segment;

/// Lines of a family at least.
const MIN_LINES: usize = 6;
/// Directions of one family differ by less, degrees.
const SAME_DIRECTION: f32 = 1.5;
/// Offsets this close are one line, list units.
const SAME_OFFSET: f32 = 0.1;

fn direction_deg(s: &Segment) -> f32 {
    (s.b[1] - s.a[1]).atan2(s.b[0] - s.a[0]).to_degrees().rem_euclid(180.0)
}

/// Which pieces belong to at least [`MIN_LINES`] parallel lines at one distance, smaller than `max_gap`.
pub(super) fn regular(pieces: &[Segment], max_gap: f32) -> Vec<bool> {
    let mut marks = vec![false; pieces.len()];
    let mut order: Vec<(f32, usize)> = pieces
        .iter()
        .enumerate()
        .filter(|(_, s)| s.length() >= 0.5)
        .map(|(i, s)| (direction_deg(s), i))
        .collect();
    // Directions around 0 and 180 degrees are the same family.
    for d in &mut order {
        if d.0 > 180.0 - SAME_DIRECTION {
            d.0 -= 180.0;
        }
    }
    order.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
    for family in order.chunk_by(|p, q| q.0 - p.0 < SAME_DIRECTION * 0.5) {
        if family.len() >= MIN_LINES {
            mark_family(pieces, family, max_gap, &mut marks);
        }
    }
    marks
}

fn mark_family(pieces: &[Segment], family: &[(f32, usize)], max_gap: f32, marks: &mut [bool]) {
    let (sin, cos) = family[family.len() / 2].0.to_radians().sin_cos();
    let mut offsets: Vec<(f32, usize)> = family
        .iter()
        .map(|&(_, i)| {
            let m = pieces[i].at(0.5);
            (m[1] * cos - m[0] * sin, i)
        })
        .collect();
    offsets.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
    let groups: Vec<&[(f32, usize)]> = offsets.chunk_by(|p, q| q.0 - p.0 < SAME_OFFSET).collect();
    let mut from = 0;
    while from + 1 < groups.len() {
        let gap = groups[from + 1][0].0 - groups[from][0].0;
        let mut to = from + 1;
        while to + 1 < groups.len() && (groups[to + 1][0].0 - groups[to][0].0 - gap).abs() <= gap * 0.15 {
            to += 1;
        }
        if to + 1 - from >= MIN_LINES && gap <= max_gap {
            groups[from..=to].iter().flat_map(|g| g.iter()).for_each(|&(_, i)| marks[i] = true);
        }
        from = to;
    }
}

/// Whether some parallel piece among those that leave the box belongs to the same pattern: same
/// direction and a length across the border.
pub(super) fn continues(piece: &Segment, beyond: &[Segment]) -> bool {
    let d = direction_deg(piece);
    let same = |o: &&Segment| {
        let turn = (direction_deg(o) - d).abs();
        turn.min(180.0 - turn) < SAME_DIRECTION
    };
    beyond.iter().filter(same).count() >= 2
}
