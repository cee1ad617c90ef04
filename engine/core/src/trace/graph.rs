//! From lines one pixel wide to chains of places between ends and junctions.

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
type Neighbours = SmallVec<[u32; 8]>;

/// The set pixels, numbered row by row.
struct Pixels<'a> {
    bits: &'a Bits,
    /// Number of the first pixel of each word.
    first: Vec<u32>,
    words: usize,
    places: Vec<[u32; 2]>,
}

impl<'a> Pixels<'a> {
    fn of(bits: &'a Bits) -> Self {
        let words = bits.width.div_ceil(64);
        let mut first = Vec::with_capacity(words * bits.height);
        let mut n = 0;
        for y in 0..bits.height {
            for word in bits.row(y) {
                first.push(n);
                n += word.count_ones();
            }
        }
        let mut places = Vec::with_capacity(n as usize);
        bits.each(|x, y| places.push([x as u32, y as u32]));
        Self { bits, first, words, places }
    }

    fn number(&self, x: i32, y: i32) -> Option<u32> {
        self.bits.at(x, y).then(|| {
            let (x, y) = (x as usize, y as usize);
            let below = self.bits.row(y)[x / 64] & ((1 << (x % 64)) - 1);
            self.first[y * self.words + x / 64] + below.count_ones()
        })
    }

    /// Pixels that a pen goes to from here: those beside, above and below, and those across a corner
    /// that no other way leads to.
    fn next(&self, i: u32) -> Neighbours {
        let [x, y] = self.places[i as usize].map(|v| v as i32);
        let mut out = Neighbours::new();
        let straight = [(0, -1), (1, 0), (0, 1), (-1, 0)].map(|(dx, dy)| self.number(x + dx, y + dy));
        out.extend(straight.iter().flatten().copied());
        for (k, (dx, dy)) in [(1, -1), (1, 1), (-1, 1), (-1, -1)].into_iter().enumerate() {
            if straight[k].is_none() && straight[(k + 1) % 4].is_none() {
                out.extend(self.number(x + dx, y + dy));
            }
        }
        out
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
    fn find(pixels: &Pixels<'_>, budget: &Budget) -> Result<Self, Exhausted> {
        let n = pixels.places.len();
        let mut degree = Vec::with_capacity(n);
        for i in 0..n as u32 {
            if i % 4096 == 0 {
                budget.spend(4096)?;
            }
            degree.push(pixels.next(i).len() as u8);
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
fn walk(pixels: &Pixels<'_>, nodes: &Nodes, visited: &mut [bool], id: usize, from: u32, first: u32) -> Chain {
    let mut points = vec![nodes.all[id].place];
    let (mut before, mut here) = (from, first);
    let end = loop {
        visited[here as usize] = true;
        points.push(pixels.middle(here));
        let Some(next) = pixels.next(here).into_iter().find(|&n| n != before) else { break id };
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
fn ring(pixels: &Pixels<'_>, visited: &mut [bool], start: u32) -> Chain {
    let mut points = Vec::new();
    let mut here = start;
    loop {
        visited[here as usize] = true;
        points.push(pixels.middle(here));
        match pixels.next(here).into_iter().find(|&n| !visited[n as usize]) {
            Some(next) => here = next,
            None => break,
        }
    }
    Chain { points, closed: true, ends: [NONE; 2] }
}
