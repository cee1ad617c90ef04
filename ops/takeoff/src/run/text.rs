//! The report as a person likes to read it.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::report::{ConditionReport, CostReport, CountReport, CountedPage, PageReport, Report};
use super::sheets::BY_HAND;
use crate::output::plain;

/// Stands where a number is not known.
const DASH: &str = "-";
/// Stands behind a number that there are more than.
const MORE: &str = "+";
/// Columns of the sheet's name, and of what is set apart, in the list of counted pages.
const SHEET: usize = 3;
const SET_APART: usize = 7;

pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    let project = plain(&report.project);
    let _ = writeln!(out, "\n{project}\n{}", "=".repeat(project.chars().count()));
    documents(&mut out, report);
    pages(&mut out, &report.pages);
    quantities(&mut out, &report.conditions);
    by_page(&mut out, &report.conditions);
    costs(&mut out, report);
    let s = &report.seconds;
    let m = &report.memory;
    let _ = writeln!(
        out,
        "\nTime    {:.1} s: ingestion and scales {:.1}, counting {:.1}, measuring and pricing {:.1}, drawing {:.1}",
        s.total, s.ingest, s.count, s.measure_and_price, s.draw
    );
    let _ = writeln!(
        out,
        "Memory  {:.0} MiB at most, {:.0} MiB with parse workers",
        m.process_peak_mib, m.with_workers_peak_mib
    );
    list(&mut out, "Check by eye", &report.check_by_eye);
    list(&mut out, "Notes", &report.notes);
    list(&mut out, "Failed or incomplete", &report.problems);
    out
}

fn documents(out: &mut String, report: &Report) {
    let mut rows = Vec::new();
    for d in &report.documents {
        rows.push(vec![
            d.document.clone(),
            d.file.clone(),
            size(d.bytes),
            format!("{} page{}", d.pages, if d.pages == 1 { "" } else { "s" }),
            d.status.clone(),
        ]);
    }
    table(out, "Documents", &[], &rows);
}

