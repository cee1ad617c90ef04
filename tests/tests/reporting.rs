//! What `takeoff run` says of a takeoff that is not all right: what failed never looks like a 0.

use std::path::Path;

use serde_json::{Value, json};
use takeoff_tests::{Ran, Takeoff, condition, run, square};

const ASSEMBLY: &str = "[condition.assembly]\n[[condition.assembly.component]]\nname = \"C\"\ntype = \"material\"\n\
                        unit = \"EA\"\nunit_cost = \"10\"\n";

#[test]
fn a_quantity_that_is_not_known_is_no_zero() {
    let conditions = [
        condition("flat", "volume", &format!("{}{ASSEMBLY}", square(2))),
        condition("unscaled", "area", &format!("{}{ASSEMBLY}", square(8))),
        condition("partly", "area", &format!("{}{}{ASSEMBLY}", square(2), square(8))),
        condition("whole", "volume", &format!("depth = 12\n{}", square(2))),
    ];
    let ran = Takeoff::of(&conditions.concat()).run();
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    for (id, why) in [("flat", "depth"), ("unscaled", "scale")] {
        assert_eq!(ran.condition(id)["quantity"], Value::Null, "{id}");
        assert_eq!(ran.condition(id)["cost"], Value::Null, "{id}");
        let [line] = ran.lines("Quantities", id)[..] else { panic!("{}", ran.said) };
        let mut words = line.split_whitespace();
        assert_eq!((words.next(), words.next()), (Some(id), Some("-")), "{line}");
        assert!(line.contains("not known") && line.contains(why), "{line}");
        let place = format!("condition `{id}`");
        assert!(
            ran.problems().iter().any(|p| p.starts_with(&place) && p.contains(why)),
            "{:?}",
            ran.problems()
        );
    }
    let quantity = |id: &str| ran.condition(id)["quantity"].as_f64().unwrap();
    assert!((quantity("partly") - 100.0).abs() < 1e-6 && (quantity("whole") - 100.0 / 27.0).abs() < 1e-6);
    let [line] = ran.lines("Quantities", "partly")[..] else { panic!("{}", ran.said) };
    assert!(line.contains("100 SF") && line.contains("INCOMPLETE: measure 2"), "{line}");
    assert_eq!(ran.problems().len(), 3, "{:?}", ran.problems());
    // Costs: a dash where there is none, and why; a condition without an assembly is not in the table.
    for id in ["flat", "unscaled"] {
        let [row, why] = ran.lines("Cost", id)[..] else { panic!("{}", ran.said) };
        assert_eq!(row.split_whitespace().skip(1).collect::<Vec<_>>(), ["-"; 7], "{row}");
        assert!(why.contains("NOT in these sums"), "{why}");
    }
    assert!(ran.lines("Cost", "whole").is_empty(), "{}", ran.said);
    assert_eq!(ran.report["cost"]["total_cost"], "1000.00", "{}", ran.said);
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    let flat = csv.lines().find(|l| l.starts_with("flat,")).unwrap();
    assert!(flat.starts_with("flat,volume,,CY,1,,,,,,,,,,,") && flat.contains("depth"), "{csv}");
    let partly = csv.lines().find(|l| l.starts_with("partly,")).unwrap();
    assert!(
        partly.contains(",\"INCOMPLETE: measure 2: ") || partly.contains(",INCOMPLETE: measure 2: "),
        "{csv}"
    );
    let total = csv.lines().last().unwrap();
    assert!(total.starts_with("TOTAL,,,,,1000.00,0.00,0.00,0.00,0.00,1000.00,1000.00,0,,,"), "{csv}");
    let said = ",\"INCOMPLETE: not in these sums: flat, unscaled; only in part: partly\",,";
    assert!(total.ends_with(said), "{csv}");
    let [_, part] = ran.lines("Cost", "partly")[..] else { panic!("{}", ran.said) };
    assert!(part.contains("in these sums only in PART"), "{part}");
}

