//! The report as a person likes to read it.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::report::{ConditionReport, CostReport, PageReport, Report};

pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "\n{}\n{}", report.project, "=".repeat(report.project.chars().count()));
    documents(&mut out, report);
    pages(&mut out, &report.pages);
    quantities(&mut out, &report.conditions);
    costs(&mut out, report);
    let s = &report.seconds;
    let m = &report.memory;
    let _ = writeln!(
        out,
        "\nTime    {:.1} s: ingestion and scales {:.1}, counting {:.1}, measuring and pricing {:.1}",
        s.total, s.ingest, s.count, s.measure_and_price
    );
    let _ = writeln!(
        out,
        "Memory  {:.0} MiB at most, {:.0} MiB with parse workers",
        m.process_peak_mib, m.with_workers_peak_mib
    );
    list(&mut out, "Notes", &report.notes);
    list(&mut out, "Failed or incomplete", &report.problems);
    out
}

fn documents(out: &mut String, report: &Report) {
    let mut rows = Vec::new();
    for d in &report.documents {
        let size = format!("{:.1} MB", d.bytes as f64 / 1e6);
        rows.push(vec![
            d.document.clone(),
            d.file.clone(),
            size,
            format!("{} pages", d.pages),
            d.status.clone(),
        ]);
    }
    table(out, "Documents", &[], &rows);
}

fn pages(out: &mut String, pages: &[PageReport]) {
    let rows: Vec<Vec<String>> = pages
        .iter()
        .map(|p| {
            let scale = &p.scale;
            let (shown, evidence) = match (scale.calibrated, scale.pixels_per_foot) {
                (true, Some(value)) => {
                    let text = scale.text.clone().unwrap_or_else(|| "set by hand".to_owned());
                    let sure = scale.confidence.map(|c| format!(", confidence {c:.2}")).unwrap_or_default();
                    let place = scale.place.map(|b| format!(" at {:.0},{:.0}", b.x, b.y)).unwrap_or_default();
                    let by = match scale.method.as_deref() {
                        Some("manual_calibration") => "by hand".to_owned(),
                        _ => format!("text{place}{sure}"),
                    };
                    (format!("{text}  ({} px/ft)", short(value)), by)
                }
                _ => ("none".to_owned(), withheld(p)),
            };
            vec![
                p.document.clone(),
                p.page.to_string(),
                format!("{} x {}", p.width, p.height),
                p.status.clone(),
                shown,
                evidence,
            ]
        })
        .collect();
    table(out, "Pages", &["document", "page", "pixels", "status", "scale", "evidence"], &rows);
}

fn withheld(page: &PageReport) -> String {
    let why = page.scale.withheld.clone().or_else(|| page.error.clone()).unwrap_or_default();
    match page.scale.candidates.as_slice() {
        [] => why,
        some => format!("{why}; candidates: {}", some.join(", ")),
    }
}

fn quantities(out: &mut String, conditions: &[ConditionReport]) {
    let mut rows = Vec::new();
    for c in conditions {
        let mut detail = Vec::new();
        for count in &c.counts {
            let spread = count.confidence.map_or_else(String::new, |s| {
                format!(", confidence {:.2} to {:.2}, median {:.2}", s.least, s.most, s.median)
            });
            let mut text = format!("{} counted{spread}", count.counted);
            if count.mirrored > 0 {
                let _ = write!(text, ", {} mirrored", count.mirrored);
            }
            if count.in_legend > 0 {
                let _ = write!(text, ", {} in a legend left out", count.in_legend);
            }
            if count.truncated {
                let _ = write!(text, ", cut off: {} found", count.found);
            }
            detail.push(text);
        }
        let counted: u64 = c.counts.iter().map(|n| n.counted).sum();
        if c.measurements > counted {
            detail.push(format!("{} measured", c.measurements - counted));
        }
        rows.push(vec![c.name.clone(), format!("{} {}", short(c.quantity), c.unit), detail.join("; ")]);
    }
    table(out, "Quantities", &["condition", "quantity", "from"], &rows);
}

fn costs(out: &mut String, report: &Report) {
    let head = ["condition", "material", "labor", "equipment", "subcontract", "other", "cost", "with markup"];
    let row = |name: &str, c: &CostReport| {
        let mut row = vec![name.to_owned()];
        row.extend(
            [
                c.material_cost,
                c.labor_cost,
                c.equipment_cost,
                c.subcontract_cost,
                c.other_cost,
                c.total_cost,
                c.total_with_markup,
            ]
            .iter()
            .map(money),
        );
        row
    };
    let mut rows: Vec<Vec<String>> =
        report.conditions.iter().filter_map(|c| c.cost.as_ref().map(|k| row(&c.name, &k.cost))).collect();
    rows.push(row("TOTAL", &report.cost));
    table(out, "Cost", &head, &rows);
    if report.cost.components_in_error > 0 {
        let _ = writeln!(
            out,
            "  {} components could not be priced and are NOT in these sums, see below",
            report.cost.components_in_error
        );
    }
}

/// `1234567.5` as `1,234,567.50`.
fn money(value: &Decimal) -> String {
    let text = format!("{value:.2}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |d| ("-", d));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{cents}")
}

/// At most four decimals, none that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn list(out: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        let _ = writeln!(out, "\n{title}");
        for item in items {
            let _ = writeln!(out, "  - {item}");
        }
    }
}

/// Columns as wide as they need; those that hold amounts are set to the right.
fn table(out: &mut String, title: &str, head: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    let columns = rows[0].len();
    let width = |i: usize| {
        let cells = rows.iter().map(|r| r[i].chars().count());
        cells.chain(head.get(i).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let amount = |i: usize| {
        i > 0 && rows.iter().all(|r| r[i].chars().all(|c| c.is_ascii_digit() || ",.- ".contains(c)))
    };
    let mut line = |cells: &[String]| {
        let mut text = String::from(" ");
        for (i, cell) in cells.iter().enumerate() {
            let (w, last) = (width(i), i + 1 == columns);
            let _ = match (amount(i), last) {
                (true, _) => write!(text, " {cell:>w$} "),
                (false, true) => write!(text, " {cell}"),
                (false, false) => write!(text, " {cell:<w$} "),
            };
        }
        let _ = writeln!(out, "{}", text.trim_end());
    };
    if !head.is_empty() {
        line(&head.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>());
    }
    rows.iter().for_each(|r| line(r));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_like_amounts() {
        assert_eq!(money(&"1234567.5".parse().unwrap()), "1,234,567.50");
        assert_eq!(money(&"-999".parse().unwrap()), "-999.00");
        assert_eq!(short(18.75), "18.75");
        assert_eq!(short(15.0), "15");
    }

    #[test]
    fn columns_line_up() {
        let mut out = String::new();
        let rows =
            vec![vec!["a".to_owned(), "1.00".to_owned()], vec!["long".to_owned(), "100.00".to_owned()]];
        table(&mut out, "T", &["n", "cost"], &rows);
        assert_eq!(out, "\nT\n  n       cost\n  a       1.00\n  long  100.00\n");
    }
}
