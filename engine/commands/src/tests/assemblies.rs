use rust_decimal::Decimal;
use takeoff_core::job::JobState;
use takeoff_core::model::ComponentType::{Labor, Material};
use takeoff_core::model::MeasurementType::{Area, Linear};
use takeoff_core::model::{Assembly, Id};
use takeoff_storage::Batch;
use takeoff_storage::catalog::JobQuery;

use super::{assert_settled, measured, refusal, square};
use crate::assemblies::{
    AssemblyPatch, ComponentPatch, NewAssembly, NewComponent, add_component, calculate, create, delete,
    delete_component, lock, reorder_components, unlock, update, update_component,
};
use crate::testing::{Node, id};
use crate::{CommandError, Ctx, Field, reads, templates};

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The example of the rules: 1,000 square feet; total 15259.28.
async fn example(node: &Node) -> (Id, Assembly) {
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let slab = node.condition(project, Area).await;
    let assembly = create(&ctx, slab.id, NewAssembly::default()).await.unwrap();
    let material = NewComponent {
        quantity_formula: Some("{qty} * 1.1".to_owned()),
        unit_cost: Some(money("12.34567")),
        waste_percent: Some(5.0),
        ..NewComponent::named("Tiles", "SF")
    };
    let labor = NewComponent {
        component_type: Some(Labor),
        quantity_formula: Some("{qty} / 100".to_owned()),
        unit_cost: Some(money("100")),
        labor_hours: Some(8.0),
        ..NewComponent::named("Setter", "DAY")
    };
    add_component(&ctx, assembly.id, material).await.unwrap();
    add_component(&ctx, assembly.id, labor).await.unwrap();
    let mut new = square(slab.id, page.id, 1.0);
    new.geometry_data = serde_json::json!({"x": 0, "y": 0, "width": 400, "height": 250});
    measured(node, new).await;
    (project, reads::assembly(&ctx, assembly.id).await.unwrap())
}

#[tokio::test]
async fn the_price_follows_measurements_components_and_markup() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (project, assembly) = example(&node).await;
    assert_eq!(assembly.material_cost, money("14259.28"));
    assert_eq!(assembly.labor_cost, money("1000.00"));
    assert_eq!(assembly.total_cost, money("15259.28"));
    assert_eq!(assembly.unit_cost, money("15.2593"));
    assert_eq!(assembly.total_labor_hours, 80.0);
    assert_eq!(assembly.components[0].unit_cost, money("12.3457"));

    let patch =
        AssemblyPatch { overhead_percent: Some(10.0), profit_percent: Some(8.0), ..AssemblyPatch::default() };
    assert_eq!(update(&ctx, assembly.id, patch).await.unwrap().total_with_markup, money("18005.95"));

    let labor = assembly.components[1].id;
    let patch = ComponentPatch { unit_cost: Some(money("200")), ..ComponentPatch::default() };
    let line = update_component(&ctx, labor, patch).await.unwrap();
    assert_eq!((line.assembly_id, line.component.extended_cost), (assembly.id, money("2000.00")));
    assert_eq!(reads::assembly(&ctx, assembly.id).await.unwrap().total_cost, money("16259.28"));
    delete_component(&ctx, labor).await.unwrap();
    assert_eq!(reads::assembly(&ctx, assembly.id).await.unwrap().total_cost, money("14259.28"));
    let summary = reads::cost_summary(&ctx, project).await.unwrap();
    assert_eq!((summary.total_conditions, summary.conditions_with_assemblies), (1, 1));
    assert_eq!(summary.total_cost, money("14259.28"));
    assert_settled(&node, project, "the writes").await;
}

#[tokio::test]
async fn calculate_is_a_job_that_is_waited_for() {
    let node = Node::start().await;
    let (_, assembly) = example(&node).await;
    let priced = calculate(&node.ctx(), assembly.id).await.unwrap();
    assert_eq!(priced.total_cost, money("15259.28"));
    let read = reads::assembly(&node.ctx(), assembly.id).await.unwrap();
    assert_eq!(read, priced);
    let unknown = calculate(&node.ctx(), id(1)).await;
    assert!(matches!(unknown, Err(CommandError::NotFound { what: "Assembly" })));
}

#[tokio::test]
async fn an_assembly_deleted_while_its_calculation_waits_is_not_found() {
    let node = Node::start().await;
    let (_, assembly) = example(&node).await;
    let (handle, id) = (node.handle.clone(), assembly.id);
    node.catalog.before_commit(async move {
        let ctx = Ctx::new(&handle, handle.tenant(), None);
        delete(&ctx, id).await.unwrap();
    });
    let gone = calculate(&node.ctx(), id).await;
    assert!(node.catalog.has_happened());
    assert!(matches!(gone, Err(CommandError::NotFound { what: "Assembly" })), "{gone:?}");
    let query = JobQuery { subject_id: Some(id), limit: 10, ..JobQuery::default() };
    let jobs = node.handle.catalog().jobs(node.handle.tenant(), query).await.unwrap().jobs;
    let job = jobs.last().unwrap();
    assert_eq!((job.state, job.attempts, job.failures.len()), (JobState::Refused, 0, 0));
    assert!(job.error.as_deref().is_some_and(|e| e.contains("deleted")), "{job:?}");
}

