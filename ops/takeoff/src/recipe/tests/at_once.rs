//! All that can be known of a recipe before any work is told at once.

use super::*;

/// Everything that is wrong is said at once: with values of a wrong type and missing ones among it, too.
#[test]
fn nothing_wrong_waits_for_anything_else() {
    let long = "x".repeat(5_000);
    let text = format!(
        "[project]\nname = \" \"\n[[document]]\nid = \"plans\"\nfile = \"nowhere.pdf\"\n[[document]]\n\
         id = \"notes\"\nfile = \"takeoff.toml\"\n[[condition]]\nid = \"a\"\nname = \"{long}\"\ntype = \"count\"\n\
         color = \"red\"\ndepth = -1\n[[condition.count]]\ndocument = \"plan\"\npage = 0\nbox = \"big\"\n\
         threshold = nan\n[[condition]]\nname = \"B\"\ntype = \"area\"\nunit = \"furlong\"\n[[condition.measure]]\n\
         document = \"plans\"\npage = \"one\"\ngeometry = \"rectangle\"\nx = 1\ny = 1\nwidth = 5\n\
         [condition.assembly]\n[[condition.assembly.component]]\nname = \"\"\ntype = \"material\"\nunit = \"EA\"\n\
         unit_cost = \"-1\"\nformula = \"{{qty\"\nwaste_percent = 200\n[[scale]]\ndocument = \"plans\"\npage = 1\n\
         text = \"about right\"\n"
    );
    let Unusable(problems) = read(&text).unwrap_err();
    let wanted = [
        "line 2: project: its name is empty",
        "line 5: document `plans`: ",
        "line 8: document `notes`: ",
        "line 11: condition `a`: the name has 5000 characters, at most 255",
        "line 13: condition `a`: the color must be written like #3B82F6",
        "line 14: condition `a`: the depth in inches must be between",
        "line 16: condition `a`, count 1: there is no document `plan`",
        "line 17: condition `a`, count 1: pages are numbered from 1",
        "line 18: condition `a`, count 1: `box = \"big\"`: it is the text \"big\"",
        "line 19: condition `a`, count 1: `threshold` holds NaN",
        "line 20: condition 2: missing field `id`",
        "line 23: condition 2: ",
        "line 24: condition 2, measure 1: a rectangle needs `height`",
        "line 26: condition 2, measure 1: `page = \"one\"`: it is the text \"one\"",
        "line 33: condition 2, component 1: ",
        "line 36: condition 2, component 1: ",
        "line 37: condition 2, component 1: ",
        "line 38: condition 2, component 1: ",
        "line 42: scale of `plans` page 1: ",
    ];
    let all = problems.join("\n");
    for (problem, start) in problems.iter().zip(wanted) {
        assert!(problem.starts_with(start), "{problem:.200}\nis not {start}; of\n{all:.4000}");
        assert!(problem.len() < 400, "{problem:.500}");
    }
    assert_eq!(problems.len(), wanted.len(), "{all:.4000}");
}

/// Names and units go into tables as they are.
#[test]
fn names_and_units_are_of_one_line_and_steer_nothing() {
    let text = "[project]\nname = \"P\\u001b[2J\"\n[[document]]\nid = \"notes\"\nfile = \"nowhere.pdf\"\n[[condition]]\n\
                id = \"a\"\nname = \"A\\tB\"\ntype = \"count\"\n[condition.assembly]\n[[condition.assembly.component]]\n\
                name = \"C\\u0085\"\ntype = \"material\"\nunit = \"E\\nA\"\nunit_cost = \"1\"\n";
    let found = read(text).unwrap_err().0.join("\n");
    for (place, code) in [
        ("project", "U+001B"),
        ("condition `a`", "U+0009"),
        ("component `C", "U+0085"),
        ("component `C", "U+000A"),
    ] {
        assert!(found.lines().any(|l| l.contains(place) && l.contains(code)), "{place} {code}: {found}");
    }
}

#[test]
fn what_follows_from_something_wrong_is_not_told_beside_it() {
    // Any document may be the one whose id is not known, and any geometry may fit a type that is not.
    let text = "[project]\nname = \"P\"\n[[document]]\nid = 7\nfile = \"plans.pdf\"\n[[condition]]\nid = \"a\"\n\
                name = \"A\"\ntype = \"aera\"\nunit = \"SY\"\n[[condition.measure]]\ndocument = \"plans\"\npage = 1\n\
                geometry = \"circle\"\ncenter = [1, 2]\nradius = \"r\"\n[condition.assembly]\n\
                template = \"Carpet Tile Floor with Base\"\n";
    let found = read(text).unwrap_err().0;
    let starts = [
        "line 4: document 1: `id = 7`",
        "line 9: condition `a`: `type",
        "line 16: condition `a`, measure 1: `radius",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (problem, start) in found.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem} is not {start}");
    }
}

#[test]
fn more_shapes_than_a_page_or_a_condition_takes_are_refused_before_any_work() {
    let line = |page: u32| {
        format!(
            "[[condition.measure]]\ndocument = \"plans\"\npage = {page}\ngeometry = \"line\"\nstart = [0, 0]\n\
             end = [9, 9]\n"
        )
    };
    let of = |id: &str, shapes: String| {
        format!("[[condition]]\nid = \"{id}\"\nname = \"{id}\"\ntype = \"linear\"\n{shapes}")
    };
    let point = "[[condition.measure]]\ndocument = \"plans\"\npage = 1\ngeometry = \"point\"\nx = 1\ny = 1\n";
    let points =
        format!("[[condition]]\nid = \"p\"\nname = \"p\"\ntype = \"count\"\n{}", point.repeat(4_001));
    let full = format!("{HEAD}{}{points}", of("a", line(1).repeat(4_000)));
    assert!(read(&full).is_ok(), "{:?}", read(&full).err());
    let on_page = problems(&format!("{full}{}", of("b", line(1).repeat(3))));
    let [one] = &on_page[..] else { panic!("{on_page:?}") };
    assert_eq!(
        one,
        "condition `b`, measure 1: the page takes no more than 4000 measured shapes, and this is one more"
    );
    let of_condition =
        problems(&format!("{HEAD}{}", of("a", line(1).repeat(2_001) + &line(2).repeat(2_000))));
    let [one] = &of_condition[..] else { panic!("{of_condition:?}") };
    assert!(one.starts_with("condition `a`, measure 4001: the condition takes no more than 4000"), "{one}");
}

#[test]
fn ids_are_short_and_there() {
    let long = "i".repeat(101);
    let text = format!(
        "{HEAD}[[condition]]\nid = \"\"\nname = \"A\"\ntype = \"count\"\n\
                        [[condition]]\nid = \"{long}\"\nname = \"A\"\ntype = \"count\"\n"
    );
    let found = problems(&text);
    assert!(
        found[0].ends_with("its id is empty") && found[1].contains("its id has 101 characters"),
        "{found:?}"
    );
    assert!(found.len() == 2 && found[1].len() < 150, "{found:?}");
}
