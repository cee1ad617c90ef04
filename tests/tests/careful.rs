//! `takeoff run` that is stopped, run twice, asked for what is not there, or unsure of what it counted.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_samples::raster;
use takeoff_tests::{School, children, command, eventually, first_count, run, school_plans};

const WAIT: Duration = Duration::from_secs(60);

const HEAD: &str = "[project]\nname = \"P\"\n[[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n";

/// A recipe beside the school's plans, or another drawing.
struct Recipe(tempfile::TempDir);

impl Recipe {
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(school_plans(), folder.path().join("plans.pdf")).unwrap();
        std::fs::write(folder.path().join("takeoff.toml"), format!("{HEAD}{text}")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn arguments(&self) -> [String; 4] {
        let text = |name: &str| self.path(name).to_str().unwrap().to_owned();
        ["run".to_owned(), text("takeoff.toml"), "--out".to_owned(), text("out")]
    }

    /// Exit code, standard output and standard error.
    fn run(&self) -> (Option<i32>, String, String) {
        let arguments = self.arguments();
        let ran = run(&arguments.each_ref().map(String::as_str));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ran.status.code(), text(ran.stdout), text(ran.stderr))
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("out/report.json")).unwrap()).unwrap()
    }
}

fn counted(options: &str) -> String {
    let (page, shown) = first_count();
    let b = ["x", "y", "w", "h"].map(|side| shown[side].as_f64().unwrap());
    format!(
        "[[condition]]\nid = \"c\"\nname = \"Outlets\"\ntype = \"count\"\n[[condition.count]]\ndocument = \"plans\"\n\
         page = {page}\nbox = {b:?}\n{options}\n"
    )
}

/// A run with a folder for temporary files of its own, and its lines as they come.
fn begin(recipe: &Recipe, temporary: &Path) -> (Child, mpsc::Receiver<String>) {
    let mut child = command()
        .args(recipe.arguments())
        .env("TMPDIR", temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    let (send, log) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    (child, log)
}

fn signal(child: &Child, name: &str) {
    let sent =
        std::process::Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

fn until(log: &mpsc::Receiver<String>, words: &str) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let line = log.recv_timeout(WAIT).unwrap_or_else(|e| panic!("{e}: no {words} in {seen:?}"));
        let is_it = line.contains(words);
        seen.push(line);
        if is_it {
            return seen;
        }
    }
}

fn runs_of(temporary: &Path) -> usize {
    std::fs::read_dir(temporary).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_leaves_nothing_and_says_what_it_did_not_come_to() {
    let recipe = Recipe::of(&counted("pages = \"all\""));
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let temporary = tempfile::tempdir().unwrap();
        let (mut child, log) = begin(&recipe, temporary.path());
        until(&log, "Ingesting");
        let parsing = eventually("a parse child runs", WAIT, || async {
            Some(children(child.id(), "parse-worker")).filter(|all| !all.is_empty())
        })
        .await;
        signal(&child, name);
        let said = until(&log, "stopped by").pop().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
        assert!(said.contains(&format!("SIG{name} at: Ingesting plans.pdf; not finished: `c`")), "{said}");
        assert_eq!(runs_of(temporary.path()), 0, "the data of the run are gone");
        eventually("the parse children are gone", WAIT, || async {
            parsing.iter().all(|id| !Path::new(&format!("/proc/{id}")).exists()).then_some(())
        })
        .await;
        assert!(!recipe.path("out/report.json").exists());
    }
}

#[test]
fn a_run_that_counts_has_cleared_what_an_earlier_one_wrote() {
    let recipe = Recipe::of(&counted("pages = \"all\""));
    assert_eq!(recipe.run().0, Some(0));
    assert!(recipe.path("out/report.json").exists());
    let temporary = tempfile::tempdir().unwrap();
    let (mut child, log) = begin(&recipe, temporary.path());
    until(&log, "Counting");
    // Only a run that has ended writes one.
    assert!(!recipe.path("out/report.json").exists() && !recipe.path("out/takeoff.csv").exists());
    signal(&child, "TERM");
    child.wait().unwrap();
}

#[test]
fn what_a_killed_run_left_the_next_one_removes() {
    let recipe = Recipe::of("");
    let temporary = tempfile::tempdir().unwrap();
    let (mut child, log) = begin(&recipe, temporary.path());
    until(&log, "Ingesting");
    signal(&child, "KILL");
    child.wait().unwrap();
    assert_eq!(runs_of(temporary.path()), 1);
    let (mut child, _log) = begin(&recipe, temporary.path());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(runs_of(temporary.path()), 0);
}

