use takeoff_core::geom::PageSpace;
use takeoff_core::model::MeasurementType::{Area, Linear};
use takeoff_core::page::display::{DisplayList, PageKind};

use super::{measured, refusal, square, total};
use crate::jobs::{DetectScaleArgs, decode};
use crate::scale::{
    Calibration, ManualScale, RealUnit, batch_scale, calibrate, copy_scale, detect_scale, set_scale,
};
use crate::testing::{Node, blank_list, id};
use crate::{CommandError, reads, tasks};

fn scale(value: f64) -> ManualScale {
    ManualScale { value: Some(value), unit: "foot".to_owned(), text: None }
}

#[tokio::test]
async fn a_change_of_scale_recalculates_in_the_same_commit() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let (one, two) = (node.scaled_page(project, 1).await, node.scaled_page(project, 2).await);
    let (slab, wall) = (node.condition(project, Area).await, node.condition(project, Linear).await);
    for page in [&one, &two] {
        measured(&node, square(slab.id, page.id, 100.0)).await;
        measured(&node, square(wall.id, page.id, 100.0)).await;
    }
    assert_eq!(total(&node, slab.id).await, (200.0, 2));
    set_scale(&ctx, one.id, scale(5.0)).await.unwrap();
    assert_eq!(total(&node, slab.id).await, (500.0, 2));
    assert_eq!(total(&node, wall.id).await, (120.0, 2));
    let batch = batch_scale(&ctx, &[one.id, id(1), two.id, one.id], scale(20.0)).await.unwrap();
    assert_eq!((batch.updated, batch.missing), (vec![one.id, two.id], vec![id(1)]));
    assert_eq!(total(&node, slab.id).await, (50.0, 2));
}

#[tokio::test]
async fn two_points_and_a_distance_make_a_scale() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let page = node.page(node.project().await, 1, &blank_list(PageKind::Vector)).await;
    for (real_unit, real_distance, expect) in
        [(RealUnit::Foot, 10.0, 37.5), (RealUnit::Inch, 120.0, 37.5), (RealUnit::Meter, 3.048, 37.5)]
    {
        let calibration = Calibration { pixel_distance: 375.0, real_distance, real_unit };
        let done = calibrate(&ctx, page.id, calibration).await.unwrap();
        assert!((done.pixels_per_foot - expect).abs() < 1e-4, "{real_unit:?}: {}", done.pixels_per_foot);
        assert!(done.estimated_ratio.is_some_and(|r| (r - 48.0).abs() < 1e-3));
        let stored = reads::page(&ctx, page.id).await.unwrap();
        assert_eq!(stored, done.page);
        let manual = stored.scale.record.unwrap().manual;
        assert_eq!(manual["calibration"]["unit"], real_unit.name());
        assert_eq!(manual["calibration_input"]["real_distance"], real_distance);
    }
    for (pixel_distance, real_distance) in
        [(0.0, 1.0), (-5.0, 1.0), (5.0, 0.0), (f64::NAN, 1.0), (1e-300, 1e300)]
    {
        let calibration = Calibration { pixel_distance, real_distance, real_unit: RealUnit::Foot };
        refusal(calibrate(&ctx, page.id, calibration).await);
    }
}

#[tokio::test]
async fn scales_that_are_none_are_refused() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let page = node.page(node.project().await, 1, &blank_list(PageKind::Vector)).await;
    for value in [0.0, -10.0, f64::NAN, f64::INFINITY] {
        assert!(refusal(set_scale(&ctx, page.id, scale(value)).await).contains("scale"));
    }
    let meters = ManualScale { unit: "meter".to_owned(), ..scale(10.0) };
    refusal(set_scale(&ctx, page.id, meters).await);
    let unknown = set_scale(&ctx, id(1), scale(10.0)).await;
    assert!(matches!(unknown, Err(CommandError::NotFound { what: "Page" })));
    assert!(!reads::page(&ctx, page.id).await.unwrap().scale.calibrated);
}