/// The first count of the sample, with other options.
fn count(options: &str) -> String {
    let (page, shown) = takeoff_tests::first_count();
    format!(
        "[[condition.count]]\ndocument = \"plans\"\npage = {page}\nbox = [{}, {}, {}, {}]\n{options}\n",
        shown["x"], shown["y"], shown["w"], shown["h"]
    )
}

#[test]
fn a_count_is_split_by_page_and_only_the_pages_asked_for_count() {
    let (shown, _) = takeoff_tests::first_count();
    assert_eq!(shown, 4, "the example is on page 4");
    let conditions = [
        condition("every", "count", &count("pages = \"all\"")),
        condition("other", "count", &format!("color = \"#123456\"\n{}", count("pages = [3]"))),
        condition("few", "count", &count("pages = [4]\nmax_detections = 2")),
    ];
    let ran = Takeoff::of(&conditions.concat()).run();
    let part = |id: &str| &ran.condition(id)["counts"][0];
    let pages = |id: &str| part(id)["pages"].as_array().unwrap();
    let every = pages("every");
    assert_eq!(every.len(), 8, "one entry a page, also where nothing is: {every:?}");
    let sum: u64 = every.iter().map(|p| p["counted"].as_u64().unwrap()).sum();
    assert_eq!(json!(sum), part("every")["counted"]);
    assert_eq!(part("every")["in_legend"], 2);
    assert_eq!((&every[0]["counted"], &every[0]["scale"]), (&json!(0), &Value::Null));
    // The example's own page is searched by every session, and counts only when it is asked for.
    let [third] = &pages("other")[..] else { panic!("{}", part("other")) };
    assert_eq!((&third["page"], &third["counted"]), (&json!(3), &every[2]["counted"]));
    assert_eq!(ran.condition("other")["quantity"].as_f64(), third["counted"].as_f64());
    assert!(part("other")["detections"].as_array().unwrap().iter().all(|d| d["page"] == 3));
    let [.., rest] = ran.lines("Counted by page", "every")[..] else { panic!("{}", ran.said) };
    assert_eq!(ran.lines("Counted by page", "every ").len(), 2, "{}", ran.said);
    assert_eq!(rest, "every: nothing on `plans` pages 1, 2, 5 to 8", "{}", ran.said);
    // A count that is cut off is not whole.
    assert!(
        ran.problems()[0].contains("condition `few`, count 1")
            && ran.problems()[0].contains("max_detections")
    );
    assert_eq!((ran.code, ran.problems().len()), (Some(1), 1));
    cut_off(&ran, part("few"));
    // Nothing is priced: no table of zeros.
    assert!(
        ran.said.contains("no condition has an assembly") && !ran.said.contains("0.00  "),
        "{}",
        ran.said
    );
    // Two conditions of one page have different colors, the recipe's own and a default.
    assert_eq!(ran.condition("other")["color"], "#123456");
    assert_ne!(ran.condition("every")["color"], ran.condition("few")["color"]);
    colors(&ran.out);
}

#[test]
fn what_is_on_the_examples_page_takes_no_places_from_the_pages_asked_for() {
    let on_third = |id: &str, most: u64| {
        condition(id, "count", &count(&format!("pages = [3]\nmax_detections = {most}")))
    };
    let ran = Takeoff::of(&on_third("all", 4_000)).run();
    let there = ran.condition("all")["counts"][0].clone();
    let found = there["found"].as_u64().unwrap();
    assert_eq!(there["detections"].as_array().unwrap().len() as u64, found, "{there}");
    assert!(found > 1, "{there}");
    let ran = Takeoff::of(&[on_third("enough", found), on_third("less", found - 1)].concat()).run();
    assert_eq!(ran.condition("enough")["counts"][0]["counted"], there["counted"], "{}", ran.said);
    assert_eq!(ran.condition("less")["quantity"], Value::Null);
    let [problem] = &ran.problems()[..] else { panic!("{}", ran.said) };
    let said = format!(
        "condition `less`, count 1 on `plans`: {found} were found and only the {} strongest kept; set max_detections to {found} or more",
        found - 1
    );
    assert_eq!(*problem, said);
}