#[test]
fn pictures_of_an_earlier_run_are_no_results_of_this_one() {
    let recipe = Recipe::of(&counted("pages = [3, 4]"));
    assert_eq!(recipe.run().0, Some(0));
    std::fs::write(recipe.path("out/mine.txt"), "mine").unwrap();
    assert!(recipe.path("out/plans-page3.png").exists());
    std::fs::write(recipe.path("takeoff.toml"), format!("{HEAD}{}", counted(""))).unwrap();
    assert_eq!(recipe.run().0, Some(0));
    assert!(recipe.path("out/plans-page4.png").exists() && !recipe.path("out/plans-page3.png").exists());
    assert!(recipe.path("out/mine.txt").exists());
    // One that is refused costs no results.
    let good = std::fs::read_to_string(recipe.path("takeoff.toml")).unwrap();
    let beside = format!("{HEAD}{}", counted("pages = [77]"));
    std::fs::write(recipe.path("takeoff.toml"), beside).unwrap();
    let (code, _, said) = recipe.run();
    assert!(code == Some(65) && said.contains("out is of an earlier run"), "{said}");
    assert!(recipe.path("out/plans-page4.png").exists() && recipe.path("out/report.json").exists());
    std::fs::write(recipe.path("takeoff.toml"), good).unwrap();
    // The counts of the table say how sure they are and what was left out.
    let table = std::fs::read_to_string(recipe.path("out/takeoff.csv")).unwrap();
    let row = table.lines().nth(1).unwrap();
    let counted = recipe.report()["conditions"][0]["counts"][0]["counted"].clone();
    assert!(
        table
            .lines()
            .next()
            .unwrap()
            .ends_with(",Components in error,Counted,Least confidence,Notes,Pages,Scale")
    );
    assert!(row.contains(&format!(",{counted},1.00,\"1 in legends set apart; ")), "{row}");
    assert!(!row.contains("condition `c`"), "the row says whose notes they are: {row}");

    let foreign = Recipe::of("");
    std::fs::create_dir(foreign.path("out")).unwrap();
    std::fs::write(foreign.path("out/report.json"), "mine").unwrap();
    let (code, _, said) = foreign.run();
    assert!(
        code == Some(1) && said.contains("no earlier run wrote it") && !said.contains("Ingesting"),
        "{said}"
    );
}

#[test]
fn places_that_the_drawings_do_not_have_are_said_at_once() {
    let wrong = "[[condition.count]]\ndocument = \"plans\"\npage = 4\nbox = [5390, 10, 50, 50]\npages = [4, 77]\n\
         [[condition.measure]]\ndocument = \"plans\"\npage = 99\ngeometry = \"point\"\nx = 1\ny = 2\n\
         [[condition.measure]]\ndocument = \"plans\"\npage = 1\ngeometry = \"point\"\nx = 90000\ny = 2\n\
         [[scale]]\ndocument = \"plans\"\npage = 44\npx_per_foot = 9\n";
    let (code, _, said) = Recipe::of(&format!("{}{wrong}", counted(""))).run();
    assert_eq!(code, Some(65), "{said}");
    for part in [
        "line 18: condition `c`, count 2: the exemplar's box (x 5390, y 10, w 50, h 50) lies outside the page",
        "line 19: condition `c`, count 2: `plans` has no page 77",
        "line 22: condition `c`, measure 1: `plans` has no page 99",
        "line 26: condition `c`, measure 2: the geometry lies outside page 1",
        "line 34: scale of `plans` page 44: `plans` has no page 44",
    ] {
        assert_eq!(said.matches(part).count(), 1, "{part} in {said}");
    }
    assert!(!said.contains("Counting"), "{said}");
}

#[test]
fn the_templates_there_are_are_listed_once_and_first() {
    let condition = |id: &str, template: &str| {
        format!(
            "[[condition]]\nid = \"{id}\"\nname = \"{id}\"\ntype = \"area\"\n[condition.assembly]\n\
             template = \"{template}\"\n"
        )
    };
    let (code, _, said) =
        Recipe::of(&[condition("a", "Slab of Jade"), condition("b", "Moat")].concat()).run();
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("line 11: condition `a`, assembly: there is no template `Slab of Jade`"), "{said}");
    assert!(said.contains("no template `Moat`") && !said.contains("Ingesting"), "{said}");
    assert_eq!(said.matches("the templates there are:").count(), 1, "{said}");
}

