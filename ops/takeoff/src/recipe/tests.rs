mod at_once;

use std::collections::BTreeSet;

use serde_json::json;
use takeoff_core::model::GeometryType;

use super::*;

fn read(text: &str) -> Result<Recipe, Unusable> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plans.pdf"), b"%PDF-").unwrap();
    let path = folder.path().join("takeoff.toml");
    std::fs::write(&path, text).unwrap();
    Recipe::read(&path)
}

/// What is wrong, without the lines.
fn problems(text: &str) -> Vec<String> {
    let Unusable(all) = read(text).unwrap_err();
    all.iter().map(|said| said.split_once(": ").map_or(said.as_str(), |(_, rest)| rest).to_owned()).collect()
}

const HEAD: &str = "[project]\nname = \"P\"\n[[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n";

#[test]
fn every_problem_of_a_recipe_is_named_at_once() {
    let text = format!(
        "{HEAD}[[condition]]\nid = \"a\"\nname = \"A\"\ntype = \"area\"\n[[condition.count]]\ndocument = \"other\"\n\
         page = 0\nbox = [1, 2, 3, 4]\n[[condition.measure]]\ndocument = \"plans\"\npage = 1\ngeometry = \"line\"\n\
         [[scale]]\ndocument = \"plans\"\npage = 1\nfrom = [0, 0]\n"
    );
    let Unusable(problems) = read(&text).unwrap_err();
    let all = problems.join("\n");
    assert_eq!(problems.len(), 6, "{all}");
    for part in [
        "line 9: condition `a`: it counts symbols, so its type must be count",
        "line 11: condition `a`, count 1: there is no document `other`",
        "line 12: condition `a`, count 1: pages are numbered from 1",
        "line 17: condition `a`, measure 1: a condition of type area takes a geometry with an area",
        "line 14: condition `a`, measure 1: a line needs `start`",
        "go together",
    ] {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let Unusable(problems) = read(&format!("{HEAD}colour = \"red\"\n")).unwrap_err();
    assert!(problems[0].contains("colour") && problems[0].contains("line"), "{problems:?}");
}

#[test]
fn every_unknown_key_is_named_at_once_beside_what_else_is_wrong() {
    let text = format!(
        "{HEAD}colour = \"red\"\n{COUNTED}units = \"EA\"\n[[condition.count]]\ndocument = \"plans\"\npage = 0\n\
         box = [1, 2, 3, 4]\ntreshold = 0.9\n[condition.assembly]\ntemplate = \"Moat\"\nprofit = 7\n\
         [[condition]]\nid = \"b\"\nname = \"B\"\ntype = \"area\"\n[condition.assembly]\ntemplate = \"Tower\"\n"
    );
    let Unusable(problems) = read(&text).unwrap_err();
    let starts = [
        "line 6: unknown field `colour`",
        "line 11: unknown field `units`",
        "line 14: condition `a`, count 1: pages are numbered",
        "line 16: unknown field `treshold`",
        "line 18: condition `a`, assembly: there is no template `Moat`",
        "line 19: unknown field `profit`",
        "line 25: condition `b`, assembly: there is no template `Tower`",
        "the templates there are: ",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem} is not {start}");
    }
    // Where something is missing, too, the rest is said beside it.
    let Unusable(problems) = read("zz = 1\n[project]\nnam = \"P\"\n").unwrap_err();
    assert_eq!(
        problems.iter().filter(|p| p.contains("missing field") || p.contains("no [[document]]")).count(),
        2,
        "{problems:#?}"
    );
    assert_eq!(problems.len(), 4, "{problems:#?}");
    let Unusable(many) = read(&(0..500).map(|n| format!("k{n} = 1\n")).collect::<String>()).unwrap_err();
    assert!((100..=101).contains(&many.len()), "{}", many.len());
}