/// Nowhere is there a number that reads as if it were all, and the advice can be followed.
fn cut_off(ran: &Ran, count: &Value) {
    assert_eq!(ran.condition("few")["quantity"], Value::Null);
    let [line] = ran.lines("Quantities", "few")[..] else { panic!("{}", ran.said) };
    let mut words = line.split_whitespace();
    assert_eq!((words.next(), words.next()), (Some("few"), Some("-")), "{line}");
    let counted = count["counted"].as_u64().unwrap();
    // One of the two that are kept may be the legend's sample.
    assert!((1..=2).contains(&counted), "{count}");
    assert!(line.contains(&format!("at least {counted} counted")), "{line}");
    assert!(line.contains("not known: count 1 on `plans`: "), "{line}");
    assert!(line.contains(&format!("set max_detections to {} or more", count["found"])), "{line}");
    let [row] = ran.lines("Counted by page", "few")[..] else { panic!("{}", ran.said) };
    assert!(row.contains(&format!(" {counted}+ ")), "{row}");
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    let row = csv.lines().find(|l| l.starts_with("few,")).unwrap();
    assert!(row.starts_with(&format!("few,count,,EA,{counted},,,,,,,,,,")), "{row}");
    assert!(row.contains(&format!("at least {counted} counted")), "{row}");
}

fn colors(out: &Path) {
    let picture = image::open(out.join("plans-page3.png")).unwrap().into_rgb8();
    let strip = 3600..picture.height();
    let has = |color: [u8; 3]| {
        strip.clone().any(|y| (0..picture.width()).any(|x| picture.get_pixel(x, y).0 == color))
    };
    assert!(has([0x12, 0x34, 0x56]) && has([0, 0, 0]), "the strip names no condition");
    assert!(out.join("plans-page8.png").is_file() && !out.join("plans-page9.png").exists());
}

#[test]
fn a_recipe_without_conditions_shows_its_pages() {
    let ran = Takeoff::of("").run();
    assert_eq!((ran.code, &ran.report["problems"]), (Some(0), &json!([])), "{}", ran.said);
    for page in 1..=8 {
        let picture = image::image_dimensions(ran.out.join(format!("plans-page{page}.png"))).unwrap();
        assert_eq!(picture, (5400, 3600));
    }
}

