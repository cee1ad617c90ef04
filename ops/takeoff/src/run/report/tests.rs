use super::*;

fn counted(pages: &[(u64, Option<&str>)]) -> ConditionReport {
    let recipe = "id = \"a\"\nname = \"A\"\ntype = \"count\"";
    let mut report = ConditionReport::failed(&toml::from_str(recipe).unwrap(), String::new(), String::new());
    let page = |(nth, (counted, scale)): (u32, &(u64, Option<&str>))| CountedPage {
        page: nth,
        sheet: None,
        scale: scale.map(str::to_owned),
        counted: *counted,
        in_legend: 0,
        already_counted: 0,
        set_apart: 0,
        confidence: None,
    };
    report.counts.push(CountReport {
        document: "plans".to_owned(),
        page: 1,
        searched_pages: Vec::new(),
        counted: pages.iter().map(|p| p.0).sum(),
        in_legend: 0,
        in_title_block: 0,
        in_key_plan: 0,
        beyond_match_line: 0,
        mirrored: 0,
        mirrored_left_out: 0,
        already_counted: 0,
        excluded: None,
        near_misses: 0,
        less_alike: Vec::new(),
        shown_in_part: Vec::new(),
        lacking_a_part: Vec::new(),
        pages: (1..).zip(pages).map(page).collect(),
        found: 0,
        truncated: false,
        unsure: 0,
        pictures: Vec::new(),
        confidence: None,
        detections: Vec::new(),
        incomplete: None,
        notes: None,
        doubtful: Vec::new(),
    });
    report
}

#[test]
fn what_a_page_without_a_scale_adds_to_others_is_pointed_out() {
    let scale = Some("1:50");
    let notes: Vec<String> = counted(&[(97, scale), (0, None), (1, None)]).notes().collect();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.starts_with("1 of 98 counted on pages of `plans` that have no scale (3)"), "{note}");
    let notes: Vec<String> = counted(&[(5, None), (3, None), (0, scale)]).notes().collect();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.starts_with("all 8 counted on pages of `plans` that have no scale (1, 2)"), "{note}");
    for silent in [&[(97, scale), (0, None)][..], &[(5, None), (0, None)], &[(5, scale), (3, scale)]] {
        assert_eq!(counted(silent).notes().count(), 0, "{silent:?}");
    }
}

#[test]
fn one_place_is_and_two_are_not_counted() {
    let mut report = counted(&[(1, None)]);
    let count = &mut report.counts[0];
    let place = LessAlike {
        page: 1,
        bbox: PxRect { x: 0.0, y: 0.0, w: 2.0, h: 2.0 },
        confidence: 0.7,
        likeness: None,
        coverage: None,
        extra: None,
        other_pen: false,
        why: "smaller".to_owned(),
    };
    count.less_alike.push(place.clone());
    let said = count.close().unwrap();
    assert!(
        said.starts_with("1 place shows nearly all of the example and is not counted: `plans` page 1"),
        "{said}"
    );
    count.less_alike.push(place);
    let said = count.close().unwrap();
    assert!(said.starts_with("2 places show nearly all of the example and are not counted"), "{said}");
}

/// What is said of pages on which nothing was counted is true of cut, broken and repeated counts, too.
#[test]
fn pages_without_a_count_are_told_by_why() {
    let said = |change: fn(&mut CountReport)| {
        let mut report = counted(&[(3, None), (0, None)]);
        change(&mut report.counts[0]);
        let mut out = String::new();
        super::super::text::by_page(&mut out, &[report]);
        out
    };
    assert!(said(|_| ()).contains("A: nothing on `plans` page 2"));
    let cut = said(|c| (c.truncated, c.incomplete) = (true, Some("9 were found".to_owned())));
    assert!(cut.contains("none of the strongest, which are kept, on `plans` page 2"), "{cut}");
    assert!(cut.contains("was cut off, there are more") && !cut.contains("may be more"), "{cut}");
    let broken = said(|c| c.incomplete = Some("page 2 is damaged".to_owned()));
    assert!(broken.contains("in a count that is not whole, on `plans` page 2"), "{broken}");
    assert!(broken.contains("there may be more") && !broken.contains("cut off"), "{broken}");
    let repeated = said(|c| c.pages[1].already_counted = 2);
    assert!(repeated.contains("only what was counted before on `plans` page 2"), "{repeated}");
    assert!(!repeated.contains("nothing on"), "{repeated}");
}

#[test]
fn what_the_sums_of_money_lack_is_listed() {
    let whole = counted(&[(1, None)]);
    let mut unpriced = counted(&[(1, None)]);
    unpriced.unpriced = Some("the quantity is not known".to_owned());
    let report = Report {
        project: String::new(),
        engine_version: "",
        documents: Vec::new(),
        pages: Vec::new(),
        conditions: vec![whole, unpriced],
        cost: CostReport::default(),
        cost_lacks: Vec::new(),
        problems: Vec::new(),
        notes: Vec::new(),
        check_by_eye: Vec::new(),
        seconds: TimeUse::default(),
        memory: MemoryUse::default(),
    };
    let lack =
        CostLack { condition: "a".to_owned(), whole: true, why: "the quantity is not known".to_owned() };
    assert_eq!(report.lacks_of_cost(), [lack]);
}