#[tokio::test]
async fn a_scale_that_no_drawing_has_is_refused_whole_at_every_door() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let slab = node.condition(project, Area).await;
    measured(&node, square(slab.id, page.id, 100.0)).await;
    let bare = node.page(project, 2, &blank_list(PageKind::Vector)).await;
    for value in [1e308, 1e200, 1e9, 0.001, 1e-320] {
        let said = [
            refusal(set_scale(&ctx, page.id, scale(value)).await),
            refusal(batch_scale(&ctx, &[bare.id, page.id], scale(value)).await),
        ];
        assert!(said.iter().all(|s| s.contains("10:1 to 1:100000")), "{said:?}");
    }
    for (pixel_distance, real_distance) in [(1e200, 1.0), (1.0, 10_000.0)] {
        let calibration = Calibration { pixel_distance, real_distance, real_unit: RealUnit::Foot };
        assert!(refusal(calibrate(&ctx, page.id, calibration).await).contains("10:1 to 1:100000"));
    }
    assert!(!reads::page(&ctx, bare.id).await.unwrap().scale.calibrated);
    assert_eq!(total(&node, slab.id).await, (100.0, 1));
    assert_eq!(reads::page(&ctx, page.id).await.unwrap().scale.px_per_foot, Some(10.0));
}

#[tokio::test]
async fn a_copied_scale_is_the_same_drawing_scale() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let source = node.scaled_page(project, 1).await;
    let same = node.page(project, 2, &blank_list(PageKind::Vector)).await;
    let huge = huge();
    let coarse = node.page(project, 3, &huge).await;
    let copied = copy_scale(&ctx, same.id, source.id).await.unwrap();
    assert_eq!(copied.scale.px_per_foot, Some(10.0));
    assert!(copied.scale.calibrated);
    let copied = copy_scale(&ctx, coarse.id, source.id).await.unwrap().scale.px_per_foot.unwrap();
    let expect = 10.0 * huge.space.dpi.unwrap() / 150.0;
    assert!((copied - expect).abs() < 1e-9, "{copied} instead of {expect}");

    let bare = node.page(project, 4, &blank_list(PageKind::Vector)).await;
    assert!(refusal(copy_scale(&ctx, same.id, bare.id).await).contains("scale"));
    let unknown = copy_scale(&ctx, same.id, id(1)).await;
    assert!(matches!(unknown, Err(CommandError::NotFound { what: "Source page" })));
}

/// A page too large to be shown at 150 dpi.
fn huge() -> DisplayList {
    DisplayList::empty(PageSpace::of_points(14_400.0, 14_400.0).unwrap(), PageKind::Vector)
}

#[tokio::test]
async fn one_scale_for_pages_of_several_resolutions_is_one_drawing_scale() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let usual = node.page(project, 1, &blank_list(PageKind::Vector)).await;
    let coarse = node.page(project, 2, &huge()).await;
    let slab = node.condition(project, Area).await;
    let quarter = ManualScale { text: Some("1/4\" = 1'-0\"".to_owned()), ..scale(37.5) };
    let both = [usual.id, coarse.id];
    let value = async |page| reads::page(&ctx, page).await.unwrap().scale.px_per_foot.unwrap();

    batch_scale(&ctx, &both, quarter.clone()).await.unwrap();
    let expect = huge().space.dpi.unwrap() / 4.0;
    assert!(expect < 37.0, "the page is lowered");
    assert_eq!((value(usual.id).await, value(coarse.id).await), (37.5, expect));
    let stored = reads::page(&ctx, coarse.id).await.unwrap().scale.record.unwrap();
    assert_eq!(stored.manual["manual_calibration"]["scale_value"], expect);
    measured(&node, square(slab.id, coarse.id, 4.0 * expect)).await;
    assert!((total(&node, slab.id).await.0 - 16.0).abs() < 1e-9, "a square of four feet");

    // The lowered page alone means the same, by its own value too.
    for given in [37.5, expect] {
        batch_scale(&ctx, &[coarse.id], ManualScale { value: Some(given), ..quarter.clone() }).await.unwrap();
        assert_eq!(value(coarse.id).await, expect);
    }
    assert!(refusal(batch_scale(&ctx, &both, scale(18.75)).await).contains("dpi"));
    let other = ManualScale { value: Some(18.75), ..quarter };
    assert!(refusal(batch_scale(&ctx, &both, other).await).contains("not 18.75"));
    assert_eq!((value(usual.id).await, value(coarse.id).await), (37.5, expect));
    // A value alone is the page's own pixels.
    batch_scale(&ctx, &[coarse.id], scale(18.75)).await.unwrap();
    assert_eq!(value(coarse.id).await, 18.75);
}

#[tokio::test]
async fn pages_of_two_projects_have_no_scale_in_common() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (mine, other) = (node.project().await, node.project().await);
    let page = node.scaled_page(mine, 1).await;
    let stranger = node.page(other, 1, &blank_list(PageKind::Vector)).await;
    assert!(refusal(copy_scale(&ctx, stranger.id, page.id).await).contains("another project"));
    assert!(
        refusal(batch_scale(&ctx, &[page.id, stranger.id], scale(20.0)).await)
            .contains("more than one project")
    );
    assert_eq!(reads::page(&ctx, page.id).await.unwrap().scale.px_per_foot, Some(10.0));
    assert!(!reads::page(&ctx, stranger.id).await.unwrap().scale.calibrated);
}

