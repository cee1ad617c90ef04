//! Answers of the admin API for people.

use std::fmt::Write as _;

use serde_json::Value;

use crate::output::plain;

/// An age as people say it: its two largest units.
pub(crate) fn age(ms: i64) -> String {
    let s = ms.unsigned_abs() / 1_000;
    let (d, h, m) = (s / 86_400, s / 3_600 % 24, s / 60 % 60);
    let text = match (d, h, m) {
        (0, 0, 0) => format!("{s}s"),
        (0, 0, _) => format!("{m}m{:02}s", s % 60),
        (0, _, _) => format!("{h}h{m:02}m"),
        (_, _, _) => format!("{d}d{h:02}h"),
    };
    if ms < 0 { format!("in {text}") } else { text }
}

/// What a field says, as it may be shown.
pub(crate) fn said(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(s) => plain(s).into_owned(),
        other => other.to_string(),
    }
}

fn aged(value: &Value) -> String {
    value.as_i64().map_or_else(|| "-".to_owned(), age)
}

fn cells(job: &Value) -> [String; 7] {
    let paused = if job["paused"] == true { ", paused" } else { "" };
    let state = format!("{}{paused}", said(&job["state"]));
    let (begun, max) = attempts(job);
    let part = if job["parent_id"].is_null() { "" } else { ", part" };
    [
        said(&job["id"]),
        format!("{}{part}", said(&job["stage"])),
        state,
        aged(&job["age_ms"]),
        aged(&job["state_age_ms"]),
        format!("{begun}/{max}"),
        said(&job["cause"]),
    ]
}

/// Attempts that a job has begun, of those that it may have. The answer's count is of those that failed, and one that
/// runs, went on in parts, succeeded or came to the outcome that its input cannot be worked on is one more.
fn attempts(job: &Value) -> (String, String) {
    let begun = matches!(job["state"].as_str(), Some("leased" | "waiting" | "succeeded" | "refused"));
    match (job["attempts"].as_u64(), job["max_attempts"].as_u64()) {
        (Some(failed), Some(max)) => {
            ((failed + u64::from(begun)).min(max.max(1)).to_string(), max.to_string())
        }
        _ => (said(&job["attempts"]), said(&job["max_attempts"])),
    }
}

/// Columns as wide as they must be; the last one as it is.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let heads: Vec<String> = heads.iter().map(|h| (*h).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A page of jobs.
pub(super) fn jobs(answer: &Value) -> String {
    let rows: Vec<Vec<String>> =
        answer["jobs"].as_array().into_iter().flatten().map(|job| cells(job).to_vec()).collect();
    let mut text = String::new();
    if !rows.is_empty() {
        text = table(&["ID", "STAGE", "STATE", "AGE", "IN STATE", "ATTEMPTS", "CAUSE"], &rows);
    }
    let _ = writeln!(text, "{} of {} jobs", rows.len(), said(&answer["total"]));
    if let Some(next) = answer["next_offset"].as_u64() {
        let _ = writeln!(text, "the next ones: --offset {next}");
    }
    text
}

/// One line for a job that was changed.
pub(super) fn line(job: &Value) -> String {
    let [id, stage, state, age, _, _, cause] = cells(job);
    format!("{id}  {stage}  {state}  {age} old  {cause}\n")
}

/// Everything of one job.
pub(super) fn job(answer: &Value) -> String {
    let mut text = String::new();
    let age_of = |key: &str| aged(&answer[key]);
    let _ = writeln!(text, "job        {}", said(&answer["id"]));
    let _ = writeln!(text, "state      {} for {}", said(&answer["state"]), age_of("state_age_ms"));
    let _ = writeln!(text, "cause      {}", said(&answer["cause"]));
    let _ = writeln!(text, "age        {}", age_of("age_ms"));
    for (label, key) in [
        ("stage", "stage"),
        ("lane", "lane"),
        ("priority", "priority"),
        ("task", "task_type"),
        ("project", "project_id"),
        ("subject", "subject_id"),
        ("parent", "parent_id"),
        ("request", "request_id"),
        ("enqueued", "created_at"),
        ("due", "run_at"),
        ("started", "started_at"),
        ("ended", "finished_at"),
        ("runs on", "leased_by"),
        ("until", "leased_until"),
        ("step", "step"),
        ("args", "args"),
        ("result", "result"),
    ] {
        if !answer[key].is_null() {
            let _ = writeln!(text, "{label:<10} {}", said(&answer[key]));
        }
    }
    let of = |key: &str| said(&answer[key]);
    let (begun, max) = attempts(answer);
    let _ = writeln!(text, "attempts   {begun} of {max}, {} leases", of("leases"));
    let _ = writeln!(
        text,
        "deaths     {} of its parse child, {} of a node, {} of them while it ran alone",
        of("child_deaths"),
        of("node_deaths"),
        of("lone_deaths")
    );
    if answer["children_total"] != 0 {
        let (total, left) = (of("children_total"), of("children_left"));
        let _ = writeln!(text, "parts      {total}, {left} left, {} failed", of("children_failed"));
    }
    for failure in answer["failures"].as_array().into_iter().flatten() {
        let (kind, age) = (said(&failure["kind"]), aged(&failure["age_ms"]));
        let _ = writeln!(text, "failure    {kind}, {age} ago: {}", said(&failure["message"]));
    }
    text
}

