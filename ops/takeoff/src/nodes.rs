//! `takeoff nodes` and `takeoff drain`: the nodes of a cluster, over the admin API of any of them.

use clap::Args;
use serde_json::{Value, json};

use crate::admin::Client;
use crate::cli::exit;
use crate::jobs::text::{age, said, table};
use crate::{node, output};

#[derive(Args)]
pub(crate) struct NodesArgs {
    /// Address of any node
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    url: String,
    /// Print the API's answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct DrainArgs {
    /// The node's name
    name: String,
    #[command(flatten)]
    asked: NodesArgs,
}

pub(crate) fn list(args: &NodesArgs) -> u8 {
    ended(async {
        let answer = Client::of(&args.url)?.get("nodes", &[]).await?;
        output::print(&if args.json { format!("{answer}\n") } else { shown(&answer) });
        Ok(())
    })
}

pub(crate) fn drain(args: &DrainArgs) -> u8 {
    ended(async {
        // It becomes part of a path.
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        anyhow::ensure!(args.name.chars().all(fits), "`{}` is no name of a node", args.name);
        let path = format!("nodes/{}/drain", args.name);
        let answer = Client::of(&args.asked.url)?.post(&path, &[], json!({})).await?;
        let said = match answer["state"].as_str() {
            Some("silent") => "is silent; it drains when it is heard of again",
            _ => "drains and then leaves",
        };
        output::print(&if args.asked.json {
            format!("{answer}\n")
        } else {
            format!("{} {said}\n", args.name)
        });
        Ok(())
    })
}

fn ended(work: impl Future<Output = anyhow::Result<()>>) -> u8 {
    match node::runtime().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(work)) {
        Ok(()) => 0,
        Err(e) => {
            output::complain(&output::plain(&format!("{e:#}")));
            exit::FAILED
        }
    }
}

/// The link from the node that answers.
fn link(row: &Value) -> String {
    match (row["state"].as_str(), row["round_trip_ms"].as_f64()) {
        (None, _) => "-".to_owned(),
        (Some("up"), Some(ms)) => format!("up, {ms:.1} ms"),
        (Some("down"), _) => format!("down: {}", said(&row["said"])),
        (Some(state), _) => match row["silent_ms"].as_i64() {
            Some(ms) if state == "suspected" => format!("suspected for {}", age(ms)),
            _ => state.to_owned(),
        },
    }
}

fn shown(answer: &Value) -> String {
    let nodes = answer["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    let list = |value: &Value, each: &dyn Fn(&Value) -> String| {
        value.as_array().into_iter().flatten().map(each).collect::<Vec<_>>().join(" ")
    };
    let row = |node: &Value| {
        let state = match (&node["state"], node["drain_asked_at"].is_null()) {
            (Value::String(up), false) if up == "up" => "up, to drain".to_owned(),
            (state, _) => said(state),
        };
        vec![
            said(&node["name"]),
            state,
            node["silent_ms"].as_i64().map_or_else(|| "-".to_owned(), age),
            list(&node["roles"], &said),
            list(&node["stages"], &|s| format!("{}:{}", said(&s["stage"]), said(&s["slots"]))),
            said(&node["version"]),
            said(&node["started_at"]),
            link(&node["link"]),
            said(&node["address"]),
        ]
    };
    let rows: Vec<Vec<String>> = nodes.iter().map(row).collect();
    let mut text =
        table(&["NODE", "STATE", "HEARD", "ROLES", "STAGES", "VERSION", "STARTED", "LINK", "ADDRESS"], &rows);
    for row in answer["unknown_links"].as_array().into_iter().flatten() {
        text.push_str(&format!("at {}: {}\n", said(&row["address"]), link(row)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_a_line() {
        let answer = json!({"nodes": [{
            "name": "a", "state": "up", "silent_ms": 2_300, "roles": ["gateway", "worker"],
            "stages": [{"stage": "ingest", "slots": 2}], "version": "0.1.0", "started_at": "2026-01-01T00:00:00Z",
            "address": "http://h:1", "drain_asked_at": "2026-01-01T00:00:01Z",
            "link": {"state": "up", "round_trip_ms": 0.42},
        }], "unknown_links": [{"address": "h:7", "state": "down", "said": "the cookies differ"}]});
        let text = shown(&answer);
        for part in [
            "up, to drain",
            "2s",
            "gateway worker",
            "ingest:2",
            "http://h:1",
            "up, 0.4 ms",
            "at h:7: down: the cookies differ",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}
