//! What a run writes: `report.json`, `takeoff.csv`, pictures. Each run replaces what an earlier one wrote in the
//! folder, and nothing else.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use rust_decimal::Decimal;

use super::claim::Claim;
use super::report::{ConditionReport, CostReport, Report, Spread};

/// Names the files of the folder that a run has written, one a line.
const LIST: &str = ".takeoff-files";
const REPORT: &str = "report.json";
const TABLE: &str = "takeoff.csv";

/// The folder that a run writes to.
#[derive(Debug)]
pub(crate) struct Outputs {
    folder: PathBuf,
    /// Names that this run has taken.
    taken: RefCell<BTreeSet<String>>,
    /// Names that an earlier run has written; `None` once they are removed.
    earlier: RefCell<Option<BTreeSet<String>>>,
    _claim: Claim,
}

impl Outputs {
    /// Makes the folder, tries whether files can be made in it and keeps other runs out of it. What an earlier run
    /// wrote there stays until [`Outputs::clear`]: a run that is refused costs no results.
    pub(crate) fn open(out: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
        tempfile::tempfile_in(out).with_context(|| format!("nothing can be written in {}", out.display()))?;
        let claim = Claim::of(out)?;
        let list = fs::read_to_string(out.join(LIST)).unwrap_or_default();
        let earlier = list.lines().filter(|name| is_name(name)).map(str::to_owned).collect();
        let outputs = Self {
            folder: out.to_path_buf(),
            taken: RefCell::default(),
            earlier: RefCell::new(Some(earlier)),
            _claim: claim,
        };
        [REPORT, TABLE].into_iter().try_for_each(|name| outputs.is_free(name))?;
        Ok(outputs)
    }

    /// Removes what an earlier run wrote, so that nothing of it looks like a result of this one.
    pub(crate) fn clear(&self) -> anyhow::Result<()> {
        let Some(earlier) = self.earlier.take() else { return Ok(()) };
        for name in earlier {
            let path = self.folder.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|m| m.is_file()) {
                fs::remove_file(&path).with_context(|| format!("{} cannot be replaced", path.display()))?;
            }
        }
        let list = self.folder.join(LIST);
        fs::write(&list, "").with_context(|| format!("{} cannot be written", list.display()))
    }

    /// What an earlier run wrote is still there, in the folder that is named.
    pub(crate) fn earlier_in(&self) -> Option<&Path> {
        let earlier = self.earlier.borrow();
        let there = |name: &String| self.folder.join(name).is_file();
        earlier.as_ref().is_some_and(|names| names.iter().any(there)).then_some(&*self.folder)
    }

    fn is_free(&self, name: &str) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        let there = fs::symlink_metadata(&path).ok();
        let replaced = self.earlier.borrow().as_ref().is_some_and(|names| names.contains(name))
            && there.as_ref().is_some_and(fs::Metadata::is_file);
        ensure!(
            there.is_none() || replaced || self.taken.borrow().contains(name),
            "{} is there already and no earlier run wrote it: move it, or name another folder",
            path.display()
        );
        Ok(())
    }

    /// The path of a file that this run is going to write. An error where somebody else's file is.
    pub(crate) fn take(&self, name: &str) -> anyhow::Result<PathBuf> {
        self.clear()?;
        self.is_free(name)?;
        if self.taken.borrow_mut().insert(name.to_owned()) {
            let list = self.folder.join(LIST);
            let mut file = OpenOptions::new().append(true).create(true).open(&list)?;
            writeln!(file, "{name}").with_context(|| format!("{} cannot be written", list.display()))?;
        }
        Ok(self.folder.join(name))
    }
}

/// Whether it names a file in the folder itself.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name != LIST && Path::new(name).file_name().is_some_and(|n| n == name)
}

