//! File and environment -> validated configuration, every problem at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::environment::Variables;
use crate::node::NodeConfig;
use crate::raw::Raw;
use crate::settings::{Setting, settings};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted key or variable.
    pub what: String,
    pub origin: Origin,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.what, self.origin, self.message)
    }
}

/// The configuration in force and where each value came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: NodeConfig,
    pub origins: BTreeMap<&'static str, Origin>,
}

/// Values given on the command line; they win over everything.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub listen: Option<String>,
    pub data_dir: Option<String>,
}

/// Shortest signing key that is accepted, characters.
const SECRET_KEY_MIN: usize = 32;

/// Resolves flags over environment over file over defaults.
pub fn load(file: Option<&Path>, variables: &Variables, flags: &Flags) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Vec::new();
    let table = settings();
    let from_file = file.map(|path| read_file(path, &table, &mut problems)).unwrap_or_default();
    let mut loaded = Loaded { config: NodeConfig::solo("takeoff-data"), origins: BTreeMap::new() };
    for setting in &table {
        let (raw, origin) = match given(setting, variables, flags, &from_file, file) {
            Some(found) => found,
            None => {
                loaded.origins.insert(setting.key, Origin::Default);
                continue;
            }
        };
        if let Err(message) = (setting.set)(&mut loaded.config, &raw) {
            problems.push(Problem { what: setting.key.to_owned(), origin: origin.clone(), message });
        }
        loaded.origins.insert(setting.key, origin);
    }
    check_variables(variables, &table, &mut problems);
    check_together(&loaded, &mut problems);
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

fn given(
    setting: &Setting,
    variables: &Variables,
    flags: &Flags,
    from_file: &BTreeMap<String, Raw>,
    file: Option<&Path>,
) -> Option<(Raw, Origin)> {
    let flag = match setting.key {
        "api.listen" => flags.listen.as_ref().map(|v| (v, "--listen")),
        "node.data_dir" => flags.data_dir.as_ref().map(|v| (v, "--data-dir")),
        _ => None,
    };
    if let Some((value, name)) = flag {
        return Some((Raw::Text(value.clone()), Origin::Flag(name)));
    }
    let own = setting.variable();
    for name in std::iter::once(own.as_str()).chain(setting.alias) {
        if let Some(value) = variables.get(name) {
            return Some((Raw::Text(value.to_owned()), Origin::Variable(name.to_owned())));
        }
    }
    let raw = from_file.get(setting.key)?;
    Some((raw.clone(), Origin::File(file?.to_path_buf())))
}

fn read_file(path: &Path, table: &[Setting], problems: &mut Vec<Problem>) -> BTreeMap<String, Raw> {
    let origin = Origin::File(path.to_path_buf());
    let mut problem = |what: &str, message: String| {
        problems.push(Problem { what: what.to_owned(), origin: origin.clone(), message });
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) => {
            problem("file", format!("cannot be read: {e}"));
            return BTreeMap::new();
        }
    };
    let root: toml::Table = match text.parse() {
        Ok(root) => root,
        Err(e) => {
            // Without the line itself, which may hold a password.
            let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            problem("file", format!("is no TOML: {} (line {line})", e.message()));
            return BTreeMap::new();
        }
    };
    if !root.is_empty() && root.keys().all(|key| OF_A_RECIPE.contains(&key.as_str())) {
        let what = "is a recipe, which `takeoff run` takes and checks; settings stand in tables such as [node] and [api], \
                    `takeoff config example` prints them all";
        problem("file", what.to_owned());
        return BTreeMap::new();
    }
    let mut flat = BTreeMap::new();
    flatten("", &root, &mut flat);
    let mut found = BTreeMap::new();
    for (key, value) in flat {
        if !table.iter().any(|s| s.key == key) {
            let near = nearest(&key, table).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            problem(&key, format!("is not a setting{near}"));
            continue;
        }
        match Raw::from_toml(&value) {
            Ok(raw) => {
                found.insert(key, raw);
            }
            Err(message) => problem(&key, message),
        }
    }
    found
}

fn flatten(prefix: &str, table: &toml::Table, out: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) if !inner.is_empty() => flatten(&path, inner, out),
            other => {
                out.insert(path, other.clone());
            }
        }
    }
}

/// The tables of a recipe; none of them holds settings.
const OF_A_RECIPE: [&str; 4] = ["project", "document", "scale", "condition"];

