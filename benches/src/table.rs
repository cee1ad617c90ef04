//! The report as a table for people.

use std::fmt::Write as _;

use crate::report::{Bound, Figure, Goal, Measure, Report};

const HEAD: [&str; 5] = ["measure", "median", "quartiles (least to most)", "goal", "beside it"];

pub fn render(report: &Report) -> String {
    let (m, v) = (&report.machine, &report.versions);
    let mut out = String::new();
    let commit = v.git_commit.as_deref().map_or("no commit known", |c| c.get(..12).unwrap_or(c));
    let changed = if v.git_changed == Some(true) { " with changes" } else { "" };
    let _ = writeln!(
        out,
        "takeoff {} ({} build, {commit}{changed}), {}\n{} cores, {}, {:.1} GB, load {:.2} before\n{} from seed {}, in {:.0} s",
        v.engine,
        v.build,
        v.rustc,
        m.cores,
        m.cpu_model,
        m.memory_mb / 1e3,
        m.load_average_before,
        report.started_at,
        report.seed,
        report.seconds
    );
    if report.quick || v.build != "release" {
        let _ = writeln!(out, "A quick run or a debug build: the figures mean nothing.");
    }
    out.push('\n');
    rows(&mut out, &report.measures);
    let missed: Vec<&str> =
        report.measures.iter().filter(|m| m.goal.is_some_and(|g| !g.met)).map(|m| m.title.as_str()).collect();
    if !missed.is_empty() {
        let _ = writeln!(out, "\nMissed: {}", missed.join("; "));
    }
    out
}

fn rows(out: &mut String, measures: &[Measure]) {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(measures.iter().map(row));
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn row(m: &Measure) -> [String; 5] {
    let s = &m.spread;
    let spread = if m.repetitions == 1 {
        "one sample".to_owned()
    } else {
        format!("{} - {} ({} to {})", number(s.q1), number(s.q3), number(s.min), number(s.max))
    };
    let beside = m.beside.as_ref().map_or(String::new(), |b| {
        format!("{:.2} x {} {} {}", b.ratio, number(b.spread.median), b.unit, b.what)
    });
    [
        m.title.clone(),
        format!("{} {}", number(s.median), m.unit),
        spread,
        m.goal.map_or(String::new(), goal),
        beside,
    ]
}

fn goal(goal: Goal) -> String {
    let met = if goal.met { "met" } else { "MISSED" };
    let of = if goal.figure == Figure::Max { ", of the most" } else { "" };
    match goal.bound {
        Bound::AtMost(limit) => format!("at most {}{of}: {met}, {:.2} of it", number(limit), goal.ratio),
        Bound::AtLeast(limit) => format!("at least {}{of}: {met}, {:.2} of it", number(limit), goal.ratio),
    }
}

/// Three significant digits, or all of a large number, with its thousands apart.
fn number(value: f64) -> String {
    let size = value.abs();
    let places = match size {
        _ if size >= 100.0 || size == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => (2 - size.log10().floor() as i32).clamp(3, 6) as usize,
    };
    let text = format!("{value:.places$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if i > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(c);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.4567, "0.457"),
            (0.01234, "0.0123"),
            (1.2345, "1.23"),
            (12.345, "12.3"),
            (123.45, "123"),
            (1_234.5, "1,234"),
            (12_345_678.0, "12,345,678"),
            (-1_234.0, "-1,234"),
            (-123.0, "-123"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_missed_goal_is_loud() {
        let measure = Measure::new("m", "pages", "s", vec![0.7]).unwrap();
        let row = row(&measure.goal(Bound::AtMost(0.5), Figure::Median));
        assert_eq!(row[3], "at most 0.500: MISSED, 1.40 of it");
        assert_eq!(row[2], "one sample");
    }
}
