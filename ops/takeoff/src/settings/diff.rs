//! `takeoff config diff`: what two configurations have differently, and whether a running node takes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use takeoff_config::environment::Variables;
use takeoff_config::{Change, Flags, NodeConfig, Reload, changes, load};

use crate::admin::Client;
use crate::cli::exit;
use crate::{node, output};

/// One of the two that are compared.
enum Side {
    /// What a file says by itself: whose environment it will meet is not known here.
    File(Box<NodeConfig>),
    Node(BTreeMap<String, InForce>),
}

/// A setting of a running node.
struct InForce {
    value: String,
    origin: String,
}

/// Exit code 0 when nothing differs, 1 when something does.
pub(crate) fn main(a: &str, b: &str) -> u8 {
    let sides = side(a).and_then(|a| Ok((a, side(b)?)));
    let (a, b) = match sides {
        Ok(sides) => sides,
        Err(code) => return code,
    };
    let text = told(&a, &b);
    let differs = !text.is_empty();
    let printed = output::print(if differs { &text } else { "nothing differs\n" });
    if printed != 0 { printed } else { u8::from(differs) }
}

fn side(name: &str) -> Result<Side, u8> {
    if name.starts_with("http://") {
        return in_force(name).map(Side::Node).map_err(|e| {
            output::complain(&output::plain(&format!("{e:#}")));
            exit::FAILED
        });
    }
    let loaded = load(Some(Path::new(name)), &Variables::default(), &Flags::default());
    loaded.map(|l| Side::File(Box::new(l.config))).map_err(|problems| {
        for problem in problems {
            output::complain(&problem.to_string());
        }
        exit::CONFIG
    })
}

fn in_force(url: &str) -> anyhow::Result<BTreeMap<String, InForce>> {
    let runtime = node::runtime()?;
    let answer = runtime.block_on(async { Client::of(url)?.get("config", &[]).await })?;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let settings = answer["settings"].as_array().into_iter().flatten();
    Ok(settings
        .map(|s| (text(&s["key"]), InForce { value: text(&s["value"]), origin: text(&s["origin"]) }))
        .collect())
}

fn told(a: &Side, b: &Side) -> String {
    let mut out = String::new();
    if let (Side::File(a), Side::File(b)) = (a, b) {
        for Change { key, from, to, reload } in changes(a, b) {
            let _ = writeln!(out, "{key}: {} -> {} ({})", shown(&from), shown(&to), taken(reload));
        }
        return out;
    }
    for setting in takeoff_config::settings() {
        let value = |side: &Side| match side {
            Side::File(config) => Some((setting.show)(config)),
            Side::Node(all) => all.get(setting.key).map(|s| s.value.clone()),
        };
        let (from, to) = match (value(a), value(b)) {
            (Some(from), Some(to)) => (from, to),
            _ => {
                let _ = writeln!(out, "{}: the node does not have it, it runs another version", setting.key);
                continue;
            }
        };
        let held = [a, b].into_iter().find_map(|side| held(side, setting.key));
        if from != to {
            let held = held.map(|origin| format!("; the node has it from {origin}, which wins over a file"));
            let held = held.unwrap_or_default();
            let _ = writeln!(
                out,
                "{}: {} -> {} ({}{held})",
                setting.key,
                shown(&from),
                shown(&to),
                taken(setting.reload())
            );
        } else if from == "(hidden)" {
            output::note(&format!("{} is set in both and shown by neither: not compared", setting.key));
        }
    }
    out
}

/// What of a running node a file cannot change.
fn held<'s>(side: &'s Side, key: &str) -> Option<&'s str> {
    let Side::Node(all) = side else { return None };
    let origin = all.get(key)?.origin.as_str();
    (origin.starts_with("environment ") || origin.starts_with("flag ")).then_some(origin)
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "nothing" } else { value }
}

fn taken(reload: Reload) -> String {
    match reload {
        Reload::Live => "a running node reloads it".to_owned(),
        Reload::Restart(why) => format!("needs a restart: {why}"),
    }
}
