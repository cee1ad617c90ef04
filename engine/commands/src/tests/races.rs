//! Each write with each other write slipped in between its decision and its commit.

use takeoff_core::model::MeasurementType::{Area, Count, Linear};
use takeoff_core::model::{DetectionStatus, Id, MeasurementType};
use takeoff_core::page::display::PageKind;
use takeoff_engine::handle::Handle;

use super::{assert_settled, counting, measured, square};
use crate::assemblies::{self, AssemblyPatch, NewAssembly, NewComponent};
use crate::conditions::{self, ConditionPatch};
use crate::measurements::{self, MeasurementPatch};
use crate::scale::{ManualScale, batch_scale, set_scale};
use crate::testing::{Node, blank_list};
use crate::{CommandError, Ctx, Field, count, reads, templates};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Write {
    Measure,
    MeasureFirst,
    MeasureLocked,
    Redraw,
    Recalculate,
    Delete,
    Scale,
    ScaleMany,
    Deepen,
    BoxesToArea,
    BoxesComponent,
    FirstToCount,
    NewAssembly,
    Component,
    Markup,
    Lock,
    Unlock,
    DeleteAssembly,
    Take,
    RejectTaken,
    RejectOpen,
    DeleteTaken,
}

const WRITES: [Write; 22] = [
    Write::Measure,
    Write::MeasureFirst,
    Write::MeasureLocked,
    Write::Redraw,
    Write::Recalculate,
    Write::Delete,
    Write::Scale,
    Write::ScaleMany,
    Write::Deepen,
    Write::BoxesToArea,
    Write::BoxesComponent,
    Write::FirstToCount,
    Write::NewAssembly,
    Write::Component,
    Write::Markup,
    Write::Lock,
    Write::Unlock,
    Write::DeleteAssembly,
    Write::Take,
    Write::RejectTaken,
    Write::RejectOpen,
    Write::DeleteTaken,
];

/// A project in which every write has something to meet.
#[derive(Clone)]
struct Site {
    handle: Handle,
    project: Id,
    /// With components whose price depends on the quantity.
    template: Id,
    page: Id,
    /// Area, with two measurements and an assembly.
    slab: Id,
    slab_assembly: Id,
    drawn: Id,
    /// Linear, without anything.
    empty: Id,
    /// Count, with a rectangle and an assembly without components.
    boxes: Id,
    boxes_assembly: Id,
    /// Count, with the detections' measurements and a locked assembly.
    counted: Id,
    counted_assembly: Id,
    session: Id,
    /// A confirmed detection with a measurement, and one without.
    taken: Id,
    taken_measurement: Id,
    open: Id,
}

impl Site {
    async fn build(node: &Node) -> Self {
        let ctx = node.ctx();
        let project = node.project().await;
        let page = node.page(project, 1, &counting::drawn()).await.id;
        set_scale(&ctx, page, scale(10.0)).await.unwrap();
        let of = async |kind| node.condition(project, kind).await.id;
        let (slab, empty) = (of(Area).await, of(Linear).await);
        let (boxes, counted) = (of(Count).await, of(Count).await);
        let drawn = measured(node, square(slab, page, 100.0)).await;
        measured(node, square(slab, page, 40.0)).await;
        measured(node, square(boxes, page, 30.0)).await;
        let boxes_assembly = assemblies::create(&ctx, boxes, NewAssembly::default()).await.unwrap().id;
        let slab_assembly = assembly(&ctx, slab).await;
        let counted_assembly = assembly(&ctx, counted).await;

        let templates = reads::templates(&ctx).await.unwrap();
        let template = templates.iter().find(|t| t.measurement_type == Linear).unwrap().id;
        let session = count::start(&ctx, counting::request(page, counted)).await.unwrap();
        counting::finish(node, &session, &[1.0, 0.9]).await;
        let detections = reads::detections(&ctx, session.id).await.unwrap();
        let (taken, open) = (detections[0].id, detections[1].id);
        count::confirm(&ctx, taken).await.unwrap();
        count::create_measurements(&ctx, session.id).await.unwrap();
        count::confirm(&ctx, open).await.unwrap();
        let taken_measurement = reads::detection(&ctx, taken).await.unwrap().measurement_id.unwrap();
        assemblies::lock(&ctx, counted_assembly, "user").await.unwrap();
        Self {
            handle: node.handle.clone(),
            project,
            template,
            page,
            slab,
            slab_assembly,
            drawn,
            empty,
            boxes,
            boxes_assembly,
            counted,
            counted_assembly,
            session: session.id,
            taken,
            taken_measurement,
            open,
        }
    }

