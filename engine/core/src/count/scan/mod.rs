//! Counting on scans: the exemplar's own picture against the page's.
//!
//! Tracing breaks and merges strokes each time elsewhere, so strokes of two scans of one symbol differ more than
//! those of two symbols. Pictures of both went through the same scanner and compare as they are.

mod coarse;
mod field;
mod judge;
mod patch;
mod sheet;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::candidates::Range;
use super::matching::Score;
use super::pose::Pose;
use super::search::{CountParams, Judged, Stopped};
use crate::budget::Budget;
use judge::{Judge, Seen};
pub(super) use patch::Patch;
pub(super) use sheet::Sheet;

static ROUGH: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| std::env::var("ROUGH").is_ok());
/// Rough poses that are refined at most.
const MAX_REFINED: usize = 4_000;
/// And moved at all.
const MAX_SETTLED: usize = 60_000;
/// Settled poses that fit less are not refined.
const LEAST_FIT: f64 = 0.4;
/// Poses refined in one place.
const OF_A_PLACE: usize = 4;
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
/// Poses that lie on the ink of another by more than this share are one symbol.
const SAME_INK: f64 = 0.5;
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
    let t0 = std::time::Instant::now();
    let proposed = coarse::propose(sheet, patch, &[1.0], params.mirrored, budget);
    let t1 = t0.elapsed();
    let mut ended = proposed.ended.map_err(Stopped::from);
    let mut judged: Vec<(Judged, Vec<(i32, i32)>)> = Vec::new();
    let score = |seen: &Seen, confidence: f64| Score {
        confidence,
        coverage: (1.0 - seen.absent).max(0.0),
        extra: seen.foreign,
        base: confidence,
        claims: Vec::new(),
    };
    if let Some(pose) = own {
        let score = score(&judge.look(&pose), 1.0);
        judged.push((Judged { pose, score, own: true }, judge.claims(&pose)));
    }
    let mut settled: Vec<(f64, Pose)> = Vec::new();
    for rough in proposed.rough.iter().take(MAX_SETTLED) {
        if let Err(e) = budget.spend(LOOK_STEPS) {
            ended = ended.and(Err(e.into()));
            break;
        }
        let (fit, pose) = judge.settle(&rough.pose, proposed.off, proposed.turn);
        if *ROUGH {
            let k = sheet.per_unit * f64::from(1 << patch.shift);
            eprintln!("ROUGH {:.0} {:.0} {:.0} {} wrong {} fit {fit:.2}", pose.x * k, pose.y * k, pose.angle_deg(), u8::from(pose.mirrored), rough.wrong);
        }
        if fit >= judge::HOPELESS - 0.15 {
            settled.push((fit, pose));
        }
    }
    let t2 = t0.elapsed() - t1;
    settled.sort_by(|p, q| q.0.total_cmp(&p.0).then(p.1.y.total_cmp(&q.1.y)).then(p.1.x.total_cmp(&q.1.x)));
    let cell = (patch.diameter * 0.1).max(3.0 / sheet.per_unit);
    let mut tried: FxHashSet<[i64; 4]> = FxHashSet::default();
    let mut of_place: FxHashMap<(i64, i64), usize> = FxHashMap::default();
    let mut sure: Vec<Pose> = own.into_iter().collect();
    let sizes = (range.min_scale, range.max_scale);
    let (mut n_ref, mut n_look) = (0, 0);
    for (fit, start) in &settled {
        if n_ref >= MAX_REFINED {
            ended = ended.and(Err(Stopped::TooManyPlaces));
            break;
        }
        if let Err(e) = budget.spend(LOOK_STEPS) {
            ended = ended.and(Err(e.into()));
            break;
        }
        if *fit < LEAST_FIT {
            break;
        }
        let near = |s: &Pose| (s.x - start.x).abs().max((s.y - start.y).abs()) < AROUND * patch.diameter;
        if sure.iter().any(near) {
            continue;
        }
        let key = [
            (start.x / cell).round() as i64,
            (start.y / cell).round() as i64,
            (start.angle_deg() / 10.0).round() as i64 % 36,
            i64::from(start.mirrored),
        ];
        if !tried.insert(key) {
            continue;
        }
        let many = of_place.entry((key[0], key[1])).or_default();
        *many += 1;
        if *many > OF_A_PLACE {
            continue;
        }
        n_ref += 1;
        let Some(pose) = judge.refine(start, sizes) else { continue };
        n_look += 1;
        let seen = judge.look(&pose);
        let confidence = confidence(&seen, pose.scale());
        if std::env::var("LOOKS").is_ok() {
            eprintln!("LOOK {:.1} {:.1} {:.0} {} {:.3} c {confidence:.2} {:.3} {:.3} {:.3} {:.3} {:.3} f {fit:.2}", pose.x, pose.y, pose.angle_deg(), u8::from(pose.mirrored), pose.scale(), seen.absent, seen.foreign, seen.passing, seen.worst, seen.alike);
        }
        if confidence >= FLOOR.min(params.threshold) {
            if confidence >= SURE {
                sure.push(pose);
            }
            judged.push((Judged { pose, score: score(&seen, confidence), own: false }, judge.claims(&pose)));
        }
    }
    if std::env::var("LOOKS").is_ok() {
        eprintln!("SCAN propose {:?} settle {:?} rest {:?} rough {} settled {} refined {n_ref} looked {n_look} judged {} diam {:.0} px shift {} split {}", t1, t2, t0.elapsed() - t1 - t2, proposed.rough.len(), settled.len(), judged.len(), patch.diameter * sheet.per_unit, patch.shift, patch.split);
    }
    (strongest(judged), ended)
}

/// One pose a symbol: the strongest that does not lie on the ink of a stronger one.
fn strongest(mut judged: Vec<(Judged, Vec<(i32, i32)>)>) -> Vec<Judged> {
    judged.sort_by(|(p, _), (q, _)| {
        q.own
            .cmp(&p.own)
            .then(q.score.confidence.total_cmp(&p.score.confidence))
            .then(p.pose.y.total_cmp(&q.pose.y))
            .then(p.pose.x.total_cmp(&q.pose.x))
    });
    let mut owners: FxHashMap<(i32, i32), SmallVec<[u32; 2]>> = FxHashMap::default();
    let mut kept: Vec<Judged> = Vec::new();
    for (j, claims) in judged {
        let mut shared: FxHashMap<u32, usize> = FxHashMap::default();
        for claim in &claims {
            owners.get(claim).into_iter().flatten().for_each(|&o| *shared.entry(o).or_default() += 1);
        }
        let most = shared.values().copied().max().unwrap_or(0);
        if most as f64 > SAME_INK * claims.len() as f64 {
            continue;
        }
        let owner = kept.len() as u32;
        for (x, y) in claims {
            for at in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy))) {
                let list = owners.entry(at).or_default();
                if list.last() != Some(&owner) {
                    list.push(owner);
                }
            }
        }
        kept.push(j);
    }
    kept
}