/// In the unit that leaves something before the point.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn pages(out: &mut String, pages: &[PageReport]) {
    let rows: Vec<Vec<String>> = pages
        .iter()
        .map(|p| {
            let scale = &p.scale;
            let (shown, evidence) = match (scale.calibrated, scale.pixels_per_foot) {
                (true, Some(value)) => {
                    let pixels = format!("{} px/ft", short(value));
                    let shown = match &scale.text {
                        Some(text) => format!("{text}  ({pixels})"),
                        None => pixels,
                    };
                    let sure = scale.confidence.map(|c| format!(", confidence {c:.2}")).unwrap_or_default();
                    let place = scale.place.map(|b| format!(" at {:.0},{:.0}", b.x, b.y)).unwrap_or_default();
                    let by = match scale.method.as_deref() {
                        Some(BY_HAND) => "set by hand".to_owned(),
                        _ => format!("text{place}{sure}"),
                    };
                    (shown, by)
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
    let rows: Vec<Vec<String>> = conditions
        .iter()
        .map(|c| {
            let quantity = match c.quantity {
                Some(quantity) => format!("{} {}", short(quantity), c.unit),
                None => DASH.to_owned(),
            };
            vec![c.name.clone(), quantity, origin(c)]
        })
        .collect();
    table(out, "Quantities", &["condition", "quantity", "from"], &rows);
}

/// What a quantity comes from, and what it lacks.
fn origin(condition: &ConditionReport) -> String {
    let mut detail: Vec<String> = condition.counts.iter().map(counted).collect();
    let counted: u64 = condition.counts.iter().map(|n| n.counted).sum();
    if condition.measurements > counted {
        detail.push(format!("{} measured", condition.measurements - counted));
    }
    match condition.problems.as_slice() {
        [] if detail.is_empty() => detail.push("nothing to count or to measure".to_owned()),
        [] => {}
        problems if condition.quantity.is_none() => {
            detail.push(format!("not known: {}", problems.join("; ")))
        }
        problems => detail.push(format!("INCOMPLETE: {}", problems.join("; "))),
    }
    detail.join("; ")
}

fn counted(count: &CountReport) -> String {
    let mut text = count.number();
    if let Some(s) = count.confidence {
        let _ = write!(text, ", confidence {:.2} to {:.2}, median {:.2}", s.least, s.most, s.median);
    }
    if count.is_alone() {
        text.push_str(", nothing but the example itself");
    }
    if !count.pictures.is_empty() {
        text.push_str(", on a scanned picture: symbols may be missing");
    }
    if count.excluded == Some(0) {
        text.push_str(", none like what is excluded");
    }
    for (number, what) in [
        (count.mirrored, "mirrored"),
        (count.mirrored_left_out, "mirrored left out"),
        (count.in_legend, "in a legend left out"),
        (count.in_title_block, "in a title block left out"),
        (count.in_key_plan, "in a key plan left out"),
        (count.beyond_match_line, "beyond a match line left to the sheet that goes on there"),
        (count.already_counted, "counted before left out"),
        (count.excluded.unwrap_or(0), "like what is excluded left out"),
        (count.near_misses, "less alike not counted"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    text
}

/// All that was found on a page, also what does not count.
fn found_on(page: &CountedPage) -> u64 {
    page.counted + page.in_legend + page.set_apart
}

/// Where the counted ones are. Pages with nothing on them are named below the table, together.
pub(super) fn by_page(out: &mut String, conditions: &[ConditionReport]) {
    let mut rows = Vec::new();
    for condition in conditions {
        for count in &condition.counts {
            for page in count.pages.iter().filter(|p| found_on(p) > 0) {
                rows.push(vec![
                    condition.name.clone(),
                    count.document.clone(),
                    page.page.to_string(),
                    page.sheet.clone().unwrap_or_default(),
                    page.scale.clone().unwrap_or_else(|| "none".to_owned()),
                    format!("{}{}", page.counted, if count.incomplete.is_some() { MORE } else { "" }),
                    page.in_legend.to_string(),
                    page.set_apart.to_string(),
                    page.confidence.map_or_else(|| DASH.to_owned(), |s| format!("{:.2}", s.least)),
                ]);
            }
        }
    }
    let mut head = vec![
        "condition",
        "document",
        "page",
        "sheet",
        "scale",
        "counted",
        "in legend",
        "set apart",
        "least confidence",
    ];
    // A column that says nothing of any page is left away.
    if rows.iter().all(|r| r[SET_APART] == "0") {
        head.remove(SET_APART);
        rows.iter_mut().for_each(|r| drop(r.remove(SET_APART)));
    }
    if rows.iter().all(|r| r[SHEET].is_empty()) {
        head.remove(SHEET);
        rows.iter_mut().for_each(|r| drop(r.remove(SHEET)));
    }
    if rows.is_empty() && conditions.iter().any(|c| !c.counts.is_empty()) {
        let _ = writeln!(out, "\nCounted by page");
    }
    table(out, "Counted by page (those in a legend are left out)", &head, &rows);
    for condition in conditions {
        for count in &condition.counts {
            let on = |what: &str, which: fn(&CountedPage) -> bool, out: &mut String| {
                let pages: Vec<u32> = count.pages.iter().filter(|p| which(p)).map(|p| p.page).collect();
                if let Some(pages) = listed(&pages) {
                    let (name, document) = (plain(&condition.name), plain(&count.document));
                    let _ = writeln!(out, "  {name}: {what} `{document}` {pages}");
                }
            };
            let nothing = match (count.truncated, &count.incomplete) {
                (true, _) => "none of the strongest, which are kept, on",
                (false, Some(_)) => "nothing found, in a count that is not whole, on",
                (false, None) => "nothing on",
            };
            on(nothing, |p| found_on(p) + p.already_counted == 0, out);
            on("only what was counted before on", |p| found_on(p) == 0 && p.already_counted > 0, out);
        }
    }
    let marked = |which: fn(&CountReport) -> bool| {
        let mut counts = conditions.iter().flat_map(|c| &c.counts);
        counts.any(|n| n.incomplete.is_some() && n.counted > 0 && which(n))
    };
    if marked(|n| n.truncated) {
        let _ = writeln!(out, "  {MORE}: the count was cut off, there are more");
    }
    if marked(|n| !n.truncated) {
        let _ = writeln!(out, "  {MORE}: the count is not whole, there may be more; see below");
    }
}

/// `page 3`, `pages 1, 2, 5 to 8`; the numbers are in order.
pub(super) fn listed(pages: &[u32]) -> Option<String> {
    let runs = pages.chunk_by(|a, b| a + 1 == *b).flat_map(|run| match run {
        [first, .., last] if run.len() > 2 => vec![format!("{first} to {last}")],
        few => few.iter().map(u32::to_string).collect(),
    });
    let word = if pages.len() == 1 { "page" } else { "pages" };
    (!pages.is_empty()).then(|| format!("{word} {}", runs.collect::<Vec<_>>().join(", ")))
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
    let mut rows = Vec::new();
    for condition in &report.conditions {
        match (&condition.cost, &condition.unpriced) {
            (Some(priced), _) => rows.push(row(&condition.name, &priced.cost)),
            (None, Some(_)) => {
                let dashes = std::iter::repeat_n(DASH.to_owned(), head.len() - 1);
                rows.push(std::iter::once(condition.name.clone()).chain(dashes).collect());
            }
            (None, None) => {}
        }
    }
    if rows.is_empty() {
        let _ = writeln!(out, "\nCost\n  none: no condition has an assembly");
        return;
    }
    let lacks = |c: &ConditionReport| c.unpriced.is_some() || c.partial && c.cost.is_some();
    let is_whole = report.cost.components_in_error == 0 && !report.conditions.iter().any(lacks);
    rows.push(row(if is_whole { "TOTAL" } else { "TOTAL (incomplete)" }, &report.cost));
    table(out, "Cost", &head, &rows);
    for condition in &report.conditions {
        if let Some(why) = &condition.unpriced {
            let _ = writeln!(out, "  {} is NOT in these sums: {}", plain(&condition.name), plain(why));
        }
        if condition.partial && condition.cost.is_some() {
            let _ = writeln!(
                out,
                "  {} is in these sums only in PART: its quantity is not all, see below",
                plain(&condition.name)
            );
        }
    }
    for condition in &report.conditions {
        if let Some(names) = condition.without_price() {
            let (name, names) = (plain(&condition.name), plain(&names));
            let _ = writeln!(out, "  {name}: NOT in these sums, as it has no price: {names}; see below");
        }
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
pub(super) fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn list(out: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        let _ = writeln!(out, "\n{title}");
        for item in items {
            let _ = writeln!(out, "  - {}", plain(item));
        }
    }
}

/// Columns as wide as they need; those that hold amounts are set to the right.
fn table(out: &mut String, title: &str, head: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> =
        rows.iter().map(|r| r.iter().map(|c| plain(c).into_owned()).collect()).collect();
    let _ = writeln!(out, "\n{title}");
    let columns: Vec<(usize, bool)> = (0..rows[0].len())
        .map(|i| {
            let cells = || rows.iter().map(|r| r[i].as_str());
            let widths = cells().chain(head.get(i).copied()).map(|cell| cell.chars().count());
            let amount = |cell: &str| cell.chars().all(|c| c.is_ascii_digit() || ",.-+ ".contains(c));
            (widths.max().unwrap_or(0), i > 0 && cells().all(amount))
        })
        .collect();
    let mut line = |cells: &[String]| {
        let mut text = String::from(" ");
        for (i, (cell, &(w, amount))) in cells.iter().zip(&columns).enumerate() {
            let _ = match (amount, i + 1 == columns.len()) {
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
    fn small_files_have_a_size() {
        assert_eq!(
            [size(0), size(999), size(4_321), size(27_000_000)],
            ["0 bytes", "999 bytes", "4.3 kB", "27.0 MB"]
        );
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let mut out = String::new();
        table(&mut out, "T", &[], &[vec!["a\u{1b}[2Jb\nc\u{202e}d".to_owned(), "x".to_owned()]]);
        list(&mut out, "L", &["e\r\u{9b}f".to_owned()]);
        assert_eq!(out, "\nT\n  a\\u{1b}[2Jb\\nc\\u{202e}d  x\n\nL\n  - e\\r\\u{9b}f\n");
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
