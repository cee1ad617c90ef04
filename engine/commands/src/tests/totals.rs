//! Totals and prices stay right under any sequence of writes, and under writers that race.

use futures::future::join_all;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use takeoff_core::model::MeasurementType::{Area, Count, Linear, Volume};
use takeoff_core::model::{Id, MeasurementType, Page};

use super::assert_settled;
use crate::assemblies::{self, AssemblyPatch, NewAssembly, NewComponent};
use crate::conditions::{self, ConditionPatch, NewCondition};
use crate::measurements::{self, MeasurementPatch, NewMeasurement};
use crate::scale::{ManualScale, batch_scale, set_scale};
use crate::testing::Node;
use crate::{CommandError, Ctx, Field, reads};

struct Site<'a> {
    ctx: Ctx<'a>,
    project: Id,
    pages: Vec<Page>,
    conditions: Vec<Id>,
}

impl<'a> Site<'a> {
    async fn build(node: &'a Node) -> Self {
        let (ctx, project) = (node.ctx(), node.project().await);
        let mut site = Self { ctx, project, pages: Vec::new(), conditions: Vec::new() };
        for number in 1..=3 {
            site.pages.push(node.scaled_page(project, number).await);
        }
        for kind in [Linear, Area, Volume, Count] {
            let new = NewCondition { depth: Some(4.0), ..NewCondition::named("any", kind) };
            let condition = conditions::create(&ctx, project, new).await.unwrap().id;
            site.conditions.push(condition);
            let assembly = assemblies::create(&ctx, condition, NewAssembly::default()).await.unwrap();
            for formula in ["{qty} * 1.1", "{perimeter} + {count}", "{qty} / {thickness}"] {
                let component = NewComponent {
                    quantity_formula: Some(formula.to_owned()),
                    unit_cost: Some("3.3333".parse().unwrap()),
                    ..NewComponent::named("any", "EA")
                };
                assemblies::add_component(&ctx, assembly.id, component).await.unwrap();
            }
        }
        site
    }

    fn condition(&self, rng: &mut ChaCha8Rng) -> Id {
        *self.conditions.choose(rng).unwrap()
    }

    fn page(&self, rng: &mut ChaCha8Rng) -> Id {
        self.pages.choose(rng).unwrap().id
    }

    async fn any_measurement(&self, rng: &mut ChaCha8Rng) -> Option<Id> {
        let all = reads::measurements_of_condition(&self.ctx, self.condition(rng)).await.unwrap();
        all.choose(rng).map(|m| m.id)
    }

    async fn assembly(&self, rng: &mut ChaCha8Rng) -> Id {
        reads::assembly_of(&self.ctx, self.condition(rng)).await.unwrap().unwrap().id
    }

    /// One random write. What the domain refuses is fine; what it does must be right.
    async fn step(&self, rng: &mut ChaCha8Rng) -> Result<(), CommandError> {
        let ctx = &self.ctx;
        match rng.random_range(0..12) {
            0..=4 => measurements::create(ctx, self.measurement(rng)).await.map(drop),
            5 => match self.any_measurement(rng).await {
                Some(id) => measurements::delete(ctx, id).await,
                None => Ok(()),
            },
            6 => match self.any_measurement(rng).await {
                Some(id) => {
                    let patch = MeasurementPatch { geometry_data: Some(rectangle(rng)), notes: None };
                    measurements::update(ctx, id, patch).await.map(drop)
                }
                None => Ok(()),
            },
            7 => set_scale(ctx, self.page(rng), scale(rng)).await.map(drop),
            8 => batch_scale(ctx, &[self.pages[0].id, self.pages[2].id], scale(rng)).await.map(drop),
            9 => {
                let depth = [Field::Null, Field::Value(6.0), Field::Value(12.5)][rng.random_range(0..3)];
                let thickness = [Field::Absent, Field::Null, Field::Value(2.0)][rng.random_range(0..3)];
                let kind: Option<MeasurementType> = [None, Some(Area), Some(Count)][rng.random_range(0..3)];
                let patch = ConditionPatch { depth, thickness, measurement_type: kind, ..Default::default() };
                conditions::update(ctx, self.project, self.condition(rng), patch).await.map(drop)
            }
            10 => {
                let patch = AssemblyPatch {
                    overhead_percent: Some(rng.random_range(0.0..50.0)),
                    ..Default::default()
                };
                assemblies::update(ctx, self.assembly(rng).await, patch).await.map(drop)
            }
            _ => {
                let id = self.assembly(rng).await;
                if rng.random() {
                    assemblies::lock(ctx, id, "user").await.map(drop)
                } else {
                    assemblies::unlock(ctx, id).await.map(drop)
                }
            }
        }
    }