#[test]
fn a_scale_of_the_recipe_that_is_refused_leaves_nothing_measured() {
    // The page states one itself, which is not what the recipe wants.
    let recipe = Recipe::of(
        "[[scale]]\ndocument = \"plans\"\npage = 2\ntext = \"1:100 @A1 / 1:200 @A3\"\n[[condition]]\nid = \"a\"\n\
         name = \"A\"\ntype = \"area\"\n[[condition.measure]]\ndocument = \"plans\"\npage = 2\n\
         geometry = \"rectangle\"\nx = 600\ny = 600\nwidth = 180\nheight = 180\n",
    );
    let (code, said, _) = recipe.run();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the recipe's scale of `plans` page 2 was refused"), "{said}");
    let condition = recipe.report()["conditions"][0].clone();
    assert!(condition["quantity"].as_f64().unwrap_or(0.0) == 0.0, "{condition}");
    assert_ne!(condition["problems"], json!([]), "{condition}");
}

#[test]
fn a_scale_set_by_hand_shows_itself_and_a_shape_measured_twice_is_noted() {
    let (square, other) = (
        "geometry = \"rectangle\"\nx = 600\ny = 600\nwidth = 180\nheight = 180",
        "geometry = \"polygon\"\npoints = [[780, 780], [780, 600], [600, 600], [600, 780]]",
    );
    let measure = |shape: &str| format!("[[condition.measure]]\ndocument = \"plans\"\npage = 2\n{shape}\n");
    let recipe = Recipe::of(&format!(
        "[[scale]]\ndocument = \"plans\"\npage = 2\npx_per_foot = 9\n[[condition]]\nid = \"a\"\nname = \"A\"\n\
         type = \"area\"\n{}{}",
        measure(square),
        measure(other)
    ));
    let (code, said, _) = recipe.run();
    assert_eq!(code, Some(0), "{said}");
    let is_second = |l: &&str| l.split_whitespace().take(2).eq(["plans", "2"]);
    let row = said.lines().find(is_second).unwrap_or_else(|| panic!("{said}"));
    assert!(row.contains("9 px/ft") && row.ends_with("set by hand") && !row.contains('"'), "{row}");
    assert_eq!(recipe.report()["pages"][1]["scale"]["text"], Value::Null);
    let notes = recipe.report()["notes"].to_string();
    assert!(
        notes.contains("condition `a`, measure 2 has the same shape on the same page as measure 1"),
        "{notes}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_on_a_scan_does_not_look_safe() {
    let s = School::open().await;
    let image = s.pages[5]["image_url"].as_str().unwrap();
    let png = reqwest::get(image).await.unwrap().bytes().await.unwrap();
    let recipe = Recipe::of("");
    std::fs::write(recipe.path("plans.png"), &png).unwrap();
    let head = HEAD.replace("plans.pdf", "plans.png");
    // The page's frame and title are unlike anything else.
    let (_, shown) = first_count();
    let count = format!(
        "[[condition]]\nid = \"c\"\nname = \"Drains\"\ntype = \"count\"\n[[condition.count]]\ndocument = \"plans\"\n\
         page = 1\nbox = [{}, {}, 60, 60]\nthreshold = 1\n",
        shown["x"], shown["y"]
    );
    std::fs::write(recipe.path("takeoff.toml"), format!("{head}{count}")).unwrap();
    let (_, said, error) = recipe.run();
    let report = recipe.report();
    let part = &report["conditions"][0]["counts"][0];
    assert_eq!(part["pictures"], json!([1]), "{said}{error}");
    assert_eq!((&part["counted"], &part["confidence"]), (&json!(1), &Value::Null), "{said}");
    assert!(said.contains("1 counted, nothing but the example itself, on a scanned picture"), "{said}");
    assert!(said.contains("\nCheck by eye\n  - Drains: counted on a scanned picture"), "{said}");
    let notes = part["notes"].as_str().unwrap();
    assert!(notes.contains("nothing but the example itself") && notes.contains("check by eye"), "{notes}");
}

#[test]
fn two_runs_do_not_mix_their_files() {
    let recipe = Recipe::of("");
    let temporary = tempfile::tempdir().unwrap();
    let (mut first, log) = begin(&recipe, temporary.path());
    until(&log, "Ingesting");
    let (code, _, said) = recipe.run();
    assert_eq!(code, Some(1), "{said}");
    let holder = format!("another run (process {})", first.id());
    assert!(said.contains(&holder) && said.contains("name another folder"), "{said}");
    // A run that is killed is in nobody's way.
    signal(&first, "KILL");
    first.wait().unwrap();
    assert_eq!(recipe.run().0, Some(0));
    assert!(!recipe.path("out/.takeoff-lock").exists());
}

#[test]
fn a_pictures_resolution_that_is_no_evidence_makes_no_scale() {
    let scale = "[[scale]]\ndocument = \"plans\"\npage = 1\ntext = \"1/8\\\" = 1'-0\\\"\"\n";
    let recipe = Recipe::of(scale);
    for (dpi, says) in [(72, "72 pixels an inch, as programs do that know none"), (4_000, "no drawing is")] {
        let scan = raster::picture(9, 1_200, 800).png(Some(dpi));
        std::fs::write(recipe.path("plans.pdf"), scan).unwrap();
        let (code, said, errors) = recipe.run();
        assert_eq!(code, Some(1), "{errors}");
        assert!(said.contains(says) && said.contains("give its value in pixels per foot"), "{said}");
        assert_eq!(recipe.report()["pages"][0]["scale"]["pixels_per_foot"], Value::Null);
    }
    // 11 x 17 in to the pixel: a sheet that was drawn for a screen.
    std::fs::write(recipe.path("plans.pdf"), raster::picture(9, 1_224, 792).png(Some(72))).unwrap();
    let (code, said, errors) = recipe.run();
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.contains("believed because it makes the picture a sheet of 17.0 x 11.0 in"), "{said}");
    assert_eq!(recipe.report()["pages"][0]["scale"]["pixels_per_foot"], 9.0);
}