/// The setting that a mistyped key may have meant: of few letters changed, else the one of whose pairs of letters it has
/// most, long keys no more than short ones.
fn nearest(key: &str, table: &[Setting]) -> Option<&'static str> {
    let mistyped = table.iter().map(|s| (changes(key, s.key), s.key)).min()?;
    if mistyped.0 <= (key.len() / 4).max(2) {
        return Some(mistyped.1);
    }
    let pairs = |s: &str| s.as_bytes().windows(2).map(<[u8]>::to_vec).collect::<BTreeSet<_>>();
    let mine = pairs(key);
    let shared = |s: &Setting| pairs(s.key).intersection(&mine).count();
    // Dice's coefficient, as whole numbers.
    let likeness = |s: &Setting| 2_000 * shared(s) / (pairs(s.key).len() + mine.len()).max(1);
    let best = table.iter().max_by_key(|s| likeness(s))?;
    (shared(best) * 2 >= mine.len()).then_some(best.key)
}

/// Letters to insert, remove or replace to make one of the other (Levenshtein's distance).
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(before + 1);
        }
    }
    row[to.len()]
}

fn check_variables(variables: &Variables, table: &[Setting], problems: &mut Vec<Problem>) {
    let mut problem = |name: &str, message: String| {
        problems.push(Problem { what: name.to_owned(), origin: Origin::Variable(name.to_owned()), message });
    };
    if let Some(secret) = variables.get("SECRET_KEY")
        && secret.chars().count() < SECRET_KEY_MIN
    {
        // The value itself never appears in a message.
        problem("SECRET_KEY", format!("must have at least {SECRET_KEY_MIN} characters"));
    }
    for name in variables.0.keys().filter(|n| n.starts_with("TAKEOFF_")) {
        // TAKEOFF_CORPUS names the real drawings of the tests.
        if name != "TAKEOFF_CORPUS" && !table.iter().any(|s| &s.variable() == name) {
            problem(name, "is not a setting".to_owned());
        }
    }
}

