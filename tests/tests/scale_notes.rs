//! What a run says where a scale is not to be relied on: in its notes, under "Check by eye" and in the table.

use takeoff_tests::{Takeoff, condition, square};

#[test]
fn a_scale_that_is_not_the_printed_one_is_pointed_out_wherever_its_quantity_is_shown() {
    let scale = |page: u32, of: &str| format!("[[scale]]\ndocument = \"plans\"\npage = {page}\n{of}\n");
    let line = |page: u32| {
        format!(
            "[[condition.measure]]\ndocument = \"plans\"\npage = {page}\ngeometry = \"line\"\nstart = [100, 100]\n\
             end = [550, 100]\n"
        )
    };
    let parts = [
        scale(2, "px_per_foot = 37.5"),
        // Page 7 states the scales of its details, and this is none of them.
        scale(7, "text = \"1/8\\\" = 1'-0\\\"\""),
        scale(3, "text = \"1/8\\\" = 1'-0\\\"\""),
        condition("slab", "area", &square(2)),
        condition("cove", "linear", &line(7)),
        condition("agrees", "area", &square(3)),
    ];
    let ran = Takeoff::of(&parts.concat()).run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let list = |name: &str| -> Vec<String> {
        let all = ran.report[name].as_array().unwrap();
        all.iter().map(|n| n.as_str().unwrap().to_owned()).collect()
    };
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    for (name, page, stated) in [("slab", 2, "1/8"), ("cove", 7, "3\" = 1'-0\" (450 pixels per foot)")] {
        let said = format!("`plans` page {page}: the sheet's own text says ");
        let (notes, by_eye) = (list("notes"), list("check_by_eye"));
        assert!(notes.iter().any(|n| n.starts_with(&said) && n.contains(stated)), "{notes:?}");
        assert!(by_eye.iter().any(|n| n.starts_with(&format!("{name}: {said}"))), "{by_eye:?}");
        let row = csv.lines().find(|l| l.starts_with(&format!("{name},"))).unwrap();
        assert!(row.contains(&said), "{row}");
    }
    assert!(!list("notes").iter().any(|n| n.contains("page 3:")), "{:?}", list("notes"));
    let agrees = csv.lines().find(|l| l.starts_with("agrees,")).unwrap();
    assert!(!agrees.contains("own text"), "{agrees}");
}

#[test]
fn a_detail_s_scale_given_to_a_page_of_several_is_told_to_be_that_of_some() {
    let scale = "[[scale]]\ndocument = \"plans\"\npage = 7\ntext = \"3\\\" = 1'-0\\\"\"\n";
    let ran = Takeoff::of(&format!("{scale}{}", condition("slab", "area", &square(7)))).run();
    let by_eye = ran.report["check_by_eye"].to_string();
    assert!(by_eye.contains("page 7: the page states 4 scales") && by_eye.contains("1 1/2"), "{by_eye}");
}

#[test]
fn pages_of_another_scale_than_the_example_s_are_named_with_what_to_set() {
    let count = "[[condition.count]]\ndocument = \"plans\"\npage = 6\nbox = [348, 533.5, 93.5, 68.5]\npages = [2, 6]\n";
    let ran = Takeoff::of(&condition("wc", "count", count)).run();
    let note = ran.condition("wc")["counts"][0]["notes"].as_str().unwrap_or_default().to_owned();
    assert!(note.contains("page 2 has another scale than the example's page"), "{note}");
    assert!(note.contains("0.50 times as large") && note.contains("by an example on one of them"), "{note}");
    let by_eye = ran.report["check_by_eye"].to_string();
    assert!(by_eye.contains("another size on page 2 than the example"), "{by_eye}");
}