#[test]
fn what_is_said_of_several_documents_names_them_and_sheets_that_come_again_are_told() {
    let document = |id: &str, file: &str| format!("[[document]]\nid = \"{id}\"\nfile = \"{file}\"\n");
    let (page, _) = first_count();
    // A threshold that most miss by little, so that places are named.
    let first = counted("threshold = 0.99");
    let second = first.replace("\"c\"", "\"d\"").replace("\"plans\"", "\"rev/1\"");
    let documents = [document("rev/1", "revised.pdf"), document("rev:1", "plans.pdf")].concat();
    let recipe = Recipe::of(&format!("{documents}{first}{second}"));
    // Another file with the same sheets.
    let plans = std::fs::read(recipe.path("plans.pdf")).unwrap();
    std::fs::write(recipe.path("revised.pdf"), [&plans[..], b"\n% issued for permit\n"].concat()).unwrap();
    let (code, out, err) = recipe.run();
    assert_eq!(code, Some(0), "{out}{err}");
    let report = recipe.report();
    let said = |list: &str| -> Vec<String> {
        let list = report[list].as_array().unwrap();
        list.iter().map(|s| s.as_str().unwrap().to_owned()).collect()
    };
    let (notes, doubts) = (said("notes"), said("check_by_eye"));
    let same: Vec<&String> = notes.iter().filter(|n| n.contains("just the same")).collect();
    let [same] = same[..] else { panic!("what is the same file is told once: {notes:?}") };
    assert!(same.starts_with("`rev/1` pages 1 to ") && same.contains(" as `plans` pages 1 to "), "{same}");
    for said in notes.iter().chain(&doubts).filter(|n| n.contains(" page ")) {
        assert!(said.contains("`plans`") || said.contains("`rev/1`"), "{said}");
    }
    // Each picture has a name of its own, and its page says which.
    let pages = report["pages"].as_array().unwrap();
    let of = |document: &str| pages.iter().find(|p| p["document"] == document && p["page"] == page).unwrap();
    assert_eq!(of("plans")["content_hash"], of("rev/1")["content_hash"]);
    let pictures = ["plans", "rev/1", "rev:1"].map(|document| of(document)["picture"].clone());
    let names = ["plans", "rev_1"].map(|name| json!(format!("{name}-page{page}.png")));
    assert_eq!((&pictures[..2], &pictures[2]), (&names[..], &Value::Null));
    assert!(names.iter().all(|name| recipe.path("out").join(name.as_str().unwrap()).is_file()));
}