#[tokio::test]
async fn a_picture_of_unknown_resolution_takes_no_scale_of_a_page_that_has_one() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let picture = DisplayList::empty(PageSpace::of_raster(4000, 3000, None), PageKind::Raster);
    let (one, two) = (node.page(project, 2, &picture).await, node.page(project, 3, &picture).await);
    assert!(refusal(copy_scale(&ctx, one.id, page.id).await).contains("no resolution"));
    assert!(refusal(batch_scale(&ctx, &[page.id, one.id], scale(20.0)).await).contains("no resolution"));
    batch_scale(&ctx, &[one.id, two.id], scale(20.0)).await.unwrap();
    set_scale(&ctx, one.id, scale(30.0)).await.unwrap();
    assert_eq!(copy_scale(&ctx, two.id, one.id).await.unwrap().scale.px_per_foot, Some(30.0));
}

#[tokio::test]
async fn a_text_alone_is_the_scale_and_one_that_is_none_is_refused() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let page = node.page(node.project().await, 1, &blank_list(PageKind::Vector)).await;
    let coarse = node.page(page.project_id, 2, &huge()).await;
    let of =
        |value: Option<f64>, text: &str| ManualScale { value, text: Some(text.to_owned()), ..scale(1.0) };
    for (value, text, why) in [
        (Some(18.0), "1/4", "no scale"),
        (Some(18.0), "NTS", "nothing is to scale"),
        (Some(37.5), "1/100", "18 px/ft"),
        (None, "1/4", "no scale"),
        (None, "site", "no scale"),
        (None, "NTS", "nothing is to scale"),
        (None, "1:50 / 1:100", "one scale"),
        (None, " ", "needs a value"),
    ] {
        let said = refusal(set_scale(&ctx, page.id, of(value, text)).await);
        assert!(said.contains(why), "{text}: {said}");
        refusal(batch_scale(&ctx, &[page.id], of(value, text)).await);
    }
    assert!(!reads::page(&ctx, page.id).await.unwrap().scale.calibrated);
    for (value, text, expected) in [
        (None, "1/100", 18.0),
        (None, "1/4\" = 1'-0\"", 37.5),
        (Some(20.0), "AS NOTED", 20.0),
        (Some(21.0), "as measured", 21.0),
    ] {
        let set = set_scale(&ctx, page.id, of(value, text)).await.unwrap().scale;
        assert_eq!((set.px_per_foot, set.text.as_deref()), (Some(expected), Some(text)));
        assert_eq!(set.record.unwrap().manual["manual_calibration"]["scale_value"], expected);
    }
    batch_scale(&ctx, &[page.id, coarse.id], of(None, "1:100")).await.unwrap();
    let value = async |page| reads::page(&ctx, page).await.unwrap().scale.px_per_foot.unwrap();
    assert_eq!(value(page.id).await, 18.0);
    assert!((value(coarse.id).await - huge().space.dpi.unwrap() * 0.12).abs() < 1e-9);
}

#[tokio::test]
async fn a_scale_text_is_printable() {
    let node = Node::start().await;
    let page = node.page(node.project().await, 1, &blank_list(PageKind::Vector)).await;
    let hostile = ManualScale { text: Some("1:50\u{1b}[2J".to_owned()), ..scale(36.0) };
    assert!(refusal(set_scale(&node.ctx(), page.id, hostile).await).contains("control"));
}

#[tokio::test]
async fn a_detection_is_under_way_until_a_manual_scale_or_its_end() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let page = node.page(node.project().await, 1, &blank_list(PageKind::Vector)).await;
    let job = detect_scale(&ctx, page.id).await.unwrap();
    assert_eq!(reads::page(&ctx, page.id).await.unwrap().scale.detection_job, Some(job));
    let task = reads::task(&ctx, job).await.unwrap().unwrap();
    assert_eq!(task.task.unwrap().task_type, "scale_detection");
    assert_eq!(task.request_id.as_deref(), Some("request-1"));
    let args: DetectScaleArgs = decode(&task.args).unwrap();
    assert_eq!(args, DetectScaleArgs { page_id: page.id });
    set_scale(&ctx, page.id, scale(10.0)).await.unwrap();
    assert_eq!(reads::page(&ctx, page.id).await.unwrap().scale.detection_job, None);
    assert!(tasks::cancel(&ctx, id(1)).await.unwrap().is_none());
}