fn locked<T: std::fmt::Debug>(result: Result<T, CommandError>) {
    match result {
        Err(e @ CommandError::Locked) => assert!(e.to_string().contains("locked")),
        other => panic!("not refused as locked: {other:?}"),
    }
}

#[tokio::test]
async fn a_lock_freezes_the_numbers_and_unlocking_brings_them_up_to_date() {
    let node = Node::start().await;
    let ctx: Ctx<'_> = node.ctx();
    let (project, assembly) = example(&node).await;
    let (id, component) = (assembly.id, assembly.components[0].id);
    let frozen = lock(&ctx, id, "user").await.unwrap();
    assert!(frozen.is_locked && frozen.locked_at.is_some());
    assert_eq!(lock(&ctx, id, "other").await.unwrap().locked_by.as_deref(), Some("user"));
    locked(update(&ctx, id, AssemblyPatch::default()).await);
    locked(delete(&ctx, id).await);
    locked(calculate(&ctx, id).await);
    locked(add_component(&ctx, id, NewComponent::named("x", "EA")).await);
    locked(update_component(&ctx, component, ComponentPatch::default()).await);
    locked(delete_component(&ctx, component).await);
    locked(reorder_components(&ctx, id, &[component]).await);
    let made = reads::measurements_of_condition(&ctx, assembly.condition_id).await.unwrap();
    crate::measurements::delete(&ctx, made[0].id).await.unwrap();
    let still = reads::assembly(&ctx, id).await.unwrap();
    assert_eq!((still.total_cost, still.is_locked), (money("15259.28"), true));
    let open = unlock(&ctx, id).await.unwrap();
    assert_eq!((open.total_cost, open.is_locked, open.locked_by), (money("0.00"), false, None));
    assert_settled(&node, project, "the writes").await;
}

#[tokio::test]
async fn a_lock_is_told_when_its_condition_measures_something_else() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (project, assembly) = example(&node).await;
    // As an engine wrote it that did not keep what it was priced for.
    let read = crate::load::required::<Assembly>(&ctx.desk(), assembly.id, "Assembly").await.unwrap();
    let mut batch = Batch::new(ctx.tenant);
    batch.update(read.version, &Assembly { priced_for: None, ..read.value });
    ctx.handle.commit(batch).await.unwrap();
    let frozen = lock(&ctx, assembly.id, "user").await.unwrap();
    assert_eq!(frozen.priced_for, assembly.priced_for, "the lock takes it down");
    assert_eq!(reads::price_doubt(&ctx, &frozen).await.unwrap(), None);
    let page = reads::measurements_of_condition(&ctx, assembly.condition_id).await.unwrap()[0].page_id;
    measured(&node, square(assembly.condition_id, page, 100.0)).await;
    let frozen = reads::assembly(&ctx, assembly.id).await.unwrap();
    let said = reads::price_doubt(&ctx, &frozen).await.unwrap().unwrap();
    assert!(said.starts_with("locked at 1000 SF; the condition now measures 1100 SF"), "{said}");
    assert_eq!(reads::cost_summary(&ctx, project).await.unwrap().outdated_locks.len(), 1);
    let open = unlock(&ctx, assembly.id).await.unwrap();
    assert_eq!(open.priced_for.as_ref().map(|p| p.quantity), Some(1_100.0));
    assert_eq!(reads::price_doubt(&ctx, &open).await.unwrap(), None);
}

#[tokio::test]
async fn a_condition_has_one_assembly() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let condition = node.condition(node.project().await, Linear).await;
    assert_eq!(reads::assembly_of(&ctx, condition.id).await.unwrap(), None);
    let first = create(&ctx, condition.id, NewAssembly::default()).await.unwrap();
    assert_eq!((first.name.as_str(), first.default_waste_percent), ("Walls", 5.0));
    let second = refusal(create(&ctx, condition.id, NewAssembly::default()).await);
    assert!(second.contains("already has an assembly"), "{second}");
    assert!(refusal(create(&ctx, id(1), NewAssembly::default()).await).contains("not found"));
    delete(&ctx, first.id).await.unwrap();
    create(&ctx, condition.id, NewAssembly::default()).await.unwrap();

    let contested = node.condition(condition.project_id, Linear).await;
    let racers =
        futures::future::join_all((0..6).map(|_| create(&ctx, contested.id, NewAssembly::default()))).await;
    assert_eq!(racers.iter().filter(|r| r.is_ok()).count(), 1, "{racers:?}");
}

