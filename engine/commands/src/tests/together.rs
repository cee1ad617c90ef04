//! Many conditions and measurements made together: as one by one, at the cost of few.

use takeoff_core::model::MeasurementType::{Area, Linear};
use takeoff_core::model::{Id, Page};
use takeoff_storage::Batch;

use super::{assert_settled, condition, refusal, square};
use crate::conditions::{self, NewCondition};
use crate::measurements::{self, MOST_SHAPES, NewMeasurement};
use crate::reads::{self, Again};
use crate::testing::{Node, id};

/// Records that a takeoff of so many conditions on one page touches, ten shapes each.
async fn work_of(conditions: usize) -> u64 {
    let node = Node::start().await;
    let (ctx, project) = (node.ctx(), node.project().await);
    let page = node.scaled_page(project, 1).await;
    node.catalog.rows();
    let new = (0..conditions).map(|n| NewCondition::named(format!("Wall {n}"), Linear)).collect();
    let walls = conditions::create_all(&ctx, project, new).await.unwrap();
    for wall in walls {
        let wall = wall.unwrap();
        let shapes: Vec<NewMeasurement> = (0..10).map(|_| square(wall.id, page.id, 100.0)).collect();
        let made = measurements::create_all(&ctx, &shapes).await.unwrap();
        assert!(made.iter().all(Result::is_ok));
        assert_eq!(condition(&node, wall.id).await.measurement_count, 10);
    }
    let rows = node.catalog.rows();
    assert_settled(&node, project, "all walls").await;
    rows
}

#[tokio::test]
async fn twice_the_conditions_and_shapes_are_twice_the_work() {
    let (some, twice) = (work_of(100).await, work_of(200).await);
    assert!(twice * 10 <= some * 21, "{twice} records against {some}");
}

#[tokio::test]
async fn a_full_page_is_read_once_for_all_that_it_refuses() {
    let node = Node::start().await;
    let (ctx, project) = (node.ctx(), node.project().await);
    let page = node.scaled_page(project, 1).await;
    let mut left = MOST_SHAPES as usize;
    while left > 0 {
        let wall = node.condition(project, Linear).await;
        let part = left.min(700);
        let shapes = vec![square(wall.id, page.id, 100.0); part];
        let made = measurements::create_all(&ctx, &shapes).await.unwrap();
        assert!(made.iter().all(Result::is_ok));
        left -= part;
    }
    let wall = node.condition(project, Linear).await;
    let shapes = vec![square(wall.id, page.id, 100.0); 500];
    node.catalog.rows();
    let made = measurements::create_all(&ctx, &shapes).await.unwrap();
    assert!(made.into_iter().all(|m| refusal(m).contains("the page has 4000 measured shapes")));
    let rows = node.catalog.rows();
    assert!(rows < 10, "{rows} records");

    // As an engine left it that did not count: it is counted once, and written down though nothing is made.
    let read = crate::load::required::<Page>(&ctx.desk(), page.id, "Page").await.unwrap();
    let mut batch = Batch::new(ctx.tenant);
    batch.update(read.version, &Page { shapes: None, ..read.value });
    ctx.handle.commit(batch).await.unwrap();
    let new = square(wall.id, page.id, 100.0);
    for most in [MOST_SHAPES * 3 / 2, 10, 10] {
        node.catalog.rows();
        assert!(refusal(measurements::create(&ctx, new.clone()).await).contains("the page has 4000"));
        let rows = node.catalog.rows();
        assert!(rows < most, "{rows} records, not {most}");
    }
}

/// Records that making a shape, and looking whether it is there twice, touches.
async fn work_beside(node: &Node, new: NewMeasurement) -> u64 {
    let ctx = node.ctx();
    node.catalog.rows();
    let made = measurements::create(&ctx, new).await.unwrap();
    reads::again(&ctx, &made).await.unwrap();
    node.catalog.rows()
}

#[tokio::test]
async fn a_shape_costs_no_more_beside_thousands() {
    let node = Node::start().await;
    let (ctx, project) = (node.ctx(), node.project().await);
    let page = node.scaled_page(project, 1).await;
    let (one, other) = (node.condition(project, Linear).await, node.condition(project, Linear).await);
    let shapes = |condition: Id, n: usize| vec![square(condition, page.id, 100.0); n];
    measurements::create_all(&ctx, &shapes(one.id, 300)).await.unwrap();
    let some = work_beside(&node, square(one.id, page.id, 50.0)).await;
    measurements::create_all(&ctx, &shapes(one.id, 3_000)).await.unwrap();
    let many = work_beside(&node, square(one.id, page.id, 50.0)).await;
    // The node's own rounds read a few records at any time.
    assert!(many.abs_diff(some) < 20, "{some} records beside 300 shapes, {many} beside 3,000");
    let alone = work_beside(&node, square(other.id, page.id, 50.0)).await;
    assert!(many < 120 && alone < 120, "{many} records, {alone} of a condition with nothing else");
}