pub(crate) fn write(outputs: &Outputs, report: &Report) -> anyhow::Result<()> {
    for (name, text) in [(REPORT, report.json()), (TABLE, csv(report))] {
        let path = outputs.take(name)?;
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

const HEAD: [&str; 18] = [
    "Condition",
    "Type",
    "Quantity",
    "Unit",
    "Measurements",
    "Material",
    "Labor",
    "Equipment",
    "Subcontract",
    "Other",
    "Total",
    "Total with markup",
    "Components in error",
    "Counted",
    "Least confidence",
    "Notes",
    "Pages",
    "Scale",
];
/// Columns of a row before its money, and of its money.
const BEFORE_MONEY: usize = 5;
const MONEY: usize = 8;
/// Column of the notes.
const NOTES: usize = 15;

/// One row a condition and one of the sums, CRLF, money with two places; what has no quantity or no cost has an empty
/// field, never a 0. New columns come last, so that a reader that counts them goes on reading right.
fn csv(report: &Report) -> String {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    for c in &report.conditions {
        let mut row = vec![
            cell(&c.name),
            format!("{:?}", c.measurement_type).to_lowercase(),
            c.quantity.map(|q| format!("{q:.4}")).unwrap_or_default(),
            cell(&c.unit),
            c.measurements.to_string(),
        ];
        match &c.cost {
            None => row.extend(std::iter::repeat_n(String::new(), MONEY)),
            Some(a) => row.extend(money(&a.cost)),
        }
        let of_condition = format!("condition `{}`, ", c.condition);
        let said = report.notes.iter().filter_map(|n| n.strip_prefix(&of_condition));
        row.extend(certainty(c, said));
        row.extend(places(c));
        rows.push(row);
    }
    rows.push(total(report));
    rows.iter().map(|r| r.join(",") + "\r\n").collect()
}

fn money(cost: &CostReport) -> [String; MONEY] {
    let sum = |money: Decimal| format!("{money:.2}");
    [
        sum(cost.material_cost),
        sum(cost.labor_cost),
        sum(cost.equipment_cost),
        sum(cost.subcontract_cost),
        sum(cost.other_cost),
        sum(cost.total_cost),
        sum(cost.total_with_markup),
        cost.components_in_error.to_string(),
    ]
}

/// The sums of money; quantities of several units have none. What is not in them is named in the notes.
fn total(report: &Report) -> Vec<String> {
    let mut row = vec!["TOTAL".to_owned()];
    row.resize(BEFORE_MONEY, String::new());
    if report.conditions.iter().any(|c| c.cost.is_some()) {
        row.extend(money(&report.cost));
    }
    row.resize(NOTES, String::new());
    let names = |which: fn(&ConditionReport) -> bool| {
        let names: Vec<&str> =
            report.conditions.iter().filter(|c| which(c)).map(|c| c.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let missing = names(|c| c.unpriced.is_some()).map(|n| format!("not in these sums: {n}"));
    let partly = names(|c| c.partial && c.cost.is_some()).map(|n| format!("only in part: {n}"));
    let errors: Vec<String> = report
        .conditions
        .iter()
        .filter_map(|c| Some(format!("{} of {}", c.without_price()?, c.name)))
        .collect();
    let errors = (!errors.is_empty()).then(|| format!("components without a price: {}", errors.join(", ")));
    let said: Vec<String> = [missing, partly, errors].into_iter().flatten().collect();
    row.push(if said.is_empty() { String::new() } else { cell(&format!("INCOMPLETE: {}", said.join("; "))) });
    row.resize(HEAD.len(), String::new());
    row
}

/// The pages that a condition was counted or measured on, and their scale: once where all have the same.
fn places(condition: &ConditionReport) -> [String; 2] {
    let mut pages: BTreeMap<(&str, u32), Option<&str>> = BTreeMap::new();
    for count in &condition.counts {
        let counted = count.pages.iter().filter(|p| p.counted > 0);
        pages.extend(counted.map(|p| ((count.document.as_str(), p.page), p.scale.as_deref())));
    }
    let measured = condition.measures.iter().map(|m| ((m.document.as_str(), m.page), m.scale.as_deref()));
    pages.extend(measured);
    let named = |(document, page): &(&str, u32)| format!("{document} {page}");
    let shown: Vec<String> = pages.keys().map(named).collect();
    let scales: BTreeSet<Option<&str>> = pages.values().copied().collect();
    let scale = match scales.iter().collect::<Vec<_>>()[..] {
        [] => String::new(),
        [one] => one.unwrap_or(NO_SCALE).to_owned(),
        _ => {
            let each =
                pages.iter().map(|(at, scale)| format!("{}: {}", named(at), scale.unwrap_or(NO_SCALE)));
            each.collect::<Vec<_>>().join("; ")
        }
    };
    [cell(&shown.join(", ")), cell(&scale)]
}

const NO_SCALE: &str = "none";

/// How many were counted, the least confidence among them, and everything that was said of the condition.
fn certainty<'r>(condition: &ConditionReport, said: impl Iterator<Item = &'r str>) -> [String; 3] {
    let mut notes = condition.problems.clone();
    let said: Vec<String> = condition.unsure_scales.iter().cloned().chain(said.map(str::to_owned)).collect();
    if condition.quantity.is_some()
        && let Some(first) = notes.first_mut()
    {
        first.insert_str(0, "INCOMPLETE: ");
    }
    if condition.counts.is_empty() {
        notes.extend(said);
        return [String::new(), String::new(), cell(&notes.join("; "))];
    }
    let sum = |of: fn(&super::report::CountReport) -> u64| condition.counts.iter().map(of).sum::<u64>();
    let spreads = condition.counts.iter().filter_map(|c| c.confidence);
    let least = spreads.map(|Spread { least, .. }| least).reduce(f64::min);
    notes.extend(condition.counts.iter().any(|c| c.truncated).then(|| "truncated".to_owned()));
    let cut_off = condition.counts.iter().any(|c| c.incomplete.is_some());
    notes.extend(cut_off.then(|| format!("at least {} counted", sum(|c| c.counted))));
    for (number, what) in [
        (sum(|c| c.in_legend), "in legends set apart"),
        (sum(|c| c.in_title_block), "in title blocks set apart"),
        (sum(|c| c.in_key_plan), "in key plans set apart"),
        (sum(|c| c.beyond_match_line), "beyond match lines set apart"),
        (sum(|c| c.mirrored_left_out), "mirrored left out"),
        (sum(|c| c.already_counted), "counted before left out"),
        (sum(|c| c.excluded.unwrap_or(0)), "like what is excluded left out"),
        (sum(|c| c.near_misses), "less alike not counted"),
        (sum(|c| c.unsure), "less sure than 0.90"),
    ] {
        notes.extend((number > 0).then(|| format!("{number} {what}")));
    }
    for note in condition.notes().chain(said) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let least = least.map(|l| format!("{l:.2}")).unwrap_or_default();
    // What was cut off is no number that could be summed up.
    let counted = if cut_off { String::new() } else { sum(|c| c.counted).to_string() };
    [counted, least, cell(&notes.join("; "))]
}

/// Text that a spreadsheet takes as text: quoted where needed, and never as a formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_replaces_what_a_run_wrote_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("notes.txt"), "mine").unwrap();
        let first = Outputs::open(folder.path()).unwrap();
        fs::write(first.take("plans-page1.png").unwrap(), "p").unwrap();
        fs::write(first.take(REPORT).unwrap(), "r").unwrap();
        assert!(first.take("notes.txt").unwrap_err().to_string().contains("no earlier run wrote it"));
        // The list may not reach out of the folder, whoever wrote it.
        let outside = tempfile::NamedTempFile::new().unwrap();
        let list = fs::read_to_string(path(LIST)).unwrap();
        assert_eq!(list, "plans-page1.png\nreport.json\n");
        fs::write(path(LIST), format!("{list}{}\n..\n\n", outside.path().display())).unwrap();
        assert!(Outputs::open(folder.path()).unwrap_err().to_string().contains("another run"));
        drop(first);
        let second = Outputs::open(folder.path()).unwrap();
        assert!(
            path("plans-page1.png").exists() && path(REPORT).exists(),
            "until the run has something to write"
        );
        second.take("plans-page2.png").unwrap();
        assert!(!path("plans-page1.png").exists() && !path(REPORT).exists());
        assert!(path("notes.txt").exists() && outside.path().exists());
        drop(second);
        fs::write(path(TABLE), "mine").unwrap();
        assert!(Outputs::open(folder.path()).is_err());
        assert_eq!(fs::read_to_string(path(TABLE)).unwrap(), "mine");
    }

    #[test]
    fn a_name_cannot_become_a_formula_or_break_the_row() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("4\" slab, garage"), "\"4\"\" slab, garage\"");
        assert_eq!(cell("Doors"), "Doors");
    }
}