#[test]
fn names_do_not_steer_the_terminal() {
    let named = condition("a", "count", &count("")).replace("name = \"a\"", "name = \"a\\u202ec\"");
    let ran = Takeoff::of(&named).run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains("a\\u{202e}c") && !ran.said.contains('\u{202e}'), "{}", ran.said);
    assert_eq!(ran.condition("a")["name"], "a\u{202e}c", "the report keeps the name");

    // Nor where they are refused.
    let steers = named.replace("u202e", "u001b[2J").replace("id = \"a\"", "id = \"a\\u001b[2J\"");
    let takeoff = Takeoff::of(&steers);
    let refused = run(&["run", takeoff.folder.path().join("takeoff.toml").to_str().unwrap()]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(65), "{said}");
    assert!(said.contains("U+001B") && !said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_count_takes_more_examples_what_is_not_meant_and_a_region() {
    let first = Takeoff::of(&condition("all", "count", &count(""))).run();
    let all = first.condition("all")["counts"][0]["detections"].as_array().unwrap().clone();
    let counted: Vec<&Value> = all.iter().filter(|d| d["counted"] == true).collect();
    let place = |d: &Value| ["x", "y", "w", "h"].map(|side| d["box"][side].as_f64().unwrap());
    let [x, y, w, h] = place(counted[counted.len() / 2]);
    let boxed = format!("[{}, {}, {}, {}]", x - 2.0, y - 2.0, w + 4.0, h + 4.0);
    let edge = x + w / 2.0 + 1.0;
    let conditions = [
        condition("more", "count", &count(&format!("more = [{boxed}]"))),
        condition("exclude", "count", &count(&format!("exclude = [{boxed}]"))),
        condition("region", "count", &count(&format!("region = [0, 0, {edge}, 9000]"))),
    ];
    let ran = Takeoff::of(&conditions.concat()).run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let quantity = |id: &str| ran.condition(id)["quantity"].as_f64().unwrap();
    assert_eq!(quantity("more"), counted.len() as f64);
    let there = |id: &str| {
        let found = ran.condition(id)["counts"][0]["detections"].as_array().unwrap();
        found.iter().any(|d| place(d).iter().zip([x, y, w, h]).all(|(a, b)| (a - b).abs() < 2.0))
    };
    assert!(there("more") && there("region") && !there("exclude"));
    // How much was taken out is said: what was excluded itself.
    let excluded = |id: &str| ran.condition(id)["counts"][0]["excluded"].clone();
    assert_eq!((excluded("exclude"), excluded("more")), (json!(1), Value::Null));
    let [line] = ran.lines("Quantities", "exclude")[..] else { panic!("{}", ran.said) };
    assert!(line.contains(", 1 like what is excluded left out"), "{line}");
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    let row = csv.lines().find(|l| l.starts_with("exclude,")).unwrap();
    assert!(row.contains("1 like what is excluded left out"), "{row}");
    let left = counted.iter().filter(|d| place(d)[0] + place(d)[2] / 2.0 <= edge).count();
    assert!(left > 0 && left < counted.len());
    assert_eq!(quantity("region"), left as f64);
    assert!(ran.condition("more")["counts"][0]["near_misses"].is_u64());
}

#[test]
fn what_two_examples_find_counts_once() {
    let both = format!("{}{}", count("pages = [3]"), count("pages = [3, 4]"));
    let conditions =
        [condition("once", "count", &count("pages = [3, 4]")), condition("twice", "count", &both)];
    let ran = Takeoff::of(&conditions.concat()).run();
    let counts = |id: &str| ran.condition(id)["counts"].as_array().unwrap().clone();
    let (once, twice) = (&counts("once")[0], counts("twice"));
    let (first, second) = (&twice[0], &twice[1]);
    assert!(first["counted"].as_u64().unwrap() > 0 && second["counted"].as_u64().unwrap() > 0, "{twice:?}");
    assert_eq!(second["already_counted"], first["counted"]);
    assert_eq!(second["pages"][0]["counted"], 0, "{second}");
    assert_eq!(second["pages"][1], once["pages"][1]);
    assert_eq!(once["already_counted"], 0);
    assert_eq!(ran.condition("twice")["quantity"], ran.condition("once")["quantity"]);
    assert!(ran.said.contains(&format!("{} counted before left out", first["counted"])), "{}", ran.said);
}

#[test]
fn a_distance_in_meters_is_a_scale() {
    let measure = condition("wall", "area", &format!("unit = \"M2\"\n{}", square(8)));
    let scale =
        "[[scale]]\ndocument = \"plans\"\npage = 8\nfrom = [100, 100]\nto = [475, 600]\nmeters = 12.5\n";
    let ran = Takeoff::of(&format!("{scale}{measure}")).run();
    // 625 px are 12.5 m: 50 px a metre, and the square has sides of 187.5 px.
    let quantity = ran.condition("wall")["quantity"].as_f64().unwrap();
    assert!((quantity - 3.75 * 3.75).abs() < 1e-6, "{quantity}: {}", ran.said);
}

#[test]
fn a_recipe_says_how_lettering_counts() {
    let Some(set) = takeoff_tests::required("plans/opentakeoff/symbol-set.pdf") else { return };
    let tag = |id: &str, lettering: &str| {
        let part =
            "[[condition.count]]\ndocument = \"plans\"\npage = 1\npages = [1, 2]\nbox = [285, 830, 55, 55]\n";
        condition(id, "count", &format!("{part}{lettering}"))
    };
    let conditions =
        [tag("unsaid", ""), tag("agree", "lettering = \"agree\""), tag("ignore", "lettering = \"ignore\"")];
    let takeoff = Takeoff::of(&conditions.concat());
    std::fs::copy(set, takeoff.folder.path().join("plans.pdf")).unwrap();
    let ran = takeoff.run();
    let quantity = |id: &str| ran.condition(id)["quantity"].as_f64().unwrap();
    assert_eq!([quantity("unsaid"), quantity("agree"), quantity("ignore")], [5.0, 5.0, 7.0], "{}", ran.said);
    let notes = |id: &str| ran.condition(id)["counts"][0]["notes"].clone();
    assert!(notes("agree").as_str().unwrap().contains("\"T1\""), "{}", notes("agree"));
    assert_eq!(notes("ignore"), Value::Null);
}

#[test]
fn credits_and_a_file_that_is_there_twice_are_pointed_out() {
    let credit = ASSEMBLY.replace("name = \"C\"", "name = \"C\"\nformula = \"-{qty}\"");
    let again = "[[document]]\nid = \"again\"\nfile = \"plans.pdf\"\n";
    let ran =
        Takeoff::of(&format!("{again}{}", condition("slab", "area", &format!("{}{credit}", square(2)))))
            .run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(ran.report["cost"]["total_cost"], "-1000.00");
    let notes = ran.report["notes"].as_array().unwrap();
    let noted = |words: &[&str]| notes.iter().any(|n| words.iter().all(|w| n.as_str().unwrap().contains(w)));
    assert!(noted(&["`plans` and `again` are the same file"]), "{notes:?}");
    assert!(noted(&["condition `slab`, component `C` comes to -1000.00"]), "{notes:?}");
}

#[test]
fn a_point_on_a_counted_symbol_is_pointed_out() {
    let (page, shown) = takeoff_tests::first_count();
    let middle = |at: &str, size: &str| shown[at].as_f64().unwrap() + shown[size].as_f64().unwrap() / 2.0;
    let (x, y) = (middle("x", "w"), middle("y", "h"));
    let point = |x: f64| {
        format!(
            "[[condition.measure]]\ndocument = \"plans\"\npage = {page}\ngeometry = \"point\"\nx = {x}\ny = {y}\n"
        )
    };
    let of = format!("{}{}{}", count(""), point(x + 4.0), point(10.0));
    let ran = Takeoff::of(&condition("wc", "count", &of)).run();
    let notes = ran.report["notes"].as_array().unwrap();
    let on: Vec<&str> = notes
        .iter()
        .filter_map(Value::as_str)
        .filter(|n| n.contains("of a symbol that was counted"))
        .collect();
    assert_eq!(on.len(), 1, "{notes:?}");
    assert!(on[0].starts_with("condition `wc`, measure 1 lies "), "{}", on[0]);
    // The table copies what the report notes of the condition.
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    let row = csv.lines().find(|l| l.starts_with("wc,")).unwrap();
    assert!(row.contains("measure 1 lies ") && !row.contains("condition `wc`"), "{row}");
}

#[test]
fn a_price_without_its_depth_and_a_condition_without_a_count_are_no_quiet_zeros() {
    let reads =
        ASSEMBLY.replace("name = \"C\"", "name = \"C\"\nformula = \"{volume_cy} + {height} + {qty}\"");
    let conditions = [
        condition("slab", "area", &format!("{}{reads}", square(2))),
        condition("deep", "area", &format!("depth = 4\n{}{}", square(2), reads.replace(" + {height}", ""))),
        condition("forgot", "count", ASSEMBLY),
    ];
    let ran = Takeoff::of(&conditions.concat()).run();
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    let problem = |words: &str| ran.problems().iter().filter(|p| p.contains(words)).count();
    let said = "condition `slab`, component `C`: The formula reads {height}: no condition has that";
    assert_eq!((problem(said), problem("it reads {volume_cy}: the condition has no depth")), (1, 1));
    // The table, the sums and the CSV say what the problems say.
    assert_eq!(ran.condition("slab")["cost"]["components_in_error"], 1);
    assert_eq!(ran.report["cost"]["components_in_error"], 1);
    assert!(ran.lines("Cost", "TOTAL (incomplete)").len() == 1 && ran.said.contains("it has no price: C"));
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    assert!(csv.lines().last().unwrap().contains("components without a price: C of slab"), "{csv}");
    assert_eq!(ran.condition("slab")["cost"]["total_cost"], "0.00");
    assert_eq!(ran.condition("slab")["cost"]["lines"][0]["extended_cost"], "0.00", "as all other money");
    assert_eq!((problem("`deep`"), problem("condition `forgot`, the recipe gives it nothing")), (0, 1));
    assert_eq!(ran.condition("forgot")["quantity"], Value::Null);
}

#[test]
fn a_report_that_cannot_be_written_is_no_success() {
    let takeoff = Takeoff::of("");
    let recipe = takeoff.folder.path().join("takeoff.toml");
    let recipe = recipe.to_str().unwrap();
    let ran = run(&["run", recipe, "--out", recipe]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("takeoff.toml cannot be made") && !said.contains("Ingesting"), "{said}");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = takeoff_tests::run_into(&["config", "reference"], full);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.code() == Some(1) && said.contains("cannot be written"), "{said}");
}