/// Rules between settings.
fn check_together(loaded: &Loaded, problems: &mut Vec<Problem>) {
    for (key, message) in loaded.config.object_store.conflicts() {
        problems.push(Problem {
            what: key.to_owned(),
            origin: loaded.origins.get(key).cloned().unwrap_or(Origin::Default),
            message: message.to_owned(),
        });
    }
    if let Some((key, message)) = loaded.config.cluster.conflicts() {
        let origin = loaded.origins.get(key).cloned().unwrap_or(Origin::Default);
        problems.push(Problem { what: key.to_owned(), origin, message });
    }
    for (key, message) in loaded.config.cluster.links.conflicts() {
        let origin = loaded.origins.get(key).cloned().unwrap_or(Origin::Default);
        problems.push(Problem { what: key.to_owned(), origin, message });
    }
    let jobs = &loaded.config.jobs;
    if jobs.renew_ms * 3 > jobs.lease_ms {
        problems.push(Problem {
            what: "jobs.renew_ms".to_owned(),
            origin: loaded.origins.get("jobs.renew_ms").cloned().unwrap_or(Origin::Default),
            message: format!(
                "{} ms is more than a third of the lease of {} ms, so one lost renewal would lose the lease",
                jobs.renew_ms, jobs.lease_ms
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn environment_wins_over_file_and_flags_over_both() {
        let (_folder, path) =
            file("[count]\nthreshold = 0.7\nmax_detections = 20\n[api]\nlisten = \"127.0.0.1:1\"\n");
        let vars =
            variables(&[("AUTO_COUNT_DEFAULT_THRESHOLD", "0.9"), ("TAKEOFF_API_LISTEN", "127.0.0.1:2")]);
        let flags = Flags { listen: Some("127.0.0.1:3".to_owned()), data_dir: None };
        let loaded = load(Some(&path), &vars, &flags).unwrap();
        assert_eq!(loaded.config.count.threshold, 0.9);
        assert_eq!(loaded.config.count.max_detections, 20);
        assert_eq!(loaded.config.api.listen.port(), 3);
        assert_eq!(loaded.origins["count.max_detections"], Origin::File(path));
        assert_eq!(loaded.origins["api.listen"], Origin::Flag("--listen"));
    }

    #[test]
    fn a_key_of_another_table_is_told_by_its_name() {
        for (text, meant) in [
            ("[gateway]\nlisten = \"127.0.0.1:1\"\n", "api.listen"),
            ("[server]\nmax_connections = 9\n", "api.max_connections"),
            ("[auto_count]\nmax_detections = 9\n", "count.max_detections"),
            ("[links]\nadvertise = \"a:1\"\n", "cluster.advertise"),
        ] {
            let (_folder, path) = file(text);
            let problems = load(Some(&path), &variables(&[]), &Flags::default()).unwrap_err();
            let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            assert!(said.contains(&format!("did you mean `{meant}`?")), "{said}");
        }
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_place() {
        let (_folder, path) =
            file("[count]\ntreshold = 0.7\n[jobs]\nlease_ms = \"soon\"\n[api]\ncors_origins = [1]\n");
        let vars =
            variables(&[("AUTO_COUNT_MAX_DETECTIONS", "-1"), ("DATABASE_URL", "mysql://u:geheim@h/d")]);
        let problems = load(Some(&path), &vars, &Flags::default()).unwrap_err();
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(problems.len(), 5, "{text}");
        for part in [
            "count.treshold",
            "did you mean `count.threshold`",
            "jobs.lease_ms",
            "api.cors_origins",
            "environment AUTO_COUNT_MAX_DETECTIONS",
            "DATABASE_URL",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("geheim"), "a secret reached a message");
    }

    #[test]
    fn the_variables_of_the_deployment_reach_the_configuration() {
        let loaded = load(
            None,
            &variables(&[
                ("AUTO_COUNT_DEFAULT_THRESHOLD", "0.95"),
                ("AUTO_COUNT_MAX_DETECTIONS", "3"),
                ("ASSEMBLY_DEFAULT_WASTE_PERCENT", "12.5"),
                ("REVIEW_AUTO_ACCEPT_DEFAULT_THRESHOLD", "0.97"),
                ("REVIEW_ENABLE_KEYBOARD_SHORTCUTS", "false"),
                ("CORS_ORIGINS", "https://a.example, https://b.example"),
                ("LOG_LEVEL", "WARNING"),
                ("ENVIRONMENT", "Production"),
                ("SECRET_KEY", "0123456789012345678901234567890123456789"),
            ]),
            &Flags::default(),
        );
        let config = loaded.unwrap().config;
        assert_eq!((config.count.threshold, config.count.max_detections), (0.95, 3));
        assert_eq!((config.default_waste_percent, config.auto_accept_threshold), (12.5, 0.97));
        assert_eq!(config.api.cors_origins, ["https://a.example", "https://b.example"]);
        assert_eq!((config.log_level.as_str(), config.environment.name()), ("warn", "production"));
        assert!(!config.keyboard_shortcuts);
        for (name, value) in [
            ("AUTO_COUNT_DEFAULT_THRESHOLD", "1.5"),
            ("AUTO_COUNT_MAX_DETECTIONS", "0"),
            ("ASSEMBLY_DEFAULT_WASTE_PERCENT", "-1"),
            ("CORS_ORIGINS", "a.example"),
            ("LOG_LEVEL", "loud"),
            ("ENVIRONMENT", "prod"),
        ] {
            let problems = load(None, &variables(&[(name, value)]), &Flags::default()).unwrap_err();
            let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert!(text.len() == 1 && text[0].contains(name), "{name}: {text:?}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_without_showing_it() {
        let problems = load(None, &variables(&[("SECRET_KEY", "kurzkurz")]), &Flags::default()).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].to_string().contains("kurzkurz"));
    }

    #[test]
    fn renewals_leave_room_for_a_lost_one() {
        let vars = variables(&[("TAKEOFF_JOBS_LEASE_MS", "3000"), ("TAKEOFF_JOBS_RENEW_MS", "1500")]);
        assert_eq!(load(None, &vars, &Flags::default()).unwrap_err()[0].what, "jobs.renew_ms");
    }

    #[test]
    fn every_setting_shows_a_default_that_it_accepts() {
        let defaults = NodeConfig::solo("takeoff-data");
        for setting in settings() {
            let mut config = defaults.clone();
            let shown = (setting.show)(&defaults);
            (setting.set)(&mut config, &Raw::Text(shown.clone()))
                .unwrap_or_else(|e| panic!("{} refuses its own default {shown:?}: {e}", setting.key));
            assert_eq!(config, defaults, "{} does not show what it sets", setting.key);
        }
    }

    #[test]
    fn the_example_names_every_setting_with_its_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/solo.toml");
        let loaded = load(Some(&path), &Variables::default(), &Flags::default()).unwrap();
        let mut expected = NodeConfig::solo("takeoff-data");
        expected.data_dir = loaded.config.data_dir.clone();
        assert_eq!(loaded.config, expected);
        for (key, origin) in &loaded.origins {
            assert!(matches!(origin, Origin::File(_)), "{key} is missing from the example");
        }
    }
}