    fn measurement(&self, rng: &mut ChaCha8Rng) -> NewMeasurement {
        let (geometry_type, geometry_data) = match rng.random_range(0..4) {
            0 => {
                let end = json!({"x": rng.random_range(1.0..900.0), "y": 5});
                ("line", json!({"start": {"x": 0, "y": 0}, "end": end}))
            }
            1 => ("point", json!({"x": 4, "y": 4})),
            2 => ("circle", json!({"center": {"x": 100, "y": 100}, "radius": rng.random_range(1.0..90.0)})),
            _ => ("rectangle", rectangle(rng)),
        };
        NewMeasurement {
            condition_id: self.condition(rng),
            page_id: self.page(rng),
            geometry_type: geometry_type.to_owned(),
            geometry_data,
            notes: None,
        }
    }
}

fn rectangle(rng: &mut ChaCha8Rng) -> Value {
    json!({"x": 0, "y": 0, "width": rng.random_range(1.0..900.0), "height": rng.random_range(1.0..900.0)})
}

fn scale(rng: &mut ChaCha8Rng) -> ManualScale {
    ManualScale { value: Some(rng.random_range(1.0..100.0)), unit: "foot".to_owned(), text: None }
}

fn tolerable(result: Result<(), CommandError>, seed: u64) {
    match result {
        Ok(())
        | Err(
            CommandError::Invalid { .. }
            | CommandError::Locked
            | CommandError::Conflict
            | CommandError::NotFound { .. },
        ) => {}
        Err(e) => panic!("seed {seed}: {e:?}"),
    }
}

#[tokio::test]
async fn any_sequence_of_writes_leaves_what_a_recalculation_gives() {
    let node = Node::start().await;
    for seed in 0..12 {
        let site = Site::build(&node).await;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..40 {
            tolerable(site.step(&mut rng).await, seed);
        }
        assert_settled(&node, site.project, "the writes").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_race_leave_what_a_recalculation_gives() {
    let node = Node::start().await;
    for seed in 0..4 {
        let site = Site::build(&node).await;
        let writers = (0..8).map(|writer| {
            let site = &site;
            async move {
                let mut rng = ChaCha8Rng::seed_from_u64(1_000 * seed + writer);
                for _ in 0..12 {
                    tolerable(site.step(&mut rng).await, seed);
                }
            }
        });
        join_all(writers).await;
        assert_settled(&node, site.project, "the writes").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_accepted_measurement_counts() {
    let node = Node::start().await;
    let site = Site::build(&node).await;
    let closets = site.conditions[3];
    let new = NewMeasurement {
        condition_id: closets,
        page_id: site.pages[0].id,
        geometry_type: "point".to_owned(),
        geometry_data: json!({"x": 4, "y": 4}),
        notes: None,
    };
    let made = join_all((0..30).map(|_| measurements::create(&site.ctx, new.clone()))).await;
    let accepted = made.iter().filter(|m| m.is_ok()).count();
    assert!(accepted >= 8, "{accepted} of 30 were accepted");
    assert_eq!(super::total(&node, closets).await, (accepted as f64, accepted as u64));
    assert_settled(&node, site.project, "the writes").await;
}
