//! What lies in a title block or a key plan, and what two sheets of a cut plan show: set apart, told, and counted by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use takeoff_samples::{Apart, Habit, Instance, PageTruth, cut};
use takeoff_tests::{Client, Node, run};

/// Of which the plan is drawn.
const SEED: u64 = 5;
/// Middles of one symbol are no farther apart, pixels.
const SAME_PX: f64 = 6.0;

struct Set {
    _node: Node,
    _data: tempfile::TempDir,
    client: Client,
    project: String,
    pages: Vec<String>,
    truths: [PageTruth; 2],
    /// The kind that stands upon the match line, too.
    kind: String,
}

impl Set {
    async fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let node = Node::start_with(data.path(), &[]);
        let client = node.client();
        let project = client.project("Cut").await;
        let (pdf, truths) = cut(SEED, Habit::named("blocks").unwrap());
        let uploaded = client.try_upload(&project, "cut.pdf", pdf, "application/pdf").await.unwrap();
        let document = uploaded.expect(201)["id"].as_str().unwrap().to_owned();
        let pages = client.pages_of(&document, 2).await;
        let pages = pages.iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect();
        let upon = |all: &[Instance]| all.iter().any(|i| i.apart == Some(Apart::OnMatchLine));
        let kind = truths[1].symbols.iter().find(|(_, all)| upon(all)).unwrap().0.clone();
        Self { _node: node, _data: data, client, project, pages, truths, kind }
    }

    fn all(&self, page: usize) -> &[Instance] {
        &self.truths[page].symbols[&self.kind]
    }

    /// Counts from an instance on one page, on that and perhaps the other one.
    async fn count(&self, page: usize, both: bool) -> (String, Value) {
        let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
        let path = format!("/projects/{}/conditions", self.project);
        let condition = self.client.post(&path, body).await.expect(201)["id"].as_str().unwrap().to_owned();
        let [x, y, w, h] = self.all(page).iter().find(|i| i.counts()).unwrap().area;
        let others: Vec<&String> = self.pages.iter().filter(|p| both && **p != self.pages[page]).collect();
        let request = json!({
            "condition_id": condition, "page_ids": others, "lettering": "ignore", "scale_tolerance": 0.05,
            "template_bbox": {"x": x - 3.0, "y": y - 3.0, "w": w + 6.0, "h": h + 6.0},
        });
        (condition, self.client.count(&self.pages[page], request).await)
    }

    /// Why what was found on a page is set apart, by where it is in the truth.
    fn apart<'t>(&'t self, session: &Value, page: usize) -> Vec<(&'t Instance, Option<String>)> {
        let here = session["detections"].as_array().unwrap().iter();
        let here = here.filter(|d| d["page_id"] == self.pages[page].as_str());
        here.map(|d| {
            let at = ["center_x", "center_y"].map(|k| d[k].as_f64().unwrap());
            let is_it = |i: &&Instance| {
                let [x, y, w, h] = i.area;
                (x + w / 2.0 - at[0]).hypot(y + h / 2.0 - at[1]) < SAME_PX
            };
            let instance =
                self.all(page).iter().find(is_it).unwrap_or_else(|| panic!("nothing is there: {d}"));
            (instance, d["apart"].as_str().map(str::to_owned))
        })
        .collect()
    }
}