#[tokio::test]
async fn what_cannot_be_priced_is_refused_on_save_with_its_place() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (_, assembly) = example(&node).await;
    let component = assembly.components[0].id;
    let formula =
        |text: &str| ComponentPatch { quantity_formula: Some(text.to_owned()), ..ComponentPatch::default() };
    for (text, part) in [
        ("{qty} * {widht}", "Unknown variable"),
        ("{qty} / 0", "Division by zero"),
        ("{qty} +", "at character"),
        ("min()", "at character"),
        (&"(".repeat(70), "at character"),
        (&"1+".repeat(300), "500"),
    ] {
        let on_update = refusal(update_component(&ctx, component, formula(text)).await);
        assert!(on_update.contains(part), "{text}: {on_update}");
        let new = NewComponent { quantity_formula: Some(text.to_owned()), ..NewComponent::named("x", "EA") };
        refusal(add_component(&ctx, assembly.id, new).await);
    }
    for patch in [
        ComponentPatch { waste_percent: Some(101.0), ..ComponentPatch::default() },
        ComponentPatch { waste_percent: Some(f64::NAN), ..ComponentPatch::default() },
        ComponentPatch { labor_hours: Field::Value(-1.0), ..ComponentPatch::default() },
        ComponentPatch { unit_cost: Some(Decimal::MAX), ..ComponentPatch::default() },
        ComponentPatch { name: Some("x".repeat(256)), ..ComponentPatch::default() },
    ] {
        refusal(update_component(&ctx, component, patch).await);
    }
    assert_eq!(reads::assembly(&ctx, assembly.id).await.unwrap().components, assembly.components);
    let unknown = update_component(&ctx, id(1), ComponentPatch::default()).await;
    assert!(matches!(unknown, Err(CommandError::NotFound { what: "Component" })));
}

#[tokio::test]
async fn a_formula_that_fails_with_these_numbers_is_an_error_of_its_line() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (project, assembly) = example(&node).await;
    let patch = ComponentPatch {
        quantity_formula: Some("{qty} / {thickness}".to_owned()),
        ..ComponentPatch::default()
    };
    let line = update_component(&ctx, assembly.components[0].id, patch).await.unwrap();
    assert!(line.component.error.is_some());
    let now = reads::assembly(&ctx, assembly.id).await.unwrap();
    assert_eq!((now.components_in_error, now.total_cost), (1, money("1000.00")));
    assert_eq!(reads::cost_summary(&ctx, project).await.unwrap().components_in_error, 1);
}

#[tokio::test]
async fn components_keep_an_order() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let condition = node.condition(node.project().await, Area).await;
    let assembly = create(&ctx, condition.id, NewAssembly::default()).await.unwrap().id;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(add_component(&ctx, assembly, NewComponent::named(name, "EA")).await.unwrap().component.id);
    }
    let names = async || {
        let stored = reads::assembly(&ctx, assembly).await.unwrap();
        stored.components.iter().map(|c| (c.name.clone(), c.sort_order)).collect::<Vec<_>>()
    };
    let listed = |order: [(&str, i64); 3]| order.map(|(n, s)| (n.to_owned(), s)).to_vec();
    assert_eq!(names().await, listed([("a", 0), ("b", 1), ("c", 2)]));
    reorder_components(&ctx, assembly, &[ids[2], id(1), ids[0], ids[1], ids[2]]).await.unwrap();
    assert_eq!(names().await, listed([("c", 0), ("a", 1), ("b", 2)]));
}

#[tokio::test]
async fn templates_are_seeded_once_and_followed() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let written = templates::seed(&ctx).await.unwrap();
    assert!(written >= 10, "{written}");
    assert_eq!(templates::seed(&ctx).await.unwrap(), 0);
    let all = reads::templates(&ctx).await.unwrap();
    assert_eq!(all.len(), written);
    let template = all.iter().find(|t| t.measurement_type == Area).unwrap();
    let condition = node.condition(node.project().await, Area).await;
    let new = NewAssembly { template_id: Some(template.id), ..NewAssembly::default() };
    let assembly = create(&ctx, condition.id, new).await.unwrap();
    assert_eq!((&assembly.name, assembly.template_id), (&template.name, Some(template.id)));
    let copied: Vec<_> = assembly.components.iter().map(|c| (&c.name, &c.quantity_formula)).collect();
    let defined: Vec<_> =
        template.component_definitions.iter().map(|c| (&c.name, &c.quantity_formula)).collect();
    assert_eq!(copied, defined);
    assert!(assembly.components.iter().any(|c| c.component_type == Material));
    let other = node.condition(condition.project_id, Area).await;
    let unknown = NewAssembly { template_id: Some(id(1)), ..NewAssembly::default() };
    assert!(refusal(create(&ctx, other.id, unknown).await).contains("not found"));
}
