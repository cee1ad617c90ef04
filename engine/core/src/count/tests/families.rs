//! Every family among its look-alikes: any angle, both sides, every way of drawing.

use rand::Rng;

use super::super::CountParams;
use super::sheet::{HABITS, Habit, Sheet, Tally, at, box_around, count, families, middle, summary, tally};
use crate::geom::PxPoint;

/// A page of one family: `copies` of the first symbol and as many of each look-alike in a loose raster.
fn page(
    family: usize,
    copies: usize,
    turns: &dyn Fn(&mut Sheet) -> f64,
    seed: u64,
) -> (Sheet, Vec<PxPoint>, crate::geom::PxRect) {
    let symbols = &families()[family].1;
    let mut sheet = Sheet::new(2000.0, 1500.0, seed);
    let mut places = Vec::new();
    for row in 0..25 {
        for column in 0..35 {
            places.push([60.0 + f64::from(column) * 55.0, 60.0 + f64::from(row) * 55.0]);
        }
    }
    let exemplar_pose = at(places[0][0], places[0][1], 0.0, 1.0, false);
    sheet.symbol(&symbols[0], &exemplar_pose, Habit::Polylines(32), 0);
    let mut truth = vec![middle(&sheet, &symbols[0], &exemplar_pose)];
    let drawn = box_around(&sheet, &symbols[0], &exemplar_pose, 1.0);
    let mut next = 1;
    for _ in 0..copies {
        for (i, symbol) in symbols.iter().enumerate() {
            let jitter = [sheet.rng.random_range(-4.0..4.0), sheet.rng.random_range(-4.0..4.0)];
            let turn = turns(&mut sheet);
            let mirrored = sheet.rng.random_bool(0.3);
            let scale = sheet.rng.random_range(0.9..1.1);
            let pose = at(places[next][0] + jitter[0], places[next][1] + jitter[1], turn, scale, mirrored);
            let habit = HABITS[sheet.rng.random_range(0..HABITS.len())];
            sheet.symbol(symbol, &pose, habit, 0);
            if i == 0 {
                truth.push(middle(&sheet, symbol, &pose));
            }
            next += 1;
        }
    }
    (sheet, truth, drawn)
}

#[test]
fn every_family_is_found_among_its_look_alikes_at_any_angle() {
    for (family, (name, _)) in families().iter().enumerate() {
        for seed in [1, 2] {
            let (sheet, truth, drawn) = page(family, 40, &|s| s.rng.random_range(0.0..360.0), seed);
            let outcome = count(&sheet, drawn, &CountParams::default());
            let all = Tally { right: 41, wrong: 0, missed: 0 };
            assert_eq!(
                tally(&outcome.detections, &truth),
                all,
                "{name}, seed {seed}: {}",
                summary(&outcome, &truth)
            );
            assert!(outcome.detections[0].is_exemplar && outcome.detections[0].confidence == 1.0, "{name}");
            let weakest = outcome.detections.last().unwrap().confidence;
            assert!(weakest >= 0.9, "{name}: an exact instance has only {weakest}");
        }
    }
}