#[test]
fn every_value_of_a_wrong_type_is_named_at_once() {
    let text = format!(
        "{HEAD}[[condition]]\nid = 7\nname = \"A\"\ntype = \"cuont\"\ncolour = 1\n[[condition.count]]\n\
         document = \"plans\"\npage = \"four\"\nbox = [1, \"a\", 3]\nthreshold = \"high\"\n\
         [[condition]]\nname = \"B\"\ntype = \"area\"\n[condition.assembly]\noverhead_percent = true\n\
         [[condition.assembly.component]]\nname = \"c\"\ntype = \"material\"\nunit = \"EA\"\nunit_cost = \"dear\"\n"
    );
    let Unusable(problems) = read(&text).unwrap_err();
    let all = problems.join("\n");
    for part in [
        "line 10: unknown field `colour`",
        "line 7: condition 1: `id = 7`: it is the number `7`, expected text in quotation marks",
        "line 9: condition `7`: `type = \"cuont\"`: unknown variant `cuont`",
        "line 13: condition `7`, count 1: `page = \"four\"`: it is the text \"four\", expected a whole number",
        "line 14: condition `7`, count 1: `box = [1, \"a\", 3]`: ",
        "line 15: condition `7`, count 1: `threshold = \"high\"`: ",
        "line 16: condition 2: missing field `id`",
        "line 20: condition 2, assembly: `overhead_percent = true`: it is `true`, expected a number",
        "line 25: condition 2, assembly, component 1: `unit_cost = \"dear\"`: ",
    ] {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
    // The box has a word in it, and three numbers.
    assert_eq!(problems.len(), 10, "{all}");
    // What stands there is shown with it.
    let Unusable(one) = read(&count("threshold = \"high\"")).unwrap_err();
    assert!(
        one.len() == 1 && one[0].contains("threshold = \"high\"") && one[0].contains("line 14"),
        "{one:?}"
    );
    let Unusable(many) = read(&count(&format!("more = [{}]", "'x', ".repeat(300)))).unwrap_err();
    assert!((20..=21).contains(&many.len()), "{}", many.len());
}

#[test]
fn a_drawing_in_place_of_a_recipe_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.pdf");
    for (bytes, what) in [
        (&b"%PDF-1.7\n\xe2\xe3\xcf\xd3 1 0 obj"[..], "a PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture"),
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"\xff\xd8\xff\xe0\0", "a JPEG picture"),
        (b"a = '\xff'", "no text"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let Unusable(said) = Recipe::read(&path).unwrap_err();
        assert!(said.len() == 1 && said[0].contains(what) && said[0].contains("plans.pdf"), "{said:?}");
        assert_eq!(said[0].contains("[[document]]"), what != "no text", "{said:?}");
    }
}

