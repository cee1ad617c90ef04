//! The settings as a page to read and as a file to start from, both out of the one table.

use std::fmt::Write as _;

use crate::node::NodeConfig;
use crate::reload::Reload;
use crate::settings::settings;

/// The reference page, from the same table that is obeyed.
pub fn reference() -> String {
    let defaults = NodeConfig::solo("takeoff-data");
    let mut out = String::from(
        "# Settings\n\nFlags win over the environment, the environment over the file, the file over the \
         default. Unknown keys are refused.\n\n`Reload` says whether a \
         running node takes a change of the file (SIGHUP, or `POST /api/v1/admin/reload`) or needs a restart.\n\n\
         | key | variable | unit | default | bounds | reload | meaning |\n|---|---|---|---|---|---|---|\n",
    );
    for s in settings() {
        let alias = s.alias.map(|a| format!(", `{a}`")).unwrap_or_default();
        let default = (s.show)(&defaults);
        out.push_str(&format!(
            "| `{}` | `{}`{alias} | {} | `{default}` | {} | {} | {} |\n",
            s.key,
            s.variable(),
            s.unit,
            s.bounds,
            if s.reload() == Reload::Live { "yes" } else { "restart" },
            s.doc
        ));
    }
    out
}

/// A file that names every setting with its default and its meaning.
pub fn example() -> String {
    let defaults = NodeConfig::solo("takeoff-data");
    let mut out =
        String::from("# One node on its own machine, embedded storage. Every setting with its default.\n");
    let mut section = String::new();
    for s in settings() {
        let (table, name) = s.key.rsplit_once('.').unwrap_or(("", s.key));
        if table != section {
            section = table.to_owned();
            let _ = write!(out, "\n[{table}]\n");
        }
        let unit = match s.unit {
            "" => format!(" Takes {}.", s.bounds),
            unit => format!(" Unit: {unit}, {}.", s.bounds),
        };
        let shown = (s.show)(&defaults);
        let plain = shown.parse::<f64>().is_ok() || shown == "true" || shown == "false";
        let value = if plain { shown } else { format!("\"{shown}\"") };
        let _ = write!(out, "# {}{unit}\n{name} = {value}\n", s.doc);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn stored(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn the_reference_page_is_up_to_date() {
        assert!(
            stored("../docs/settings.md") == reference(),
            "run `takeoff config reference > docs/settings.md`"
        );
    }

    #[test]
    fn the_example_is_up_to_date() {
        let path = "examples/solo.toml";
        assert!(stored(path) == example(), "run `takeoff config example > cluster-config/{path}`");
    }
}
