//! Charts as SVG inside a page: each is drawn once for wide and once for narrow screens, so that its letters are as large
//! as those of the text beside it.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::axis::Axis;

/// Width, height, and space left of the plot.
const WIDE: (f64, f64, f64) = (900.0, 260.0, 64.0);
const NARROW: (f64, f64, f64) = (360.0, 230.0, 54.0);

/// Space above, right of and below the plot.
const TOP: f64 = 10.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 26.0;

/// A line of a chart.
#[derive(Debug, Clone)]
pub struct Line {
    /// For the legend.
    pub name: String,
    /// Class of the style sheet, which has the colour.
    pub class: &'static str,
    /// Places and figures; a gap where there is no figure.
    pub points: Vec<(f64, Option<f64>)>,
}

/// Bars of a chart: from, to, height.
pub type Bars = Vec<(f64, f64, f64)>;

/// A chart.
pub struct Chart<'a> {
    /// What it shows, for those who do not see it.
    pub described: String,
    /// The axis from left to right, and how its figures are written.
    pub across: Axis,
    /// How a figure across is written.
    pub across_words: &'a dyn Fn(f64) -> String,
    /// The axis from bottom to top.
    pub up: Axis,
    /// How a figure upwards is written.
    pub up_words: &'a dyn Fn(f64) -> String,
    /// Its bars.
    pub bars: Bars,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Vertical lines with a name.
    pub marks: Vec<(f64, String)>,
    /// What is said of each place when a pointer is over it.
    pub hints: Vec<(f64, String)>,
}

impl Chart<'_> {
    /// The chart with its legend.
    pub fn markup(&self) -> Markup {
        let places = (self.hints.iter())
            .map(|(place, _)| format!("{:.4}", self.across.place(*place)))
            .collect::<Vec<_>>()
            .join(" ");
        let hints = self.hints.iter().map(|(_, hint)| hint.as_str());
        let hints = hints.collect::<Vec<_>>().join("\n");
        html! {
            figure class="chart" data-places=(places) data-hints=(hints) {
                @for (form, class) in [(WIDE, "wide"), (NARROW, "narrow")] {
                    (PreEscaped(self.svg(form, class)))
                }
                @if self.lines.len() > 1 {
                    figcaption class="legend" {
                        @for line in &self.lines {
                            span { span class={ "key " (line.class) } {} (line.name) }
                        }
                    }
                }
            }
        }
    }

    fn svg(&self, (width, height, left): (f64, f64, f64), class: &str) -> String {
        let x = |figure: f64| left + self.across.place(figure) * (width - left - RIGHT);
        let bottom = height - BOTTOM;
        let y = |figure: f64| bottom - self.up.place(figure) * (bottom - TOP);
        let mut svg = String::new();
        // Cannot fail: it is a text.
        let _ = write!(
            svg,
            r#"<svg class="{class}" viewBox="0 0 {width} {height}" role="img" aria-label="{}" data-left="{left}" data-right="{RIGHT}">"#,
            escaped(&self.described)
        );
        for tick in self.up.ticks() {
            let (at, words) = (y(tick), escaped(&(self.up_words)(tick)));
            let _ = write!(
                svg,
                r#"<path class="grid" d="M{left} {at:.1}H{:.1}"/><text class="up" x="{:.1}" y="{:.1}">{words}</text>"#,
                width - RIGHT,
                left - 7.0,
                at + 4.0
            );
        }
        let mut free = f64::MIN;
        for tick in self.across.ticks() {
            let (at, words) = (x(tick), escaped(&(self.across_words)(tick)));
            let _ = write!(svg, r#"<path class="tick" d="M{at:.1} {bottom}v5"/>"#);
            // Seven pixels a letter: what would touch the one before it is left out.
            let half = words.chars().count() as f64 * 3.5;
            let centre = at.min(width - half);
            if centre - half > free {
                free = centre + half + 6.0;
                let _ = write!(
                    svg,
                    r#"<text class="across" x="{centre:.1}" y="{:.1}">{words}</text>"#,
                    bottom + 18.0
                );
            }
        }
        for &(from, to, high) in &self.bars {
            let (from, to, top) = (x(from), x(to), y(high));
            if high > 0.0 {
                let _ = write!(
                    svg,
                    r#"<rect class="bar" x="{from:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"/>"#,
                    (to - from - 1.0).max(0.5),
                    (bottom - top).max(0.8)
                );
            }
        }
        let mut beside: f64 = TOP + 10.0;
        for (place, name) in &self.marks {
            let (at, name) = (x(*place), escaped(name));
            let (anchor, dx) = match at > width - 70.0 {
                true => ("end", -4.0),
                false => ("start", 4.0),
            };
            let _ = write!(
                svg,
                r#"<path class="mark" d="M{at:.1} {TOP}V{bottom}"/><text class="mark" text-anchor="{anchor}" x="{:.1}" y="{beside:.1}">{name}</text>"#,
                at + dx
            );
            beside += 14.0;
        }
        for line in &self.lines {
            let mut path = String::new();
            let mut is_on = false;
            for (place, figure) in &line.points {
                is_on = match figure {
                    Some(figure) => {
                        let command = if is_on { 'L' } else { 'M' };
                        let _ = write!(path, "{command}{:.1} {:.1}", x(*place), y(*figure));
                        true
                    }
                    None => false,
                };
            }
            let _ = write!(svg, r#"<path class="line {}" d="{path}"/>"#, line.class);
        }
        let _ = write!(
            svg,
            r#"<path class="axis" d="M{left} {bottom}H{:.1}"/>"#,
            width - RIGHT
        );
        let _ = write!(
            svg,
            r#"<path class="pointer" d="M0 {TOP}V{bottom}"/></svg>"#
        );
        svg
    }
}

fn escaped(text: &str) -> String {
    html! { (text) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_interrupts_a_line_and_texts_are_escaped() {
        let words = |figure: f64| format!("{figure:.0}");
        let chart = Chart {
            described: "answers & \"errors\"".to_owned(),
            across: Axis::exact(4.0),
            across_words: &words,
            up: Axis::linear(10.0),
            up_words: &words,
            bars: vec![(0.0, 1.0, 5.0), (1.0, 2.0, 0.0)],
            lines: vec![Line {
                name: "a<b".to_owned(),
                class: "p50",
                points: vec![
                    (0.0, Some(1.0)),
                    (1.0, None),
                    (2.0, Some(10.0)),
                    (3.0, Some(4.0)),
                ],
            }],
            marks: vec![(2.0, "p50".to_owned())],
            hints: vec![(0.0, "first".to_owned())],
        };
        let made = chart.markup().into_string();
        assert!(made.contains("answers &amp; &quot;errors&quot;"), "{made}");
        // Two pieces in each of two sizes, and one bar that is more than nothing.
        let path = made.split(r#"class="line p50" d=""#).nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!(
            (path.matches('M').count(), path.matches('L').count()),
            (2, 1)
        );
        assert_eq!(made.matches("class=\"bar\"").count(), 2);
        assert!(!made.contains("legend"), "one line needs no legend");
    }
}