#[tokio::test]
async fn a_shape_that_is_there_twice_is_found_among_many_of_others() {
    let node = Node::start().await;
    let (ctx, project) = (node.ctx(), node.project().await);
    let (page, crowded) = (node.scaled_page(project, 1).await, node.scaled_page(project, 2).await);
    let (one, other) = (node.condition(project, Linear).await, node.condition(project, Linear).await);
    let first = measurements::create(&ctx, square(one.id, page.id, 70.0)).await.unwrap();
    let found = async |new: NewMeasurement| {
        let made = measurements::create(&ctx, new).await.unwrap();
        reads::again(&ctx, &made).await.unwrap()
    };
    // Its condition has many on another page since, and its page none.
    measurements::create_all(&ctx, &vec![square(one.id, crowded.id, 100.0); 500]).await.unwrap();
    let twice = found(square(one.id, page.id, 70.0)).await;
    assert!(matches!(twice, Some(Again::Same(id)) if id == first.id), "{twice:?}");
    // And its page many of another condition, where its own has few.
    let second = measurements::create(&ctx, square(other.id, crowded.id, 70.0)).await.unwrap();
    measurements::create_all(&ctx, &vec![square(one.id, crowded.id, 100.0); 500]).await.unwrap();
    let twice = found(square(other.id, crowded.id, 70.0)).await;
    assert!(matches!(twice, Some(Again::Same(id)) if id == second.id), "{twice:?}");
}

#[tokio::test]
async fn room_comes_back_with_what_is_deleted() {
    let node = Node::start().await;
    let (ctx, project) = (node.ctx(), node.project().await);
    let page = node.scaled_page(project, 1).await;
    let (one, other) = (node.condition(project, Linear).await, node.condition(project, Linear).await);
    let full = vec![square(one.id, page.id, 100.0); MOST_SHAPES as usize];
    let made = measurements::create_all(&ctx, &full).await.unwrap();
    let new = square(other.id, page.id, 100.0);
    assert!(refusal(measurements::create(&ctx, new.clone()).await).contains("the page has 4000"));
    measurements::delete(&ctx, made.into_iter().next().unwrap().unwrap().id).await.unwrap();
    measurements::create(&ctx, new.clone()).await.unwrap();
    assert!(refusal(measurements::create(&ctx, new).await).contains("the page has 4000"));
    let stored: Page = reads::page(&ctx, page.id).await.unwrap();
    assert_eq!(stored.shapes, Some(MOST_SHAPES));
}

#[tokio::test]
async fn each_is_made_or_refused_by_itself_and_in_its_order() {
    let node = Node::start().await;
    let (ctx, project) = (node.ctx(), node.project().await);
    let page = node.scaled_page(project, 1).await;
    let long = "x".repeat(5_000);
    let new = ["A", &long, "B"].map(|name| NewCondition::named(name, Area)).to_vec();
    let made = conditions::create_all(&ctx, project, new).await.unwrap();
    let [Ok(a), Err(refused), Ok(b)] = &made[..] else { panic!("{made:?}") };
    assert!(refused.to_string().contains("5000 characters"), "{refused}");
    assert_eq!((a.sort_order, b.sort_order), (1, 2));
    assert_eq!(
        conditions::create(&ctx, project, NewCondition::named("C", Area)).await.unwrap().sort_order,
        3
    );

    let flat = NewMeasurement {
        geometry_data: serde_json::json!({"x": 0, "y": 0, "width": 10, "height": 0}),
        ..square(a.id, page.id, 100.0)
    };
    let good = |condition: Id| square(condition, page.id, 100.0);
    let all = [good(a.id), flat, good(b.id), good(a.id), square(a.id, id(77), 100.0)];
    let made = measurements::create_all(&ctx, &all).await.unwrap();
    assert_eq!(made.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true, false]);
    assert_eq!(condition(&node, a.id).await.measurement_count, 2);
    assert_eq!(condition(&node, b.id).await.measurement_count, 1);
    let alone = measurements::create(&ctx, good(b.id)).await.unwrap();
    assert_eq!(made[2].as_ref().unwrap().quantity, alone.quantity);
    assert_settled(&node, project, "some of each").await;
    assert!(measurements::create_all(&ctx, &[]).await.unwrap().is_empty());
    let nowhere = measurements::create_all(&ctx, &[square(id(5), page.id, 1.0)]).await;
    assert!(refusal(nowhere).contains("Condition not found"));
}
