//! Plots as inline SVG. What they look like, the style sheet says.

use super::history::{SAMPLES, WINDOW};
use maud::{Markup, html};

/// The size of a plot, in the units of its own coordinates.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 80.0;

/// A line to draw: its class in the style sheet, its name, and its values, the latest last.
pub(super) struct Series {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
}

/// A plot of the last ten minutes, with the latest value of each line in words.
pub(super) fn plot(title: &str, unit: &str, lines: &[Series]) -> Markup {
    let highest = lines.iter().flat_map(|line| &line.values).copied().fold(0.0, f64::max);
    let top = ceiling(highest);
    html! {
        figure.card.plot {
            figcaption {
                span.name { (title) }
                span.values {
                    @for line in lines {
                        span class=(line.class) title=(line.name) {
                            (number(line.values.last().copied().unwrap_or(0.0))) " " small { (if lines.len() > 1 { line.name } else { unit }) }
                        }
                    }
                }
            }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(format!("{title} in the last ten minutes, to {} {unit}", number(top))) {
                @for share in [0.0, 0.5, 1.0] {
                    line.grid x1="0" x2=(WIDTH) y1=(HEIGHT * share) y2=(HEIGHT * share) {}
                }
                @for line in lines {
                    @let points = points(&line.values, top);
                    @if !points.is_empty() {
                        polygon class=(format!("{} area", line.class)) points=(area(&points)) {}
                        polyline class=(line.class) points=(joined(&points)) {}
                    }
                }
            }
            div.scale { span { "10 min ago" } span { "to " (number(top)) " " (unit) } span { "now" } }
        }
    }
}

/// Where values stand in the plot: the latest at its right edge.
fn points(values: &[f64], top: f64) -> Vec<(f64, f64)> {
    let step = WIDTH / (SAMPLES.saturating_sub(WINDOW)) as f64;
    let last = values.len().saturating_sub(1);
    values
        .iter()
        .enumerate()
        .map(|(index, value)| (WIDTH - step * (last - index) as f64, HEIGHT - HEIGHT * (value / top).clamp(0.0, 1.0)))
        .collect()
}

fn joined(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// The same points, with what is below them.
fn area(points: &[(f64, f64)]) -> String {
    let [first, last] = [points.first(), points.last()].map(|point| point.map_or(0.0, |(x, _)| *x));
    format!("{first:.1},{HEIGHT} {} {last:.1},{HEIGHT}", joined(points))
}

/// The end of a scale that has room for a value: 1, 2 or 5 times a power of ten.
fn ceiling(value: f64) -> f64 {
    let mut top = 1.0;
    // Twelve powers of ten hold every counter here.
    for _ in 0..12 {
        for factor in [1.0, 2.0, 5.0] {
            if value <= top * factor {
                return top * factor;
            }
        }
        top *= 10.0;
    }
    value
}

/// A number for people: as many digits as tell something.
pub(super) fn number(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.1}G", v / 1e9),
        v if v >= 1e6 => format!("{:.1}M", v / 1e6),
        v if v >= 1e4 => format!("{:.1}k", v / 1e3),
        v if v < 10.0 && v.fract() > 0.05 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// A bar of a list of bars: its share of the longest.
pub(super) fn bar(value: u64, most: u64) -> Markup {
    let width = 100.0 * value as f64 / most.max(1) as f64;
    html! {
        svg.bar viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="8" {}
            rect width=(format!("{width:.1}")) height="8" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_room() {
        for (value, top) in [(0.0, 1.0), (1.0, 1.0), (1.1, 2.0), (4.9, 5.0), (60.0, 100.0), (1234.0, 2000.0)] {
            assert_eq!(ceiling(value), top, "{value}");
        }
        assert!(ceiling(1e300) >= 1e300);
    }

    #[test]
    fn the_latest_is_at_the_right_edge() {
        let points = points(&[0.0, 5.0, 10.0], 10.0);
        assert_eq!(points.last(), Some(&(WIDTH, 0.0)));
        assert_eq!(points.first().map(|(_, y)| *y), Some(HEIGHT));
        let full = super::points(&vec![1.0; SAMPLES + 1 - WINDOW], 1.0);
        assert!(full.first().is_some_and(|(x, _)| x.abs() < 0.01));
    }

    #[test]
    fn numbers() {
        for (value, text) in [(0.0, "0"), (0.25, "0.2"), (3.0, "3"), (42.4, "42"), (12_345.0, "12.3k"), (2.5e6, "2.5M")]
        {
            assert_eq!(number(value), text);
        }
    }
}