/// What a change of all dead jobs came to.
pub(super) fn swept(answer: &Value) -> String {
    format!("{} jobs changed, {} left\n", said(&answer["changed"]), said(&answer["left"]))
}

/// What a project weighs now.
pub(super) fn weighed(answer: &Value) -> String {
    format!("project {} weighs {}\n", said(&answer["project_id"]), said(&answer["weight"]))
}

/// The schedule.
pub(super) fn schedule(answer: &Value) -> String {
    let row = |e: &Value| {
        let last = &e["last"];
        let running = &e["running"];
        let now = if running.is_null() { "-".to_owned() } else { aged(&running["age_ms"]) };
        let result = if last["result"].is_null() { "-".to_owned() } else { said(&last["result"]) };
        let next = e["next_in_ms"].as_i64().map_or_else(|| "-".to_owned(), |ms| age(-ms));
        let outcome = said(&last["outcome"]);
        let counts = ["runs", "failures", "missed"].map(|key| said(&e[key])).join("/");
        vec![
            said(&e["name"]),
            e["every_ms"].as_i64().map_or_else(|| said(&e["cron"]), |ms| format!("every {}", age(ms))),
            next,
            now,
            aged(&last["age_ms"]),
            outcome,
            said(&e["missed_policy"]),
            counts,
            result,
        ]
    };
    let rows: Vec<Vec<String>> = answer["entries"].as_array().into_iter().flatten().map(row).collect();
    let heads =
        ["ENTRY", "TIMES", "NEXT", "RUNNING", "LAST", "OUTCOME", "IF MISSED", "RUNS/FAILED/MISSED", "RESULT"];
    table(&heads, &rows)
}

/// What is held back.
pub(super) fn paused(answer: &Value) -> String {
    let row = |p: &Value| vec![said(&p["what"]), aged(&p["age_ms"]), said(&p["cause"])];
    let rows: Vec<Vec<String>> = answer["paused"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() { "nothing is paused\n".to_owned() } else { table(&["PAUSED", "FOR", "CAUSE"], &rows) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ages_have_two_units() {
        let cases = [
            (999, "0s"),
            (59_000, "59s"),
            (61_000, "1m01s"),
            (3_600_000, "1h00m"),
            (90_061_000, "1d01h"),
            (-5_000, "in 5s"),
        ];
        for (ms, text) in cases {
            assert_eq!(age(ms), text);
        }
    }

    #[test]
    fn a_list_names_ages_and_causes_and_steers_no_terminal() {
        let job = |cause: &str| {
            json!({"id": "a", "stage": "ingest", "state": "dead", "paused": false, "age_ms": 61_000,
                "state_age_ms": 2_000, "attempts": 4, "max_attempts": 4, "cause": cause})
        };
        let text = jobs(&json!({"jobs": [job("\u{1b}[2Jgone"), job("x")], "total": 7, "next_offset": 2}));
        assert!(text.contains("1m01s") && text.contains("2s") && text.contains("4/4"), "{text}");
        assert!(text.contains("\\u{1b}[2Jgone") && !text.contains('\u{1b}'), "{text}");
        assert!(text.ends_with("2 of 7 jobs\nthe next ones: --offset 2\n"), "{text}");
        assert_eq!(jobs(&json!({"jobs": [], "total": 0, "next_offset": null})), "0 of 0 jobs\n");
        // A state is one that `--state` takes.
        let mut held = job("x");
        held["paused"] = json!(true);
        assert!(jobs(&json!({"jobs": [held], "total": 1})).contains("dead, paused"));
    }

    #[test]
    fn a_job_that_succeeded_had_an_attempt() {
        let of = |state: &str, failed: u16| {
            let text =
                jobs(&json!({"jobs": [{"id": "a", "stage": "ingest", "state": state, "attempts": failed,
                "max_attempts": 4, "age_ms": 0, "state_age_ms": 0, "cause": null}], "total": 1}));
            let shown =
                job(&json!({"id": "a", "state": state, "attempts": failed, "max_attempts": 4, "leases": 1,
                "children_total": 0}));
            let begun = text.lines().nth(1).unwrap().split_whitespace().nth(5).unwrap().to_owned();
            assert!(
                shown.contains(&format!("attempts   {}, 1 leases", begun.replace('/', " of "))),
                "{shown}"
            );
            begun
        };
        assert_eq!(
            ["ready", "leased", "waiting", "succeeded", "refused"].map(|s| of(s, 0)),
            ["0/4", "1/4", "1/4", "1/4", "1/4"]
        );
        assert_eq!(["ready", "leased", "succeeded"].map(|s| of(s, 2)), ["2/4", "3/4", "3/4"]);
        assert_eq!(["dead", "succeeded"].map(|s| of(s, 4)), ["4/4", "4/4"]);
    }

    #[test]
    fn what_is_paused_says_for_how_long_and_why() {
        let one = json!({"paused": [{"what": "stage ingest", "age_ms": 5_000, "cause": "disk"}]});
        assert_eq!(paused(&one), "PAUSED        FOR  CAUSE\nstage ingest  5s   disk\n");
        assert_eq!(paused(&json!({"paused": []})), "nothing is paused\n");
    }
}
