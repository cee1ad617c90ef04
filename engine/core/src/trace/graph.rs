//! From lines one pixel wide to chains of places between ends and junctions.

use std::ops::Range;

use smallvec::SmallVec;

use super::bits::Bits;
use crate::budget::{Budget, Exhausted};

/// A chain from node to node, or closed in itself; pixels, the middle of the first is at 0.5.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chain {
    pub(super) points: Vec<[f32; 2]>,
    pub(super) closed: bool,
    /// Nodes at its ends; of a closed chain none.
    pub(super) ends: [u32; 2],
}

/// What a thinned picture consists of.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) chains: Vec<Chain>,
    pub(super) nodes: Vec<Node>,
}

/// An end, or a place where strokes meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) place: [f32; 2],
    /// Only one stroke ends here.
    pub(super) free: bool,
}

pub(super) const NONE: u32 = u32::MAX;

/// The set pixels, numbered row by row.
struct Pixels {
    places: Vec<[u32; 2]>,
    /// Which of the eight around each are set, and the numbers of the first of them above and below.
    around: Vec<u8>,
    first: Vec<[u32; 2]>,
}

/// Those around a pixel, in the order of their numbers.
const NORTH_WEST: u8 = 1;
const NORTH: u8 = 2;
const NORTH_EAST: u8 = 4;
const WEST: u8 = 8;
const EAST: u8 = 16;
const SOUTH_WEST: u8 = 32;
const SOUTH: u8 = 64;
const SOUTH_EAST: u8 = 128;

/// Those of the eight that a pen goes to.
const WAYS: [u8; 256] = {
    let mut ways = [0; 256];
    let mut set = 0;
    while set < 256 {
        let across = [
            (NORTH_EAST, NORTH | EAST),
            (SOUTH_EAST, SOUTH | EAST),
            (SOUTH_WEST, SOUTH | WEST),
            (NORTH_WEST, NORTH | WEST),
        ];
        let mut left = set as u8;
        let mut k = 0;
        while k < across.len() {
            if set as u8 & across[k].1 != 0 {
                left &= !across[k].0;
            }
            k += 1;
        }
        ways[set] = left;
        set += 1;
    }
    ways
};

/// The ways from a pixel one after the other, straight ones first, clockwise from the one above.
struct Next {
    left: u8,
    set: u8,
    i: u32,
    above: u32,
    below: u32,
}

impl Iterator for Next {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let order = [NORTH, EAST, SOUTH, WEST, NORTH_EAST, SOUTH_EAST, SOUTH_WEST, NORTH_WEST];
        let way = order.into_iter().find(|way| self.left & way != 0)?;
        self.left &= !way;
        let has = |which: u8| u32::from(self.set & which != 0);
        Some(match way {
            NORTH => self.above + has(NORTH_WEST),
            EAST => self.i + 1,
            SOUTH => self.below + has(SOUTH_WEST),
            WEST => self.i - 1,
            NORTH_EAST => self.above + has(NORTH_WEST) + has(NORTH),
            SOUTH_EAST => self.below + has(SOUTH_WEST) + has(SOUTH),
            SOUTH_WEST => self.below,
            _ => self.above,
        })
    }
}

impl Pixels {
    fn of(bits: &Bits) -> Self {
        let mut places = Vec::with_capacity(bits.count());
        // Where each row begins.
        let mut rows = vec![0; bits.height + 1];
        bits.each(|x, y| {
            places.push([x as u32, y as u32]);
            rows[y + 1] = places.len();
        });
        for y in 0..bits.height {
            rows[y + 1] = rows[y + 1].max(rows[y]);
        }
        let mut out = Self { around: vec![0; places.len()], first: vec![[0; 2]; places.len()], places };
        for y in 0..bits.height {
            let own = rows[y]..rows[y + 1];
            for i in own.clone() {
                let x = out.places[i][0];
                let west = i > own.start && out.places[i - 1][0] + 1 == x;
                let east = i + 1 < own.end && out.places[i + 1][0] == x + 1;
                out.around[i] = if west { WEST } else { 0 } | if east { EAST } else { 0 };
            }
            if y > 0 {
                out.see(own.clone(), rows[y - 1]..rows[y], 0, [NORTH_WEST, NORTH, NORTH_EAST]);
            }
            if y + 1 < bits.height {
                out.see(own, rows[y + 1]..rows[y + 2], 1, [SOUTH_WEST, SOUTH, SOUTH_EAST]);
            }
        }
        out
    }

    /// Which pixels of the row beside each of a row's are next to it. Both go from left to right.
    fn see(&mut self, own: Range<usize>, beside: Range<usize>, side: usize, [west, middle, east]: [u8; 3]) {
        let mut k = beside.start;
        for i in own {
            let x = self.places[i][0];
            while k < beside.end && self.places[k][0] + 1 < x {
                k += 1;
            }
            self.first[i][side] = k as u32;
            for place in &self.places[k..beside.end.min(k + 3)] {
                self.around[i] |= match (place[0] + 1).wrapping_sub(x) {
                    0 => west,
                    1 => middle,
                    2 => east,
                    _ => 0,
                };
            }
        }
    }

    /// Pixels that a pen goes to from here: those beside, above and below, and those across a corner
    /// that no other way leads to.
    fn next(&self, i: u32) -> Next {
        let (set, [above, below]) = (self.around[i as usize], self.first[i as usize]);
        Next { left: WAYS[usize::from(set)], set, i, above, below }
    }

    /// How many these are.
    fn degree(&self, i: u32) -> u8 {
        WAYS[usize::from(self.around[i as usize])].count_ones() as u8
    }

