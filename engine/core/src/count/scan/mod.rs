//! Counting on scans: the exemplar's own picture against the page's.
//!
//! Tracing breaks and merges strokes each time elsewhere, so strokes of two scans of one symbol differ more than
//! those of two symbols. Pictures of both went through the same scanner and compare as they are.

mod coarse;
mod field;
mod judge;
mod patch;
mod sheet;

use rustc_hash::FxHashSet;

use super::candidates::Range;
use super::matching::Score;
use super::pose::Pose;
use super::search::{CountParams, Judged, Stopped};
use crate::budget::Budget;
use judge::{Judge, Seen};
pub(super) use patch::Patch;
pub(super) use sheet::Sheet;

/// Rough poses that are refined at most.
const MAX_REFINED: usize = 20_000;
const FLOOR: f64 = 0.5;
/// What is explained by wear, and how confidence falls past it.
const ABSENT: (f64, f64) = (0.04, 3.0);
const FOREIGN: (f64, f64) = (0.05, 2.5);
const PASSING: (f64, f64) = (0.10, 0.4);
const WORST: (f64, f64) = (0.25, 0.5);
const SIZE: (f64, f64) = (0.05, 1.5);
/// So sure that nothing else around needs a try, and how far around, diameters.
const SURE: f64 = 0.9;
const AROUND: f64 = 0.1;
/// What looking at a pose takes from the budget.
const LOOK_STEPS: u64 = 300;

fn past((slack, slope): (f64, f64), v: f64) -> f64 {
    slope * (v - slack).max(0.0)
}

fn confidence(seen: &Seen, scale: f64) -> f64 {
    (1.0 - past(ABSENT, seen.absent)
        - past(FOREIGN, seen.foreign)
        - past(PASSING, seen.passing)
        - past(WORST, seen.worst)
        - past(SIZE, scale.ln().abs()))
    .clamp(0.0, 1.0)
}

/// Every place of the page that shows the exemplar. `own` is where it was cut from, if from this page.
pub(super) fn search(
    page: &Sheet,
    patch: &Patch,
    params: &CountParams,
    range: Range,
    own: Option<Pose>,
    budget: &Budget,
) -> (Vec<Judged>, Result<(), Stopped>) {
    let coarser;
    let sheet = match patch.shift {
        0 => page,
        shift => {
            coarser = page.coarser(shift);
            &coarser
        }
    };
    let judge = Judge::new(sheet, patch);
    let proposed = coarse::propose(sheet, patch, &[1.0], params.mirrored, budget);
    let mut ended = proposed.ended.map_err(Stopped::from);
    let mut judged = Vec::new();
    let score = |pose: &Pose, seen: &Seen, confidence: f64| Score {
        confidence,
        coverage: (1.0 - seen.absent).max(0.0),
        extra: seen.foreign,
        base: confidence,
        claims: judge.claims(pose),
    };
    if let Some(pose) = own {
        judged.push(Judged { pose, score: score(&pose, &judge.look(&pose), 1.0), own: true });
    }
    let mut seen_at: FxHashSet<[i64; 5]> = FxHashSet::default();
    let mut sure: Vec<Pose> = own.into_iter().collect();
    let sizes = (range.min_scale, range.max_scale);
    let cell = patch.diameter * 0.03;
    let (mut n_ref, mut n_look) = (0, 0);
    for (n, rough) in proposed.rough.iter().enumerate() {
        if n >= MAX_REFINED {
            ended = ended.and(Err(Stopped::TooManyPlaces));
            break;
        }
        if let Err(e) = budget.spend(LOOK_STEPS) {
            ended = ended.and(Err(e.into()));
            break;
        }
        let near = |s: &Pose| {
            (s.x - rough.pose.x).abs().max((s.y - rough.pose.y).abs()) < AROUND * patch.diameter
        };
        if sure.iter().any(near) {
            continue;
        }
        n_ref += 1;
        let Some(pose) = judge.refine(&rough.pose, proposed.off, proposed.turn, sizes) else { continue };
        let key = [
            (pose.x / cell).round() as i64,
            (pose.y / cell).round() as i64,
            (pose.angle_deg() / 6.0).round() as i64 % 60,
            i64::from(pose.mirrored),
            (pose.scale().ln() / 0.03).round() as i64,
        ];
        if !seen_at.insert(key) {
            continue;
        }
        n_look += 1;
        let seen = judge.look(&pose);
        let confidence = confidence(&seen, pose.scale());
        if std::env::var("LOOKS").is_ok() && confidence > 0.2 {
            eprintln!("LOOK {:.0} {:.0} a{:.0} m{} s{:.2} c{confidence:.2} {seen:.2?} wrong {}", pose.x / 0.48, pose.y / 0.48, pose.angle_deg(), pose.mirrored, pose.scale(), rough.wrong);
        }
        if confidence >= FLOOR.min(params.threshold) {
            if confidence >= SURE {
                sure.push(pose);
            }
            judged.push(Judged { pose, score: score(&pose, &seen, confidence), own: false });
        }
    }
    if std::env::var("LOOKS").is_ok() {
        eprintln!("SCAN rough {} refined {n_ref} looked {n_look} judged {} diam {:.0} px shift {} split {}", proposed.rough.len(), judged.len(), patch.diameter * sheet.per_unit, patch.shift, patch.split);
    }
    (judged, ended)
}
