//! Latencies as a picture: of each kind, how many of its requests took at most how long.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::tally::Latency;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
/// Room for the names at the right.
const NAMES: f64 = 110.0;
const COLORS: [&str; 8] =
    ["#1f5fa8", "#b3412e", "#3f7f3f", "#8a5aa8", "#b8860b", "#2f8f8f", "#7a4b2a", "#555555"];
/// Quantiles that are named, as shares that took longer.
const LONGER: [(f64, &str); 4] = [(1.0, "0"), (0.1, "90 %"), (0.01, "99 %"), (0.001, "99.9 %")];

/// SVG: quantiles to the right, each decade of those that took longer as wide as the last; milliseconds up, in decades.
pub(crate) fn latencies(of: &BTreeMap<&'static str, Latency>) -> String {
    let every = || of.values().flat_map(|l| l.buckets.iter().map(|(ms, _)| *ms));
    let low = every().fold(f64::INFINITY, f64::min).clamp(1e-3, 1e6).log10().floor();
    // A bucket of the histogram ends a little beyond what is in it.
    let high = (every().fold(0.0, f64::max).clamp(1e-3, 1e6).log10() - 0.01).ceil().max(low + 1.0);
    let across = |longer: f64| LEFT - longer.clamp(1e-3, 1.0).log10() / 3.0 * WIDTH;
    let up = |ms: f64| TOP + HEIGHT - (ms.max(1e-3).log10() - low) / (high - low) * HEIGHT;
    let mut body = String::new();
    for (longer, name) in LONGER {
        let _ = writeln!(
            body,
            "<path d=\"M{x:.1} {TOP}v{HEIGHT}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{name}</text>",
            TOP + HEIGHT + 18.0,
            x = across(longer)
        );
    }
    for decade in low as i32..=high as i32 {
        let ms = 10_f64.powi(decade);
        let _ = writeln!(
            body,
            "<path d=\"M{LEFT} {y:.1}h{WIDTH}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{ms} ms</text>",
            LEFT - 6.0,
            up(ms) + 4.0,
            y = up(ms)
        );
    }
    for (n, (what, latency)) in of.iter().enumerate() {
        let (color, all) = (COLORS[n % COLORS.len()], latency.count as f64);
        let (mut line, mut until, mut end) = (String::new(), 0, (LEFT, TOP));
        for &(ms, count) in &latency.buckets {
            // From the share that was faster to that which was at most so slow.
            for seen in [until, until + count] {
                end = (across(1.0 - seen as f64 / all), up(ms));
                let _ = write!(line, "{}{:.1} {:.1}", if line.is_empty() { "M" } else { "L" }, end.0, end.1);
            }
            until += count;
        }
        let _ = writeln!(
            body,
            "<path d=\"{line}\" stroke=\"{color}\" stroke-width=\"1.6\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             fill=\"{color}\">{what} ({})</text>",
            end.0 + 6.0,
            end.1 + 4.0,
            latency.count
        );
    }
    let (w, h) = (LEFT + WIDTH + NAMES, TOP + HEIGHT + 30.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" font-family=\"sans-serif\" font-size=\"11\" \
         fill=\"#222\">\n<rect width=\"{w}\" height=\"{h}\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"22\" \
         font-size=\"14\">Latency by the share of requests that took at most so long</text>\n{}</svg>\n",
        body.replace("<path ", "<path fill=\"none\" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Tally;

    #[test]
    fn each_kind_has_a_line_that_rises_to_its_slowest() {
        let tally = Tally::default();
        for ms in 1..=1_000 {
            tally.took("read", std::time::Duration::from_millis(ms));
        }
        tally.took("upload", std::time::Duration::from_millis(10));
        let drawn = latencies(&tally.latencies());
        assert!(drawn.contains(">read (1000)<") && drawn.contains(">upload (1)<"), "{drawn}");
        assert!(drawn.ends_with("</svg>\n") && !drawn.contains("NaN") && !drawn.contains("inf"));
        // 1 ms to 1 s are three decades: the slowest ends at the top.
        let line = drawn.split("<path ").find(|p| p.contains(">read (")).unwrap();
        let last = line.split('"').nth(3).unwrap().rsplit('L').next().unwrap();
        let (x, y) = last.split_once(' ').unwrap();
        assert_eq!(x.parse::<f64>().unwrap(), LEFT + WIDTH);
        assert!((y.parse::<f64>().unwrap() - TOP).abs() < 1.0, "{line}");
        assert!(!latencies(&BTreeMap::new()).contains("NaN"));
    }
}
