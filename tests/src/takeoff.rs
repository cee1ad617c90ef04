//! A recipe that is run by the real binary, and what came of it.

use std::path::PathBuf;

use serde_json::Value;

use crate::{run, school_plans};

/// A recipe for the school's plans beside a copy of them.
#[derive(Debug)]
pub struct Takeoff {
    pub folder: tempfile::TempDir,
}

/// A finished run.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub said: String,
    pub report: Value,
    pub out: PathBuf,
    /// Holds `out`; gone when dropped.
    _folder: tempfile::TempDir,
}

impl Takeoff {
    /// `conditions` is all of it but the project and the document `plans`.
    pub fn of(conditions: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::copy(school_plans(), folder.path().join("plans.pdf")).expect("a copy");
        let head = "[project]\nname = \"P\"\n[[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n";
        std::fs::write(folder.path().join("takeoff.toml"), format!("{head}{conditions}")).expect("a file");
        Self { folder }
    }

    /// Panics where it leaves no report.
    pub fn run(self) -> Ran {
        let path = |name: &str| self.folder.path().join(name);
        let (recipe, out) = (path("takeoff.toml"), path("out"));
        let ran = run(&["run", recipe.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")]);
        let said = String::from_utf8(ran.stdout).expect("UTF-8");
        let report = std::fs::read(out.join("report.json")).unwrap_or_else(|e| {
            panic!("{e}\n{said}\n{}", String::from_utf8_lossy(&ran.stderr));
        });
        Ran {
            code: ran.status.code(),
            said,
            report: serde_json::from_slice(&report).expect("JSON"),
            out,
            _folder: self.folder,
        }
    }
}

impl Ran {
    /// The printed lines of a table that begin with a condition's name.
    pub fn lines(&self, table: &str, name: &str) -> Vec<&str> {
        let from = self.said.split(&format!("\n{table}")).nth(1).unwrap_or_else(|| panic!("{}", self.said));
        let rows = from.split("\n\n").next().unwrap_or_default().lines();
        rows.filter(|l| l.trim_start().starts_with(name)).map(str::trim).collect()
    }

    /// What the report says of a condition.
    pub fn condition(&self, id: &str) -> &Value {
        let all = self.report["conditions"].as_array().expect("a list");
        all.iter().find(|c| c["condition"] == id).unwrap_or_else(|| panic!("no {id}"))
    }

    /// What failed, by the report.
    pub fn problems(&self) -> Vec<&str> {
        self.report["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// A condition's part of a recipe.
pub fn condition(id: &str, kind: &str, more: &str) -> String {
    format!("[[condition]]\nid = \"{id}\"\nname = \"{id}\"\ntype = \"{kind}\"\n{more}\n")
}

/// A square of 187.5 pixels a side to measure.
pub fn square(page: u32) -> String {
    format!(
        "[[condition.measure]]\ndocument = \"plans\"\npage = {page}\ngeometry = \"rectangle\"\nx = 600\ny = 600\n\
         width = 187.5\nheight = 187.5\n"
    )
}
