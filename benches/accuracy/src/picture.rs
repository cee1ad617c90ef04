//! Curves as SVG files.

use crate::curve::{Bin, Point};

const SIDE: f64 = 360.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const INK: &str = "#1f5fa8";
const GOAL: &str = "#b3412e";

/// A square plot; values run from `low` to 1 on both axes.
struct Plot {
    low: f64,
    body: String,
}

impl Plot {
    fn new(title: &str, (x, y): (&str, &str), low: f64) -> Self {
        let mut plot = Self { low, body: String::new() };
        for step in 0..=5 {
            let value = low + (1.0 - low) * f64::from(step) / 5.0;
            let (at, up) = (plot.x(value), plot.y(value));
            let (bottom, right) = (TOP + SIDE, LEFT + SIDE);
            plot.body += &format!(
                "<path d=\"M{at:.1} {TOP}V{bottom}M{LEFT} {up:.1}H{right}\" stroke=\"#ddd\"/>\n\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value:.2}</text>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.2}</text>\n",
                bottom + 16.0,
                LEFT - 6.0,
                up + 4.0,
            );
        }
        plot.body += &format!(
            "<text x=\"{:.1}\" y=\"24\" text-anchor=\"middle\" font-size=\"14\">{title}</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x}</text>\n\
             <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{y}</text>\n",
            LEFT + SIDE / 2.0,
            LEFT + SIDE / 2.0,
            TOP + SIDE + 36.0,
            TOP + SIDE / 2.0,
        );
        plot
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value.clamp(self.low, 1.0) - self.low) / (1.0 - self.low) * SIDE
    }

    fn y(&self, value: f64) -> f64 {
        TOP + SIDE - (value.clamp(self.low, 1.0) - self.low) / (1.0 - self.low) * SIDE
    }

    fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, color: &str, dashed: bool) {
        let at: Vec<String> =
            points.into_iter().map(|(x, y)| format!("{:.1} {:.1}", self.x(x), self.y(y))).collect();
        let dash = if dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        self.body +=
            &format!("<path d=\"M{}\" stroke=\"{color}\" stroke-width=\"1.6\"{dash}/>\n", at.join("L"));
    }

    fn dot(&mut self, (x, y): (f64, f64), label: &str, color: &str) {
        let (x, y) = (self.x(x), self.y(y));
        self.body += &format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{color}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{color}\">{label}</text>\n",
            x + 6.0,
            y + 14.0
        );
    }

    fn finish(self) -> String {
        let (w, h) = (LEFT + SIDE + 40.0, TOP + SIDE + 50.0);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" font-family=\"sans-serif\" \
             font-size=\"11\" fill=\"#222\">\n<rect width=\"{w}\" height=\"{h}\" fill=\"white\"/>\n\
             {}</svg>\n",
            self.body.replace("<path ", "<path fill=\"none\" ")
        )
    }
}

/// Precision over recall, a dot at the default threshold and one at the goal, if there is one.
pub(crate) fn curve(name: &str, points: &[Point], threshold: f64, goal: Option<(f64, f64)>) -> String {
    let mut plot = Plot::new(&format!("{name}: precision over recall"), ("recall", "precision"), 0.0);
    plot.line(points.iter().map(|p| (p.recall, p.precision)), INK, false);
    if let Some(p) = points.iter().find(|p| (p.threshold - threshold).abs() < 1e-9) {
        plot.dot((p.recall, p.precision), &format!("at {threshold:.2}"), INK);
    }
    if let Some((precision, recall)) = goal {
        plot.line([(recall, 0.0), (recall, 1.0)], GOAL, true);
        plot.line([(0.0, precision), (1.0, precision)], GOAL, true);
    }
    plot.finish()
}

/// Share right over confidence: each bin's share, its lower bound below it, and the line to stay above.
pub(crate) fn reliability(name: &str, bins: &[Bin]) -> String {
    let mut plot =
        Plot::new(&format!("{name}: share right by confidence"), ("confidence", "share right"), 0.0);
    plot.line([(0.0, 0.0), (1.0, 1.0)], GOAL, true);
    let middle = |b: &Bin| (b.from + b.to) / 2.0;
    plot.line(bins.iter().map(|b| (middle(b), b.share_right)), INK, false);
    for bin in bins {
        plot.line([(middle(bin), bin.lower_bound), (middle(bin), bin.share_right)], INK, false);
        plot.dot((middle(bin), bin.share_right), &format!("{}", bin.number), INK);
    }
    plot.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{Judged, precision_recall, reliability as bins};

    #[test]
    fn a_plot_puts_one_at_its_upper_right_corner() {
        let judged = [Judged { confidence: 0.97, right: true }, Judged { confidence: 0.6, right: false }];
        let drawn = curve("t", &precision_recall(&judged, 1), 0.8, Some((0.99, 0.98)));
        let corner = format!("cx=\"{:.1}\" cy=\"{:.1}\"", LEFT + SIDE, TOP);
        assert!(drawn.contains(&corner), "{drawn}");
        assert!(drawn.ends_with("</svg>\n") && !drawn.contains("NaN"));
        let drawn = reliability("t", &bins(&judged));
        assert_eq!(drawn.matches("<circle").count(), 2);
    }
}