#[test]
fn a_plan_set_that_was_cut_off_is_not_a_whole_one() {
    let takeoff = Takeoff::of("");
    let plans = takeoff.folder.path().join("plans.pdf");
    let whole = std::fs::read(&plans).unwrap();
    std::fs::write(&plans, &whole[..whole.len() / 2]).unwrap();
    let ran = takeoff.run();
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    let problems = ran.report["problems"].to_string();
    assert!(problems.contains("breaks off before its end"), "{problems}");
}

/// The pixel at the middle of the upper side of [`square`] on a page.
fn on_the_squares_edge(out: &Path, page: u32) -> [u8; 3] {
    let picture = image::open(out.join(format!("plans-page{page}.png"))).unwrap().into_rgb8();
    picture.get_pixel(693, 600).0
}

#[test]
fn what_was_measured_is_drawn_and_the_table_says_where_and_by_which_scale() {
    let point =
        "[[condition.measure]]\ndocument = \"plans\"\npage = 3\ngeometry = \"point\"\nx = 700\ny = 700\n";
    let scale = "[[scale]]\ndocument = \"plans\"\npage = 8\npx_per_foot = 37.5\n";
    let conditions = [
        condition("floor", "area", &format!("color = \"#0A64C8\"\n{}{}{ASSEMBLY}", square(2), square(8))),
        condition("door", "count", &format!("color = \"#C80A64\"\n{point}")),
    ];
    let ran = Takeoff::of(&format!("{scale}{}", conditions.concat())).run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    for page in [2, 8] {
        assert_eq!(on_the_squares_edge(&ran.out, page), [0x0a, 0x64, 0xc8], "page {page}");
    }
    let picture = image::open(ran.out.join("plans-page3.png")).unwrap().into_rgb8();
    assert_eq!(picture.get_pixel(700, 700).0, [0xc8, 0x0a, 0x64], "a point is marked");
    assert!(picture.height() > 3600, "no strip names the condition");
    assert!(!ran.out.join("plans-page4.png").exists(), "nothing was done on it");
    let measures = ran.condition("floor")["measures"].as_array().unwrap();
    assert_eq!((&measures[1]["page"], &measures[1]["quantity"]), (&json!(8), &json!(25.0)), "{measures:?}");
    let csv = std::fs::read_to_string(ran.out.join("takeoff.csv")).unwrap();
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].ends_with(",Components in error,Counted,Least confidence,Notes,Pages,Scale"), "{csv}");
    assert!(rows[1].starts_with("floor,area,125.0000,SF,2,"), "{csv}");
    assert!(
        rows[1].contains(",\"plans 2, plans 8\",\"plans 2: ") && rows[1].ends_with("; plans 8: 37.5 px/ft\""),
        "{csv}"
    );
    assert!(rows[2].contains(",plans 3,"), "{csv}");
    assert!(rows[3].starts_with("TOTAL,,,,,1250.00,") && rows.len() == 4, "{csv}");
}