    async fn write(&self, write: Write) -> Result<(), CommandError> {
        let ctx = &Ctx::new(&self.handle, self.handle.tenant(), None);
        match write {
            Write::Measure => measure(ctx, self.slab, self.page).await,
            Write::MeasureFirst => measure(ctx, self.empty, self.page).await,
            Write::MeasureLocked => measure(ctx, self.counted, self.page).await,
            Write::Redraw => {
                let geometry_data = Some(square(self.slab, self.page, 70.0).geometry_data);
                let patch = MeasurementPatch { geometry_data, notes: None };
                measurements::update(ctx, self.drawn, patch).await.map(drop)
            }
            Write::Recalculate => measurements::recalculate(ctx, self.drawn).await.map(drop),
            Write::Delete => measurements::delete(ctx, self.drawn).await,
            Write::Scale => set_scale(ctx, self.page, scale(20.0)).await.map(drop),
            Write::ScaleMany => batch_scale(ctx, &[self.page], scale(5.0)).await.map(drop),
            Write::Deepen => {
                let patch = ConditionPatch { thickness: Field::Value(3.0), ..Default::default() };
                conditions::update(ctx, self.project, self.slab, patch).await.map(drop)
            }
            Write::BoxesComponent => {
                assemblies::add_component(ctx, self.boxes_assembly, component()).await.map(drop)
            }
            Write::BoxesToArea => self.retype(ctx, self.boxes, Area).await,
            Write::FirstToCount => self.retype(ctx, self.empty, Count).await,
            Write::NewAssembly => {
                let new = NewAssembly { template_id: Some(self.template), ..NewAssembly::default() };
                assemblies::create(ctx, self.empty, new).await.map(drop)
            }
            Write::Component => {
                assemblies::add_component(ctx, self.slab_assembly, component()).await.map(drop)
            }
            Write::Markup => {
                let patch = AssemblyPatch { overhead_percent: Some(12.0), ..Default::default() };
                assemblies::update(ctx, self.slab_assembly, patch).await.map(drop)
            }
            Write::Lock => assemblies::lock(ctx, self.slab_assembly, "user").await.map(drop),
            Write::Unlock => assemblies::unlock(ctx, self.counted_assembly).await.map(drop),
            Write::DeleteAssembly => assemblies::delete(ctx, self.slab_assembly).await,
            Write::Take => count::create_measurements(ctx, self.session).await.map(drop),
            Write::RejectTaken => count::reject(ctx, self.taken).await.map(drop),
            Write::RejectOpen => count::reject(ctx, self.open).await.map(drop),
            Write::DeleteTaken => measurements::delete(ctx, self.taken_measurement).await,
        }
    }

    async fn retype(&self, ctx: &Ctx<'_>, id: Id, kind: MeasurementType) -> Result<(), CommandError> {
        let patch = ConditionPatch { measurement_type: Some(kind), ..Default::default() };
        conditions::update(ctx, self.project, id, patch).await.map(drop)
    }

    /// Detections and the measurements made of them know each other, and the session's tally is theirs.
    async fn assert_linked(&self, node: &Node, raced: &str) {
        let ctx = node.ctx();
        let detections = reads::detections(&ctx, self.session).await.unwrap();
        let mut linked: Vec<Id> = detections.iter().filter_map(|d| d.measurement_id).collect();
        let all = reads::measurements_of_condition(&ctx, self.counted).await.unwrap();
        let mut made: Vec<Id> = all.iter().filter(|m| m.is_ai_generated).map(|m| m.id).collect();
        linked.sort_unstable();
        made.sort_unstable();
        assert_eq!(linked, made, "{raced}");
        let rejected = |d: &&takeoff_core::model::Detection| d.status == DetectionStatus::Rejected;
        assert!(detections.iter().filter(rejected).all(|d| d.measurement_id.is_none()), "{raced}");
        let session = reads::session(&ctx, self.session).await.unwrap();
        assert_eq!(session.rejected_count, detections.iter().filter(rejected).count() as u64, "{raced}");
    }
}

fn scale(value: f64) -> ManualScale {
    ManualScale { value: Some(value), unit: "foot".to_owned(), text: None }
}

fn component() -> NewComponent {
    NewComponent {
        quantity_formula: Some("{qty} * 2 + {perimeter} + {count} + {thickness}".to_owned()),
        unit_cost: Some("1.25".parse().unwrap()),
        ..NewComponent::named("any", "EA")
    }
}

async fn assembly(ctx: &Ctx<'_>, condition_id: Id) -> Id {
    let id = assemblies::create(ctx, condition_id, NewAssembly::default()).await.unwrap().id;
    assemblies::add_component(ctx, id, component()).await.unwrap();
    id
}

async fn measure(ctx: &Ctx<'_>, condition_id: Id, page_id: Id) -> Result<(), CommandError> {
    measurements::create(ctx, square(condition_id, page_id, 60.0)).await.map(drop)
}

fn tolerable(result: &Result<(), CommandError>) -> bool {
    use CommandError::{Invalid, Locked, NotFound};
    matches!(result, Ok(()) | Err(Invalid { .. } | Locked | NotFound { .. }))
}

#[tokio::test]
async fn every_write_survives_every_other_one_slipped_in() {
    let node = Node::start().await;
    templates::seed(&node.ctx()).await.unwrap();
    for first in WRITES {
        for second in WRITES {
            let site = Site::build(&node).await;
            let other = site.clone();
            node.catalog.before_commit(async move {
                let done = other.write(second).await;
                assert!(tolerable(&done), "{second:?}: {done:?}");
            });
            let done = site.write(first).await;
            assert!(node.catalog.has_happened(), "{first:?} committed nothing");
            assert!(tolerable(&done), "{first:?} with {second:?} slipped in: {done:?}");
            let raced = format!("{first:?} with {second:?} slipped in");
            assert_settled(&node, site.project, &raced).await;
            site.assert_linked(&node, &raced).await;
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_always_too_late_gives_up() {
    let node = Node::start().await;
    let project = node.project().await;
    let page = node.page(project, 1, &blank_list(PageKind::Vector)).await;
    let ctx = node.ctx();
    let mut tries = crate::retry::Tries::new(&ctx);
    for left in (0..8).rev() {
        let mut stale = takeoff_storage::Batch::new(ctx.tenant);
        stale.update(99, &page);
        match tries.commit(stale).await {
            Ok(committed) => assert!(!committed && left > 0),
            Err(e) => assert!(matches!(e, CommandError::Conflict) && left == 0, "{e:?}"),
        }
    }
}