    fn middle(&self, i: u32) -> [f32; 2] {
        self.places[i as usize].map(|v| v as f32 + 0.5)
    }
}

/// Ends and junctions: which node a pixel is of, and where the nodes are.
struct Nodes {
    of: Vec<u32>,
    all: Vec<Node>,
    /// Pixels of each node.
    members: Vec<SmallVec<[u32; 4]>>,
}

impl Nodes {
    fn find(pixels: &Pixels, budget: &Budget) -> Result<Self, Exhausted> {
        let n = pixels.places.len();
        let mut degree = Vec::with_capacity(n);
        for i in 0..n as u32 {
            if i % 4096 == 0 {
                budget.spend(4096)?;
            }
            degree.push(pixels.degree(i));
        }
        let mut nodes = Self { of: vec![NONE; n], all: Vec::new(), members: Vec::new() };
        for i in 0..n as u32 {
            if degree[i as usize] == 2 || nodes.of[i as usize] != NONE {
                continue;
            }
            let id = nodes.members.len() as u32;
            let mut members: SmallVec<[u32; 4]> = SmallVec::from_slice(&[i]);
            nodes.of[i as usize] = id;
            let mut at = 0;
            // Junction pixels that touch are one junction.
            while degree[i as usize] > 2 && at < members.len() {
                for j in pixels.next(members[at]) {
                    if degree[j as usize] > 2 && nodes.of[j as usize] == NONE {
                        nodes.of[j as usize] = id;
                        members.push(j);
                    }
                }
                at += 1;
            }
            let sum =
                members.iter().map(|&m| pixels.middle(m)).fold([0.0; 2], |a, p| [a[0] + p[0], a[1] + p[1]]);
            let place = sum.map(|v| v / members.len() as f32);
            nodes.all.push(Node { place, free: degree[i as usize] <= 1 });
            nodes.members.push(members);
        }
        Ok(nodes)
    }
}

/// All chains of a thinned picture, in a fixed order.
pub(super) fn graph(bits: &Bits, budget: &Budget) -> Result<Graph, Exhausted> {
    let pixels = Pixels::of(bits);
    let nodes = Nodes::find(&pixels, budget)?;
    let mut visited = vec![false; pixels.places.len()];
    let mut out = Vec::new();
    for (id, members) in nodes.members.iter().enumerate() {
        budget.spend(8)?;
        for &member in members {
            for first in pixels.next(member) {
                let at = nodes.of[first as usize];
                if at == NONE {
                    if !visited[first as usize] {
                        out.push(walk(&pixels, &nodes, &mut visited, id, member, first));
                    }
                } else if (id as u32) < at {
                    // Two nodes side by side; seen once from the first.
                    out.push(Chain {
                        points: vec![nodes.all[id].place, nodes.all[at as usize].place],
                        closed: false,
                        ends: [id as u32, at],
                    });
                }
            }
        }
    }
    for i in 0..pixels.places.len() as u32 {
        if nodes.of[i as usize] == NONE && !visited[i as usize] {
            out.push(ring(&pixels, &mut visited, i));
        }
    }
    Ok(Graph { chains: out, nodes: nodes.all })
}

/// From a node over `first` to the next node.
fn walk(pixels: &Pixels, nodes: &Nodes, visited: &mut [bool], id: usize, from: u32, first: u32) -> Chain {
    let mut points = vec![nodes.all[id].place];
    let (mut before, mut here) = (from, first);
    let end = loop {
        visited[here as usize] = true;
        points.push(pixels.middle(here));
        let Some(next) = pixels.next(here).find(|&n| n != before) else { break id };
        if nodes.of[next as usize] != NONE {
            break nodes.of[next as usize] as usize;
        }
        if visited[next as usize] {
            break id;
        }
        (before, here) = (here, next);
    };
    points.push(nodes.all[end].place);
    Chain { points, closed: false, ends: [id as u32, end as u32] }
}

/// A ring of pixels that each have two neighbours.
fn ring(pixels: &Pixels, visited: &mut [bool], start: u32) -> Chain {
    let mut points = Vec::new();
    let mut here = start;
    loop {
        visited[here as usize] = true;
        points.push(pixels.middle(here));
        match pixels.next(here).find(|&n| !visited[n as usize]) {
            Some(next) => here = next,
            None => break,
        }
    }
    Chain { points, closed: true, ends: [NONE; 2] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pen_goes_to_each_neighbour_that_no_other_way_leads_to(
            set in prop::collection::vec([0_usize..70, 0_usize..12], 0..300),
        ) {
            let mut bits = Bits::blank(70, 12);
            set.iter().for_each(|[x, y]| bits.row_mut(*y)[x / 64] |= 1 << (x % 64));
            let pixels = Pixels::of(&bits);
            let number = |x: i64, y: i64| {
                pixels.places.iter().position(|p| [i64::from(p[0]), i64::from(p[1])] == [x, y]).map(|i| i as u32)
            };
            for (i, place) in pixels.places.iter().enumerate() {
                let [x, y] = place.map(i64::from);
                let straight = [(0, -1), (1, 0), (0, 1), (-1, 0)].map(|(dx, dy)| number(x + dx, y + dy));
                let mut ways: Vec<u32> = straight.iter().flatten().copied().collect();
                for (k, (dx, dy)) in [(1, -1), (1, 1), (-1, 1), (-1, -1)].into_iter().enumerate() {
                    if straight[k].is_none() && straight[(k + 1) % 4].is_none() {
                        ways.extend(number(x + dx, y + dy));
                    }
                }
                prop_assert_eq!(pixels.degree(i as u32) as usize, ways.len());
                prop_assert_eq!(pixels.next(i as u32).collect::<Vec<_>>(), ways);
            }
        }
    }
}