#[test]
fn numbers_of_hundreds_of_digits_are_told_briefly() {
    let long = "1".repeat(300);
    let text = count(&format!("threshold = {long}.0\nregion = [{long}.0, 0, -{long}.0, 5]"));
    for problem in problems(&text) {
        assert!(problem.len() < 200, "{problem}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let Unusable(problems) = read(&HEAD.replace("plans.pdf", "nowhere.pdf")).unwrap_err();
    assert!(problems[0].contains("nowhere.pdf"));
}

/// The sample, which documents the format in its comments.
const SAMPLE: &str = include_str!("../../../../samples/school/takeoff.toml");

const COUNTED: &str = "[[condition]]\nid = \"a\"\nname = \"A\"\ntype = \"count\"\n";

fn count(options: &str) -> String {
    format!(
        "{HEAD}{COUNTED}[[condition.count]]\ndocument = \"plans\"\npage = 1\nbox = [1, 2, 3, 4]\n{options}\n"
    )
}

fn measure(geometry: &str) -> String {
    format!("{HEAD}{COUNTED}[[condition.measure]]\ndocument = \"plans\"\npage = 1\n{geometry}\n")
}

#[test]
fn every_option_of_a_count_that_the_sample_documents_is_taken() {
    let option = |line: &str| {
        let (key, rest) = line.strip_prefix("#   ")?.split_once(" = ")?;
        let value = rest.split("  ").next()?;
        Some((key.to_owned(), format!("{key} = {value}")))
    };
    let documented: Vec<(String, String)> = SAMPLE.lines().filter_map(option).collect();
    let keys: BTreeSet<&str> = documented.iter().map(|(key, _)| key.as_str()).collect();
    let all = [
        "include_legend",
        "include_mirrored",
        "max_detections",
        "pages",
        "rotation_tolerance",
        "scale_tolerance",
        "threshold",
    ];
    assert_eq!(keys, BTreeSet::from(all));
    let lines: Vec<&str> = documented.iter().map(|(_, line)| line.as_str()).collect();
    let recipe = read(&count(&lines.join("\n"))).unwrap();
    let part = &recipe.conditions[0].counts[0];
    assert!(matches!(&part.pages, Some(Pages::List(pages)) if *pages == [3, 4]));
    assert_eq!((part.threshold, part.max_detections, part.include_legend), (Some(0.80), Some(500), false));
    assert_eq!((part.rotation_tolerance, part.scale_tolerance), (Some(90.0), Some(0.2)));
    assert!(part.include_mirrored && part.same_pen);
    assert!(!read(&count("same_pen = false")).unwrap().conditions[0].counts[0].same_pen);
    let bare = &read(&count("")).unwrap().conditions[0].counts[0];
    assert_eq!((bare.include_legend, bare.include_mirrored), (false, true));
    assert!(read(&count("pages = \"all\"")).is_ok());
}

#[test]
fn every_geometry_that_the_sample_documents_is_taken() {
    let documented = SAMPLE.split("geometry = line, ").nth(1).and_then(|t| t.split('.').next()).unwrap();
    for kind in ["polyline", "polygon (points)", "circle (center, radius)", "point (points", "rectangle"] {
        assert!(documented.replace("\n# ", " ").contains(kind), "{kind} in {documented}");
    }
    let corner = json!({"x": 1.0, "y": 2.0});
    let far = json!({"x": 3.0, "y": 4.0});
    let line = json!({"start": corner, "end": far});
    let path = json!({"points": [corner, far]});
    let ring = json!({"points": [corner, far, {"x": 5.0, "y": 0.0}]});
    for (text, kind, expected) in [
        ("\"line\"\npoints = [[1, 2], [3, 4]]", GeometryType::Line, vec![line.clone()]),
        ("\"line\"\nstart = [1, 2]\nend = [3, 4]", GeometryType::Line, vec![line]),
        ("\"polyline\"\npoints = [[1, 2], [3, 4]]", GeometryType::Polyline, vec![path]),
        ("\"polygon\"\npoints = [[1, 2], [3, 4], [5, 0]]", GeometryType::Polygon, vec![ring]),
        (
            "\"rectangle\"\nx = 1\ny = 2\nwidth = 3\nheight = 4\nnotes = \"n\"",
            GeometryType::Rectangle,
            vec![json!({"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0})],
        ),
        (
            "\"circle\"\ncenter = [1, 2]\nradius = 5",
            GeometryType::Circle,
            vec![json!({"center": corner, "radius": 5.0})],
        ),
        ("\"point\"\npoints = [[1, 2], [3, 4]]", GeometryType::Point, vec![corner.clone(), far]),
        ("\"point\"\nx = 1\ny = 2", GeometryType::Point, vec![corner]),
    ] {
        let recipe =
            read(&measure(&format!("geometry = {text}"))).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let part = &recipe.conditions[0].measures[0];
        assert_eq!(part.geometry, kind, "{text}");
        assert_eq!(part.geometries(), Ok(expected), "{text}");
    }
}

#[test]
fn every_other_key_of_the_format_is_taken() {
    let text = "[project]\nname = \"P\"\nclient = \"C\"\naddress = \"A\"\ndescription = \"D\"\n\
         [[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n\
         [[condition]]\nid = \"a\"\nname = \"A\"\ntype = \"area\"\nunit = \"SF\"\ndepth = 4\nthickness = 2\n\
         scope = \"base\"\ncategory = \"floors\"\ncolor = \"#336699\"\n\
         [condition.assembly]\ntemplate = \"Carpet Tile Floor with Base\"\noverhead_percent = 10\nprofit_percent = 8\n\
         [[condition.assembly.component]]\nname = \"M\"\ntype = \"material\"\nunit = \"SF\"\nunit_cost = \"1.25\"\n\
         formula = \"{qty} * 2\"\nwaste_percent = 3\nlabor_hours = 1\n\
         [[condition]]\nid = \"b\"\nname = \"B\"\ntype = \"area\"\nunit = \"SY\"\n\
         [[scale]]\ndocument = \"plans\"\npage = 1\npx_per_foot = 7.5\n\
         [[scale]]\ndocument = \"plans\"\npage = 2\ntext = \"1:50\"\n\
         [[scale]]\ndocument = \"plans\"\npage = 3\nfrom = [0, 0]\nto = [3, 4]\nfeet = 20.0\n\
         [[scale]]\ndocument = \"plans\"\npage = 4\nfrom = [0, 0]\nto = [3, 4]\nmeters = 6.0\n";
    let recipe = read(text).unwrap();
    assert_eq!(recipe.scales.len(), 4);
    assert_eq!(
        problems(&text.replace("meters = 6.0", "meters = 6.0\nfeet = 20.0")),
        ["scale of `plans` page 4: give the distance in feet or in meters, not both"]
    );
    let condition = &recipe.conditions[0];
    assert_eq!(
        (condition.unit().as_str(), condition.depth, condition.thickness),
        ("SF", Some(4.0), Some(2.0))
    );
    assert_eq!(recipe.conditions[1].unit(), "SY");
    assert_eq!(condition.assembly.as_ref().unwrap().components[0].formula, "{qty} * 2");
}

#[test]
fn numbers_out_of_bounds_are_named_with_their_place() {
    for (option, said) in [
        ("max_detections = 0", "condition `a`, count 1: max_detections is 1 to 4000, not 0"),
        ("max_detections = 4001", "condition `a`, count 1: max_detections is 1 to 4000, not 4001"),
        ("threshold = 80", "condition `a`, count 1: threshold is 0 to 1, not 80"),
        ("rotation_tolerance = -1", "condition `a`, count 1: rotation_tolerance is 0 to 90, not -1"),
        (
            "scale_tolerance = nan",
            "condition `a`, count 1: `scale_tolerance` holds NaN, which is no finite number",
        ),
        ("pages = \"every\"", "condition `a`, count 1: pages is a list of numbers or \"all\", not \"every\""),
    ] {
        assert_eq!(problems(&count(option)), [said], "{option}");
    }
    let three = measure("geometry = \"polyline\"\npoints = [[1, inf], [2, 3], [-inf, nan]]\nradius = nan");
    let place = "condition `a`, measure 1";
    let point = |n: &str| format!("{place}: `points` holds {n}, which is no finite number");
    let radius = format!("{place}: `radius` holds NaN, which is no finite number");
    assert_eq!(problems(&three), [point("inf"), point("-inf"), point("NaN"), radius]);
    let Unusable(many) = read(&count("max_detections = \"many\"")).unwrap_err();
    assert!(many[0].contains("line") && many[0].contains("max_detections"), "{many:?}");
    assert_eq!(
        problems(&measure("geometry = \"point\"\npoints = []")),
        ["condition `a`, measure 1: `points` is empty"]
    );
}

const REFERENCE: &str = include_str!("../../../../docs/recipe.md");

/// The keys that a table of the format takes, as the reader itself says when it meets another.
fn keys(recipe: &str) -> BTreeSet<String> {
    let Unusable(problems) = read(recipe).unwrap_err();
    let unknown = problems.iter().find_map(|p| p.split_once("unknown field")?.1.split_once("expected"));
    let (_, expected) = unknown.unwrap_or_else(|| panic!("{problems:?}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The keys that the reference lists in the section of a table.
fn described(table: &str) -> BTreeSet<String> {
    let title = format!("\n## `{table}`\n");
    let section = REFERENCE.split(&title).nth(1).unwrap_or_else(|| panic!("no section for {table}"));
    let rows = section.split("\n## ").next().unwrap().lines().filter(|l| l.starts_with("| `"));
    rows.map(|row| {
        assert_eq!(row.matches(" | ").count(), 3, "{row} lacks a column");
        row.split('`').nth(1).unwrap().to_owned()
    })
    .collect()
}

#[test]
fn the_reference_has_every_key_and_no_other() {
    let condition = format!("{HEAD}{COUNTED}");
    let tables = [
        ("[project]", "[project]\nzz = 1\n".to_owned()),
        ("[[document]]", format!("{HEAD}zz = 1\n")),
        ("[[scale]]", format!("{HEAD}[[scale]]\nzz = 1\n")),
        ("[[condition]]", format!("{condition}zz = 1\n")),
        ("[[condition.count]]", count("zz = 1")),
        ("[[condition.measure]]", measure("zz = 1")),
        ("[condition.assembly]", format!("{condition}[condition.assembly]\nzz = 1\n")),
        (
            "[[condition.assembly.component]]",
            format!("{condition}[condition.assembly]\n[[condition.assembly.component]]\nzz = 1\n"),
        ),
    ];
    for (table, recipe) in &tables {
        let mut taken = keys(recipe);
        // Tables of their own have sections of their own.
        taken.retain(|key| *table != "[[condition]]" || !["count", "measure", "assembly"].contains(&&**key));
        assert!(taken.len() >= 2, "{table}: {taken:?}");
        assert_eq!(described(table), taken, "{table}");
    }
    let names: BTreeSet<String> = tables.iter().map(|(t, _)| t.trim_matches(['[', ']']).to_owned()).collect();
    assert_eq!(keys("zz = 1\n"), names.into_iter().filter(|n| !n.contains('.')).collect());
}

#[test]
fn the_reference_names_every_variable_and_function_of_formulas() {
    use takeoff_core::formula::{FUNCTIONS, VARIABLES};
    for (variable, _) in VARIABLES {
        assert!(REFERENCE.contains(&format!("`{variable}`")), "{variable}");
    }
    for function in FUNCTIONS {
        let name = function.split('(').next().unwrap();
        assert!(REFERENCE.contains(name), "{name}");
    }
}

#[test]
fn impossible_prices_and_two_scales_of_a_page_are_refused_before_any_work() {
    let text = "[project]\nname = \"P\"\n[[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n\
         [[condition]]\nid = \"a\"\nname = \"A\"\ntype = \"area\"\n\
         [condition.assembly]\noverhead_percent = -50\nprofit_percent = 1e9\n\
         [[condition.assembly.component]]\nname = \"M\"\ntype = \"material\"\nunit = \"SF\"\nunit_cost = \"-3\"\n\
         [[condition.assembly.component]]\nname = \"N\"\ntype = \"labor\"\nunit = \"SF\"\nunit_cost = \"1\"\n\
         formula = \"{qty\"\n\
         [[scale]]\ndocument = \"plans\"\npage = 4\npx_per_foot = 18.75\n\
         [[scale]]\ndocument = \"plans\"\npage = 4\npx_per_foot = 37.5\n";
    let problems = problems(text);
    let wanted = [
        "condition `a`, assembly: the overhead (percent)",
        "condition `a`, assembly: the profit (percent)",
        "condition `a`, component `M`: the unit cost",
        "condition `a`, component `N`:",
        "scale of `plans` page 4: it is there twice",
    ];
    assert_eq!(problems.len(), wanted.len(), "{problems:?}");
    for (problem, wanted) in problems.iter().zip(wanted) {
        assert!(problem.starts_with(wanted), "{problem}: not {wanted}");
    }
}

#[test]
fn examples_and_regions_of_a_count_have_their_limits() {
    let recipe = read(&count(
        "more = [[1, 2, 3, 4]]\nexclude = [[9, 9, 3, 4], [19, 9, 3, 4]]\nregion = [0, 0, 50, 50]",
    ));
    let part = recipe.unwrap().conditions.remove(0).counts.remove(0);
    assert_eq!((part.more.len(), part.exclude.len(), part.region), (1, 2, Some([0.0, 0.0, 50.0, 50.0])));
    let boxes = |n: usize| vec!["[1, 2, 3, 4]"; n].join(", ");
    for (options, problem) in [
        (format!("more = [{}]", boxes(8)), "more has 8 boxes, at most 7"),
        (format!("exclude = [{}]", boxes(9)), "exclude has 9 boxes, at most 8"),
        ("region = [0, 0, 0, 5]".to_owned(), "region has no width"),
    ] {
        let Unusable(problems) = read(&count(&options)).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains(problem), "{options}: {problems:?}");
    }
}

#[test]
fn what_no_drawing_can_have_is_refused_before_it_is_read() {
    let of = |kind: &str, geometry: &str| {
        measure(geometry).replace("type = \"count\"", &format!("type = \"{kind}\""))
    };
    let square = "points = [[0, 0], [9, 0], [9, 9]]";
    for (text, said) in [
        (
            count("").replace("[1, 2, 3, 4]", "[1, 2, -3, 4]"),
            "count 1: box has no width or no height: [1, 2, -3, 4]",
        ),
        (
            count("more = [[1, 2, 3, 4], [5, 6, 7, 0]]"),
            "count 1: more has no width or no height: [5, 6, 7, 0]",
        ),
        (count("exclude = [[5, 6, -7, 1]]"), "count 1: exclude has no width"),
        (count("pages = []"), "count 1: pages is empty"),
        (count("pages = [0]"), "count 1: pages are numbered from 1"),
        (
            of("area", "geometry = \"rectangle\"\nx = 1\ny = 2\nwidth = -3\nheight = 4"),
            "measure 1: width is above 0, not -3",
        ),
        (
            of("area", "geometry = \"rectangle\"\nx = 1\ny = 2\nwidth = 3\nheight = 0"),
            "measure 1: height must not be 0",
        ),
        (
            of("area", "geometry = \"circle\"\ncenter = [1, 2]\nradius = -5"),
            "measure 1: radius must be greater than 0",
        ),
        (
            of("area", &format!("geometry = \"rectangle\"\nx = 1\ny = 2\nwidth = 3\nheight = 4\n{square}")),
            "measure 1: a rectangle takes no `points`",
        ),
        (
            of("linear", "geometry = \"line\"\npoints = [[0, 0], [9, 0]]\nend = [9, 9]"),
            "measure 1: a line takes no `end` beside `points`",
        ),
        (
            of("area", "geometry = \"rectangle\"\nx = 1\ny = 2\nwidth = 3\nheight = 1e-320"),
            "measure 1: height is 1e-320 px, and no page shows less than 0.000001 px",
        ),
        (
            of("area", "geometry = \"polygon\"\npoints = [[0, 0], [9, 0], [1e9, 9]]"),
            "measure 1: point 3, x must be within",
        ),
        (
            of("linear", &format!("geometry = \"polygon\"\n{square}")),
            "measure 1: a condition of type linear takes a",
        ),
        (
            of("area", &format!("geometry = \"polyline\"\n{square}")),
            "measure 1: a condition of type area takes a",
        ),
        (of("volume", "geometry = \"point\"\nx = 1\ny = 2"), "measure 1: a condition of type volume takes a"),
    ] {
        let found = problems(&text);
        let [problem] = &found[..] else { panic!("{text}: {found:?}") };
        assert!(problem.starts_with(&format!("condition `a`, {said}")), "{problem}: not {said}");
    }
    let scale = format!("{HEAD}[[scale]]\ndocument = \"plans\"\npage = 1\npx_per_foot = -9\n");
    assert_eq!(
        read(&scale).unwrap_err().0,
        ["line 9: scale of `plans` page 1: px_per_foot is above 0, not -9"]
    );
}