/// As the answers call it.
fn word(apart: Apart) -> &'static str {
    match apart {
        Apart::TitleBlock => "title_block",
        Apart::KeyPlan => "key_plan",
        Apart::BeyondMatchLine | Apart::OnMatchLine => "beyond_match_line",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sheets_of_a_cut_plan_count_each_symbol_once_in_any_order() {
    let set = Set::open().await;
    let mut said = Vec::new();
    for first in [0, 1] {
        let (_, session) = set.count(first, true).await;
        let mut apart: BTreeMap<String, u64> = BTreeMap::new();
        for page in [0, 1] {
            let found = set.apart(&session, page);
            for (instance, why) in &found {
                assert_eq!(why.as_deref(), instance.apart.map(word), "page {page}: {instance:?}");
                why.iter().for_each(|why| *apart.entry(why.clone()).or_default() += 1);
            }
            let there = set.all(page).iter().filter(|i| i.counts()).count();
            assert_eq!(found.iter().filter(|(_, why)| why.is_none()).count(), there, "page {page}");
        }
        assert!(
            apart["beyond_match_line"] > 6 && apart["title_block"] == 2 && apart["key_plan"] >= 2,
            "{apart:?}"
        );
        for (why, count) in &apart {
            assert_eq!(session["apart_counts"][why], *count, "{session}");
        }
        assert_eq!(session["in_legend_count"], 0);
        let notes = session["notes"].as_str().unwrap();
        for part in ["in a title block", "in a key plan", "beyond a match line"] {
            assert!(notes.contains(part), "{notes}");
        }
        said.push(apart);
    }
    assert_eq!(said[0], said[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_apart_counts_when_it_is_confirmed_by_its_id() {
    let set = Set::open().await;
    let c = &set.client;
    let (_, session) = set.count(0, true).await;
    let path = format!("/auto-count-sessions/{}", session["id"].as_str().unwrap());
    let counts: usize = [0, 1].map(|p| set.all(p).iter().filter(|i| i.counts()).count()).iter().sum();
    let confirmed = c
        .post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    assert_eq!(confirmed["confirmed_count"], counts, "{confirmed}");
    let made = c.post(&format!("{path}/create-measurements"), json!({})).await.expect(200);
    assert_eq!(made["measurements_created"], counts, "{made}");
    assert!(made["notes"].as_str().unwrap().contains("in a key plan"), "{made}");
    for (nth, why) in ["title_block", "key_plan", "beyond_match_line"].into_iter().enumerate() {
        let all = session["detections"].as_array().unwrap();
        let id = all.iter().find(|d| d["apart"] == why).unwrap()["id"].as_str().unwrap();
        let detection = c.post(&format!("/auto-count-detections/{id}/confirm"), json!({})).await.expect(200);
        assert_eq!((&detection["status"], &detection["apart"]), (&json!("confirmed"), &json!(why)));
        let before = &session["apart_counts"][why];
        let now = c.get(&path).await.expect(200);
        assert_eq!(now["apart_counts"][why], before.as_u64().unwrap() - 1);
        let made = c.post(&format!("{path}/create-measurements"), json!({})).await.expect(200);
        assert_eq!(made["measurements_created"], 1, "{nth}: {made}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sheet_alone_counts_what_it_shows_beyond_its_match_line_and_says_so() {
    let set = Set::open().await;
    let (_, session) = set.count(1, false).await;
    let on_other = |i: &Instance| matches!(i.apart, Some(Apart::BeyondMatchLine | Apart::OnMatchLine));
    for (instance, why) in set.apart(&session, 1) {
        let expected = instance.apart.filter(|_| !on_other(instance)).map(word);
        assert_eq!(why.as_deref(), expected, "{instance:?}");
    }
    assert_eq!(session["apart_counts"]["beyond_match_line"], 0);
    let notes = session["notes"].as_str().unwrap();
    assert!(notes.contains("to sheet E-101") && notes.contains("was not searched"), "{notes}");
}

/// A run of a recipe that counts on pages of the plan, from an instance on its first page: what it printed, its report, its
/// table.
fn ran(pages: &str) -> (String, Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let (pdf, truths) = cut(SEED, Habit::named("blocks").unwrap());
    let upon = |all: &[Instance]| all.iter().any(|i| i.apart == Some(Apart::OnMatchLine));
    let all = truths[1].symbols.iter().find(|(_, all)| upon(all)).unwrap().0;
    let [x, y, w, h] = truths[0].symbols[all].iter().find(|i| i.counts()).unwrap().area;
    std::fs::write(folder.path().join("cut.pdf"), pdf).unwrap();
    let recipe = format!(
        "[project]\nname = \"P\"\n[[document]]\nid = \"cut\"\nfile = \"cut.pdf\"\n[[condition]]\nid = \"d\"\nname = \"Devices\"\n\
         type = \"count\"\n[[condition.count]]\ndocument = \"cut\"\npage = 1\nbox = [{}, {}, {}, {}]\npages = {pages}\n\
         lettering = \"ignore\"\nscale_tolerance = 0.05\n",
        x - 3.0,
        y - 3.0,
        w + 6.0,
        h + 6.0
    );
    let (path, out) = (folder.path().join("takeoff.toml"), folder.path().join("out"));
    std::fs::write(&path, recipe).unwrap();
    let ran = run(&["run", path.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let said = String::from_utf8(ran.stdout).unwrap();
    let read = |name: &str| {
        std::fs::read_to_string(out.join(name))
            .unwrap_or_else(|e| panic!("{e}\n{said}\n{}", String::from_utf8_lossy(&ran.stderr)))
    };
    let report = serde_json::from_str(&read("report.json")).unwrap();
    let table = read("takeoff.csv");
    (said, report, table)
}

#[test]
fn a_run_reports_what_it_left_out_and_where() {
    let (said, report, table) = ran("[1, 2]");
    let count = &report["conditions"][0]["counts"][0];
    let left = count["beyond_match_line"].as_u64().unwrap();
    assert!(left > 6 && count["in_title_block"] == 2, "{count}");
    let places = count["detections"].as_array().unwrap();
    for (key, why) in [
        ("beyond_match_line", "beyond_match_line"),
        ("in_title_block", "title_block"),
        ("in_key_plan", "key_plan"),
    ] {
        let of = places.iter().filter(|d| d["apart"] == why);
        assert!(of.clone().all(|d| d["counted"] == false), "{why}");
        assert_eq!(count[key], of.count(), "{why}");
    }
    let part = format!("2 in a title block left out, {} in a key plan left out", count["in_key_plan"]);
    assert!(said.contains(&part) && said.contains("set apart"), "{said}");
    assert!(said.contains(&format!("{left} beyond a match line left to the sheet")), "{said}");
    assert!(
        table.contains("2 in title blocks set apart") && table.contains("beyond match lines set apart"),
        "{table}"
    );

    // The example's page is searched and not asked for: what is beyond the line of the other counts there.
    let (said, report, _) = ran("[2]");
    let alone = &report["conditions"][0]["counts"][0];
    assert_eq!(alone["beyond_match_line"], 0, "{said}");
    let whole = |page: usize| count["pages"][page]["counted"].as_u64().unwrap();
    let beyond = places.iter().filter(|d| d["page"] == 2 && d["apart"] == "beyond_match_line").count() as u64;
    assert_eq!(alone["counted"].as_u64().unwrap(), whole(1) + beyond);
}
