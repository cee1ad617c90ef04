//! Which poses bring an exemplar onto itself.

use std::f64::consts::TAU;

use super::inkmap::InkMap;
use super::matching::wide;
use super::pose::Pose;
use super::template::Template;

/// Share of the ink that must fall on ink.
const SELF_COVERAGE: f64 = 0.97;
const ALL: f64 = 0.999;
/// How near it must fall, in tolerances.
const REACH: f32 = 0.7;
/// Turns that are tried besides those that the exemplar's own lines suggest, degrees.
const TURN_STEP: f64 = 7.5;
/// Turns that no regular polygon shares; a shape that agrees with all of them is round.
const ODD_TURNS: [f64; 4] = [37.0, 71.0, 113.0, 167.0];
/// Poses at most; a shape with more is round.
const MAX_SYMMETRIES: usize = 24;

/// Of the template's symmetries, without the identity, those that lay all of it on itself.
pub(super) fn exact(template: &Template, step: f32) -> Vec<Pose> {
    let map = ink(template, step);
    let others = template.symmetries.iter().skip(1).copied();
    others.filter(|pose| covers(template, &map, pose, ALL)).collect()
}

fn ink(template: &Template, step: f32) -> InkMap {
    let reach = template.tolerance as f32 * REACH + step * 0.5;
    InkMap::of(template.samples.iter().map(|s| (&s.p, &s.d)), reach)
}

/// The symmetries, the identity first, and whether the shape is round.
pub(super) fn of(template: &Template, step: f32) -> (Vec<Pose>, bool) {
    let map = ink(template, step);
    let middle = template.centroid;
    let about = |angle: f64, mirrored: bool| {
        let turned = Pose::turned(angle, mirrored);
        let moved = turned.apply(middle);
        Pose { x: middle[0] - moved[0], y: middle[1] - moved[1], ..turned }
    };
    let holds = |pose: &Pose| covers(template, &map, pose, SELF_COVERAGE);
    let identity = Pose::turned(0.0, false);
    if ODD_TURNS.iter().all(|t| holds(&about(t.to_radians(), false))) {
        return (vec![identity], true);
    }
    let mut candidates = Vec::new();
    let steps = (360.0 / TURN_STEP) as u32;
    for k in 0..steps {
        let angle = TAU * f64::from(k) / f64::from(steps);
        candidates.extend([about(angle, false), about(angle, true)]);
    }
    for k in 1..7_u32 {
        candidates.extend([5, 7].map(|n| about(TAU * f64::from(k) / f64::from(n), false)));
    }
    candidates.extend(line_angles(template).into_iter().map(|a| about(a, true)));
    let mut found: Vec<Pose> = vec![identity];
    for pose in candidates {
        let known = |o: &Pose| o.mirrored == pose.mirrored && (o.re - pose.re).hypot(o.im - pose.im) < 0.06;
        if found.len() < MAX_SYMMETRIES && !found.iter().any(known) && holds(&pose) {
            found.push(pose);
        }
    }
    (found, false)
}

/// Turns after mirroring that keep the direction of some line or the bisector of two.
fn line_angles(template: &Template) -> Vec<f64> {
    let mut angles: Vec<f64> = Vec::new();
    for l in template.lines.iter().rev().take(12) {
        let a = f64::from(l.b[1] - l.a[1]).atan2(f64::from(l.b[0] - l.a[0]));
        for o in template.lines.iter().rev().take(12) {
            let b = f64::from(o.b[1] - o.a[1]).atan2(f64::from(o.b[0] - o.a[0]));
            // Mirroring about the vertical axis takes direction a to pi - a.
            let turn = (b - (TAU / 2.0 - a)).rem_euclid(TAU);
            angles.extend([turn, (turn + TAU / 2.0).rem_euclid(TAU)]);
        }
    }
    angles.sort_by(f64::total_cmp);
    angles.dedup_by(|a, b| (*a - *b).abs() < 0.01);
    angles
}

/// Whether so much of the ink falls on ink.
fn covers(template: &Template, map: &InkMap, pose: &Pose, share: f64) -> bool {
    let mut may_miss = template.weight * (1.0 - share);
    template.samples.iter().all(|s| {
        if !map.has(pose.apply(wide(s.p)), pose.turn(wide(s.d))) {
            may_miss -= f64::from(s.weight);
        }
        may_miss >= 0.0
    })
}
